"""`Ledger`: what a batch of results comes to, decided before any of it is written. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from integrations_sdk.models.delivery import At, Dead, Disable, Done
from integrations_sdk.queue.base import Recorded, Result
from integrations_sdk.queue.latency import bucket
from integrations_sdk.queue.rows import DELIVERED, FAILED, PENDING, moment
from integrations_sdk.store.encoding import microseconds

__all__ = ["Count", "Held", "Ledger", "Move", "Taken", "Tried", "makes_work", "recorded"]

_MICROSECOND: Final = timedelta(microseconds=1)


class Held(NamedTuple):
    """A delivery whose lease is valid, its target, and since when that has been failing."""

    handle: int
    target: int
    failing_since: int | None


class Move(NamedTuple):
    """Where a delivery goes; `sent` is 1 if that was an attempt, 0 if nothing was sent."""

    handle: int
    state: int
    due_at: int
    finished_at: int | None
    error: str | None
    sent: int


class Tried(NamedTuple):
    """An attempt, for the log; `latency` in microseconds."""

    handle: int
    number: int
    started_at: int
    latency: int
    status: int | None
    error: str | None
    excerpt: str | None
    address: str | None
    request_id: str | None


class Taken(NamedTuple):
    """What became of a result; `disables` is its target if it is the first of the batch that disables it."""

    accepted: bool
    failing_since: int | None = None
    recovered: bool = False
    disables: int | None = None


_REFUSED: Final = Taken(accepted=False)
_ACCEPTED: Final = Recorded(accepted=True)


class Count:
    """What happened to one target within a batch; `at` is the last attempt, None without one."""

    __slots__ = ("at", "failed", "failing", "status", "succeeded")

    def __init__(self, failing: int | None) -> None:
        self.failing = failing
        self.succeeded = 0
        self.failed = 0
        self.at: int | None = None
        self.status: int | None = None


class Ledger:
    """Rows of one batch, gathered result by result. Times are microseconds since 1970, targets their numbers.

    Args:
        held: the deliveries of the batch whose leases are valid.
        now: when the batch is recorded.

    Attributes:
        taken: what became of each result, in their order.
        moves: where each accepted delivery goes; `attempts`: what was sent.
        latencies: how many fell into each bucket, by target and bucket.
        counts: by target.
        ended_keys: targets and keys of which a delivery ended.
        due: when each target has something due again.
        disables: why a target is to be disabled.
    """

    def __init__(self, held: Sequence[Held], now: int) -> None:
        self.taken: list[Taken] = []
        self.moves: list[Move] = []
        self.attempts: list[Tried] = []
        self.latencies: Counter[tuple[int, int]] = Counter()
        self.counts = {target: Count(since) for _, target, since in held}
        self.ended_keys: list[tuple[int, str]] = []
        self.due: dict[int, int] = {}
        self.disables: dict[int, str] = {}
        self._targets = {handle: target for handle, target, _ in held}
        self._now = now

    def add(self, results: Sequence[Result]) -> None:
        """Add results; the second one of a delivery is refused."""
        for result in results:
            target = self._targets.pop(result.claimed.handle, None)
            self.taken.append(_REFUSED if target is None else self._take(result, target))

    def _take(self, result: Result, target: int) -> Taken:
        attempt, count = result.attempt, self.counts[target]
        if attempt is None:
            disables = self._move(result, target, self._now)
            return Taken(accepted=True, failing_since=count.failing, disables=disables)
        started, latency = microseconds(attempt.started_at), attempt.latency // _MICROSECOND
        self.attempts.append(Tried(
            result.claimed.handle, result.claimed.delivery.attempts + 1, started, latency, attempt.http_status,
            attempt.error, attempt.excerpt, attempt.address, attempt.request_id,
        ))  # fmt: skip
        self.latencies[target, bucket(latency)] += 1
        count.at, count.status = started, attempt.http_status
        was_failing = count.failing is not None
        if done := isinstance(result.verdict, Done):
            count.succeeded += 1
            count.failing = None
        else:
            count.failed += 1
            count.failing = count.failing if was_failing else started
        disables = self._move(result, target, started)
        return Taken(
            accepted=True, failing_since=count.failing, recovered=done and was_failing, disables=disables
        )

    def _move(self, result: Result, target: int, started: int) -> int | None:
        """Note where the delivery goes; the target's number if that is to be disabled."""
        attempt, delivery, handle = result.attempt, result.claimed.delivery, result.claimed.handle
        error, sent = (delivery.error, 0) if attempt is None else (attempt.error, 1)
        match result.verdict:
            case At(when):
                self._again(handle, target, microseconds(when), error, sent)
                return None
            case Disable(reason):
                self._again(handle, target, self._now, error, sent)
                first = target not in self.disables
                self.disables.setdefault(target, reason)
                return target if first else None
            case Dead(reason):
                self.moves.append(Move(handle, FAILED, started, self._now, reason, sent))
            case Done():
                self.moves.append(Move(handle, DELIVERED, started, self._now, None, sent))
        if delivery.ordering_key is not None:
            self.ended_keys.append((target, delivery.ordering_key))
        return None

    def _again(self, handle: int, target: int, when: int, error: str | None, sent: int) -> None:
        self.moves.append(Move(handle, PENDING, when, None, error, sent))
        self.due[target] = min(self.due.get(target, when), when)


def recorded(taken: Taken, disabled: set[int]) -> Recorded:
    """The port's answer.

    Args:
        disabled: targets that the batch did disable; others had been before.
    """
    if not any(taken[1:]):
        return _ACCEPTED if taken.accepted else Recorded(accepted=False)
    since = taken.failing_since
    return Recorded(
        accepted=taken.accepted,
        failing_since=None if since is None else moment(since),
        recovered=taken.recovered,
        held=taken.disables in disabled,
    )


def makes_work(result: Result) -> bool:
    """Whether there is more to do after it: again, or the next of its key."""
    return result.claimed.delivery.ordering_key is not None or not isinstance(result.verdict, (Done, Dead))
