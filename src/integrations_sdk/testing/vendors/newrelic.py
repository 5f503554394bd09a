"""New Relic in miniature: Event, Metric and Log API of one account behind one URL."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["NewRelicStandIn"]

_BYTES = 1_000_000


class NewRelicStandIn(StandIn):
    """New Relic.

    Attributes:
        events: every custom event that was recorded.
        metrics: every data point, the common attributes among its own.
        logs: every log line, likewise.
    """

    provider = "newrelic"
    license_key = "0123456789abcdef" * 2 + "stndNRAL"
    account_id = "1234567"

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, JsonValue]] = []
        self.metrics: list[dict[str, JsonValue]] = []
        self.logs: list[dict[str, JsonValue]] = []

    def config(self) -> dict[str, object]:
        """The account, with all three APIs here."""
        urls = dict.fromkeys(("event_url", "metric_url", "log_url"), self.url)
        return {"account_id": self.account_id, "api_key": self.license_key, **urls}

    def authorized(self, request: Received) -> Reply | None:
        """The licence key, as `Api-Key`; a wrong one gets an empty object."""
        right = same(request.headers.get("api-key", ""), self.license_key)
        return None if right else Reply(status=403, json={})

    def failure(self, status: int) -> Reply:
        """Errors have a type and a message."""
        return Reply(
            status=status, json={"error": {"type": "injected", "message": f"injected fault {status}"}}
        )

    @route("POST", "/v1/accounts/events")
    @route("POST", "/v1/accounts/{account}/events")
    def send_events(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Flat objects with an `eventType`, of the key's own account, whether it is named or not."""
        if values.get("account", self.account_id) != self.account_id:
            return Reply(status=403, json={})
        if len(request.body) > _BYTES:
            return Reply(status=413, json={"error": "payload too big"})
        events = request.json()
        if not isinstance(events, list) or not all(map(_is_event, events)):
            return Reply(status=400, json={"success": False, "error": "Error parsing submitted JSON"})
        self.events += [event for event in events if isinstance(event, dict)]
        return Reply(json={"success": True, "uuid": str(uuid.uuid4())})

    @route("POST", "/metric/v1")
    def send_metrics(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Blocks with `metrics`."""
        return self._take(request, "metrics", self.metrics)

    @route("POST", "/log/v1")
    def send_logs(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Blocks with `logs`."""
        return self._take(request, "logs", self.logs)

    def _take(self, request: Received, name: str, into: list[dict[str, JsonValue]]) -> Reply:
        blocks = request.json()
        if request.headers.get("content-type") != "application/json" or not isinstance(blocks, list):
            return Reply(status=400, json={"error": {"type": "invalid", "message": "malformed JSON"}})
        if len(request.body) > _BYTES:
            return Reply(status=413, json={"error": {"type": "too_large", "message": "payload too large"}})
        for block in blocks:
            items = block.get(name) if isinstance(block, dict) else None
            if not isinstance(block, dict) or not isinstance(items, list):
                return Reply(status=400, json={"error": {"type": "invalid", "message": f"{name} is missing"}})
            common = block.get("common")
            shared = common.get("attributes") if isinstance(common, dict) else None
            for item in items:
                if isinstance(item, dict):
                    own = item.get("attributes")
                    both = {
                        **(shared if isinstance(shared, dict) else {}),
                        **(own if isinstance(own, dict) else {}),
                    }
                    into.append({**item, "attributes": both})
        return Reply(status=202, json={"requestId": str(uuid.uuid4())})


def _is_event(event: JsonValue) -> bool:
    flat = isinstance(event, dict) and not any(isinstance(value, dict | list) for value in event.values())
    return flat and isinstance(event, dict) and bool(event.get("eventType"))
