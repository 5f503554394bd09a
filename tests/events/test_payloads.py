"""Every sample and every real payload, as it is and mutilated: an event that can be told, or a named error."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.receiving import event_from, read
from integrations_sdk.http.base import Headers
from integrations_sdk.messages import message_for
from integrations_sdk.models import Event, EventType, Scope, Secret

NOW = FakeClock().now()
PAYLOADS = Path(__file__).parent / "payloads"
SAMPLES = [
    (path.stem, name, sample["headers"], sample["body"])
    for path in sorted(PAYLOADS.glob("*.json"))
    for name, sample in json.loads(path.read_text(encoding="utf-8")).items()
]
SECRETS = {"gitlab": "798d3dd3-67f5-41df-ad19-7882cc6263bf", "github": "It's a Secret to Everybody"}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=4), SCALARS, max_size=2)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from _places(inner, (*path, step))


def _mutilated(body: dict[str, Any], place: tuple[Any, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    parent: Any = changed
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    return changed


def _check(event: Event) -> None:
    """What must hold of every event and of the message about it."""
    message = message_for(event)
    assert event.type
    assert event.source
    assert event.time.tzinfo is not None
    assert 0 < len(message.title) <= 200
    assert "\n" not in message.title
    assert len(message.text) <= 1000
    assert len(message.fields) <= 12
    assert all(field.value and len(field.value) <= 200 for field in message.fields)
    urls = [message.url, *(link.url for link in message.links), *(field.url for field in message.fields)]
    assert all(url is None or url.startswith(("http://", "https://")) for url in urls)
    if all(commit.message for commit in event.commits):  # a person's mapping needs a message, git does not
        assert event_from(dict(event), now=NOW, scope=Scope()) == event


def _read_or_refuse(source: str, headers: Mapping[str, str], body: bytes | str) -> Event | None:
    """The event, or None when it was refused as it should be: by an error that says what was expected."""
    try:
        return read(source, headers, body, secrets=None, now=NOW)
    except ConfigurationError as refusal:
        if not refusal.problems or not all(problem.wrong for problem in refusal.problems):
            pytest.fail("refused without a reason")
        return None


@pytest.mark.parametrize(
    ("source", "name", "headers", "body"), SAMPLES, ids=[f"{s}-{n}" for s, n, _, _ in SAMPLES]
)
def test_every_sample_can_be_told(
    source: str, name: str, headers: dict[str, str], body: dict[str, Any]
) -> None:
    """Each sample becomes an event that survives being written out, and a bounded message."""
    event = read(source, headers, json.dumps(body), secrets=None, now=NOW)
    assert event.data == body, name
    _check(event)


def test_samples_cover_every_event_type() -> None:
    """All eight types come from GitLab and from GitHub."""
    for sender in ("gitlab", "github"):
        read_ = [read(s, h, json.dumps(b), secrets=None, now=NOW) for s, _, h, b in SAMPLES if s == sender]
        assert {kind.value for kind in EventType} <= {event.type for event in read_}


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_mutilated_payload_is_told_or_refused_by_name(data: st.DataObject) -> None:
    """Any value anywhere in any body replaced: an event that can be told, or a `ConfigurationError`."""
    source, _, headers, body = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(_places(body))
        if places:
            body = _mutilated(body, data.draw(st.sampled_from(places)), data.draw(JSON))
    event = _read_or_refuse(source, Headers(headers), json.dumps(body))
    if event is not None:
        _check(event)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200) | st.text(max_size=200) | st.recursive(JSON, st.lists).map(json.dumps))
@pytest.mark.parametrize("source", ["gitlab", "github", "jira", "jenkins", "acme"])
def test_no_bytes_break_it(source: str, body: bytes | str) -> None:
    """Arbitrary bodies are events or named errors, never anything else."""
    headers = {"X-GitHub-Event": "push", "X-Gitlab-Event": "Push Hook"}
    event = _read_or_refuse(source, headers, body)
    assert event is None or event.type


# --- the senders' own payloads ------------------------------------------------


def _real(payloads: Path, source: str) -> Iterator[tuple[str, dict[str, str], bytes]]:
    headers = json.loads((payloads / source / "_headers.json").read_text(encoding="utf-8"))
    for path in sorted((payloads / source).glob("*.json")):
        if not path.stem.startswith(("_", "interactive")):  # Slack's interactive ones are forms, not JSON
            yield path.stem, headers.get(path.stem) or {}, path.read_bytes()


REAL_TYPES = {
    "gitlab": {
        "deployment": "deployment", "feature_flag": "feature_flag", "issue": "issue", "job": "build",
        "member": "user_add_to_group", "merge_request": "merge_request", "note_issue": "note",
        "note_merge_request": "note", "pipeline": "pipeline", "push": "push", "release": "release",
        "tag_push": "tag_push", "wiki_page": "wiki_page",
    },
    "github": {
        "check_run": "pipeline", "deployment": "deployment", "deployment_status": "deployment",
        "issue_comment": "issue_comment", "issues": "issue", "issues_edited": "issue", "ping": "ping",
        "pull_request": "merge_request", "pull_request_closed": "merge_request",
        "pull_request_synchronize": "merge_request", "push": "push", "push_tag": "tag_push", "release": "release",
        "status": "status", "workflow_job": "workflow_job", "workflow_run": "pipeline",
        "workflow_run_requested": "pipeline",
    },
    "jenkins": {"notification_completed": "pipeline", "notification_started": "pipeline"},
}  # fmt: skip


@pytest.mark.contracts
@pytest.mark.parametrize("source", ["gitlab", "github", "jira", "jenkins", "slack", "pagerduty", "stripe"])
def test_every_real_payload_can_be_told(payloads: Path, source: str) -> None:
    """The senders' own bodies become events of the right type, and messages."""
    found = {}
    for name, headers, body in _real(payloads, source):
        event = read(source, headers, body, secrets=None, now=NOW)
        _check(event)
        found[name] = event.type
    assert found == REAL_TYPES.get(source, found)
    assert len(found) > 1


@pytest.mark.contracts
@pytest.mark.parametrize("source", ["gitlab", "github"])
def test_every_real_payload_is_authentic(payloads: Path, source: str) -> None:
    """The token or signature that came with each body is accepted, and each has its sender's id."""
    for name, headers, body in _real(payloads, source):
        event = read(source, headers, body, secrets=[Secret(SECRETS[source])], now=NOW)
        assert event.sender_id, name


@pytest.mark.contracts
def test_the_real_pipeline_is_worded(payloads: Path) -> None:
    """GitLab's own example of a pipeline reads as a person would say it."""
    bodies = {name: (headers, body) for name, headers, body in _real(payloads, "gitlab")}
    message = message_for(read("gitlab", *bodies["pipeline"], secrets=None, now=NOW))
    assert message.title == "Pipeline #31 passed on master"
    assert ("Duration", "1 min 3 s") in [(field.name, field.value) for field in message.fields]
    assert [link.label for link in message.links] == ["Pipeline", "Merge request", "Project"]
