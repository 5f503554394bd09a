"""What `demo.py` shows: what each service received, read from the requests themselves, and the tables of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from integrations_sdk.messages import message_for
from integrations_sdk.models import Event, HealthCheck, JsonValue, Outcome, OutcomeStatus
from integrations_sdk.testing import Arrival, Received

__all__ = ["event_table", "health_table", "requests_text", "what"]

_COLOURS: Final = {"healthy": "green", "degraded": "yellow", "unhealthy": "red"}


def what(provider: str, arrivals: Iterable[Arrival]) -> str:
    """In a line, what a service received; empty when it accepted nothing (looking something up is not told)."""
    posted = [one.request for one in arrivals if one.accepted and one.request.method != "GET"]
    return _SUMMARIES[provider](posted) if posted else ""


def requests_text(arrivals: Iterable[Arrival]) -> str:
    """The requests in order: a dot for an answer, the status (or `reset`) for one that went wrong."""
    words = [_word(one) for one in arrivals]
    return re.sub(r"● (?=●)", "●", " ".join(words))


def event_table(
    event: Event,
    arrivals: Mapping[str, Sequence[Arrival]],
    outcomes: Mapping[str, Outcome],
    providers: Mapping[str, str],
) -> Group:
    """One event: a row for each integration that had a request of it, and why the others had none.

    Args:
        arrivals: by integration.
        outcomes: by integration, as far as they are known.
        providers: of every integration, in the order of the rows.
    """
    table = _table()
    table.add_column("What the service received", ratio=4, overflow="fold")
    table.add_column("Requests", width=11, no_wrap=True)
    table.add_column("Outcome", ratio=1, min_width=14, no_wrap=True)
    for name, provider in providers.items():
        if arrivals[name]:
            outcome = outcomes.get(name)
            received = _received(what(provider, arrivals[name]), outcome)
            table.add_row(name, received, _coloured(requests_text(arrivals[name])), _verdict(outcome))
    title = Text(message_for(event).title, style="bold")
    passed_over = _passed_over(outcome for name, outcome in outcomes.items() if not arrivals[name])
    return Group(title, table, Text(passed_over, style="dim"))


def health_table(checks: Iterable[HealthCheck]) -> Table:
    """One row for each integration, with what is wrong and what to do about it."""
    table = _table()
    table.add_column("Status", width=9)
    table.add_column("ms", width=5, justify="right")
    table.add_column("Why, and what to do", ratio=1)
    for check in checks:
        status = Text(check.status, style=_COLOURS[check.status])
        why = f"{check.reason}\n→ {check.remedy}" if check.reason else ""
        table.add_row(check.integration_id, status, f"{check.response_time_ms or 0:.0f}", Text(why))
    return table


def _table() -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=True, padding=(0, 1, 0, 0))
    table.add_column("Integration", width=12)
    return table


def _received(words: str, outcome: Outcome | None) -> Text:
    """What arrived, and below it where to look at it, or why it did not."""
    text = Text(words)
    if outcome is not None and outcome.url:
        text.append(f"\n{outcome.url}", style=f"dim link {outcome.url}")
    if outcome is not None and outcome.error:
        text.append(f"\n{outcome.error}".lstrip("\n" if not words else ""), style="red")
    return text


def _passed_over(outcomes: Iterable[Outcome]) -> str:
    """Whom the event was not for, by reason."""
    names: dict[str, list[str]] = {}
    for outcome in outcomes:
        names.setdefault(outcome.detail or outcome.error or "", []).append(outcome.target)
    reasons = [f"{', '.join(targets)} ({reason})" for reason, targets in names.items()]
    return f"Not for {'; '.join(reasons)}" if reasons else ""


def _word(arrival: Arrival) -> str:
    if arrival.fault is not None and arrival.fault.reset:
        return "reset"
    looked_up = arrival.request.method == "GET" and arrival.status == 404  # not there yet: an answer as well
    return "●" if arrival.accepted or looked_up else str(arrival.status)


def _coloured(words: str) -> Text:
    text = Text(words, style="green")
    text.highlight_regex(r"\d{3}|reset", "yellow")
    return text


def _verdict(outcome: Outcome | None) -> Text:
    if outcome is None:
        return Text("…", style="dim")
    if outcome.status is OutcomeStatus.SKIPPED:
        return Text("by jenkins-1")  # GitLab acts on no events; Jenkins' results were shown there
    if not outcome:
        return Text("✗ failed", style="red")
    return Text(f"✓ {outcome.reference or outcome.http_status}", style="green")


# --- one summary for each service, out of what was sent to it ---------------------------------------


def _dig(value: JsonValue, *path: str | int) -> JsonValue:
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and value:
            value = value[step]
        else:
            return None
    return value


def _count(requests: Sequence[Received], path: str, *inside: str) -> int:
    bodies = [_dig(request.json(), *inside) for request in requests if request.path == path]
    return sum(len(body) for body in bodies if isinstance(body, list))


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _slack(requests: Sequence[Received]) -> str:
    body = requests[-1].json()
    text = re.sub(r"<!(\w+)>", r"@\1", str(_dig(body, "text")))
    channel = _dig(body, "channel")
    return (f"{channel}: " if channel else "") + re.sub(r"\*|<[^|>]*\||>", "", text)


def _jira(requests: Sequence[Received]) -> str:
    words = {"comment": "commented", "transitions": "moved", "remotelink": "linked"}
    done = [request.path.split("/")[-2:] for request in requests if request.path.split("/")[-1] in words]
    return f"{done[0][0]} {', '.join(words[what] for _, what in done)}" if done else ""


def _jenkins(requests: Sequence[Received]) -> str:
    parameters = [f"{name}={value[:8]}" for name, value in requests[-1].form().items()]
    return f"build {requests[-1].path.split('/')[2]} with {' '.join(parameters)}"


def _gitlab(requests: Sequence[Received]) -> str:
    states = [str(_dig(request.json(), "state")) for request in requests]
    return f"status of commit {requests[-1].path[-40:-32]}: {' → '.join(states)}"


def _datadog(requests: Sequence[Received]) -> str:
    events = sum(request.path == "/api/v1/events" for request in requests)
    metrics, logs = _count(requests, "/api/v2/series", "series"), _count(requests, "/api/v2/logs")
    return f"{_number(metrics, 'metric')}, {_number(logs, 'log line')}, {_number(events, 'event')}"


def _sentry(requests: Sequence[Received]) -> str:
    event = json.loads(requests[-1].body.split(b"\n")[2])
    return f"{event['level']}: {event['message']['formatted'].partition(chr(10))[0]}"


def _prometheus(requests: Sequence[Received]) -> str:
    pushed = [line for request in requests for line in request.body.decode().splitlines()]
    samples = [line for line in pushed if line[:1].isalpha()]
    alerts = [request.json() for request in requests if request.path == "/api/v2/alerts"]
    names = [str(_dig(alert, 0, "labels", "alertname")) for alert in alerts]
    return f"{_number(len(samples), 'metric')} pushed, alert {', '.join(names)} raised"


def _newrelic(requests: Sequence[Received]) -> str:
    event = _dig(requests[-1].json(), 0)
    return f"{_dig(event, 'eventType')}: {_dig(event, 'status') or _dig(event, 'action')}"


def _webhook(requests: Sequence[Received]) -> str:
    request = requests[-1]
    kind = _dig(request.json(), "object_kind")
    return f"{kind} as GitLab sent it, {len(request.body):,} bytes, signed"


_SUMMARIES: Final[Mapping[str, Callable[[Sequence[Received]], str]]] = {
    "slack": _slack,
    "jira": _jira,
    "jenkins": _jenkins,
    "gitlab": _gitlab,
    "datadog": _datadog,
    "sentry": _sentry,
    "prometheus": _prometheus,
    "newrelic": _newrelic,
    "webhook": _webhook,
}
