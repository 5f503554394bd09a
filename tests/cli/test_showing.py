"""`cli.showing`: everything of a request that helps, nothing that gets in, and nothing that moves the cursor."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.cli.judging import Verdict
from integrations_sdk.cli.showing import Presenter, Seen, printable
from integrations_sdk.connectors.masking import Masks
from integrations_sdk.http.base import Headers
from integrations_sdk.http.serving import Arrived
from integrations_sdk.models import MASK, Event

CANARY = "c4n4ry-0123456789"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
EVENT = Event(id="e", type="push", source="s", time=AT, project="g/p", branch="main", data={"token": CANARY})


def seen(body=b"", *, target="/", headers=None, **verdict):
    arrived = Arrived(method="POST", target=target, headers=Headers(headers or {}), body=body)
    return Seen(at=AT, arrived=arrived, verdict=Verdict(**{"status": 200, **verdict}))


def presenter(*secrets, body_limit=8_192):
    return Presenter(Masks(secrets), body_limit=body_limit)


def text(given, *secrets, **options):
    return "\n".join(line.text for line in presenter(*secrets, **options).lines(given))


def test_a_request_in_words():
    """Method, target, answer; what it was found to be; headers; the body, laid out."""
    shown = text(
        seen(
            b'{"a":[1,"\xc3\xa4"]}', headers={"Content-Type": "application/json"}, verified=True, event=EVENT
        )
    )
    assert shown.split(" ", 1)[1] == (
        "POST / → 200\n"
        "  verified\n"
        "  event: push g/p main: main updated\n"
        "    content-type: application/json\n"
        '    {\n      "a": [\n        1,\n        "ä"\n      ]\n    }\n'
    )


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        ({"reason": "no such secret", "verified": False, "status": 401}, "refused: no such secret"),
        ({"repeated": True, "verified": True}, "repeated"),
        ({"event": EVENT}, "not verified"),
    ],
)
def test_what_it_was_found_to_be(verdict, says):
    """In a line of its own; without a source there is nothing to find."""
    assert says in text(seen(**verdict))
    assert "verified" not in text(seen())


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "Cookie", "X-Gitlab-Token", "X-Jenkins-Token", "X-Api-Key", "X-Hub-Signature-256", "Webhook-Signature",
        "Stripe-Signature", "X-Slack-Signature", "X-PagerDuty-Signature",
    ],
)  # fmt: skip
def test_headers_that_get_in_are_masked(name):
    """Also of secrets that nobody configured here; what only names the message is shown."""
    given = seen(headers={name: CANARY, "Idempotency-Key": "7f0c", "Webhook-Id": "msg_1"})
    shown = text(given) + json.dumps(presenter().record(given))
    assert CANARY not in shown
    assert f"{name.lower()}: {MASK}" in shown
    assert "7f0c" in shown and "msg_1" in shown


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"token": CANARY, "n": 1}).encode(),
        json.dumps([{"deep": [{"client_secret": [CANARY, {"x": CANARY}]}]}])
        .replace('"x"', '"password"')
        .encode(),
        json.dumps({"response_url": f"https://hooks.example.com/{CANARY}"}).encode(),
        json.dumps({"api_key": CANARY, "signing-key": CANARY}).encode(),
        urlencode({"payload": json.dumps({"token": CANARY}), "token": CANARY}).encode(),
        f"Authorization: Bearer {CANARY}\n".encode(),
    ],
)
def test_bodies_show_no_credentials(body):
    """Fields of JSON and of forms by their names; in other text what looks like one."""
    kind = "application/json" if body[:1] in b"[{" else "application/x-www-form-urlencoded"
    given = seen(body, headers={"content-type": kind}, event=EVENT)
    assert CANARY not in text(given)
    assert CANARY not in json.dumps(presenter().record(given))
    assert MASK in text(given)


@pytest.mark.parametrize("place", ["/{}", "/?x={}", "/?token={}"])
def test_known_secrets_show_nowhere(place):
    """The secret that was given to the command is hidden wherever it stands, however it is spelt."""
    given = seen(
        json.dumps({"note": f"it is {CANARY}", CANARY: 1}).encode(), target=place.format(CANARY), headers={"x-note": CANARY},
        reason=CANARY,
    )  # fmt: skip
    assert CANARY not in text(given, CANARY)
    record = presenter(CANARY).record(given)
    assert CANARY not in json.dumps(record)
    assert record["body"] == {"note": f"it is {MASK}", MASK: 1}


def test_queries_show_no_credentials():
    """The values of names that say so; the others help to see what was called."""
    shown = text(seen(target=f"/a?x=1&token={CANARY}&api%5Fkey={CANARY}&flag"))
    assert f"/a?x=1&token={MASK}&api%5Fkey={MASK}&flag" in shown


def test_a_body_is_bounded():
    """Of a long one the beginning, and how much more there is; 0 shows none."""
    body = json.dumps({"long": "x" * 10_000}).encode()
    shown = text(seen(body), body_limit=100)
    assert "… 9,9" in shown and len(shown) < 400
    assert "long" not in text(seen(body), body_limit=0)
    record = presenter(body_limit=100).record(seen(body))
    assert (record["body"], record["size"]) == (None, len(body))
    assert len(record["excerpt"]) < 200


def test_what_is_no_text_is_only_counted():
    """Bytes, and text with a NUL in it; text that is no JSON is shown from its beginning."""
    assert "3 bytes that are no text" in text(seen(b"\xff\xfe\x00"))
    assert "bytes that are no text" in text(seen(b"a\0b"))
    assert text(seen(b"plain\n")).endswith("    plain\n")
    assert text(seen(b"x" * 2_000)).endswith("x …\n")


def test_json_nobody_could_walk_through_is_text():
    """Deep nesting and huge numbers are shown as they came."""
    for body in (b"[" * 100_000, b"[" * 500 + b"]" * 500, b"9" * 5_000):
        assert body[:10].decode() in text(seen(body))


@pytest.mark.parametrize("body", [b"a=\xff", b"a=1&" * 1_001])
def test_a_form_that_is_none_is_text(body):
    """One that is no UTF-8, or has more fields than anybody sends."""
    shown = text(seen(body, headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"}))
    assert "no text" in shown or "a=1&a=1" in shown


def test_nothing_moves_the_cursor():
    """Control characters, also of Unicode, are written as escapes: in the target, in headers and in the body."""
    shown = text(
        seen(
            '{"a":"\\u001b[2J \u202e\x9b"}'.encode(), target="/\x1b[2J\x07", headers={"x": "\x9b1m"}, reason="\x1b",
        )
    )  # fmt: skip
    assert [one for one in shown if not one.isprintable() and one != "\n"] == []
    assert "/\\x1b[2J\\x07" in shown


@given(st.text())
def test_printable_text_is_printable(given):
    """Whatever it is; and what was printable stays as it is."""
    assert printable(given).isprintable()
    assert not given.isprintable() or printable(given) == given


def test_a_record_for_programs():
    """A JSON object with everything; the event without the body, which stands beside it."""
    record = presenter().record(seen(b'{"a": 1}', headers={"x": "1"}, verified=True, event=EVENT))
    assert json.loads(json.dumps(record)) == record
    assert (record["time"], record["method"], record["target"]) == ("2026-03-04T05:06:07Z", "POST", "/")
    assert (record["body"], record["size"], record["headers"]) == ({"a": 1}, 8, {"x": "1"})
    assert (record["status"], record["verified"], record["repeated"]) == (200, True, False)
    assert (record["event"]["type"], "data" in record["event"]) == ("push", False)
    assert presenter().record(seen())["event"] is None
