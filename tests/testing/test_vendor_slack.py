"""Slack in miniature refuses what Slack refuses."""

from __future__ import annotations

import json

import pytest

from integrations_sdk.http.base import Headers
from integrations_sdk.testing.standin import Received, Reply
from integrations_sdk.testing.vendors.slack import SlackStandIn

HOOK = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
POST = "/api/chat.postMessage"


def ask(stand_in: SlackStandIn, path: str, body: object, method: str = "POST", **headers: str) -> Reply:
    """A request as a bot or through the webhook."""
    token = str(stand_in.bot_config()["bot_token"])
    sent = {"content-type": "application/json", "authorization": f"Bearer {token}", **headers}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return stand_in.answer(Received.of(method, path, Headers(sent), content))[0]


def section(text: str) -> dict[str, object]:
    """A block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (HOOK, {}, 400, "no_text"),
        (HOOK, b"text", 400, "invalid_payload"),
        (HOOK, ["text"], 400, "invalid_payload"),
        (HOOK[:-1], {"text": "x"}, 403, "invalid_token"),
        ("/services/T1/B1/X", {"text": "x"}, 404, "no_service"),
        ("/elsewhere", {"text": "x"}, 404, "no_service"),
        (HOOK, {"text": "x" * 40_001}, 400, "msg_too_long"),
        (HOOK, {"blocks": [section("")]}, 400, "invalid_blocks"),
        (HOOK, {"blocks": [section("x" * 3001)]}, 400, "invalid_blocks"),
        (HOOK, {"blocks": [section("x")] * 51}, 400, "invalid_blocks"),
        (HOOK, {"attachments": [{"blocks": [section("x" * 3000)] * 5}]}, 400, "msg_blocks_too_long"),
        (HOOK, {"text": "x", "channel": "#old"}, 410, "channel_is_archived"),
        (HOOK, {"text": "x", "channel": "#nope"}, 404, "channel_not_found"),
    ],
)
def test_a_webhook_refuses_with_a_bare_code(path: str, body: object, status: int, code: str) -> None:
    """And nothing is posted."""
    stand_in = SlackStandIn()
    stand_in.channels, stand_in.archived = {"#here"}, {"#old"}
    answer = ask(stand_in, path, body)
    assert (answer.status, answer.text) == (status, code)
    assert stand_in.messages == stand_in.received == []
    assert len(stand_in.refused) == 1


@pytest.mark.parametrize(
    ("path", "body", "headers", "code"),
    [
        (POST, {"channel": "#here"}, {}, "no_text"),
        (POST, {"text": "x"}, {}, "channel_not_found"),
        (POST, {"text": "x", "channel": "#old"}, {}, "is_archived"),
        (POST, {"text": "x", "channel": "#here"}, {"authorization": "Bearer xoxb-other"}, "invalid_auth"),
        (POST, {"text": "x", "channel": "#here"}, {"authorization": ""}, "not_authed"),
        (POST, {"text": "x", "channel": "#here"}, {"content-type": "text/plain"}, "invalid_json"),
        ("/api/conversations.open", {"users": "U9"}, {}, "user_not_found"),
        ("/api/chat.unknown", {}, {}, "unknown_method"),
    ],
)
def test_the_web_api_refuses_with_status_200(
    path: str, body: object, headers: dict[str, str], code: str
) -> None:
    """`ok: false`, and the request is among the refused ones."""
    stand_in = SlackStandIn()
    stand_in.archived = {"#old"}
    answer = ask(stand_in, path, body, **headers)
    assert (answer.status, answer.json) == (200, {"ok": False, "error": code})
    assert stand_in.received == []


def test_a_missing_scope_is_named() -> None:
    """As Slack names it."""
    stand_in = SlackStandIn()
    stand_in.scopes.remove("chat:write")
    answer = ask(stand_in, POST, {"text": "x", "channel": "C012AB3CD"})
    assert isinstance(answer.json, dict)
    assert answer.json["needed"] == "chat:write"


def test_what_is_posted_is_kept_in_order() -> None:
    """With its channel and a time that grows."""
    stand_in = SlackStandIn()
    ask(stand_in, HOOK, {"text": "a"})
    ask(stand_in, POST, {"text": "b", "channel": "C012AB3CD"})
    assert [(m["text"], m["channel"]) for m in stand_in.messages] == [("a", "#general"), ("b", "C012AB3CD")]
    assert str(stand_in.messages[0]["ts"]) < str(stand_in.messages[1]["ts"])


def test_a_workflow_knows_its_one_variable() -> None:
    """And refuses others."""
    stand_in = SlackStandIn()
    path = "/triggers/T00000000/1234567890/0123456789abcdef"
    assert ask(stand_in, path, {"text": "a"}).status == 200
    assert ask(stand_in, path, {"blocks": []}).status == 400


@pytest.mark.parametrize(("status", "body"), [(429, {"ok": False, "error": "ratelimited"}), (503, None)])
def test_an_injected_fault_looks_like_slacks(status: int, body: object) -> None:
    """Its rate limit is JSON, an outage is not."""
    stand_in = SlackStandIn()
    stand_in.fail(status=status)
    answer = ask(stand_in, HOOK, {"text": "x"})
    assert (answer.status, answer.json) == (status, body)
