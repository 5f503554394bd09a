"""What sends: the `Sender` protocol, and how an outcome becomes the log's record of an attempt."""

from __future__ import annotations

import re
import traceback
from datetime import datetime, timedelta
from typing import Final, Protocol

import attrs

from integrations_sdk.errors import ConnectorError, IntegrationError, StateError, TransportError
from integrations_sdk.http.redaction import redact_url
from integrations_sdk.logs import logger
from integrations_sdk.models import MASK, Outcome, OutcomeStatus, Sent
from integrations_sdk.models.delivery import EXCERPT_BYTES, Attempt, Delivery
from integrations_sdk.queue.base import QueuedEvent

__all__ = ["Sender", "attempt_of", "excerpt", "failure", "too_late", "unroutable"]

_ERROR_LENGTH: Final = 500
_SENDER_MAY_COME: Final = timedelta(minutes=1)
_URL: Final = re.compile(r"""https?://[^\s"'<>]+""")
_SECRET: Final = re.compile(
    r"""(?ix)
    ( (?:authorization|[\w-]*(?:token|secret|password|passwd|api[_-]?key|signature|cookie)[\w-]*)
      ["']? \s* [:=] \s* ["']? (?:(?:bearer|basic|token)\s+)? )
    [^\s"'&,;<>}]+
    """
)


class Sender(Protocol):
    """Sends deliveries of one kind of target. It may be called concurrently."""

    async def send(self, delivery: Delivery, event: QueuedEvent) -> Outcome:
        """Try once. The worker decides by the outcome what follows, and bounds the time it may take.

        It runs in a context (`contextvars`) of its own, where nothing is set that was where the event was enqueued.

        Args:
            delivery: with its id, which should go to the receiver, so that it can drop duplicates.
            event: what to send; the same object for each of the event's deliveries, as long as it is at hand.

        Returns:
            What it came to. Of a failed one `retryable`, `retry_after` and `http_status` decide. One that is
            `retryable` after a time, with `attempts` 0, was not sent at all, and uses up no try.

        Raises:
            ConnectorError: it failed; the same holds for it.
            DisabledError: the target is disabled on purpose: what is for it is held until it is enabled.
            NotFoundError: the target was deleted: the delivery is given up.
        """
        ...


def failure(error: BaseException, delivery: Delivery, *, repeatable: bool) -> Outcome:
    """The outcome of a sender that raised.

    Args:
        repeatable: sending twice does no harm, so an attempt that may have had its effect is repeated.
    """
    target, kind = delivery.target.id, delivery.target.kind
    if isinstance(error, ConnectorError):
        outcome = Outcome.from_error(error, target=target, provider=kind, operation="send")
        if isinstance(error, TransportError) and error.sent and error.retryable and not repeatable:
            why = f"{error}: it may have arrived, so it is not sent again by itself"
            return attrs.evolve(outcome, retryable=False, error=why)
        return outcome
    words = str(error) if isinstance(error, IntegrationError) else _bug(error, delivery)
    # Not what a target says: the store is locked, a server restarts. That passes, and may be sent again.
    passing = isinstance(error, StateError) and repeatable
    return _failed(delivery, words, retryable=passing)


def unroutable(delivery: Delivery) -> Outcome:
    """The outcome where no sender is registered (yet): nothing was sent, and it is tried again in a minute."""
    words = f"no sender is registered for targets of kind {delivery.target.kind!r}"
    return _failed(delivery, words, retryable=True, retry_after=_SENDER_MAY_COME)


def too_late(delivery: Delivery, limit: timedelta) -> Outcome:
    """The outcome of a send that was cut off after `limit`."""
    return _failed(delivery, f"no answer within {limit.total_seconds():g} s", retryable=True, attempts=1)


def attempt_of(outcome: Outcome, number: int, started_at: datetime, latency: float) -> Attempt:
    """What the log keeps of an outcome.

    Args:
        latency: in seconds.
    """
    failed = outcome.status is OutcomeStatus.FAILED
    answer, address = (outcome.excerpt, outcome.address) if isinstance(outcome, Sent) else (None, None)
    return Attempt(
        number=number,
        started_at=started_at,
        latency=timedelta(seconds=latency),
        http_status=outcome.http_status,
        error=(outcome.error or "failed")[:_ERROR_LENGTH] if failed else None,
        excerpt=excerpt(answer) if answer else None,
        address=address,
        request_id=outcome.request_id,
    )


def excerpt(text: str) -> str:
    """The beginning of an answer, at most `EXCERPT_BYTES` of UTF-8, without URLs and what looks secret."""
    start = text[:EXCERPT_BYTES]
    if "://" in start:
        start = _URL.sub(lambda found: redact_url(found.group()), start)
    if ":" in start or "=" in start:
        start = _SECRET.sub(rf"\1{MASK}", start)
    return start.encode("utf-8", "replace")[:EXCERPT_BYTES].decode("utf-8", "ignore").replace("\x00", "")


def _failed(
    delivery: Delivery,
    error: str,
    *,
    retryable: bool,
    attempts: int = 0,
    retry_after: timedelta | None = None,
) -> Outcome:
    return Outcome(
        target=delivery.target.id,
        provider=delivery.target.kind,
        operation="send",
        status=OutcomeStatus.FAILED,
        attempts=attempts,
        error=error,
        retryable=retryable,
        retry_after=retry_after,
    )


def _bug(error: BaseException, delivery: Delivery) -> str:
    """Say what was raised and where; its words may hold a secret (a URL, a header), so they are left out."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rpartition('/')[2]}:{last.lineno} in {last.name}"
    logger().error("sender failed", target=str(delivery.target), error=type(error).__name__, where=where)
    return f"{type(error).__name__} at {where}: a bug of the sender for {delivery.target.kind}"
