"""What others wrote to verify and sign, in Python: they accept ours, and we theirs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import SignatureError
from integrations_sdk.models import Secret
from integrations_sdk.signing import generate_secret, profile_headers, sign, verify
from support.rotation import Collected, across_a_rotation

BODIES = st.dictionaries(st.text(max_size=10), st.text(max_size=20) | st.integers(), max_size=4).map(
    json.dumps
)
SECRET = generate_secret()
TEXT = "8f742231b10e8888abcd99yyyzzz85a5"


def now() -> datetime:
    """The others ask the machine's clock, so ours must be it."""
    return datetime.now(UTC)


@given(body=BODIES)
def test_standardwebhooks_accepts_ours(body: str) -> None:
    """PyPI's `standardwebhooks`: alone, beside another secret's, beside a profile's headers; and not what was changed."""
    theirs: Any = pytest.importorskip("standardwebhooks")
    receiver = theirs.Webhook(SECRET.reveal())
    for headers in (
        sign("standard_webhooks", body.encode(), SECRET, now=now(), id="msg_1"),
        sign("standard_webhooks", body.encode(), [generate_secret(), SECRET], now=now(), id="msg_1"),
        profile_headers("gitlab", body.encode(), [SECRET], event_type="push", id="msg_1", now=now()),
    ):
        assert receiver.verify(body, headers) == json.loads(body)
        with pytest.raises(theirs.WebhookVerificationError):
            receiver.verify(body + " ", headers)


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.torture)])
@pytest.mark.parametrize("profile", ["standard", "gitlab", "github"])
def test_standardwebhooks_refuses_nothing_across_a_rotation(profile: str, count: int) -> None:
    """Every delivery is accepted with a secret that the receiver knows at that time; after the overlap none with the old."""
    theirs: Any = pytest.importorskip("standardwebhooks")
    first = generate_secret().reveal()
    deliveries = asyncio.run(across_a_rotation(profile, count, first))

    def accepted(sent: Collected, secret: str) -> bool:
        try:
            theirs.Webhook(secret).verify(sent.body, sent.headers)
        except theirs.WebhookVerificationError:
            return False
        return True

    refused = [at for at, sent in enumerate(deliveries) if not any(accepted(sent, one) for one in sent.known)]
    assert refused == []
    assert not any(accepted(sent, first) for sent in deliveries[count * 3 // 4 :])
    assert len({sent.headers["webhook-id"] for sent in deliveries}) == count


@given(body=BODIES)
def test_we_accept_standardwebhooks(body: str) -> None:
    """And not what was changed."""
    theirs: Any = pytest.importorskip("standardwebhooks")
    moment = now()
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(moment.timestamp())),
        "Webhook-Signature": theirs.Webhook(SECRET.reveal()).sign("msg_1", moment, body),
    }
    verify("standard_webhooks", headers, body.encode(), [SECRET], now=moment)
    with pytest.raises(SignatureError):
        verify("standard_webhooks", headers, body.encode() + b" ", [SECRET], now=moment)


@given(body=st.text(max_size=60))
def test_slack_sdk_accepts_ours_and_we_theirs(body: str) -> None:
    """`slack_sdk.signature.SignatureVerifier`."""
    signature: Any = pytest.importorskip("slack_sdk.signature")
    verifier = signature.SignatureVerifier(TEXT)
    headers = sign("slack", body.encode(), Secret(TEXT), now=now(), id="1")
    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body + " ", headers)

    time = str(int(now().timestamp()))
    made = {
        "X-Slack-Request-Timestamp": time,
        "X-Slack-Signature": verifier.generate_signature(timestamp=time, body=body),
    }
    verify("slack", made, body.encode(), [Secret(TEXT)], now=now())
    with pytest.raises(SignatureError):
        verify("slack", made, body.encode() + b" ", [Secret(TEXT)], now=now())


def test_stripe_accepts_ours() -> None:
    """`stripe.WebhookSignature`, also while a secret is replaced, and not what is changed or stale."""
    stripe: Any = pytest.importorskip("stripe", reason="stripe is not installed (group `interop`)")
    check = stripe.WebhookSignature.verify_header
    for secrets in ([SECRET], [generate_secret(), SECRET], [SECRET, generate_secret()]):
        header = sign("stripe", b'{"id":"evt_1"}', secrets, now=now(), id="1")["stripe-signature"]
        assert check('{"id":"evt_1"}', header, SECRET.reveal(), tolerance=300)
        with pytest.raises(stripe.SignatureVerificationError):
            check('{"id":"evt_2"}', header, SECRET.reveal(), tolerance=300)
    stale = sign("stripe", b"{}", SECRET, now=now() - timedelta(minutes=6), id="1")["stripe-signature"]
    with pytest.raises(stripe.SignatureVerificationError):
        check("{}", stale, SECRET.reveal(), tolerance=300)
