"""`http.retry`: the table of what is repeated, and every form in which a wait is announced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import (
    BlockedAddressError,
    DeadlineExceededError,
    ResponseTooLargeError,
    TransportError,
)
from integrations_sdk.http.base import Headers, RetryPolicy
from integrations_sdk.http.retry import Retry, Stop, StopReason, announces_limit, decide, retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
DAY = 86_400

GO = None
UNSAFE, FINAL, ATTEMPTS, DEADLINE = (
    StopReason.UNSAFE,
    StopReason.FINAL,
    StopReason.ATTEMPTS,
    StopReason.DEADLINE,
)


@pytest.mark.parametrize(
    ("failure", "once", "idempotent"),
    [
        (TransportError("refused", sent=False), GO, GO),
        (TransportError("reset", sent=True), UNSAFE, GO),
        (BlockedAddressError("private", sent=False), FINAL, FINAL),
        (ResponseTooLargeError("too large"), FINAL, FINAL),
        (DeadlineExceededError("late"), DEADLINE, DEADLINE),
        (DeadlineExceededError("late", sent=False), DEADLINE, DEADLINE),
        (420, GO, GO),
        (429, GO, GO),
        (503, GO, GO),
        (500, UNSAFE, GO),
        (502, UNSAFE, GO),
        (504, UNSAFE, GO),
        (400, FINAL, FINAL),
        (401, FINAL, FINAL),
        (403, FINAL, FINAL),
        (404, FINAL, FINAL),
        (409, FINAL, FINAL),
        (501, FINAL, FINAL),
        (302, FINAL, FINAL),
    ],
    ids=str,
)
def test_decision_table(
    failure: int | TransportError, once: StopReason | None, idempotent: StopReason | None
) -> None:
    """Only what was not sent, was refused, or may be repeated is sent again."""
    for expected, safe in ((once, False), (idempotent, True)):
        decision = decide(
            1, RetryPolicy(), failure=failure, idempotent=safe, elapsed=0, retry_after=None, random=0.5
        )
        assert decision == (Retry(0.25) if expected is None else Stop(expected))


def test_forbidden_that_says_when_to_come_back_is_a_limit() -> None:
    """GitHub answers an exhausted limit with 403; with a time to wait it is repeated after it."""
    decision = decide(
        1,
        RetryPolicy(),
        failure=403,
        idempotent=False,
        elapsed=0,
        retry_after=timedelta(seconds=7),
        random=0.5,
    )
    assert decision == Retry(7.0)


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (6, 10.0), (50, 10.0), (5000, 10.0)]
)
def test_jitter_is_full_and_its_range_doubles(attempt: int, ceiling: float) -> None:
    """The delay is a share of a range that doubles up to `max_delay`; the share is the random draw."""
    policy = RetryPolicy(attempts=10_000)
    for share in (0.0, 0.3, 1.0):
        decision = decide(
            attempt, policy, failure=503, idempotent=False, elapsed=0, retry_after=None, random=share
        )
        assert decision == Retry(pytest.approx(share * ceiling))


def test_attempts_are_counted() -> None:
    """The policy's number of attempts includes the first."""
    policy = RetryPolicy(attempts=2)
    decisions = [
        decide(n, policy, failure=429, idempotent=True, elapsed=0, retry_after=None, random=0) for n in (1, 2)
    ]
    assert decisions == [Retry(0), Stop(ATTEMPTS)]


@pytest.mark.parametrize(
    ("wait", "expected"), [(9.0, Retry(9.0)), (10.0, Stop(DEADLINE)), (3600.0, Stop(DEADLINE))]
)
def test_wait_beyond_the_deadline_stops(wait: float, expected: Retry | Stop) -> None:
    """An asked-for wait that leaves no time before the deadline is not begun."""
    decision = decide(
        1,
        RetryPolicy(deadline=timedelta(seconds=30)),
        failure=429,
        idempotent=False,
        elapsed=20,
        retry_after=timedelta(seconds=wait),
        random=0,
    )
    assert decision == expected


