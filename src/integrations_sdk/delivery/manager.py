"""`mgr.deliveries`: the log of everything that was queued, and what can still be done about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from integrations_sdk.connectors.directory import ConnectorDirectory, target_of
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.errors import ConfigurationError, NotFoundError
from integrations_sdk.models import RecordList
from integrations_sdk.models.delivery import (
    Attempt,
    Backlog,
    Delivery,
    DeliveryState,
    Target,
    TargetStatistics,
)
from integrations_sdk.queue.base import DeliveryPage, Replay, Selection

__all__ = ["AsyncDeliveriesManager"]


class AsyncDeliveriesManager:
    """The deliveries of one scope: one event or action for one integration each, with its attempts.

    The log keeps what has ended for 7 days, unless the manager was told otherwise.
    """

    def __init__(self, directory: ConnectorDirectory, engine: DeliveryEngine) -> None:
        self._directory = directory
        self._scope = directory.runtime.scope
        self._engine = engine

    async def list(
        self,
        target: str | None = None,
        *,
        state: DeliveryState | str | Sequence[DeliveryState | str] | None = None,
        event_id: str | None = None,
        event_type: str | None = None,
        ordering_key: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = True,
    ) -> DeliveryPage:
        """A page of the log, what each filter lets through.

        Args:
            target: an integration's or webhook's id.
            state: one or several of `pending`, `waiting`, `leased`, `held`, `delivered`, `failed`.
            since: created then or later; `until`: created before.
            after: the `cursor` of the page before; None begins.
            limit: 1 to 1,000.

        Raises:
            ConfigurationError: a filter is none, `limit` is out of range, or `after` is no cursor.
        """
        selection = self._selection(target, state, (), event_id, event_type, ordering_key, since, until)
        return await self._engine.queue.query(selection, after=after, limit=limit, newest_first=newest_first)

    async def get(self, delivery_id: str) -> Delivery:
        """The delivery.

        Raises:
            NotFoundError: there is none of that id in this scope, or the log has forgotten it.
        """
        found = await self._engine.queue.get(delivery_id)
        if found is None or not self._is_ours(found.target):
            raise NotFoundError(f"no delivery {delivery_id!r}; list() shows what the log still has")
        return found

    async def attempts(self, delivery_id: str) -> RecordList[Attempt]:
        """The attempts at a delivery, oldest first. Errors as `get()`."""
        await self.get(delivery_id)
        return RecordList(await self._engine.queue.attempts(delivery_id))

    async def statistics(self, target: str) -> TargetStatistics:
        """What became of the attempts at an integration or webhook: counts, latencies, backlog, why it is held.

        Raises:
            NotFoundError: there is none of that id in this scope.
        """
        return await self._engine.queue.statistics(await self._existing(target))

    async def backlog(self) -> Backlog:
        """What is not finished yet, in the whole queue: that of all tenants, for whoever keeps it running."""
        return await self._engine.queue.backlog()

    async def replay(
        self,
        target: str | None = None,
        *,
        delivery_ids: Sequence[str] = (),
        state: DeliveryState | str | Sequence[DeliveryState | str] = DeliveryState.FAILED,
        event_id: str | None = None,
        event_type: str | None = None,
        ordering_key: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        rate: float | None = None,
        limit: int | None = None,
        dry_run: bool = False,
    ) -> Replay:
        """Send again what has ended: one, a selection, or all since a time. Oldest first, under the same ids.

        It goes on by itself in steps that are stored; one that was cut off is continued with `resume_replay()`.

        Args:
            delivery_ids: only these.
            state: `failed` (the default), `delivered`, or both.
            rate: at most so many a second; None: all at once, as fast as the targets allow.
            limit: schedule at most so many in this call.
            dry_run: only say how many it would be.

        Raises:
            ConfigurationError: a filter is none, or `rate` or `limit` is out of range.
        """
        ids = tuple(delivery_ids)
        selection = self._selection(target, state, ids, event_id, event_type, ordering_key, since, until)
        return await self._engine.queue.replay(selection, rate=rate, dry_run=dry_run, limit=limit)

    async def resume_replay(self, replay_id: str, *, limit: int | None = None) -> Replay:
        """Go on with a replay that was cut off, or limited. `NotFoundError` if there is none of that id."""
        return await self._engine.queue.replay(resume=replay_id, limit=limit)

    async def hold(self, target: str, reason: str = "held by hand") -> bool:
        """Send nothing more to an integration or webhook, but keep taking it in; False if it was held.

        `disable()` of the integration itself also stops taking in.

        Raises:
            NotFoundError: there is none of that id in this scope.
        """
        return await self._engine.disable(await self._existing(target), reason)

    async def release(self, target: str) -> bool:
        """Send what was held, and what comes; False if it was not held. Errors as `hold()`."""
        return await self._engine.enable(await self._existing(target))

    def _selection(
        self,
        target: str | None,
        state: DeliveryState | str | Sequence[DeliveryState | str] | None,
        delivery_ids: tuple[str, ...],
        event_id: str | None,
        event_type: str | None,
        ordering_key: str | None,
        since: datetime | None,
        until: datetime | None,
    ) -> Selection:
        for name, moment in (("since", since), ("until", until)):
            if moment is not None and moment.tzinfo is None:
                expected = "expected a time with a time zone"
                raise ConfigurationError.of("deliveries", name, expected, "use datetime.now(UTC)")
        return Selection(
            delivery_ids=delivery_ids,
            event_id=event_id,
            event_type=event_type,
            target=None if target is None else self._target(target),
            tenant_id=self._scope.tenant_id,
            project_id=self._scope.project_id,
            ordering_key=ordering_key,
            states=tuple(_states(state)),
            since=since,
            until=until,
        )

    async def _existing(self, target: str) -> Target:
        integration = await self._directory.get(target)
        return target_of(target, integration.tenant_id, integration.project_id)

    def _target(self, target: str) -> Target:
        return target_of(target, self._scope.tenant_id, self._scope.project_id)

    def _is_ours(self, target: Target) -> bool:
        scope = self._scope
        return target.tenant_id == scope.tenant_id and scope.project_id in {None, target.project_id}


def _states(given: DeliveryState | str | Sequence[DeliveryState | str] | None) -> Iterable[DeliveryState]:
    names = [given] if isinstance(given, str) else given or []
    for name in names:
        try:
            yield DeliveryState(name)
        except ValueError:
            known = ", ".join(DeliveryState)
            raise ConfigurationError.of(
                "deliveries", "state", f"expected one or several of {known}"
            ) from None
