"""`SplunkConnector`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    Event,
    EventType,
    Fault,
    JsonValue,
    LogEntry,
    Outcome,
    RejectedError,
    text_at,
)
from integrations_sdk.connectors.splunk.batching import Batching
from integrations_sdk.connectors.splunk.config import SplunkConfig
from integrations_sdk.connectors.splunk.payloads import event_of, filed, line_of

__all__ = ["SplunkConnector"]

_NO_DATA = "5"


class SplunkConnector(Batching):
    """Sends events, log lines and raw text to a HTTP Event Collector."""

    provider = "splunk"
    title = "Splunk"
    category = Category.MONITORING
    Config = SplunkConfig
    docs_url = "https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in"
    setup = (
        "Settings → Data Inputs → HTTP Event Collector → New Token; choose the indexes it may write to",
        "Settings → Data Inputs → HTTP Event Collector → Global Settings → All Tokens: Enabled",
    )
    permissions = ("a token of the HTTP Event Collector for the index",)
    limits = (
        "With `flush_interval` the outcome of an event says that it waits; what waits is lost when the process dies.",
        "What becomes of a batch that waited is logged, and its failure is seen in the check.",
        "Splunk takes no key against duplicates: a batch that is sent again may arrive twice.",
        "Behind a load balancer acknowledgement needs sticky sessions.",
        "The check verifies the token; the index is verified when an event arrives.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"batch_size": 100}

    async def check(self) -> CheckResult:
        """Ask whether the collector is healthy, and send no event at all: it looks at the token first.

        Raises:
            AuthenticationError: the token is refused.
            ProviderUnavailableError: the collector's queues are full.
        """
        health = await self.ask("GET", "/services/collector/health", operation="health")
        answer = await self.call(
            "POST",
            "/services/collector/event",
            operation="check",
            content=b"",
            content_type="application/json",
            idempotent=True,
            accept=(HTTPStatus.BAD_REQUEST,),
        )
        said = self.parse(answer)
        if text_at(said, "code") != _NO_DATA:
            fault = self.fault(answer) or Fault(RejectedError, "took an event that is none; is it a HEC?")
            raise self.error(fault, answer)
        warnings = (f"the last batch was not sent: {self._trouble}",) if self._trouble else ()
        words = text_at(health, "text") or "answers"
        return CheckResult(detail=f"{words}; the token is accepted", warnings=warnings)

    async def send_event(self, event: Event) -> Outcome:
        """Send all that is known of it as one event; `reference` is the acknowledgement's number, if any."""
        return await self._take([filed(event_of(event), event.time, self.config)], "event")

    async def send_logs(self, entries: Sequence[LogEntry]) -> Outcome:
        """Send log lines, `batch_size` of them and 1 MB to a request.

        When a request fails, those before it have had their effect.
        """
        now = self.context.clock.now()
        lines = [filed(line_of(entry), entry.time or now, self.config) for entry in entries]
        return await self._take(lines, "event")

    async def send_events(
        self,
        events: Sequence[Mapping[str, JsonValue] | str],
        *,
        time: datetime | None = None,
        index: str | None = None,
        sourcetype: str | None = None,
        source: str | None = None,
        host: str | None = None,
        fields: Mapping[str, JsonValue] | None = None,
    ) -> Outcome:
        """Send events of your own, each an object or text.

        Args:
            time: when they were; None is now.
            index, sourcetype, source, host: None is as configured.
            fields: indexed fields of each: flat, of texts, numbers and lists of texts.
        """
        under = {"index": index, "sourcetype": sourcetype, "source": source, "host": host}
        more: dict[str, JsonValue] = {**under, "fields": dict(fields) if fields else None}
        moment = time or self.context.clock.now()
        bodies = [event if isinstance(event, str) else dict(event) for event in events]
        return await self._take([filed(body, moment, self.config, **more) for body in bodies], "event")
