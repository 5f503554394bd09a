"""What can be enqueued. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.queue.base import NewDelivery, QueuedEvent

__all__ = ["MAX_BODY_BYTES", "check_enqueued", "check_range"]

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


def _is_plain(event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> bool:
    """Whether it is certainly right; most is, and a look at each field in detail costs several times as much."""
    texts = [event.event_id, event.event_type]
    for one in deliveries:
        if one.ordering_key is not None or one.idempotency_key is not None or one.due_at is not None:
            return False
        texts += (one.delivery_id, one.target.kind, one.target.id)
    return (
        type(event.body) is bytes
        and len(event.body) <= MAX_BODY_BYTES
        and all(type(text) is str and text and text.isascii() for text in texts)
    )


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
    )
    optional = (("ordering_key", delivery.ordering_key), ("idempotency_key", delivery.idempotency_key))
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
