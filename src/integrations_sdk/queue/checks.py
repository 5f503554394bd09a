"""What can be enqueued. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.queue.base import MOST_PER_SECOND, NewDelivery, QueuedEvent, Selection

__all__ = ["MAX_BODY_BYTES", "check_enqueued", "check_range", "limit_gap", "replay_gap"]

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
"""The largest body of an event."""


def check_enqueued(event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> None:
    """Refuse what cannot be stored.

    Raises:
        ConfigurationError: naming everything wrong with it.
    """
    if not _is_plain(event, deliveries) and (problems := list(_problems(event, deliveries))):
        raise ConfigurationError("enqueued event", problems)


def check_range(what: str, path: str, value: float, least: float) -> None:
    """Refuse a number below `least`.

    Raises:
        ConfigurationError: it is.
    """
    if not value >= least:
        raise ConfigurationError.of(what, path, f"expected {least:g} or more")


def limit_gap(rate: float | None) -> int:
    """The time between two slots under a rate limit, in microseconds; 0 without one.

    Raises:
        ConfigurationError: the rate is out of range.
    """
    if rate is None:
        return 0
    if not 0 < rate <= MOST_PER_SECOND:
        expected = f"expected more than 0 and at most {MOST_PER_SECOND:,}, or None for no limit"
        raise ConfigurationError.of("limit", "rate", expected)
    return math.ceil(1_000_000 / rate)


def replay_gap(selection: Selection | None, rate: float | None, resume: str | None) -> int:
    """The time between two deliveries of a replay, in microseconds.

    Raises:
        ConfigurationError: the rate is out of range, or not exactly one of `selection` and `resume` is given.
    """
    if (selection is None) == (resume is None):
        raise ConfigurationError.of(
            "replay",
            "selection",
            "expected either a selection or a replay to resume",
            "Selection() is everything",
        )
    if rate is not None and not rate > 0:
        raise ConfigurationError.of("replay", "rate", "expected more than 0, or None for no limit")
    return 0 if rate is None else math.ceil(1_000_000 / rate)


def _is_plain(event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> bool:
    """Whether it is certainly right; most is, and a look at each field in detail costs several times as much."""
    texts = [event.event_id, event.event_type]
    for one in deliveries:
        if one.ordering_key is not None or one.idempotency_key is not None or one.due_at is not None:
            return False
        texts += (one.delivery_id, one.target.kind, one.target.id, one.target.tenant_id)
        if one.target.project_id is not None:
            texts.append(one.target.project_id)
    try:
        whole = "".join(texts)
    except TypeError:  # one of them is no text
        return False
    return type(event.body) is bytes and len(event.body) <= MAX_BODY_BYTES and all(texts) and whole.isascii()


def _problems(event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> Iterator[Problem]:
    if not isinstance(event.body, bytes):
        yield Problem("event.body", "expected bytes")
    elif len(event.body) > MAX_BODY_BYTES:
        yield Problem("event.body", f"expected at most {MAX_BODY_BYTES:,} bytes", "store the bulk elsewhere")
    for path, text in (("event.event_id", event.event_id), ("event.event_type", event.event_type)):
        if not _is_text(text):
            yield Problem(path, "expected some text that UTF-8 can hold")
    for index, delivery in enumerate(deliveries):
        yield from _delivery_problems(f"deliveries[{index}]", delivery)


def _delivery_problems(path: str, delivery: NewDelivery) -> Iterator[Problem]:
    needed = (
        ("delivery_id", delivery.delivery_id),
        ("target.kind", delivery.target.kind),
        ("target.id", delivery.target.id),
        ("target.tenant_id", delivery.target.tenant_id),
    )
    optional = (
        ("target.project_id", delivery.target.project_id),
        ("ordering_key", delivery.ordering_key),
        ("idempotency_key", delivery.idempotency_key),
    )
    for name, text in (*needed, *((name, text) for name, text in optional if text is not None)):
        if not _is_text(text):
            yield Problem(f"{path}.{name}", "expected some text that UTF-8 can hold")
    if delivery.due_at is not None and delivery.due_at.tzinfo is None:
        yield Problem(f"{path}.due_at", "expected a time with a time zone", "use datetime.now(UTC)")


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
