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


def deliver(stand_in: WebhookStandIn, *, body: bytes | None = None, late: float = 0, **headers: str) -> Reply:
    """A delivery as the connector sends it, altered by what is given."""
    stand_in.url = "http://127.0.0.1:1"
    http = ScriptedHttp([reply(200)])
    clock = FakeClock(datetime.fromtimestamp(time.time(), UTC) - timedelta(seconds=late))
    connector = connect(WebhookConnector, stand_in.config(), http, clock=clock)
    asyncio.run(connector.send_payload({"n": 1}, delivery_id="msg-1"))
    request = http.requests[0]
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = Headers({**request.headers, **changed})
    return stand_in.answer(Received.of("POST", "/hook", sent, request.content if body is None else body))[0]


def test_a_signed_delivery_is_taken_once() -> None:
    """A repeated one is acknowledged and dropped."""
    stand_in = WebhookStandIn()
    assert [deliver(stand_in).status for _ in range(2)] == [202, 202]
    assert (stand_in.payloads, stand_in.deliveries) == ([{"n": 1}], ["msg-1"])


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
    assert deliver(stand_in, **changed).status == status  # type: ignore[arg-type]  # by name
    assert stand_in.payloads == []


def test_it_is_there_for_post_alone() -> None:
    """As many receivers are."""
    answer = WebhookStandIn().answer(Received.of("HEAD", "/hook", Headers(), b""))[0]
    assert (answer.status, dict(answer.headers)) == (405, {"allow": "POST"})
