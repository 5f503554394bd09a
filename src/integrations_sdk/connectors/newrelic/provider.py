"""`NewRelicConnector`.

Source: https://docs.newrelic.com/docs/data-apis/ingest-apis/ (Event, Metric and Log API).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Category,
    CheckResult,
    Event,
    EventType,
    Fault,
    JsonValue,
    LogEntry,
    Metric,
    Outcome,
    ProviderUnavailableError,
    Response,
    TelemetrySink,
    batches,
    event_facts,
    fault_of,
    finite,
    json_of,
    url_path,
)
from integrations_sdk.connectors.newrelic.config import NewRelicConfig
from integrations_sdk.connectors.newrelic.payloads import (
    BYTES,
    blocks,
    event_type,
    log_record,
    metric_record,
    own_record,
)

__all__ = ["NewRelicConnector"]

_EVENTS: Final = 2000


class NewRelicConnector(TelemetrySink[NewRelicConfig]):
    """Records events, metrics and logs of one account, each with the configured attributes."""

    provider = "newrelic"
    title = "New Relic"
    category = Category.MONITORING
    Config = NewRelicConfig
    docs_url = "https://docs.newrelic.com/docs/data-apis/ingest-apis/"
    setup = ("API Keys → Create a key → Ingest - License", "The account's number is in the menu of your name")
    permissions = ("an ingest licence key; a user key is refused",)
    limits = (
        "New Relic looks at data after accepting it; what it drops is told in NrIntegrationError events.",
        "The check verifies the key in its region. The account number is verified when an event arrives.",
        "Events of more than 24 hours ago are recorded under the time of sending.",
    )
    default_events = tuple(EventType)

    async def authorize(self) -> Mapping[str, str]:
        """The licence key."""
        return {"api-key": self.config.api_key.reveal()}

    def fault(self, response: Response) -> Fault | None:
        """As the status says, but that 403 means a wrong key here, and 408 asks to try again."""
        found = fault_of(response)
        if found is not None and response.status == HTTPStatus.FORBIDDEN:
            region = self.config.region.upper()
            words = f"the key is refused; is it an ingest licence key of this account, in region {region}?"
            return Fault(AuthenticationError, words)
        if found is not None and response.status == HTTPStatus.REQUEST_TIMEOUT:
            return Fault(ProviderUnavailableError, found.message)
        return found

    async def check(self) -> CheckResult:
        """Send no metrics at all: the Metric API looks at the key, and has nothing to record.

        The ingest APIs have no operation for it; they answer 403 to a wrong key before they look at data.
        """
        _, metric_url, _ = self.config.endpoints()
        await self.call("POST", f"{metric_url}/metric/v1", operation="check", json=[], idempotent=True)
        region = self.config.region.upper()
        return CheckResult(
            detail=f"the key is accepted in region {region}; the account is verified with events"
        )

    async def send_event(self, event: Event) -> Outcome:
        """Record it as a custom event; `reference` is New Relic's id of the request."""
        return await self.record_event(event.type, event_facts(event), time=event.time)

    async def record_event(
        self, name: str, facts: Mapping[str, JsonValue], *, time: datetime | None = None
    ) -> Outcome:
        """Record a custom event.

        Args:
            name: found in `event_types`, or made a type: `order_paid` is `IntegrationOrderPaid`.
            facts: its attributes; nested ones are flattened, at most 252 are kept, configured ones first.
            time: None is now.
        """
        kind = event_type(name, self.config.event_types)
        return await self.record_events([{**facts, "eventType": kind}], time=time)

    async def record_events(
        self, records: Sequence[Mapping[str, JsonValue]], *, time: datetime | None = None
    ) -> Outcome:
        """Record custom events that name their `eventType` themselves, 1 MB and 2000 to a request.

        When a request fails, those before it have had their effect.

        Raises:
            ConfigurationError: an `eventType` is missing, or New Relic's own; nothing is sent.
        """
        now = self.context.clock.now()
        common = self.config.custom_attributes
        made = [own_record(record, common, time=time or now, now=now) for record in records]
        bodies = list(batches(made, count=_EVENTS, size=BYTES))
        event_url, _, _ = self.config.endpoints()
        url = event_url + url_path("/v1/accounts/{id}/events", id=self.config.account_id)
        return await self._send_bodies(url, bodies, operation="events", what=f"{len(records)} events")

    async def send_metrics(self, metrics: Sequence[Metric]) -> Outcome:
        """Send data points, 1 MB to a request.

        When a request fails, those before it have had their effect.

        Raises:
            ConfigurationError: a value is NaN or infinite; nothing is sent.
        """
        now = self.context.clock.now()
        _, metric_url, _ = self.config.endpoints()
        points = [metric_record(metric, now=now) for metric in finite(metrics)]
        bodies, what = blocks("metrics", points, self.config.custom_attributes), f"{len(metrics)} metrics"
        return await self._send_bodies(f"{metric_url}/metric/v1", bodies, operation="metrics", what=what)

    async def send_logs(self, entries: Sequence[LogEntry]) -> Outcome:
        """Send log lines, 1 MB to a request. When a request fails, those before it have had their effect."""
        now = self.context.clock.now()
        _, _, log_url = self.config.endpoints()
        lines = [log_record(entry, now=now) for entry in entries]
        bodies, what = blocks("logs", lines, self.config.custom_attributes), f"{len(entries)} log lines"
        return await self._send_bodies(f"{log_url}/log/v1", bodies, operation="logs", what=what)

    async def _taken(self, response: Response, detail: str) -> Outcome:
        return self.done(response, reference=_request_id(response), detail=detail)


def _request_id(response: Response) -> str | None:
    """New Relic's id of a request, by which it names it in NrIntegrationError events."""
    said = json_of(response)
    found = (said.get("uuid") or said.get("requestId")) if isinstance(said, dict) else None
    return str(found) if found else None
