"""Operational events: what the engine tells the bus of recorded attempts. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from integrations_sdk.clock import uuid7
from integrations_sdk.delivery.worker import Finished
from integrations_sdk.models import Event, JsonValue, plain
from integrations_sdk.models.delivery import At, Dead, Done, Target

__all__ = ["notices_of", "target_notice"]


def notices_of(finished: Finished, topic: str, now: datetime) -> Iterator[Event]:
    """What is told of one attempt.

    | | |
    |---|---|
    | `{topic}.delivered` | accepted |
    | `{topic}.failed` | an attempt failed; `next_attempt_at` says when it is tried again, None: not by itself |
    | `{topic}.exhausted` | given up; it can be replayed |
    | `{topic}.disabled` | the target was disabled; its backlog is held |
    | `{topic}.recovered` | the first success of a target that had been failing |
    """
    result, recorded = finished.result, finished.recorded
    verdict, attempt, delivery = result.verdict, result.attempt, result.claimed.delivery
    facts: dict[str, JsonValue] = {
        "delivery_id": delivery.delivery_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "attempt": delivery.attempts + 1,
        "http_status": attempt.http_status,
        "latency": attempt.latency.total_seconds(),
        "request_id": attempt.request_id,
    }
    if isinstance(verdict, Done):
        yield _event(f"{topic}.delivered", delivery.target, now, facts)
        if recorded.recovered:
            yield _event(f"{topic}.recovered", delivery.target, now, facts)
        return
    again = plain(verdict.due) if isinstance(verdict, At) else None
    facts |= {"error": attempt.error, "next_attempt_at": again}
    yield _event(f"{topic}.failed", delivery.target, now, facts)
    if isinstance(verdict, Dead):
        yield _event(f"{topic}.exhausted", delivery.target, now, {**facts, "reason": verdict.reason})
    elif recorded.held and not isinstance(verdict, At):
        yield _event(f"{topic}.disabled", delivery.target, now, {**facts, "reason": verdict.reason})


def target_notice(what: str, target: Target, now: datetime, reason: str | None = None) -> Event:
    """What is told of a target, e.g. that it was disabled."""
    return _event(what, target, now, {"reason": reason})


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
