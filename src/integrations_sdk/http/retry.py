"""When to try again: what an answer asks for, and what may be repeated. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from integrations_sdk.errors import DeadlineExceededError, TransportError
from integrations_sdk.http.base import Headers, RetryPolicy

__all__ = [
    "Retry",
    "Stop",
    "StopReason",
    "announces_limit",
    "decide",
    "http_date",
    "reset_after",
    "retry_after",
]

_LONGEST: Final = timedelta(days=1)
_NOW: Final = timedelta(0)
_EPOCH: Final = (
    1_000_000_000  # no vendor announces a wait of 31 years, so a greater number is a point in time
)
_EPOCH_MILLISECONDS: Final = 100_000_000_000
_REFUSED: Final = frozenset({420, 429, 503})  # 420 is Statuspage's 429
_BROKEN: Final = frozenset({500, 502, 504})
_REMAINING: Final = frozenset({
    "x-ratelimit-remaining",  # GitHub, GitLab, Jira, Discord, Datadog
    "ratelimit-remaining",  # draft-ietf-httpapi-ratelimit-headers to -07
    "x-rate-limit-remaining",  # Okta
    "x-sentry-rate-limit-remaining",
})  # fmt: skip


class StopReason(enum.StrEnum):
    """Why there is no further attempt."""

    FINAL = "final"
    """The answer would be the same again."""
    UNSAFE = "unsafe"
    """The request may have had its effect, and repeating it would repeat that."""
    ATTEMPTS = "attempts"
    """As many as allowed were made."""
    DEADLINE = "deadline"
    """The next one may not start before the deadline."""


@attrs.frozen
class Retry:
    """Try again after `delay` seconds."""

    delay: float


@attrs.frozen
class Stop:
    """Leave it at what there is."""

    reason: StopReason


def decide(
    attempt: int,
    policy: RetryPolicy,
    *,
    failure: int | TransportError,
    idempotent: bool,
    elapsed: float,
    retry_after: timedelta | None,
    random: float,
) -> Retry | Stop:
    """Whether to send a request again, and when.

    | failure | repeated |
    |---|---|
    | not sent: connection refused, no name, TLS | always |
    | 429 (420), 503; 403 that says when to come back | always: the request was refused, not acted on |
    | 500, 502, 504; reset, timeout, broken answer | if idempotent |
    | blocked address, too large an answer, deadline | never |
    | any other status | never |

    Args:
        attempt: how many attempts were made, 1 or more.
        failure: the status of the answer, or why there is none.
        idempotent: repeating the request does no more than sending it once.
        elapsed: seconds since the first attempt began.
        retry_after: what the answer asked for; the delay is never shorter.
        random: from 0 to 1; the share of the full jitter.
    """
    if (reason := _forbidden(failure, idempotent=idempotent, told=retry_after is not None)) is not None:
        return Stop(reason)
    if attempt >= policy.attempts:
        return Stop(StopReason.ATTEMPTS)
    delay = random * _ceiling(attempt, policy)
    if retry_after is not None:
        delay = max(delay, retry_after.total_seconds())
    if elapsed + delay >= policy.deadline.total_seconds():
        return Stop(StopReason.DEADLINE)
    return Retry(delay)


def retry_after(headers: Headers, now: datetime) -> timedelta | None:
    """How long the answer asks to wait; None when it does not say, or nothing intelligible.

    `Retry-After` (RFC 9110 §10.2.3) in seconds or as an HTTP date, else `reset_after()`. Times past
    are 0, more than a day counts as a day. Only the answer to a refusal (403, 420, 429, 503) asks for
    anything: with other statuses the same headers are mere information.
    """
    value = headers.get("retry-after")
    wait = None if value is None else _delay(value, now)
    return reset_after(headers, now) if wait is None else wait


def reset_after(headers: Headers, now: datetime) -> timedelta | None:
    """When a used-up limit is renewed, by the vendor's own headers; None unless nothing of it remains.

    Read are `x-ratelimit-remaining`, `ratelimit-remaining`, `x-rate-limit-remaining` and Sentry's, each with
    `…-reset-after` (seconds) or `…-reset`: seconds, seconds or milliseconds since 1970, or ISO 8601 (Jira).
    """
    waits = list(_resets(headers, now))
    return max(waits) if waits else None


def announces_limit(headers: Headers) -> bool:
    """Whether there is anything for `reset_after()` to read. Cheap enough for every answer."""
    return not _REMAINING.isdisjoint(headers)


def _resets(headers: Headers, now: datetime) -> Iterator[timedelta]:
    for name in _REMAINING.intersection(headers):
        if _number(headers[name]) != 0:
            continue
        family = name.removesuffix("remaining")
        values = (headers.get(f"{family}reset-after"), headers.get(f"{family}reset"))
        waits = (_until(value, now) for value in values if value is not None)
        yield from [wait for wait in waits if wait is not None][:1]


def _forbidden(failure: int | TransportError, *, idempotent: bool, told: bool) -> StopReason | None:
    if isinstance(failure, TransportError):
        if isinstance(failure, DeadlineExceededError):
            return StopReason.DEADLINE
        if not failure.retryable:
            return StopReason.FINAL
        return None if idempotent or not failure.sent else StopReason.UNSAFE
    if failure in _REFUSED or (failure == 403 and told):
        return None
    if failure in _BROKEN:
        return None if idempotent else StopReason.UNSAFE
    return StopReason.FINAL


def _ceiling(attempt: int, policy: RetryPolicy) -> float:
    doubled = policy.base_delay.total_seconds() * 2.0 ** min(attempt - 1, 62)
    return min(doubled, policy.max_delay.total_seconds())


def _delay(value: str, now: datetime) -> timedelta | None:
    numbers = [_number(part) for part in value.split(",")]  # a proxy may have added a field of its own
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers):
        return _bounded(max(known))
    return _since(http_date(value), now)


def _until(value: str, now: datetime) -> timedelta | None:
    number = _number(value)
    if number is None:
        return _since(_iso_date(value), now)
    if number >= _EPOCH_MILLISECONDS:
        return _bounded(number / 1000 - now.timestamp())
    return _bounded(number - now.timestamp() if number >= _EPOCH else number)


def _number(text: str) -> float | None:
    text = text.strip()
    if len(text) > 40 or not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    return float(text)


def http_date(text: str) -> datetime | None:
    """A time as HTTP writes it (RFC 9110 §5.6.7), in any of its forms; None for anything else."""
    from email.utils import parsedate_to_datetime  # late: it brings a large part of `email` with it

    try:
        moment = parsedate_to_datetime(text[:64])
    except (ValueError, TypeError, IndexError, OverflowError):  # the parser promises only the first
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _iso_date(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _since(moment: datetime | None, now: datetime) -> timedelta | None:
    return None if moment is None else min(max(moment - now, _NOW), _LONGEST)


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0.0), _LONGEST.total_seconds()))
