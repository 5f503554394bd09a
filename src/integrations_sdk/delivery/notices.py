"""Operational events: what the engine tells the bus of recorded attempts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from integrations_sdk.clock import uuid7
from integrations_sdk.delivery.worker import Finished
from integrations_sdk.models import Event, JsonValue, plain
from integrations_sdk.models.delivery import At, Dead, Done, Target

__all__ = ["notices_of", "target_notice"]


def notices_of(
    finished: Finished, topic: str, now: datetime, listens: Callable[[str], bool]
) -> Sequence[Event]:
    """What is told of one attempt.

    | | |
    |---|---|
    | `{topic}.delivered` | accepted |
    | `{topic}.failed` | an attempt failed; `next_attempt_at` says when it is tried again, None: not by itself |
    | `{topic}.exhausted` | given up; it can be replayed |
    | `{topic}.disabled` | the target was disabled; its backlog is held |
    | `{topic}.recovered` | the first success of a target that had been failing |

    Of what was only put off (nothing was sent, and it is tried again) nothing is told.

    Args:
        listens: whether anybody does, to events of a type.
    """
    verdict, recovered = finished.result.verdict, finished.recorded.recovered
    if isinstance(verdict, Done) and not recovered and not listens(f"{topic}.delivered"):
        return ()  # nearly always
    target, facts = finished.result.claimed.delivery.target, _facts(finished)
    if isinstance(verdict, Done):
        kinds = ("delivered", "recovered") if recovered else ("delivered",)
        return [_event(f"{topic}.{kind}", target, now, facts) for kind in kinds]
    notices = []
    if (attempt := finished.result.attempt) is not None:
        again = plain(verdict.due) if isinstance(verdict, At) else None
        facts |= {"error": attempt.error, "next_attempt_at": again}
        notices.append(_event(f"{topic}.failed", target, now, facts))
    if isinstance(verdict, Dead):
        notices.append(_event(f"{topic}.exhausted", target, now, {**facts, "reason": verdict.reason}))
    elif finished.recorded.held and not isinstance(verdict, At):
        notices.append(_event(f"{topic}.disabled", target, now, {**facts, "reason": verdict.reason}))
    return notices


def target_notice(what: str, target: Target, now: datetime, reason: str | None = None) -> Event:
    """What is told of a target, e.g. that it was disabled."""
    return _event(what, target, now, {"reason": reason})


def _facts(finished: Finished) -> dict[str, JsonValue]:
    delivery, attempt = finished.result.claimed.delivery, finished.result.attempt
    facts: dict[str, JsonValue] = {
        "delivery_id": delivery.delivery_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
    }
    if attempt is None:
        return facts
    return {
        **facts,
        "attempt": delivery.attempts + 1,
        "http_status": attempt.http_status,
        "latency": attempt.latency.total_seconds(),
        "request_id": attempt.request_id,
    }


def _event(what: str, target: Target, now: datetime, facts: dict[str, JsonValue]) -> Event:
    return Event(
        id=uuid7(now),
        type=what,
        source="integrations-sdk",
        subject=target.id,
        time=now,
        provider=target.kind,
        data={"target": target.id, "target_kind": target.kind, **facts},
    )
