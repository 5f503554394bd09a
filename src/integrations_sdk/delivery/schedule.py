"""When a delivery is tried again, given up, or its target disabled. Pure.

The default schedule is that of the Standard Webhooks specification's reference service, see
standardwebhooks.com, "Deliverability and reliability": eight attempts over about 28 hours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import attrs

from integrations_sdk.errors import ConfigurationError, DisabledError, NotFoundError, Problem
from integrations_sdk.models import Outcome, OutcomeStatus
from integrations_sdk.models.delivery import At, Dead, Disable, Done, Verdict

__all__ = ["DEFAULT_DELAYS", "DeliveryPolicy", "next_attempt", "put_off", "reason_to_disable", "refusal"]

DEFAULT_DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
)
"""Immediately, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h: the wait before each attempt."""

_GONE: Final = 410
_DONE: Final = Done()
_SHORTEST_WAIT: Final = timedelta(milliseconds=100)  # or what cannot be sent would go round and round
_LONGEST_WAIT: Final = timedelta(days=30)  # nobody means more, and times have an end


@attrs.frozen(kw_only=True)
class DeliveryPolicy:
    """How long and how often to try.

    Attributes:
        delays: the wait before each attempt, the first being that before the first; as many attempts.
        jitter: each wait is drawn from ± this share of it, 0 to 1, so that retries spread.
        disable_after: a target that only failed for so long is disabled; None never does it.
        rule: is asked after each failed attempt, with its outcome and for how long its target has only failed;
            what it returns is the reason for which the target is disabled, None lets it be. It must not wait.

    Raises:
        ConfigurationError: naming everything wrong with it.
    """

    delays: tuple[timedelta, ...] = DEFAULT_DELAYS
    jitter: float = 0.2
    disable_after: timedelta | None = timedelta(days=5)
    rule: Callable[[Outcome, timedelta], str | None] | None = None

    def __attrs_post_init__(self) -> None:
        problems = []
        if not self.delays:
            problems.append(Problem("delays", "expected at least one"))
        if any(not timedelta(0) <= delay <= _LONGEST_WAIT for delay in self.delays):
            problems.append(Problem("delays", "expected waits from 0 to 30 days"))
        if not 0 <= self.jitter <= 1:
            problems.append(Problem("jitter", "expected 0 to 1"))
        if self.disable_after is not None and self.disable_after <= timedelta(0):
            problems.append(Problem("disable_after", "expected more than 0, or None"))
        if problems:
            raise ConfigurationError("delivery policy", problems)


def next_attempt(
    policy: DeliveryPolicy,
    attempt: int,
    outcome: Outcome,
    retry_after: timedelta | None,
    now: datetime,
    random: float,
) -> Verdict:
    """What becomes of a delivery after an attempt.

    | outcome | verdict |
    |---|---|
    | succeeded, skipped | done |
    | HTTP 410 Gone | disable the target (RFC 9110 §15.5.11: likely to be permanent) |
    | credentials refused (`needs_reauth`), not retryable | disable the target: with new ones everything can be sent |
    | not retryable | dead |
    | retryable, attempts left | at the next time of the schedule, or when `retry_after` ends if that is later |
    | retryable, none left | dead |

    Args:
        attempt: how many attempts were made since it was enqueued or replayed, 1 or more.
        retry_after: what the target asked for; it is never undercut, also not by the jitter.
        random: from 0 to 1; places the wait within the jitter.
    """
    if outcome.status is not OutcomeStatus.FAILED:
        return _DONE
    if outcome.http_status == _GONE:
        return Disable("the target says that it is gone for good (HTTP 410)")
    why = outcome.error or "failed"
    if outcome.needs_reauth and not outcome.retryable:
        return Disable(f"its credentials are refused: replace them, then enable it ({why})")
    if not outcome.retryable:
        return Dead(why)
    if attempt >= len(policy.delays):
        return Dead(f"given up after {attempt} attempt{'' if attempt == 1 else 's'}: {why}")
    wait = policy.delays[attempt] * (1 + policy.jitter * (2 * random - 1))
    if retry_after is not None:
        wait = max(wait, min(retry_after, _LONGEST_WAIT))
    return At(now + wait)


def put_off(policy: DeliveryPolicy, outcome: Outcome, now: datetime, random: float) -> At | None:
    """When a delivery is due again that was not sent at all; None: it was, and `next_attempt()` decides.

    | outcome | verdict |
    |---|---|
    | failed, never sent (`attempts` 0), retryable, with a `retry_after` | when that ends, or a little later |
    | any other | None |

    A circuit that is open and a rate limit that is used up answer so. It is no attempt, so it uses up none.
    All that is held up by them would be due in one instant, to be refused again but for the first (the
    circuit's probe); so each is due at a moment of its own, later by up to `policy.jitter` of the wait.

    Args:
        random: from 0 to 1; places the moment.
    """
    if outcome.status is not OutcomeStatus.FAILED or outcome.attempts or not outcome.retryable:
        return None
    if outcome.retry_after is None:
        return None
    wait = min(max(outcome.retry_after, _SHORTEST_WAIT), _LONGEST_WAIT)
    return At(now + wait * (1 + policy.jitter * random))


def refusal(error: BaseException) -> Disable | Dead | None:
    """What becomes of a delivery whose sender would not send it; None: `put_off()` and `next_attempt()` decide.

    | raised | verdict |
    |---|---|
    | `DisabledError` | hold the target, as it is disabled on purpose; nothing is lost |
    | `NotFoundError` | dead, as the target was deleted |
    | any other | None |
    """
    if isinstance(error, DisabledError):
        return Disable(str(error))
    return Dead(str(error)) if isinstance(error, NotFoundError) else None


def reason_to_disable(
    policy: DeliveryPolicy, outcome: Outcome, failing_since: datetime | None, now: datetime
) -> str | None:
    """Why a target is to be disabled after an attempt; None: it is not.

    | the target | reason |
    |---|---|
    | has not failed, or has succeeded since | none |
    | has only failed for `policy.disable_after` or longer | says for how long |
    | any other | what `policy.rule` says |
    """
    if failing_since is None:
        return None
    lasted = now - failing_since
    if policy.disable_after is not None and lasted >= policy.disable_after:
        days = policy.disable_after / timedelta(days=1)
        return f"it has failed for {days:g} days: mend it, then enable it"
    return None if policy.rule is None else policy.rule(outcome, lasted)
