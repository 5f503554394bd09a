"""From bytes to an event: nothing unverified, oversized, malformed or repeated gets in."""

from __future__ import annotations

import asyncio
import email.message
import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import attrs
import pytest

from integrations_sdk import signing
from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError, IntegrationError, SignatureError
from integrations_sdk.events.receiving import event_from, read, take
from integrations_sdk.models import Event, Scope, Secret
from integrations_sdk.runtime import Runtime
from integrations_sdk.secrets.keys import KeyRing
from integrations_sdk.secrets.sealed import SealedSecrets
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.tasks import Tasks
from integrations_sdk.testing.fakes import ScriptedHttp

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = Secret("s3cret-canary")


def _body(**fields: object) -> bytes:
    return json.dumps({"object_kind": "push", "ref": "refs/heads/main", **fields}).encode()


def _signed(source: str, body: bytes) -> dict[str, str]:
    return signing.sign(source, body, SECRET, now=NOW, id="message-1") | {"X-GitHub-Event": "push"}


@pytest.mark.parametrize("source", ["gitlab", "github", "jenkins", "standard_webhooks"])
def test_verifies_each_sender(source: str) -> None:
    """A message with its sender's proof becomes an event; with another body or secret it does not."""
    body = _body(name="web", build={"phase": "STARTED"})
    headers = _signed(source, body)
    assert read(source, headers, body, secrets=[Secret("old"), SECRET], now=NOW).provider == source
    with pytest.raises(SignatureError):
        read(source, headers, body, secrets=[Secret("another")], now=NOW)
    with pytest.raises(SignatureError):
        read(source, {}, body, secrets=[SECRET], now=NOW)


def test_a_changed_body_is_not_authentic() -> None:
    """One byte more, and GitHub's signature no longer fits."""
    body = _body()
    with pytest.raises(SignatureError):
        read("github", _signed("github", body), body + b" ", secrets=[SECRET], now=NOW)


def test_a_forgery_is_not_parsed() -> None:
    """The signature is looked at first: a forged message learns nothing of how its body is read."""
    with pytest.raises(SignatureError):
        read("gitlab", {"X-Gitlab-Token": "guess"}, b"\xff not json", secrets=[SECRET], now=NOW)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"\xff\xfe", "body: expected UTF-8"),
        (b"", "body: expected JSON"),
        (b"ref=main", "body: expected JSON"),
        (b'{"a": NaN}', "body: expected JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "body: expected JSON"),
        (b"[1]", "body: expected a JSON object"),
        (b"null", "body: expected a JSON object"),
        (b'{"a": ' + b"[" * 100_000, "body: expected at most 100 levels of nesting"),
        (b'{"a": ' * 101 + b"1" + b"}" * 101, "body: expected at most 100 levels of nesting"),
        (
            b'{"object_kind": "push", "ref": "\\uD800"}',
            "body: expected Unicode text, without half of a surrogate pair",
        ),
        (_body() + b" " * 1000, "body: expected at most 1000 bytes"),
        ("\ud800", "body: expected text that UTF-8 can hold"),
        ({"object_kind": "push"}, "body: expected bytes or text, not something parsed"),
    ],
)
def test_refuses_what_is_no_message(body: Any, wrong: str) -> None:
    """Each malformed body is refused by name, with a remedy, and without being quoted."""
    limit = 200_000 if isinstance(body, bytes) and body.startswith(b'{"a"') else 1000
    with pytest.raises(ConfigurationError) as caught:
        read("gitlab", {}, body, secrets=None, now=NOW, limit=limit)
    assert str(caught.value.problems[0]).startswith(wrong)
    assert caught.value.problems[0].remedy


