"""Which of the claimed deliveries is sent next: in turns over lanes, each with room for so many at a time. Pure.

A lane is what may be slow as a whole: a host, or a target. A full one keeps nobody else waiting. What has a slot
under a rate limit is held apart until then, and takes nobody's room meanwhile.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Hashable, Iterator
from datetime import datetime
from heapq import heappop, heappush

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Claimed

__all__ = ["Lane", "Lanes"]


class Lane:
    """The claimed deliveries of one host or target."""

    __slots__ = ("held", "in_line", "name", "paced", "ready", "sending", "targets", "total", "was_full")

    def __init__(self, name: Hashable) -> None:
        self.name = name
        self.ready: deque[Claimed] = deque()
        self.paced = 0
        self.sending = 0
        self.in_line = False
        self.was_full = False
        self.total = 0
        self.held: dict[Target, int] = {}
        self.targets: set[Target] = set()


class Lanes:
    """All lanes of a worker.

    Args:
        width: how many of one lane are sent at a time; three times as many are held, so that none runs dry.
        most_paced: with so many waiting for their slots, no more is claimed of their lanes.

    Attributes:
        held: all there are: waiting for their slots, ready, being sent.
        ready: those that may be sent now.
        blocked: those of them whose lane sends as many as it may. They take no room from others.
        paced: those that wait for their slots.
    """

    def __init__(self, width: int, most_paced: int = 1_000) -> None:
        self.width = width
        self.depth = 3 * width
        self.held = 0
        self.ready = 0
        self.blocked = 0
        self.paced = 0
        self._most_paced = most_paced
        self._refill = 2 * width  # a claim for each that was sent would cost more than it brings
        self._lanes: dict[Hashable, Lane] = {}
        self._rooms: dict[Hashable, int] = {}  # what the last claim was told, less what it brought
        self._line: deque[Lane] = deque()
        self._slots: list[tuple[datetime, int, Lane, Claimed]] = []
        self._order = itertools.count()

    def add(self, name: Hashable, claimed: Claimed) -> None:
        """Take a claimed delivery in; one with a slot is ready when `due()` says so."""
        lane = self.take(name, claimed)
        # A claim that brought all it was told there is room for has left the rest, whatever was sent meanwhile.
        room = self._rooms[name] = self._rooms.get(name, self.depth) - 1
        lane.was_full = lane.was_full or room <= 0

    def take(self, name: Hashable, claimed: Claimed) -> Lane:
        """`add()` for what no claim brought."""
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(name)
        target = claimed.delivery.target
        lane.held[target] = lane.held.get(target, 0) + 1
        lane.targets.add(target)
        lane.total += 1
        self.held += 1
        if claimed.slot is None:
            self._put(lane, claimed)
        else:
            lane.paced += 1
            self.paced += 1
            heappush(self._slots, (claimed.slot, next(self._order), lane, claimed))
        return lane

    def room(self, name: Hashable) -> int:
        """How many more of a lane may be held."""
        lane = self._lanes.get(name)
        return self.depth if lane is None else self.depth - lane.total

    @property
    def next_slot(self) -> datetime | None:
        """When the next delivery is to be made ready; None: none waits for that."""
        return self._slots[0][0] if self._slots else None

    def due(self, now: datetime) -> datetime | None:
        """Make ready what has its slot by now; when the next one has, see `next_slot`."""
        while self._slots and self._slots[0][0] <= now:
            self._put_first()
        return self.next_slot

    def next(self) -> tuple[Lane, Claimed] | None:
        """What to send now; None if nothing can be."""
        if not self._line:
            return None
        lane = self._line.popleft()
        lane.in_line = False
        claimed = lane.ready.popleft()
        self.ready -= 1
        lane.sending += 1
        if lane.sending == self.width:
            self.blocked += len(lane.ready)
        self._stand(lane)
        return lane, claimed

    def sent(self, lane: Lane, claimed: Claimed) -> bool:
        """A delivery is out of hand; whether a claim may now find what it had no room for in this lane."""
        if lane.sending == self.width:
            self.blocked -= len(lane.ready)
        lane.sending -= 1
        self._forget(lane, claimed.delivery.target)
        self._stand(lane)
        if not lane.held:
            del self._lanes[lane.name]
        if not lane.was_full or lane.total > self._refill:
            return False
        lane.was_full = False
        return True

    def busy(self) -> dict[Target, int]:
        """How many of each target are held; for those of a full lane as many as there may be."""
        counts: dict[Target, int] = {}
        crowded = self.paced >= self._most_paced
        self._rooms = {}
        for lane in self._lanes.values():
            lane.was_full = lane.total >= self.depth or (crowded and lane.paced > 0)
            self._rooms[lane.name] = self.depth - lane.total
            counts.update(dict.fromkeys(lane.targets, self.depth) if lane.was_full else lane.held)
        return counts

    def drain(self) -> Iterator[Claimed]:
        """Give up everything that is not being sent."""
        while self._slots:
            self._put_first()
        for lane in list(self._lanes.values()):
            while lane.ready:
                claimed = lane.ready.popleft()
                self._forget(lane, claimed.delivery.target)
                yield claimed
            if not lane.held:
                del self._lanes[lane.name]
        self.ready = self.blocked = 0
        self._line.clear()

    def _put_first(self) -> None:
        _, _, lane, claimed = heappop(self._slots)
        lane.paced -= 1
        self.paced -= 1
        self._put(lane, claimed)

    def _put(self, lane: Lane, claimed: Claimed) -> None:
        lane.ready.append(claimed)
        self.ready += 1
        if lane.sending >= self.width:
            self.blocked += 1
        self._stand(lane)

    def _forget(self, lane: Lane, target: Target) -> None:
        self.held -= 1
        lane.total -= 1
        if lane.held[target] == 1:
            del lane.held[target]
        else:
            lane.held[target] -= 1

    def _stand(self, lane: Lane) -> None:
        if lane.ready and lane.sending < self.width and not lane.in_line:
            lane.in_line = True
            self._line.append(lane)
