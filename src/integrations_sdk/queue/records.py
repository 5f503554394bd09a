"""What goes into a queue and what comes out of it: the records of the `Queue` port, see `queue/base.py`.

Nobody changes one. Those that are made for each delivery are not frozen all the same: that takes twice as long.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

import attrs

from integrations_sdk.models.delivery import Attempt, Delivery, DeliveryState, Target, Verdict

__all__ = [
    "MOST_PER_SECOND",
    "Accepted",
    "Batch",
    "Claimed",
    "DeliveryPage",
    "NewDelivery",
    "QueuedEvent",
    "Recorded",
    "Replay",
    "Result",
    "Selection",
    "slot_grace",
]


MOST_PER_SECOND: Final = 10_000
"""The highest rate limit of a target; whoever takes more needs none."""


@attrs.frozen(kw_only=True)
class QueuedEvent:
    """What happened, ready to be sent: stored once, however many targets it has.

    Attributes:
        body: opaque to the queue, at most 16 MiB; usually the event as JSON.
    """

    event_id: str
    event_type: str
    body: bytes = attrs.field(repr=False)


@attrs.define(kw_only=True)
class NewDelivery:
    """A delivery to be; see `Delivery` for its keys. `due_at` None is now."""

    delivery_id: str
    target: Target
    ordering_key: str | None = None
    idempotency_key: str | None = None
    due_at: datetime | None = None


class Accepted(NamedTuple):
    """That a delivery was taken. Of a `duplicate` the id is that of the delivery taken before."""

    delivery_id: str
    duplicate: bool = False


@attrs.define(kw_only=True)
class Claimed:
    """A delivery in the hands of a worker.

    Attributes:
        handle: names the delivery to its queue.
        token: proves the lease; once the lease has gone to another worker, nothing is taken with it.
        tries: attempts since it was enqueued or replayed, which is what a schedule counts.
        slot: when it is to be sent, under the rate limit of its target: not before; None: at once, for there is
            no limit.
        slot_ends: `slot` and the `slot_grace()` of the rate: later than that it is to be released instead.
    """

    handle: int
    token: int
    tries: int
    delivery: Delivery
    event: QueuedEvent
    slot: datetime | None = None
    slot_ends: datetime | None = None


@attrs.frozen(kw_only=True)
class Batch:
    """What a claim came to.

    Attributes:
        lease_until: the worker's lease on all it holds.
        next_at: when claiming again finds more, if nothing happens before; None: not by itself.
    """

    claimed: tuple[Claimed, ...]
    lease_until: datetime
    next_at: datetime | None = None


@attrs.define(kw_only=True)
class Result:
    """What an attempt on a claimed delivery came to.

    Attributes:
        attempt: None when nothing was sent: then none is logged or counted, and only the verdict is taken.
    """

    claimed: Claimed
    attempt: Attempt | None
    verdict: Verdict


@attrs.frozen(kw_only=True)
class Recorded:
    """That a result was taken down.

    Attributes:
        accepted: False when the lease had gone to another worker, so nothing was changed.
        failing_since: first failure of the target since its last success, this result included.
        recovered: the target had been failing, and this batch of results ends with a success.
        held: this result disabled the target.
    """

    accepted: bool
    failing_since: datetime | None = None
    recovered: bool = False
    held: bool = False


@attrs.frozen(kw_only=True)
class Selection:
    """Which deliveries; each field that is not None (or empty) narrows it.

    Attributes:
        states: any of these.
        since: created then or later; `until`: created before.
    """

    delivery_ids: tuple[str, ...] = ()
    event_id: str | None = None
    event_type: str | None = None
    target: Target | None = None
    tenant_id: str | None = None
    project_id: str | None = None
    kind: str | None = None
    ordering_key: str | None = None
    states: tuple[DeliveryState, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class DeliveryPage:
    """A part of a query's answer; `cursor` leads to the next part, None when this is the last."""

    deliveries: tuple[Delivery, ...]
    cursor: str | None = None


@attrs.frozen(kw_only=True)
class Replay:
    """How far a replay is.

    Attributes:
        replay_id: continues it with `Queue.replay(resume=…)`; None of a dry run.
        matched: deliveries of the selection that had ended when it began.
        scheduled: how many of them are to be sent again so far.
        finished: whether that is all.
    """

    replay_id: str | None
    matched: int
    scheduled: int
    finished: bool


def slot_grace(rate: float) -> timedelta:
    """How late a slot may still be used: 20 ms, or half of the time between two slots where that is longer."""
    return max(timedelta(milliseconds=20), timedelta(seconds=0.5 / rate))
