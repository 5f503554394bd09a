"""`integrations_sdk.testing.sign()`: what it makes is received, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations_sdk.errors import ConfigurationError, SignatureError
from integrations_sdk.models import Secret
from integrations_sdk.signing import SOURCES, HmacScheme, generate_key_pair, verify
from integrations_sdk.testing import sign

PUSH = {
    "gitlab": ("Push Hook", {"object_kind": "push", "ref": "refs/heads/main", "project": {"id": 1}}),
    "github": ("push", {"ref": "refs/heads/main", "commits": [], "repository": {"full_name": "g/p"}}),
}


@pytest.mark.parametrize("source", PUSH)
def test_what_is_signed_is_received_once(manager, run, clock, source):
    """A message with the sender's event header is read; the same headers again are a repeated message."""
    event, payload = PUSH[source]
    body = json.dumps(payload)
    headers = sign(source, body, "secret", event=event, now=clock.now())
    received = run(manager.events.receive(source, headers, body, secret="secret"))
    assert (received.type, received.branch) == ("push", "main")
    assert run(manager.events.receive(source, headers, body, secret="secret")) is None
    other = sign(source, body, "secret", event=event, now=clock.now())
    assert run(manager.events.receive(source, other, body, secret="secret")) is not None


@pytest.mark.parametrize("source", SOURCES)
def test_it_is_signed_now_unless_told_otherwise(source):
    """By the machine's clock, as the receiver's is; the body as text or bytes, with an id of one's choice."""
    headers = sign(source, "ä", "secret", id="message-1")
    verify(source, headers, "ä".encode(), [Secret("secret")], now=datetime.now(UTC))
    assert headers["content-type"] == "application/json"
    assert source in {"slack", "pagerduty", "stripe", "jenkins"} or "message-1" in headers.values()


def test_stale_messages_can_be_made():
    """To test that they are refused."""
    headers = sign("stripe", b"{}", "secret", now=datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(SignatureError, match="old"):
        verify("stripe", headers, b"{}", [Secret("secret")], now=datetime.now(UTC))


def test_several_secrets_key_pairs_and_schemes():
    """As `signing.sign()` takes them."""
    pair = generate_key_pair()
    now = datetime.now(UTC)
    headers = sign("standard_webhooks", b"{}", ["new", "old", pair.private_key])
    for known in ("new", "old", pair.public_key):
        verify("standard_webhooks", headers, b"{}", [Secret(known)], now=now)
    scheme = HmacScheme(header="X-Sig", timestamp_header="X-Time")
    verify("custom", sign("custom", b"{}", "s", scheme=scheme), b"{}", [Secret("s")], now=now, scheme=scheme)


def test_events_stand_in_headers_only_where_the_sender_puts_them_there():
    """Slack's are in the body."""
    assert "x-gitlab-event" in sign("gitlab", b"", "s", event="Push Hook")
    assert "push" not in sign("slack", b"", "s", event="push").values()
    with pytest.raises(ConfigurationError, match="unknown source"):
        sign("bitbucket", b"", "s")
