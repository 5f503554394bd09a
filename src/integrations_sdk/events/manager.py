"""`mgr.events`: takes in what happened elsewhere, and sends it on to every integration that subscribed."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from integrations_sdk.clock import uuid7
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.errors import ConfigurationError, ConnectorError, IntegrationError
from integrations_sdk.events.receiving import MAX_BODY_BYTES, event_from, read, take
from integrations_sdk.logs import logger
from integrations_sdk.models import (
    Event,
    EventType,
    Integration,
    IntegrationState,
    JsonValue,
    Outcome,
    OutcomeList,
    OutcomeStatus,
    Secret,
)
from integrations_sdk.runtime import Runtime

__all__ = ["AsyncEventsManager", "SecretsGiven"]

SecretsGiven: TypeAlias = str | Secret | Sequence[str | Secret]
"""One secret or several (an old and a new one); each may be a reference such as `env:NAME`."""

_OPERATION: Final = "handle_event"


class AsyncEventsManager:
    """Receives events from GitLab, GitHub, Jira, Jenkins and others, and dispatches them.

    Args:
        secrets: what is shared with each source, as with `set_secret()`.
        max_body_bytes: a larger body is refused.
    """

    def __init__(
        self,
        runtime: Runtime,
        directory: ConnectorDirectory,
        *,
        secrets: Mapping[str, SecretsGiven] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._runtime = runtime
        self._directory = directory
        self._max_body_bytes = max_body_bytes
        self._secrets = {source: _secrets(source, given) for source, given in (secrets or {}).items()}

    async def receive(  # noqa: PLR0913  # what arrived, and how to take it
        self,
        source: str,
        headers: Mapping[str, str],
        body: bytes | str,
        *,
        secret: SecretsGiven | None = None,
        verify: bool = True,
        dispatch: bool = False,
    ) -> Event | None:
        """Take in one webhook request: verify, drop it if it is a duplicate, and normalise it.

        Answer the sender 200 when this returns, 401 on `SignatureError`, 400 on `ConfigurationError`.

        Args:
            source: who sent it: `gitlab`, `github`, `jira`, `jenkins`, `slack`, `pagerduty`, `stripe`,
                `standard_webhooks`; with `verify=False` any name.
            headers: as they arrived.
            body: exactly as it arrived, at most 25 MiB unless configured otherwise.
            secret: shared with the sender, or several of which any will do; None takes what
                `set_secret()` or the constructor was given for the source.
            verify: False accepts a message from anybody; only for senders that prove nothing, on a
                network where nobody else can reach the receiver.
            dispatch: also `dispatch()` it; its outcomes are then on the bus and in the log.

        Returns:
            The event; None for a duplicate, that is, a message of the same sender's id within 7 days.

        Raises:
            SignatureError: not authentic, or stale.
            ConfigurationError: no secret is known for the source, or the body is none it can have sent.
        """
        secrets = await self._shared(source, secret) if verify else None
        now = self._runtime.clock.now()
        event = read(source, headers, body, secrets=secrets, now=now, limit=self._max_body_bytes)
        if not await take(self._runtime, event):
            logger().debug("duplicate event dropped", source=source, sender_id=event.sender_id)
            return None
        await self._tell("event.received", event, {"url": event.url, "status": event.status})
        if dispatch:
            await self.dispatch(event)
        return event

    async def dispatch(
        self, event: Event | Mapping[str, object], *, concurrency: int = 16, include_skipped: bool = False
    ) -> OutcomeList:
        """Hand the event to every active integration of the scope that wants it.

        Whether it does depends on its event filter, its branch filter and `notify_only_broken_pipelines`.
        One target's failure never stops another.

        Args:
            event: an `Event`, or a mapping such as `{"event_type": "pipeline", "status": "success"}`.
            concurrency: how many targets are worked on at once, 1 or more.
            include_skipped: have an outcome, `skipped` and saying why, also for those that do not want it.

        Returns:
            One outcome for each target, in the order in which the integrations were created.

        Raises:
            ConfigurationError: the mapping is no event, or `concurrency` is out of range.
        """
        if concurrency < 1:
            raise ConfigurationError.of("dispatch", "concurrency", "expected 1 or more")
        known = event_from(event, now=self._runtime.clock.now(), scope=self._runtime.scope)
        targets = [target async for target in self._directory.all(state=IntegrationState.ACTIVE)]
        results = await self._fan_out(known, targets, concurrency)
        skipped = sum(
            result.status is OutcomeStatus.SKIPPED and result.operation == "wants" for result in results
        )
        outcomes = OutcomeList(result for result in results if include_skipped or result.operation != "wants")
        counts = {
            "succeeded": len(outcomes.successes),
            "failed": len(outcomes.failures),
            "unsubscribed": skipped,
        }
        await self._tell("event.dispatched", known, {**counts})
        return outcomes

    async def set_secret(self, source: str, secret: SecretsGiven) -> None:
        """Use this secret for messages of the source from now on, in place of an earlier one.

        It is kept in this process's memory only: a reference (`env:NAME`) lets every process find it.

        Args:
            source: who shares it, e.g. `gitlab`.
            secret: several to accept the old and the new one during a change; a reference is resolved
                with each message.

        Raises:
            ConfigurationError: it is empty or no text.
        """
        self._secrets[source] = _secrets(source, secret)

    async def list_event_types(self) -> list[str]:
        """The event types to subscribe to; other words a sender uses can be subscribed to as well."""
        return [kind.value for kind in EventType]

    async def _shared(self, source: str, given: SecretsGiven | None) -> list[Secret]:
        secrets = self._secrets.get(source, ()) if given is None else _secrets(source, given)
        if not secrets:
            remedy = f"pass secret=…, call set_secret({source!r}, …), or pass verify=False to accept anybody"
            raise ConfigurationError.of(
                f"{source} webhook", "secret", "missing; messages cannot be verified", remedy
            )
        resolved = [await self._runtime.secrets.resolve(secret) for secret in secrets]
        return list(_secrets(source, resolved))

    async def _fan_out(self, event: Event, targets: Sequence[Integration], concurrency: int) -> list[Outcome]:
        free = asyncio.Semaphore(concurrency)

        async def work(target: Integration) -> Outcome:
            async with free:
                return await self._attempt(event, target)

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(work(target), name=f"dispatch {target.integration_id}")
                for target in targets
            ]
        return [
            _failed(target, "was cancelled by its own connector") if task.cancelled() else task.result()
            for target, task in zip(targets, tasks, strict=True)
        ]

    async def _attempt(self, event: Event, target: Integration) -> Outcome:
        try:
            connector = await self._directory.open_record(target)
            return await _hand_over(event, target, connector)
        except ConnectorError as error:
            outcome = Outcome.from_error(
                error, target=target.integration_id, provider=target.integration_type, operation=_OPERATION
            )
        except IntegrationError as error:
            outcome = _failed(target, str(error))
        except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything; the others must not suffer
            # Its words may hold a secret (a URL, a header), so only what and where is said.
            what, where = type(error).__name__, _place(error)
            logger().error("connector failed", target=target.integration_id, error=what, where=where)
            outcome = _failed(
                target, f"{what} in the {target.integration_type} connector at {where}: report it there"
            )
        logger().warning(
            "event not handled",
            target=outcome.target,
            provider=outcome.provider,
            event_type=event.type,
            event_id=event.id,
        )
        return outcome

    async def _tell(self, what: str, event: Event, facts: Mapping[str, JsonValue]) -> None:
        now = self._runtime.clock.now()
        notice = Event(
            id=uuid7(now),
            type=what,
            source="integrations-sdk",
            subject=event.id,
            time=now,
            provider=event.provider,
            data={
                "event_type": event.type,
                "event_subject": event.subject,
                "project": event.project,
                **facts,
            },
        )
        try:
            await self._runtime.bus.publish(notice)
        except IntegrationError as error:  # the event itself is safe: a sender must not be asked to repeat it
            logger().warning(
                "bus refused a notice", notice=what, error=type(error).__name__, reason=str(error)
            )


async def _hand_over(event: Event, target: Integration, connector: Connector[ConnectorConfig]) -> Outcome:
    if (why := connector.wants(event)) is None:
        return await connector.handle_event(event)
    return Outcome(
        target=target.integration_id,
        provider=target.integration_type,
        operation="wants",
        status=OutcomeStatus.SKIPPED,
        attempts=0,
        detail=why,
    )


def _failed(target: Integration, error: str) -> Outcome:
    return Outcome(
        target=target.integration_id,
        provider=target.integration_type,
        operation=_OPERATION,
        status=OutcomeStatus.FAILED,
        attempts=0,
        error=error,
    )


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno} in {last.name}"


def _secrets(source: str, given: SecretsGiven) -> tuple[Secret, ...]:
    items: object = [given] if isinstance(given, str | Secret) else given
    found: list[object] = list(items) if isinstance(items, list | tuple) else []
    secrets = tuple(Secret(item) for item in found if isinstance(item, str | Secret) and item)
    if not secrets or len(secrets) < len(found):
        wrong = "expected some text, a reference such as env:NAME, or a list of them"
        raise ConfigurationError.of(
            f"{source} webhook", "secret", wrong, "copy it from the sender's settings"
        )
    return secrets
