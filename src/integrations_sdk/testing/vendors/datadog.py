"""Datadog in miniature: API and log intake behind one URL, as `api_url` reaches them."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["DatadogStandIn"]

_ACCEPTED = Reply(status=202, json={"status": "ok"})


class DatadogStandIn(StandIn):
    """Datadog.

    Attributes:
        events: what was posted to the event stream.
        series: every time series that arrived.
        logs: every log line that arrived.
        checks: every service check that arrived.
    """

    provider = "datadog"
    api_key = "dd" + "0123456789abcdef" * 2
    app_key = "ap" + "0123456789abcdef" * 2

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, JsonValue]] = []
        self.series: list[dict[str, JsonValue]] = []
        self.logs: list[dict[str, JsonValue]] = []
        self.checks: list[dict[str, JsonValue]] = []

    def config(self) -> dict[str, object]:
        """An organisation with both keys."""
        return {"api_key": self.api_key, "app_key": self.app_key, "api_url": self.url}

    def authorized(self, request: Received) -> Reply | None:
        """The API key, as `DD-API-KEY`."""
        right = same(request.headers.get("dd-api-key", ""), self.api_key)
        return None if right else self.failure(403)

    def failure(self, status: int) -> Reply:
        """Datadog names the status in `errors`."""
        words = {400: "Bad Request", 403: "Forbidden", 413: "Payload Too Large", 429: "Too Many Requests"}
        return Reply(status=status, json={"errors": [words.get(status, f"status {status}")]})

    @route("GET", "/api/v1/validate")
    def validate(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The API key was looked at already."""
        return Reply(json={"valid": True})

    @route("GET", "/api/v2/validate_keys")
    def validate_keys(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Both keys."""
        right = same(request.headers.get("dd-application-key", ""), self.app_key)
        return Reply(json={"status": "ok"}) if right else self.failure(403)

    @route("POST", "/api/v1/events")
    def post_event(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Title and text are required, the text at most 4000 characters."""
        body = request.json()
        if (
            not isinstance(body, dict)
            or not body.get("title")
            or len(str(body.get("text") or "")) not in range(1, 4001)
        ):
            return self.failure(400)
        self.events.append(body)
        number = 1_000_000_000_000_000 + len(self.events)
        url = f"https://app.datadoghq.com/event/event?id={number}"
        return Reply(
            status=202,
            json={"status": "ok", "event": {**body, "id": number, "id_str": str(number), "url": url}},
        )

    @route("POST", "/api/v2/series")
    def submit_metrics(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Each series has a metric and points; 500 KB at most."""
        body = request.json()
        series = body.get("series") if isinstance(body, dict) else None
        if not isinstance(series, list) or not all(
            isinstance(one, dict) and one.get("metric") and one.get("points") for one in series
        ):
            return self.failure(400)
        if len(request.body) > 5_242_880:
            return self.failure(413)
        self.series += [one for one in series if isinstance(one, dict)]
        return Reply(status=202, json={"errors": []})

    @route("POST", "/api/v2/logs")
    def submit_logs(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Each line has a message; 1000 lines and 5 MB at most."""
        lines = request.json()
        if not isinstance(lines, list) or not all(
            isinstance(line, dict) and "message" in line for line in lines
        ):
            return Reply(
                status=400,
                json={
                    "errors": [{"status": "400", "title": "Bad Request", "detail": "Invalid JSON payload"}]
                },
            )
        if len(lines) > 1000 or len(request.body) > 5_000_000:
            return Reply(status=413, json={"errors": [{"status": "413", "title": "Payload Too Large"}]})
        self.logs += [line for line in lines if isinstance(line, dict)]
        return Reply(status=202, json={})

    @route("POST", "/api/v1/check_run")
    def check_run(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Each check has a name, a host, a status from 0 to 3 and tags."""
        checks = request.json()
        required = {"check", "host_name", "status", "tags"}
        if not isinstance(checks, list) or not all(
            isinstance(check, dict) and required <= check.keys() and check["status"] in range(4)
            for check in checks
        ):
            return self.failure(400)
        self.checks += [check for check in checks if isinstance(check, dict)]
        return _ACCEPTED
