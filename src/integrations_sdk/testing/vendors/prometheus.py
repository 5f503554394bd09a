"""Prometheus, Pushgateway and Alertmanager in miniature, behind one URL."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["PrometheusStandIn"]

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)')


class PrometheusStandIn(StandIn):
    """All three parts, behind a proxy that wants a token.

    Attributes:
        groups: what was pushed, by the group's path: the lines of each metric by its name.
        alerts: every alert by its labels, as last posted.
        silences: the silences by their id.
    """

    provider = "prometheus"
    token = "proxy-" + "0123456789abcdef" * 2

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__()
        self.groups: dict[str, dict[str, list[str]]] = {}
        self.alerts: dict[frozenset[tuple[str, str]], dict[str, JsonValue]] = {}
        self.silences: dict[str, dict[str, JsonValue]] = {}
        self._now = now

    def config(self) -> dict[str, object]:
        """All three parts."""
        urls = dict.fromkeys(("url", "pushgateway_url", "alertmanager_url"), self.url)
        return {**urls, "bearer_token": self.token}

    def authorized(self, request: Received) -> Reply | None:
        """The proxy's token."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return None if same(given, self.token) else Reply(status=401, text="Unauthorized\n")

    def failure(self, status: int) -> Reply:
        """The shape that Prometheus itself has."""
        words = f"injected fault {status}"
        return Reply(status=status, json={"status": "error", "errorType": "internal", "error": words})

    def firing(self) -> list[dict[str, JsonValue]]:
        """The alerts that have not ended."""
        return [alert for alert in self.alerts.values() if _time(alert["endsAt"]) > self._now()]

    @route("GET", "/api/v1/query")
    def query(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A metric's name finds what was pushed under it."""
        return self._vector(request.query.get("query", ""))

    @route("POST", "/api/v1/query")
    def query_form(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The same by a form."""
        return self._vector(request.form().get("query", ""))

    @route("GET", "/api/v1/query_range")
    def query_range(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Start, end and step are required."""
        if missing := {"query", "start", "end", "step"} - request.query.keys():
            return _bad_data(f'invalid parameter "{min(missing)}": cannot parse "" to a valid timestamp')
        return _success({"resultType": "matrix", "result": []})

    @route("GET", "/api/v1/alerts")
    def own_alerts(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """There are no rules, so there are no alerts of them."""
        return _success({"alerts": []})

    @route("GET", "/api/v1/rules")
    def rules(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """None."""
        return _success({"groups": []})

    @route("GET", "/api/v1/status/buildinfo")
    def buildinfo(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """A version."""
        return _success({"version": "3.8.0", "revision": "stand-in", "goVersion": "go1.25"})

    @route("GET", "/-/ready")
    def ready(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Always."""
        return Reply(text="OK")

    @route("PUT", "/metrics/job{group*}")
    def replace(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Everything in the group is replaced."""
        return self._push(request, replace=True)

    @route("POST", "/metrics/job{group*}")
    def push(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Metrics of the same name are replaced."""
        return self._push(request, replace=False)

    @route("DELETE", "/metrics/job{group*}")
    def delete(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The group is gone, whether it was there or not."""
        self.groups.pop(request.path, None)
        return Reply(status=202)

    @route("POST", "/api/v2/alerts")
    def post_alerts(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Labels are required, and a name among them."""
        posted = request.json()
        if not isinstance(posted, list):
            return Reply(status=400, json={"code": 400, "message": "parsing alerts body failed"})
        for alert in posted:
            labels = alert.get("labels") if isinstance(alert, dict) else None
            if not isinstance(alert, dict) or not isinstance(labels, dict) or not labels.get("alertname"):
                return Reply(status=400, json="at least one label pair required")
            known = frozenset((name, str(value)) for name, value in labels.items())
            default = (self._now() + timedelta(minutes=5)).isoformat()  # Alertmanager's resolve_timeout
            self.alerts[known] = {"endsAt": default, **alert}
        return Reply()

    @route("GET", "/api/v2/alerts")
    def list_alerts(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Those that have not ended."""
        return Reply(json=[*self.firing()])

    @route("POST", "/api/v2/silences")
    def create_silence(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Matchers, times, author and comment are required."""
        body = request.json()
        required = {"matchers", "startsAt", "endsAt", "createdBy", "comment"}
        if not isinstance(body, dict) or not required <= body.keys() or not body["matchers"]:
            return Reply(status=400, json="silence invalid: at least one matcher required")
        made = str(uuid.uuid4())
        self.silences[made] = {**body, "id": made, "status": {"state": "active"}}
        return Reply(json={"silenceID": made})

    @route("GET", "/api/v2/silences")
    def list_silences(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """All of them."""
        return Reply(json=[*self.silences.values()])

    @route("DELETE", "/api/v2/silence/{id}")
    def delete_silence(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """It expires."""
        if values["id"] not in self.silences:
            return Reply(status=404, json=f"silence {values['id']} not found")
        self.silences[values["id"]]["status"] = {"state": "expired"}
        return Reply()

    @route("GET", "/api/v2/status")
    def status(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """A version, and a cluster of one."""
        return Reply(json={"cluster": {"status": "disabled"}, "versionInfo": {"version": "0.30.0"}})

    def _push(self, request: Received, *, replace: bool) -> Reply:
        lines = request.body.decode().split("\n")
        if lines.pop() != "":
            return Reply(status=400, text="text format parsing error: unexpected end of input stream\n")
        names: dict[str, list[str]] = {}
        for number, line in enumerate(lines, 1):
            if line.startswith("# "):
                continue
            found = _SAMPLE.fullmatch(line)
            if found is None:
                return Reply(status=400, text=f"text format parsing error in line {number}: invalid sample\n")
            names.setdefault(found[1], []).append(line)
        self.groups[request.path] = names if replace else {**self.groups.get(request.path, {}), **names}
        return Reply()

    def _vector(self, expression: str) -> Reply:
        if not expression or expression.count("(") != expression.count(")"):
            return _bad_data('invalid parameter "query": 1:1: parse error: unclosed left parenthesis')
        found: list[JsonValue] = [
            {
                "metric": {"__name__": expression, **_labels(path)},
                "value": [self._now().timestamp(), line.split()[-1]],
            }
            for path, names in self.groups.items()
            for line in names.get(expression, [])
        ]
        return _success({"resultType": "vector", "result": found})


def _success(data: dict[str, JsonValue]) -> Reply:
    return Reply(json={"status": "success", "data": data})


def _bad_data(words: str) -> Reply:
    return Reply(status=400, json={"status": "error", "errorType": "bad_data", "error": words})


def _labels(path: str) -> dict[str, str]:
    """The labels that a group's path stands for."""
    parts = path.removeprefix("/metrics/").split("/")
    labels: dict[str, str] = {}
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        padded = value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)
        text = base64.urlsafe_b64decode(padded).decode() if name.endswith("@base64") else unquote(value)
        labels[name.removesuffix("@base64")] = text
    return labels


def _time(value: JsonValue) -> datetime:
    return datetime.fromisoformat(str(value))
