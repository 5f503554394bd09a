"""PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Connector,
    Event,
    JsonValue,
    Level,
    Message,
    Outcome,
    Response,
    message_for,
    plain,
    text_at,
    uuid7,
)
from integrations_sdk.connectors.pagerduty.config import SEVERITIES, PagerDutyConfig
from integrations_sdk.connectors.pagerduty.payloads import alert, details_of, is_change, links_of, payload_of

__all__ = ["PagerDutyEvents"]


class PagerDutyEvents(Connector[PagerDutyConfig]):
    """Alerts are triggered, acknowledged and resolved by their deduplication key; changes are recorded."""

    async def notify(self, message: Message) -> Outcome:
        """Trigger an alert; a message of the level `success` resolves the one with its `key` instead.

        `reference` is the deduplication key: the message's `key`, or a new one. Good news without a key are
        skipped, for there is nothing that they resolve.
        """
        if message.level is Level.SUCCESS:
            if message.key is None:
                return self.skipped("enqueue", "good news without a key resolve nothing")
            return await self.resolve_alert(message.key)
        return await self.trigger_alert(
            message.summary,
            severity=self.config.severity(message.level),  # type: ignore[arg-type]  # checked with the configuration
            dedup_key=message.key,
            source=message.footer,
            details=details_of(message),
            fields=links_of(message),
        )

    async def handle_event(self, event: Event) -> Outcome:
        """Trigger an alert for a failure, resolve it with the next success; record changes if configured so."""
        message = message_for(event)
        outcome = self.skipped("enqueue", "neither a failure nor the end of one")
        if self.config.change_events and is_change(event):
            facts, links = details_of(message), links_of(message)
            outcome = await self.send_change(
                message.summary, source=event.project, details=facts, fields=links
            )
        if message.level is Level.ERROR or event.status == "success":
            return await self.notify(message)
        return outcome

    async def trigger_alert(
        self,
        summary: str,
        *,
        severity: Literal["critical", "error", "warning", "info"] = "error",
        dedup_key: str | None = None,
        source: str | None = None,
        details: Mapping[str, object] | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> Outcome:
        """Trigger an alert, or add to the open one that has the key; `reference` is the key.

        Args:
            summary: what is wrong; cut at 1024 characters.
            dedup_key: what it is about; None makes a new alert. One of more than 255 characters is hashed.
            source: what is affected, e.g. a host; None takes the configured one.
            details: shown in a table.
            fields: PagerDuty's own, beside the payload: `client`, `client_url`, `links`, `images`.

        Raises:
            ConfigurationError: the severity is another word.
        """
        if severity not in SEVERITIES:
            raise ConfigurationError.of(
                "pagerduty alert", "severity", f"expected one of {', '.join(SEVERITIES)}"
            )
        now = self.context.clock.now()
        payload = payload_of(
            summary,
            source=source or self.config.source,
            severity=severity,
            timestamp=plain(now),
            custom_details=plain(details or None),
        )
        more = {name: plain(value) for name, value in (fields or {}).items()}
        return await self._enqueue(alert("trigger", dedup_key or uuid7(now), payload, **more))

    async def acknowledge_alert(self, dedup_key: str) -> Outcome:
        """Say that somebody is at it; PagerDuty drops it when no open alert has the key."""
        return await self._enqueue(alert("acknowledge", dedup_key))

    async def resolve_alert(self, dedup_key: str) -> Outcome:
        """Say that it is over; PagerDuty drops it when no open alert has the key."""
        return await self._enqueue(alert("resolve", dedup_key))

    async def send_change(
        self,
        summary: str,
        *,
        source: str | None = None,
        details: Mapping[str, object] | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> Outcome:
        """Record a change of the service, which pages nobody; the arguments are those of `trigger_alert()`."""
        payload = payload_of(
            summary,
            source=source or self.config.source,
            timestamp=plain(self.context.clock.now()),
            custom_details=plain(details or None),
        )
        body = {"payload": payload, **{name: plain(value) for name, value in (fields or {}).items()}}
        return self.done(await self._send("/v2/change/enqueue", "change.enqueue", body))

    async def _enqueue(self, body: dict[str, JsonValue]) -> Outcome:
        answer = await self._send("/v2/enqueue", "enqueue", body, idempotent=True)  # one key is one alert
        key = text_at(self.parse(answer), "dedup_key") or text_at(body, "dedup_key")
        return self.done(answer, reference=key, detail=f"{body['event_action']} accepted")

    async def _send(
        self,
        path: str,
        operation: str,
        body: Mapping[str, JsonValue],
        *,
        idempotent: bool = False,
        accept: Collection[int] = (),
    ) -> Response:
        key = self.config.routing_key
        if key is None:
            remedy = "alerts and changes need it: add it"
            raise ConfigurationError.of("pagerduty configuration", "routing_key", "missing", remedy)
        return await self.call(
            "POST",
            self.config.events_root + path,
            operation=operation,
            json={"routing_key": key.reveal(), **body},
            authorize=False,
            idempotent=idempotent,
            accept=accept,
            account=f"{self.context.integration_id}:events",
        )
