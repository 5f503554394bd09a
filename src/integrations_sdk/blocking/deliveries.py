"""`DeliveriesManager`: generated from `AsyncDeliveriesManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager
from integrations_sdk.models.delivery import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from integrations_sdk.delivery.manager import AsyncDeliveriesManager  # noqa: F401  # ruff does not see it in the string below
    from integrations_sdk.models import RecordList
    from integrations_sdk.models.delivery import Attempt, Backlog, Delivery, TargetStatistics
    from integrations_sdk.queue.base import DeliveryPage, Replay

__all__ = ["DeliveriesManager"]


class DeliveriesManager(BlockingSubManager["AsyncDeliveriesManager"]):
    """The deliveries of one scope: one event or action for one integration each, with its attempts.

    The log keeps what has ended for 7 days, unless the manager was told otherwise.
    """

    def list(
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
        return self._run(
            lambda manager: manager.list(
                target,
                state=state,
                event_id=event_id,
                event_type=event_type,
                ordering_key=ordering_key,
                since=since,
                until=until,
                after=after,
                limit=limit,
                newest_first=newest_first,
            )
        )

    def get(self, delivery_id: str) -> Delivery:
        """The delivery.

        Raises:
            NotFoundError: there is none of that id in this scope, or the log has forgotten it.
        """
        return self._run(lambda manager: manager.get(delivery_id))

    def attempts(self, delivery_id: str) -> RecordList[Attempt]:
        """The attempts at a delivery, oldest first. Errors as `get()`."""
        return self._run(lambda manager: manager.attempts(delivery_id))

    def statistics(self, target: str) -> TargetStatistics:
        """What became of the attempts at an integration or webhook: counts, latencies, backlog, why it is held.

        Raises:
            NotFoundError: there is none of that id in this scope.
        """
        return self._run(lambda manager: manager.statistics(target))

    def backlog(self) -> Backlog:
        """What is not finished yet, in the whole queue: that of all tenants, for whoever keeps it running."""
        return self._run(lambda manager: manager.backlog())

    def replay(
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
        return self._run(
            lambda manager: manager.replay(
                target,
                delivery_ids=delivery_ids,
                state=state,
                event_id=event_id,
                event_type=event_type,
                ordering_key=ordering_key,
                since=since,
                until=until,
                rate=rate,
                limit=limit,
                dry_run=dry_run,
            )
        )

    def resume_replay(self, replay_id: str, *, limit: int | None = None) -> Replay:
        """Go on with a replay that was cut off, or limited. `NotFoundError` if there is none of that id."""
        return self._run(lambda manager: manager.resume_replay(replay_id, limit=limit))

    def hold(self, target: str, reason: str = "held by hand") -> bool:
        """Send nothing more to an integration or webhook, but keep taking it in; False if it was held.

        `disable()` of the integration itself also stops taking in.

        Raises:
            NotFoundError: there is none of that id in this scope.
        """
        return self._run(lambda manager: manager.hold(target, reason))

    def release(self, target: str) -> bool:
        """Send what was held, and what comes; False if it was not held. Errors as `hold()`."""
        return self._run(lambda manager: manager.release(target))
