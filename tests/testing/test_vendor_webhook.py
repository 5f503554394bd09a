"""The webhook's receiver in miniature checks what it is sent, over the wire."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.webhook import WebhookConnector
from integrations_sdk.http.base import Headers
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.standin import Received, Reply
from integrations_sdk.testing.vendors.webhook import WebhookStandIn


def deliver(
    stand_in: WebhookStandIn,
    *,
    body: bytes | None = None,
    late: float = 0,
    payload: dict[str, object] | None = None,
    config: dict[str, object] | None = None,
    **headers: str,
) -> Reply:
    """A delivery as the connector sends it, altered by what is given."""
    stand_in.url = "http://127.0.0.1:1"
    http = ScriptedHttp([reply(200)])
    clock = FakeClock(datetime.fromtimestamp(time.time(), UTC) - timedelta(seconds=late))
    connector = connect(WebhookConnector, {**stand_in.config(), **(config or {})}, http, clock=clock)
    asyncio.run(connector.send_payload(payload or {"n": 1}, delivery_id="msg-1"))
    request = http.requests[0]
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = Headers({**request.headers, **changed})
    return stand_in.answer(Received.of("POST", "/hook", sent, request.content if body is None else body))[0]


def test_a_signed_delivery_is_taken_once() -> None:
    """A repeated one is acknowledged and dropped."""
    stand_in = WebhookStandIn()
    assert [deliver(stand_in).status for _ in range(2)] == [202, 202]
    assert (stand_in.payloads, stand_in.deliveries) == ([{"n": 1}], ["msg-1"])
    (call,) = stand_in.calls
    assert (call.delivery_id, call.event_type, call.payload, call.test, call.times) == (
        "msg-1", "Custom Hook", {"n": 1}, False, 2,
    )  # fmt: skip


@pytest.mark.parametrize("secret", ["plain text", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_it_can_be_given_another_secret(secret: str) -> None:
    """Then that one counts alone."""
    stand_in = WebhookStandIn()
    before = stand_in.secret
    stand_in.secret = secret
    assert stand_in.config()["secret_token"] == secret
    assert deliver(stand_in).status == 202
    assert deliver(stand_in, config={"secret_token": before}).status == 401


def test_events_are_known_by_a_header_or_by_their_type() -> None:
    """A forge's, or as Standard Webhooks has it in the body; tests say that they are."""
    kinds = []
    for profile, payload in (
        ("gitlab", {"n": 1}), ("github", {"n": 1}), ("standard", {"type": "order.paid"}), ("standard", {"n": 1}),
    ):  # fmt: skip
        stand_in = WebhookStandIn()
        deliver(stand_in, config={"profile": profile}, payload=payload, x_webhook_test="true")
        kinds.append((stand_in.calls[0].event_type, stand_in.calls[0].test))
    assert kinds == [("Custom Hook", True), ("custom", True), ("order.paid", True), (None, True)]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"webhook_signature": "v1,AAAA"}, 401),
        ({"webhook_signature": ""}, 401),
        ({"webhook_timestamp": "soon"}, 401),
        ({"webhook_id": "msg-2"}, 401),
        ({"body": b'{"n":2}'}, 401),
        ({"late": 301}, 401),
        ({"content_type": "text/plain"}, 400),
    ],
)
def test_what_is_not_authentic_fresh_and_json_is_refused(changed: dict[str, object], status: int) -> None:
    """Nothing of it is kept."""
    stand_in = WebhookStandIn()
    assert deliver(stand_in, **changed).status == status
    assert stand_in.payloads == []


def test_it_is_there_for_post_alone() -> None:
    """As many receivers are."""
    answer = WebhookStandIn().answer(Received.of("HEAD", "/hook", Headers(), b""))[0]
    assert (answer.status, dict(answer.headers)) == (405, {"allow": "POST"})
