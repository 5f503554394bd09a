"""The retry schedule: a pure function, as a table and with drawn values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.delivery.schedule import (
    DEFAULT_DELAYS,
    DeliveryPolicy,
    next_attempt,
    put_off,
    reason_to_disable,
    refusal,
)
from integrations_sdk.errors import (
    ConfigurationError,
    DisabledError,
    NotFoundError,
    RejectedError,
    StateError,
)
from integrations_sdk.models import Outcome, OutcomeStatus
from integrations_sdk.models.delivery import At, Dead, Disable, Done

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = DeliveryPolicy()


def failed(status: int | None = 500, *, retryable: bool = True, needs_reauth: bool = False) -> Outcome:
    return Outcome(
        target="webhook-1",
        provider="webhook",
        operation="send",
        status=OutcomeStatus.FAILED,
        http_status=status,
        error="broken",
        retryable=retryable,
        needs_reauth=needs_reauth,
    )


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("attempt", "wait"),
    [(1, 5), (2, 300), (3, 1_800), (4, 7_200), (5, 18_000), (6, 36_000), (7, 36_000)],
)
def test_default_waits(attempt, wait):
    """Without jitter each retry comes after the wait of the table."""
    assert next_attempt(POLICY, attempt, failed(), None, NOW, 0.5) == At(NOW + seconds(wait))


@pytest.mark.parametrize(
    ("outcome", "attempt", "retry_after", "verdict"),
    [
        (Outcome(target="t", provider="p", operation="o"), 1, None, Done()),
        (
            Outcome(target="t", provider="p", operation="o", status=OutcomeStatus.SKIPPED, attempts=0),
            1,
            None,
            Done(),
        ),
        (failed(410), 1, None, Disable("the target says that it is gone for good (HTTP 410)")),
        (failed(410, retryable=False), 8, seconds(5), Disable("the target says that it is gone for good (HTTP 410)")),
        (failed(400, retryable=False), 1, seconds(5), Dead("broken")),
        (
            failed(401, retryable=False, needs_reauth=True),
            1,
            None,
            Disable("its credentials are refused: replace them, then enable it (broken)"),
        ),
        (failed(401, needs_reauth=True), 1, None, At(NOW + seconds(5))),
        (failed(None), 8, None, Dead("given up after 8 attempts: broken")),
        (failed(503), 9, seconds(1), Dead("given up after 9 attempts: broken")),
        (failed(429), 1, seconds(3_600), At(NOW + seconds(3_600))),
        (failed(429), 1, seconds(1), At(NOW + seconds(5))),
        (failed(429), 1, timedelta(days=9_999), At(NOW + timedelta(days=30))),
    ],
)  # fmt: skip
def test_verdicts(outcome, attempt, retry_after, verdict):
    """Done, disabled, dead or later: each kind of outcome has its verdict."""
    assert next_attempt(POLICY, attempt, outcome, retry_after, NOW, 0.5) == verdict


def test_one_attempt_only():
    """A policy of one wait makes one attempt."""
    verdict = next_attempt(DeliveryPolicy(delays=(seconds(0),)), 1, failed(), None, NOW, 0.5)
    assert verdict == Dead("given up after 1 attempt: broken")


@given(
    delays=st.lists(st.integers(0, 100_000), min_size=1, max_size=10),
    jitter=st.floats(0, 1),
    attempt=st.integers(1, 12),
    asked=st.none() | st.integers(0, 200_000),
    random=st.floats(0, 1),
)
def test_no_wait_leaves_its_bounds(delays, jitter, attempt, asked, random):
    """Each wait is within the jitter, never shorter than asked for, and attempts are as many as waits."""
    policy = DeliveryPolicy(delays=tuple(map(seconds, delays)), jitter=jitter)
    wish = None if asked is None else seconds(asked)
    verdict = next_attempt(policy, attempt, failed(), wish, NOW, random)
    if attempt >= len(delays):
        assert isinstance(verdict, Dead)
        return
    assert isinstance(verdict, At)
    wait = (verdict.due - NOW).total_seconds()
    planned = delays[attempt]
    assert wait >= max(planned * (1 - jitter), asked or 0) - 1e-5
    assert wait <= max(planned * (1 + jitter), asked or 0) + 1e-5


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"delays": ()}, "delays"),
        ({"delays": (seconds(-1),)}, "delays"),
        ({"delays": (timedelta(days=31),)}, "delays"),
        ({"jitter": 1.1}, "jitter"),
        ({"disable_after": seconds(0)}, "disable_after"),
    ],
)
def test_a_wrong_policy_is_refused(options, path):
    """What cannot be meant is said at once, with its place."""
    with pytest.raises(ConfigurationError) as caught:
        DeliveryPolicy(**options)
    assert [problem.path for problem in caught.value.problems] == [path]


def unsent(wait, **fields):
    return Outcome(
        target="t", provider="p", operation="o",
        **{"status": OutcomeStatus.FAILED, "attempts": 0, "retryable": True, "retry_after": wait, **fields},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "random", "wait"),
    [
        (unsent(seconds(30)), 0, seconds(30)),
        (unsent(seconds(30)), 0.5, seconds(33)),
        (unsent(seconds(30)), 1, seconds(36)),
        (unsent(seconds(0)), 0, seconds(0.1)),
        (unsent(timedelta(days=9_999)), 0, timedelta(days=30)),
        (unsent(seconds(30), attempts=1), 0, None),
        (unsent(None), 0, None),
        (unsent(seconds(30), retryable=False), 0, None),
        (unsent(seconds(30), status=OutcomeStatus.SKIPPED), 0, None),
    ],
)
def test_what_was_not_sent_is_put_off(outcome, random, wait):
    """It comes when it was told to, or up to the jitter later, never sooner; what was sent has an attempt."""
    assert put_off(POLICY, outcome, NOW, random) == (None if wait is None else At(NOW + wait))


@given(asked=st.integers(0, 200_000), jitter=st.floats(0, 1), random=st.floats(0, 1))
def test_no_put_off_leaves_its_bounds(asked, jitter, random):
    """Never sooner than asked for, and later by no more than the jitter."""
    at = put_off(DeliveryPolicy(jitter=jitter), unsent(seconds(asked)), NOW, random)
    wait = (at.due - NOW).total_seconds()
    assert max(asked, 0.1) - 1e-5 <= wait <= max(asked, 0.1) * (1 + jitter) + 1e-5


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (DisabledError("webhook-1 is disabled; enable it first"), Disable("webhook-1 is disabled; enable it first")),
        (NotFoundError("there is no webhook-1"), Dead("there is no webhook-1")),
        (StateError("the store is locked"), None),
        (RejectedError("no"), None),
        (KeyError("x"), None),
    ],
)  # fmt: skip
def test_what_a_sender_would_not_send(error, verdict):
    """A disabled target is held, a deleted one has none of it any more; anything else is an attempt."""
    assert refusal(error) == verdict


@pytest.mark.parametrize(
    ("since", "limit", "expected"),
    [
        (None, timedelta(days=5), False),
        (NOW - timedelta(days=5), timedelta(days=5), True),
        (NOW - timedelta(days=5) + seconds(1), timedelta(days=5), False),
        (NOW - timedelta(days=500), None, False),
    ],
)
def test_when_a_target_is_disabled(since, limit, expected):
    """After failing for as long as the policy says, and never where it says None."""
    policy = DeliveryPolicy(disable_after=limit)
    assert (reason_to_disable(policy, failed(), since, NOW) is not None) is expected


@pytest.mark.parametrize(
    ("status", "since", "reason"),
    [
        (401, NOW - seconds(10), "unauthorised for 10 s"),
        (401, NOW, "unauthorised for 0 s"),
        (500, NOW - seconds(10), None),
        (401, None, None),
        (401, NOW - timedelta(days=5), "it has failed for 5 days: mend it, then enable it"),
    ],
)
def test_a_rule_of_the_application_disables_too(status, since, reason):
    """It is asked about a target that fails, with the outcome and for how long; its reason is taken."""

    def rule(outcome, lasted):
        return f"unauthorised for {lasted.total_seconds():g} s" if outcome.http_status == 401 else None

    assert reason_to_disable(DeliveryPolicy(rule=rule), failed(status), since, NOW) == reason


def test_the_default_lasts_about_28_hours():
    """Eight attempts; the last comes 27 h 35 min after the first."""
    assert len(DEFAULT_DELAYS) == 8
    assert sum(DEFAULT_DELAYS, timedelta(0)) == timedelta(hours=27, minutes=35, seconds=5)
