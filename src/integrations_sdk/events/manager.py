"""`mgr.events`: takes in what happened elsewhere, and sends it on to every integration that subscribed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from integrations_sdk.clock import uuid7
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.errors import ConfigurationError, IntegrationError
from integrations_sdk.events.dispatching import OnOutcome, fan_out, is_unwanted
from integrations_sdk.events.incoming import Incoming
from integrations_sdk.events.receiving import MAX_BODY_BYTES, event_from, read, take
from integrations_sdk.logs import logger
from integrations_sdk.models import (
    Event,
    EventType,
    IntegrationState,
    JsonValue,
    OutcomeList,
)
from integrations_sdk.runtime import Runtime
from integrations_sdk.signing import TOLERANCE, HmacScheme, SecretsGiven

__all__ = ["AsyncEventsManager"]


class AsyncEventsManager:
    """Receives events from GitLab, GitHub, Jira, Jenkins and others, and dispatches them.

    Args:
        secrets: what is shared with each source, for this manager only; goes before `set_secret()`.
        on_outcome: called with the outcome of each target that wanted an event.
        max_body_bytes: a larger body is refused.
    """

    def __init__(
        self,
        runtime: Runtime,
        directory: ConnectorDirectory,
        *,
        secrets: Mapping[str, SecretsGiven] | None = None,
        on_outcome: OnOutcome | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._runtime = runtime
        self._directory = directory
        self._on_outcome = on_outcome
        self._max_body_bytes = max_body_bytes
        self._incoming = Incoming(runtime, secrets)

    async def receive(
        self,
        source: str,
        headers: Mapping[str, str],
        body: bytes | str,
        *,
        secret: SecretsGiven | None = None,
        verify: bool = True,
        scheme: HmacScheme | None = None,
        tolerance: timedelta = TOLERANCE,
        dispatch: bool = False,
    ) -> Event | None:
        """Take in one webhook request: verify, drop it if it is a duplicate, and normalise it.

        Answer the sender 200 when this returns, 401 on `SignatureError`, 400 on `ConfigurationError`.

        Args:
            source: who sent it: `gitlab`, `github`, `jira`, `jenkins`, `slack`, `pagerduty`, `stripe`,
                `standard_webhooks`; with `scheme` or with `verify=False` any other name.
            headers: as they arrived.
            body: exactly as it arrived, at most 25 MiB unless configured otherwise.
            secret: shared with the sender, or several of which any will do; None takes what
                `set_secret()` or the constructor was given for the source.
            verify: False accepts a message from anybody; only for senders that prove nothing, on a
                network where nobody else can reach the receiver.
            scheme: how a sender signs that is none of those.
            tolerance: how far a signed time may be from now, in both directions.
            dispatch: also `dispatch()` it; its outcomes are then on the bus and in the log. The message
                counts as received before that: if the process ends meanwhile, or dispatching raises, the
                sender's repetition is dropped as a duplicate. Where that must not be, keep the event that
                this returns somewhere first, and `dispatch()` it from there.

        Returns:
            The event; None for a duplicate, that is, a message of the same sender's id within 7 days.

        Raises:
            SignatureError: not authentic, or stale.
            ConfigurationError: no secret is known for the source, or the body is none it can have sent.
        """
        event = read(
            source,
            headers,
            body,
            secrets=await self._incoming.shared(source, secret) if verify else None,
            now=self._runtime.clock.now(),
            limit=self._max_body_bytes,
            scheme=scheme,
            tolerance=tolerance,
        )
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
        results = await fan_out(
            self._directory, known, targets, concurrency=concurrency, on_outcome=self._on_outcome
        )
        wanted = OutcomeList(result for result in results if not is_unwanted(result))
        await self._tell("event.dispatched", known, _counts(wanted, len(results)))
        return OutcomeList(results) if include_skipped else wanted

    async def set_secret(self, source: str, secret: SecretsGiven | None) -> None:
        """Keep what is shared with a source, sealed, in place of an earlier one, for `receive()`.

        Args:
            source: who shares it, e.g. `gitlab`.
            secret: several to accept the old and the new one during a change; a reference is kept as
                such and resolved with each message; None forgets it.

        Raises:
            ConfigurationError: it is empty or no text.
        """
        await self._incoming.keep(source, secret)

    async def list_event_types(self) -> list[str]:
        """The event types to subscribe to; other words a sender uses can be subscribed to as well."""
        return [kind.value for kind in EventType]

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


def _counts(wanted: OutcomeList, asked: int) -> dict[str, JsonValue]:
    return {
        "succeeded": len(wanted.successes),
        "failed": len(wanted.failures),
        "unsubscribed": asked - len(wanted),
    }
