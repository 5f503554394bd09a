"""`mgr.events`: takes in what happened elsewhere, and sends it on to every integration that subscribed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from integrations_sdk.clock import uuid7
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.errors import IntegrationError
from integrations_sdk.events.dispatching import Planned, accepted, addressee, wanting
from integrations_sdk.events.incoming import Incoming
from integrations_sdk.events.receiving import (
    MAX_BODY_BYTES,
    event_from,
    identity_of,
    is_taken,
    read,
    take,
)
from integrations_sdk.logs import logger
from integrations_sdk.models import (
    Event,
    EventType,
    JsonValue,
    OutcomeList,
)
from integrations_sdk.queue.outbox import Outbox
from integrations_sdk.runtime import Runtime
from integrations_sdk.signing import TOLERANCE, HmacScheme, SecretsGiven

__all__ = ["AsyncEventsManager"]


class AsyncEventsManager:
    """Receives events from GitLab, GitHub, Jira, Jenkins and others, and dispatches them.

    Args:
        secrets: what is shared with each source, for this manager only; goes before `set_secret()`.
        outbox: takes what is to be sent.
        max_body_bytes: a larger body is refused.
    """

    def __init__(
        self,
        runtime: Runtime,
        directory: ConnectorDirectory,
        outbox: Outbox,
        *,
        secrets: Mapping[str, SecretsGiven] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._runtime = runtime
        self._directory = directory
        self._outbox = outbox
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
            dispatch: also hand it on as `dispatch(wait=False)` does. It is stored before the message counts as
                received, so whenever the process ends, either the sender's repetition is taken or everything
                is sent, and nothing twice.

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
        if dispatch and not await is_taken(self._runtime, event):
            await self.dispatch(event, wait=False, idempotency_key=identity_of(self._runtime, event))
        if not await take(self._runtime, event):
            logger().debug("duplicate event dropped", source=source, sender_id=event.sender_id)
            return None
        await self._tell("event.received", event, {"url": event.url, "status": event.status})
        return event

    async def dispatch(
        self,
        event: Event | Mapping[str, object],
        *,
        wait: bool = True,
        timeout: timedelta | None = None,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        include_skipped: bool = False,
    ) -> OutcomeList:
        """Hand the event to every active integration of the scope that wants it.

        Whether it does depends on its event filter, its branch filter and `notify_only_broken_pipelines`. The
        event and a delivery for each target are stored in one transaction before anything is sent; what fails is
        tried again, see `mgr.deliveries`. One target's failure never stops another.

        Args:
            event: an `Event`, or a mapping such as `{"event_type": "pipeline", "status": "success"}`.
            wait: for the first attempt at each; False returns once everything is stored.
            timeout: how long to wait; None: as long as the attempts take.
            ordering_key: deliver in order within this key, for each target.
            idempotency_key: take no second event of this key for a target, as long as the log is kept.
            include_skipped: have an outcome, `skipped` and saying why, also for those that do not want it.

        Returns:
            One outcome for each target, in the order in which the integrations were created: what the first
            attempt came to, or `accepted`. Each has its `delivery_id`. A failed one that is `retryable` will be
            tried again by itself.

        Raises:
            ConfigurationError: the mapping is no event.
        """
        known = event_from(event, now=self._runtime.clock.now(), scope=self._runtime.scope)
        wanted, places = await wanting(self._directory, known)
        targets = [addressee(integration) for integration in wanted]
        if not targets:
            outcomes = OutcomeList()
        elif wait:
            outcomes = await self._outbox.enqueue_and_wait(
                known, targets, ordering_key=ordering_key, idempotency_key=idempotency_key, timeout=timeout
            )
        else:
            taken = await self._outbox.enqueue(
                known, targets, ordering_key=ordering_key, idempotency_key=idempotency_key
            )
            outcomes = accepted(wanted, taken)
        await self._tell("event.dispatched", known, _counts(len(wanted), len(places)))
        if not include_skipped:
            return outcomes
        sent = iter(outcomes)
        return OutcomeList(next(sent) if place is None else place for place in places.values())

    async def enqueue(
        self,
        event: Event | Mapping[str, object],
        *,
        connection: object = None,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        due_at: datetime | None = None,
    ) -> OutcomeList:
        """Store the event for every active integration that wants it, also within a transaction of yours.

        With `connection`, event and deliveries become part of the transaction that is open there: rolling it back
        sends nothing, committing it sends all, within about a tenth of a second.

        Args:
            connection: to the very database that the manager's store is in, a transaction open on it: a
                `sqlite3.Connection` (the store being `sqlite:///…`), or a `psycopg.Connection` or
                `asyncpg.Connection` (`postgresql://…`). None: a transaction of its own.
            ordering_key: deliver in order within this key, for each target.
            idempotency_key: take no second event of this key for a target, as long as the log is kept.
            due_at: not before; None is now.

        Returns:
            One outcome for each target, `accepted`, with its `delivery_id`.

        Raises:
            ConfigurationError: the mapping is no event, or no transaction is open on the connection.
            StateError: the connection is to another database, or the store is in memory.
        """
        planned = await self._plan(
            event, ordering_key=ordering_key, idempotency_key=idempotency_key, due_at=due_at
        )
        return await planned.store(connection)

    async def _plan(
        self,
        event: Event | Mapping[str, object],
        *,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        due_at: datetime | None = None,
    ) -> Planned:
        """The first half of `enqueue()`, which needs the loop. What it returns does the second one, `store()`."""
        known = event_from(event, now=self._runtime.clock.now(), scope=self._runtime.scope)
        wanted, _ = await wanting(self._directory, known)
        return Planned(
            event=known,
            integrations=tuple(wanted),
            outbox=self._outbox,
            ordering_key=ordering_key,
            idempotency_key=idempotency_key,
            due_at=due_at,
        )

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


def _counts(wanted: int, asked: int) -> dict[str, JsonValue]:
    return {"accepted": wanted, "unsubscribed": asked - wanted}
