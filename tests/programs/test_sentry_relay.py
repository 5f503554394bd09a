"""Sentry's Relay, which every event passes on its way in, finds nothing wrong with ours and keeps what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.sentry import SentryConnector
from integrations_sdk.models import Event, EventType
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.vendors.sentry import SentryStandIn
from support.coverage import record
from support.needs import unavailable

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEPT = ("event_id", "platform", "timestamp", "level", "environment", "release", "fingerprint", "logger", "transaction", "exception")  # fmt: skip
DEPLOYMENT = Event(
    id="d-1",
    type="deployment",
    source="https://gitlab.example.com/group/app",
    time=NOW,
    provider="gitlab",
    project="group/app",
    branch="main",
    environment="production",
    status="failed",
    title="Deploy",
    text="It broke.\nTwice.",
    sha="a" * 40,
    url="https://gitlab.example.com/d/1",
)
NOTHING = {"formatted": ""}
TEXT = st.text(max_size=300)
Normalize = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def normalize() -> Normalize:
    """What Relay makes of an event."""
    try:
        from sentry_relay.processing import StoreNormalizer
    except ImportError:
        unavailable("sentry-relay is not installed (group `programs`)")
    relay = StoreNormalizer(project_id=42, protocol_version="7", enable_trimming=True, remove_other=True)

    def made(event: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = relay.normalize_event(event)
        return found

    return made


def sent_by(work: Callable[[SentryConnector], Any], **config: object) -> list[dict[str, Any]]:
    """The events that arrive at Sentry while something is done."""
    stand_in = SentryStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    sentry = connect(SentryConnector, {**stand_in.config(), **config}, http, clock=FakeClock(NOW))
    asyncio.run(work(sentry))
    return list(stand_in.events.values())


def check(normalize: Normalize, event: dict[str, Any]) -> dict[str, Any]:
    """Relay complains of nothing, cuts nothing, and says the same as we did; what it made of it."""
    made = normalize(event)
    assert (made.get("errors"), made.get("_meta")) == (None, None)
    assert {name: made[name] for name in KEPT if name in event} == {
        name: event[name] for name in KEPT if name in event
    }
    assert made.get("logentry", NOTHING) == event.get("message", NOTHING)
    assert dict(made.get("tags", ())) == event["tags"]
    for name, context in event.get("contexts", {}).items():
        assert made["contexts"][name] == context
    return made


def by_relay(operation: str) -> None:
    record("sentry", operation, f"program sentry-relay {version('sentry-relay')}")


def test_an_exception_is_kept_with_its_causes_and_frames(normalize: Normalize) -> None:
    """Types, words, files, functions and lines of the whole chain, the tags and the fingerprint."""

    def fail(depth: int) -> None:
        if depth:
            fail(depth - 1)
        try:
            int("no number")
        except ValueError as error:
            raise RuntimeError("x" * 9000) from error

    with pytest.raises(RuntimeError) as caught:
        fail(300)
    (event,) = sent_by(
        lambda sentry: sentry.capture_exception(
            caught.value, level="fatal", tags={"shop": "eu"}, fingerprint=["{{ default }}", "x"]
        ),
        environment="ci",
        release="web@1.2.3+4",
        tags={"team": "web"},
    )
    made = check(normalize, event)
    assert (made["level"], made["environment"], made["release"]) == ("fatal", "ci", "web@1.2.3+4")
    assert [value["type"] for value in made["exception"]["values"]] == ["ValueError", "RuntimeError"]
    assert made["type"] == "error"
    by_relay("capture_exception")


@pytest.mark.parametrize("level", ["fatal", "error", "warning", "info", "debug"])
def test_a_message_is_kept_at_every_level(normalize: Normalize, level: Any) -> None:
    """With its text, cut to what Sentry keeps."""
    (event,) = sent_by(lambda sentry: sentry.capture_message("Zürich 🚀\n" * 1000, level=level))
    assert check(normalize, event)["level"] == level
    by_relay("capture_message")


@pytest.mark.parametrize("kind", EventType)
@pytest.mark.parametrize("status", ["failed", "success"])
def test_each_kind_of_event(normalize: Normalize, kind: EventType, status: str) -> None:
    """A failed pipeline or deployment is an error that Relay keeps; nothing else is sent there."""
    event = attrs.evolve(DEPLOYMENT, type=kind.value, status=status, tag="v1.2.3")
    sent = sent_by(lambda sentry: sentry.handle_event(event))
    expected = status == "failed" and kind in {EventType.PIPELINE, EventType.DEPLOYMENT}
    assert len(sent) == expected
    for one in sent:
        assert check(normalize, one)["environment"] == "production"
        by_relay("send_event")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries(dict.fromkeys(("project", "branch", "environment", "title", "text"), TEXT)))
def test_nothing_an_event_holds_is_refused(normalize: Normalize, fields: dict[str, str]) -> None:
    """Whatever text is in its fields: environments of review apps hold slashes, for one."""
    (event,) = sent_by(lambda sentry: sentry.handle_event(attrs.evolve(DEPLOYMENT, **fields)))
    check(normalize, event)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT, st.dictionaries(TEXT, TEXT, max_size=4), st.lists(TEXT, max_size=3))
def test_nothing_an_application_says_is_refused(
    normalize: Normalize, text: str, tags: dict[str, str], fingerprint: list[str]
) -> None:
    """Whatever is in a message, its tags and its fingerprint."""
    (event,) = sent_by(lambda sentry: sentry.capture_message(text, tags=tags, fingerprint=fingerprint))
    check(normalize, event)


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("review/feature-x", "review-feature-x"),
        ("a/b/c", "a-b-c"),
        ("my prod", "my prod"),
        ("None", None),
        ("x" * 80, "x" * 64),
        ("ü" * 80, "ü" * 32),
        ("/", "-"),
        ("a\\b:c", "a-b:c"),
        ("none", None),
        ("..", None),
    ],
)
def test_an_environment_gets_a_name_that_sentry_takes(
    normalize: Normalize, given_name: str, kept: str | None
) -> None:
    """Of an event, and of the configuration."""
    (event,) = sent_by(lambda sentry: sentry.capture_message("x"), environment=given_name)
    assert check(normalize, event).get("environment") == kept
    (event,) = sent_by(lambda sentry: sentry.handle_event(attrs.evolve(DEPLOYMENT, environment=given_name)))
    assert check(normalize, event).get("environment") == kept


def test_relay_would_say_so(normalize: Normalize) -> None:
    """What is wrong with an event shows: the checks above can fail."""
    wrong = {"event_id": "x", "tags": {}, "environment": "a/b"}
    assert {error["name"] for error in normalize(wrong)["errors"]} == {"event_id", "environment"}
    with pytest.raises(AssertionError):
        check(normalize, wrong)
