"""From the outcome of a send to the `Result` that is recorded. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from integrations_sdk.delivery.schedule import DeliveryPolicy, next_attempt, put_off
from integrations_sdk.delivery.sending import attempt_of
from integrations_sdk.models import Outcome, OutcomeStatus
from integrations_sdk.models.delivery import Verdict
from integrations_sdk.queue.base import Claimed, Result

__all__ = ["Ended", "judge"]


class Ended(NamedTuple):
    """A send that has ended.

    Attributes:
        refused: the verdict of a sender that would not send it; see `refusal()`.
        ended_at: what comes next counts from then.
        latency: in seconds.
    """

    claimed: Claimed
    outcome: Outcome
    refused: Verdict | None
    started_at: datetime
    ended_at: datetime
    latency: float


def judge(policy: DeliveryPolicy, ended: Ended, random: Callable[[], float]) -> Result:
    """What an outcome comes to: without an attempt where nothing was sent, otherwise with one.

    Args:
        random: draws from 0 to 1, for the jitter.
    """
    claimed, outcome, verdict, started_at, ended_at, latency = ended
    if outcome.status is OutcomeStatus.FAILED and verdict is None:
        verdict = put_off(policy, outcome, ended_at, random())
    if verdict is not None:
        return Result(claimed=claimed, attempt=None, verdict=verdict)
    tries, retry_after = claimed.tries + 1, outcome.retry_after
    return Result(
        claimed=claimed,
        attempt=attempt_of(outcome, claimed.delivery.attempts + 1, started_at, latency),
        verdict=next_attempt(policy, tries, outcome, retry_after, ended_at, random()),
    )