def test_refuses_a_form() -> None:
    """GitHub's other content type is refused with the setting to change."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-GitHub-Event": "push"}
    with pytest.raises(ConfigurationError, match="set the webhook's content type to application/json"):
        read("github", headers, b"payload=%7B%7D", secrets=None, now=NOW)


def test_takes_headers_as_frameworks_hand_them_over() -> None:
    """`http.server` and Flask give objects with `items()` that are no mappings."""
    headers = email.message.Message()
    headers["X-Gitlab-Event"] = "Push Hook"
    headers["X-Gitlab-Token"] = SECRET.reveal()
    assert read("gitlab", cast("Any", headers), _body(), secrets=[SECRET], now=NOW).type == "push"


@pytest.mark.parametrize("headers", [None, [("a", "b")], {"a": 5}, {b"a": "b"}])
def test_refuses_headers_that_are_none(headers: Any) -> None:
    """Headers that are not text are refused, with what to do about it."""
    with pytest.raises(ConfigurationError, match="decode header names"):
        read("gitlab", headers, _body(), secrets=None, now=NOW)


@pytest.mark.parametrize(
    "body", [_body(), _body().decode(), bytearray(_body()), memoryview(_body()), b"\xef\xbb\xbf" + _body()]
)
def test_takes_bytes_and_text(body: Any) -> None:
    """Bytes in any holder, text, and a byte order mark are all the same message."""
    event = read("gitlab", {}, body, secrets=None, now=NOW)
    assert (event.type, event.branch, event.time) == ("push", "main", NOW)
    assert event.data == {"object_kind": "push", "ref": "refs/heads/main"}


def test_emoji_survive() -> None:
    """A complete surrogate pair is text like any other."""
    body = b'{"object_kind": "push", "ref": "refs/heads/\\ud83d\\ude80"}'
    assert read("gitlab", {}, body, secrets=None, now=NOW).branch == "\N{ROCKET}"


def test_header_names_have_no_case() -> None:
    """Servers write header names as they like."""
    for name in ("X-GITHUB-EVENT", "x-github-event"):
        assert read("github", {name: "ping"}, b"{}", secrets=None, now=NOW).type == "ping"


def test_ids_sort_by_arrival() -> None:
    """Events have a UUIDv7: what arrived later sorts later."""
    early, late = (
        read("gitlab", {}, _body(), secrets=None, now=NOW + timedelta(seconds=s)).id for s in (0, 1)
    )
    assert early < late
    assert early[14] == "7"


# --- duplicates ---------------------------------------------------------------


def _runtime(store: MemoryStore, clock: FakeClock, **scope: Any) -> Runtime:
    return Runtime(
        scope=Scope(**scope),
        store=store,
        secrets=SealedSecrets(store, KeyRing.generate()),
        http=ScriptedHttp(),
        bus=MemoryBus(),
        clock=clock,
        tasks=Tasks(),
    )


def test_a_message_is_taken_once() -> None:
    """Of 100 takers at once, one is told that the message is new."""

    async def scenario() -> None:
        clock = FakeClock(NOW)
        runtime = _runtime(MemoryStore(clock), clock)
        event = read("gitlab", {"Idempotency-Key": "k"}, _body(), secrets=None, now=NOW)
        taken = await asyncio.gather(*(take(runtime, event) for _ in range(100)))
        assert taken.count(True) == 1

    asyncio.run(scenario())


def test_what_is_remembered_and_for_how_long() -> None:
    """Another id, sender, tenant or project is another message; after 7 days all is forgotten."""

    async def scenario() -> None:
        clock = FakeClock(NOW)
        store = MemoryStore(clock)
        runtime = _runtime(store, clock)
        event = read("gitlab", {"Idempotency-Key": "k"}, _body(), secrets=None, now=NOW)
        assert await take(runtime, event)
        assert await take(runtime, attrs.evolve(event, sender_id="k2"))
        assert await take(runtime, attrs.evolve(event, provider="github"))
        assert await take(_runtime(store, clock, tenant_id="acme"), event)
        assert await take(_runtime(store, clock, project_id="shop/web"), event)
        clock.advance(timedelta(days=7).total_seconds() - 1)
        assert not await take(runtime, event)
        clock.advance(2)
        assert await take(runtime, event)

    asyncio.run(scenario())


def test_without_an_id_every_message_is_new() -> None:
    """A sender that names no id cannot be told to repeat itself."""

    async def scenario() -> None:
        clock = FakeClock(NOW)
        runtime = _runtime(MemoryStore(clock), clock)
        event = read("gitlab", {}, _body(), secrets=None, now=NOW)
        assert [await take(runtime, event) for _ in range(2)] == [True, True]

    asyncio.run(scenario())


# --- events that people write -------------------------------------------------


def _from(given: Any, **scope: Any) -> Event:
    return event_from(given, now=NOW, scope=Scope(**scope))


def test_fills_in_what_a_person_leaves_out() -> None:
    """`event_type` and a status are enough; id, time, source and project come from the manager."""
    event = _from({"event_type": "pipeline", "status": "FAILURE"}, project_id="shop/web")
    assert (event.type, event.status, event.failed) == ("pipeline", "failed", True)
    assert (event.time, event.project, event.source) == (NOW, "shop/web", "https://gitlab.com/shop/web")
    assert _from({"type": "push"}).source == "https://gitlab.com"
    assert _from({"type": "incident", "status": "Triggered"}).status == "triggered"


def test_takes_everything_an_event_has() -> None:
    """An event written out as a mapping, nested records too, is the same event again."""
    given = {
        "type": "pipeline", "branch": "main", "jobs": [{"name": "unit", "status": "failed", "duration": 2.5}],
        "actor": {"name": "Release Bot"}, "commits": [{"sha": "b2", "message": "Tidy"}], "time": "2026-02-03T10:00:00Z",
        "data": {".": {"at": NOW, "n": [1, None]}}, "duration": 63,
    }  # fmt: skip
    event = _from(given)
    assert event.duration == timedelta(seconds=63)
    assert event.failed_jobs[0].duration == timedelta(seconds=2.5)
    assert event.data == {".": {"at": "2026-03-01T00:00:00Z", "n": [1, None]}}
    assert _from(dict(event)) == event
    assert _from(event) is event


def test_data_without_end_is_named() -> None:
    """What nests deeper than anybody could walk through is a wrong field, not a crash."""
    deep: dict[str, object] = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(ConfigurationError) as caught:
        _from({"type": "push", "data": deep})
    assert [problem.path for problem in caught.value.problems] == ["data"]


def test_names_everything_wrong_with_a_mapping() -> None:
    """All that is wrong is told at once, each with what to do."""
    given = {
        "event_type": "pipeline", "type": "push", "status": "sucess", "brunch": "main", "number": "7",
        "time": datetime(2026, 1, 1), "data": {"x": object()},
    }  # fmt: skip
    with pytest.raises(ConfigurationError) as caught:
        _from(given)
    problems = {problem.path: str(problem) for problem in caught.value.problems}
    assert set(problems) == {"event_type", "status", "brunch", "number", "time", "data"}
    assert "did you mean `success`?" in problems["status"]
    assert "did you mean `branch`?" in problems["brunch"]
    assert "time zone" in problems["time"]


@pytest.mark.parametrize(
    ("given", "path"),
    [({}, "type"), ({"type": ""}, "type"), ("push", "event"), ({"type": "x", "status": "faled"}, "status")],
)
def test_needs_a_type(given: Any, path: str) -> None:
    """What is no event is refused by the field that is missing."""
    with pytest.raises(IntegrationError, match=f"{path}: "):
        _from(given)