@given(
    attempt=st.integers(1, 20),
    status=st.integers(100, 599),
    idempotent=st.booleans(),
    elapsed=st.floats(0, 60),
    wait=st.none() | st.timedeltas(timedelta(0), timedelta(days=1)),
    random=st.floats(0, 1),
)
def test_decisions_keep_their_bounds(
    attempt: int, status: int, idempotent: bool, elapsed: float, wait: timedelta | None, random: float
) -> None:
    """Whatever happens: no attempt too many, never before `Retry-After`, never past the deadline."""
    policy = RetryPolicy()
    decision = decide(
        attempt,
        policy,
        failure=status,
        idempotent=idempotent,
        elapsed=elapsed,
        retry_after=wait,
        random=random,
    )
    if isinstance(decision, Retry):
        assert attempt < policy.attempts
        assert elapsed + decision.delay < policy.deadline.total_seconds()
        assert decision.delay >= (wait or timedelta(0)).total_seconds()
        assert idempotent or status in {403, 420, 429, 503}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("30", 30),
        ("  30 ", 30),
        ("1.5", 1.5),
        ("30, 60", 60),
        ("99999999999999999999", DAY),
        ("Sun, 01 Mar 2026 12:00:10 GMT", 10),
        ("Sunday, 01-Mar-26 12:00:10 GMT", 10),
        ("Sun Mar  1 12:00:10 2026", 10),
        ("Sun, 01 Mar 2026 13:00:10 +0100", 10),
        ("Sun, 01 Mar 2026 11:59:00 GMT", 0),
        ("Tue, 01 Jan 1980 00:00:00 GMT", 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", DAY),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("1e3", None),
        ("²", None),
        ("30 seconds", None),
        ("Sun, 99 Foo 2026 12:00:10 GMT", None),
    ],
)
def test_retry_after_in_all_forms(value: str, seconds: float | None) -> None:
    """Seconds, the three HTTP dates, times past, bounds, and nonsense (RFC 9110 §10.2.3)."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(Headers({"Retry-After": value}), NOW) == expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH + 90)}, 90),  # GitHub
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "17"}, 17),  # Datadog
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-01T12:02Z"}, 120),  # Jira
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-01T12:02:00"}, 120),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str((EPOCH + 5) * 1000)}, 5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(EPOCH - 90)}, 0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "50"}, 50),  # PagerDuty
        ({"ratelimit-remaining": "0", "ratelimit-reset": str(EPOCH + 50)}, 50),  # GitLab
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(EPOCH + 8)}, 8),  # Okta
        ({"x-sentry-rate-limit-remaining": "0", "x-sentry-rate-limit-reset": str(EPOCH + 4)}, 4),
        (
            {
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset-after": "0.75",
                "x-ratelimit-reset": str(EPOCH + 9),
            },
            0.75,
        ),  # Discord
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "?", "x-ratelimit-reset": "9"}, 9),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1", "ratelimit-remaining": "0", "ratelimit-reset": "2"}, 2),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "50"}, None),
        ({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "50"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "later"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-reset": "50"}, None),
        ({"retry-after": "3", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "50"}, 3),
        ({"retry-after": "?", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "50"}, 50),
    ],
)  # fmt: skip
def test_vendors_reset_headers(headers: dict[str, str], seconds: float | None) -> None:
    """A used-up limit says when it is renewed, in each vendor's own way; `Retry-After` goes before."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(Headers(headers), NOW) == expected


def test_limits_are_noticed_cheaply() -> None:
    """Only an answer with one of the known headers is looked at closely."""
    assert announces_limit(Headers({"X-RateLimit-Remaining": "7"}))
    assert not announces_limit(Headers({"content-type": "text/plain", "x-ratelimit-limit": "7"}))


@given(value=st.text(max_size=50), remaining=st.text(max_size=5) | st.just("0"))
def test_nonsense_never_raises(value: str, remaining: str) -> None:
    """Any text in any of the headers gives None or a wait from 0 to a day."""
    names = ("retry-after", "x-ratelimit-reset", "x-ratelimit-reset-after", "ratelimit-reset")
    headers = Headers({"x-ratelimit-remaining": remaining, "ratelimit-remaining": remaining})
    for name in names:
        wait = retry_after(Headers({**headers, name: value}), NOW)
        assert wait is None or timedelta(0) <= wait <= timedelta(days=1)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2090, 1, 1)))  # made aware below
def test_dates_round_trip(moment: datetime) -> None:
    """An HTTP date says the same as its distance from now, cut to whole seconds and to a day."""
    aware = moment.replace(tzinfo=UTC, microsecond=0)
    wait = retry_after(Headers({"retry-after": format_datetime(aware, usegmt=True)}), NOW)
    assert wait == min(max(aware - NOW, timedelta(0)), timedelta(days=1))
