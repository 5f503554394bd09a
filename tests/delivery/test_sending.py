"""From outcomes and errors to the log: bounded, redacted, and honest about what may be repeated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.delivery.sending import attempt_of, excerpt, failure
from integrations_sdk.errors import (
    DisabledError,
    NotFoundError,
    ProviderUnavailableError,
    RejectedError,
    StateError,
    TransportError,
)
from integrations_sdk.models import Sent
from integrations_sdk.models.delivery import EXCERPT_BYTES, Attempt, Target

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DELIVERY = SimpleNamespace(target=Target("webhook", "webhook-1"))


@pytest.mark.parametrize(
    ("error", "repeatable", "retryable"),
    [
        (ProviderUnavailableError("down"), False, True),
        (RejectedError("no"), True, False),
        (TransportError("reset"), True, True),
        (TransportError("reset"), False, False),
        (TransportError("refused", sent=False), False, True),
        (StateError("the store is locked"), True, True),
        (StateError("the store is locked"), False, False),
        (DisabledError("it is disabled"), False, False),
        (NotFoundError("it was deleted"), True, False),
        (KeyError("https://hooks.example.com/secret"), True, False),
    ],
)
def test_what_a_raising_sender_comes_to(error, repeatable, retryable):
    """What may have arrived is repeated only where that does no harm; a bug is not repeated at all."""
    with pytest.raises(type(error)) as caught:
        raise error
    outcome = failure(caught.value, DELIVERY, repeatable=repeatable)
    assert outcome.retryable is retryable
    assert (outcome.target, bool(outcome)) == ("webhook-1", False)
    assert "secret" not in outcome.error


def test_a_bug_says_where_it_is():
    """The class and the line of what a sender raised are said, its words are not."""
    try:
        raise KeyError("secret")
    except KeyError as raised:
        outcome = failure(raised, DELIVERY, repeatable=True)
    assert outcome.error.startswith("KeyError at test_sending.py:")


def test_an_attempt_of_a_success():
    """All that the log keeps, and no error."""
    outcome = Sent(
        target="t",
        provider="p",
        operation="o",
        http_status=200,
        request_id="r",
        excerpt="ok",
        address="https://x",
    )
    assert attempt_of(outcome, 2, NOW, 0.5) == Attempt(
        number=2, started_at=NOW, latency=timedelta(seconds=0.5), http_status=200, excerpt="ok",
        address="https://x", request_id="r",
    )  # fmt: skip


def test_an_attempt_of_a_failure():
    """The error, cut to a bound."""
    outcome = failure(RejectedError("x" * 10_000), DELIVERY, repeatable=True)
    assert len(attempt_of(outcome, 1, NOW, 0.5).error) == 500


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ok", "ok"),
        (
            "see https://u:p@hooks.example.com/services/T0/B0/xyz?token=1 there",
            "see https://hooks.example.com/… there",
        ),
        ('{"access_token": "abc", "name": "x"}', '{"access_token": "••••", "name": "x"}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ••••"),
        ("password=hunter2&user=me", "password=••••&user=me"),
        ("X-Api-Key: 1234", "X-Api-Key: ••••"),
        ("a\x00b", "ab"),
    ],
)
def test_excerpts_hold_no_secret(text, kept):
    """URLs are cut to their origin, and values of what is called a secret are masked."""
    assert excerpt(text) == kept


@given(st.text(max_size=3_000))
def test_excerpts_are_bounded(text):
    """Whatever arrives, at most 1 KiB of valid UTF-8 is kept."""
    assert len(excerpt(text).encode()) <= EXCERPT_BYTES
