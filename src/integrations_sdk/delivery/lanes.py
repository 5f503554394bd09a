"""Which of the claimed deliveries is sent next: in turns over targets, each with room for so many at a time. Pure.

A target's lane that is full keeps nobody else waiting. Nor does a target that hangs fill its host, which has room
for more than one lane; a host that is full keeps its own lanes waiting, and no others. What has a slot under a rate
limit is held apart until then, and takes nobody's room meanwhile.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Hashable, Iterator
from datetime import datetime
from heapq import heappop, heappush
from typing import TypeAlias

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Claimed

__all__ = ["Found", "Lane", "Lanes"]


class _Host:
    """What several targets may share: how many are sent to it, and the lanes that wait because it is full."""

    __slots__ = ("lanes", "name", "parked", "sending")

    def __init__(self, name: Hashable) -> None:
        self.name = name
        self.lanes = 0
        self.sending = 0
        self.parked: deque[Lane] = deque()


class Lane:
    """The claimed deliveries of one target."""

    __slots__ = ("host", "in_line", "paced", "parked", "ready", "sending", "target", "total", "was_full")

    def __init__(self, target: Target, host: _Host) -> None:
        self.target = target
        self.host = host
        self.ready: deque[Claimed] = deque()
        self.paced = 0
        self.sending = 0
        self.in_line = False
        self.parked = False
        self.was_full = False
        self.total = 0


Found: TypeAlias = tuple[Lane, Claimed]
"""What is to be sent next, and in which lane it is."""


class Lanes:
    """All lanes of a worker.

    Args:
        width: how many of one target are sent at a time; three times as many are held, so that none runs dry.
        host_width: how many of one host are; never fewer than of one target.
        most_paced: with so many waiting for their slots, no more is claimed of their lanes.

    Attributes:
        held: all there are: waiting for their slots, ready, being sent.
        ready: those that may be sent now.
        blocked: those of them whose target or host was found to have as many under way as it may. They take no
            room from others.
        paced: those that wait for their slots.
    """

    def __init__(self, width: int, host_width: int = 0, most_paced: int = 1_000) -> None:
        self.width = width
        self.depth = 3 * width
        self.held = 0
        self.ready = 0
        self.blocked = 0
        self.paced = 0
        self._host_width = max(width, host_width)
        self._most_paced = most_paced
        self._refill = 2 * width  # a claim for each that was sent would cost more than it brings
        self._lanes: dict[Target, Lane] = {}
        self._hosts: dict[Hashable, _Host] = {}
        self._rooms: dict[Target, int] = {}  # what the last claim was told, less what it brought
        self._line: deque[Lane] = deque()
        self._slots: list[tuple[datetime, int, Lane, Claimed]] = []
        self._order = itertools.count()

    def add(self, claimed: Claimed, host: Hashable = None) -> None:
        """Take a claimed delivery in; one with a slot is ready when `due()` says so.

        Args:
            host: what its target shares with others; None: nothing.
        """
        lane = self.take(claimed, host)
        # A claim that brought all it was told there is room for has left the rest, whatever was sent meanwhile.
        room = self._rooms[lane.target] = self._rooms.get(lane.target, self.depth) - 1
        lane.was_full = lane.was_full or room <= 0

    def take(self, claimed: Claimed, host: Hashable = None) -> Lane:
        """`add()` for what no claim brought."""
        target = claimed.delivery.target
        lane = self._lanes.get(target) or self._new(target, target if host is None else host)
        lane.total += 1
        self.held += 1
        if claimed.slot is None:
            self._put(lane, claimed)
        else:
            lane.paced += 1
            self.paced += 1
            heappush(self._slots, (claimed.slot, next(self._order), lane, claimed))
        return lane

    def room(self, target: Target) -> int:
        """How many more of a target may be held."""
        lane = self._lanes.get(target)
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

    def next(self) -> Found | None:
        """What to send now; None if nothing can be."""
        while self._line:
            lane = self._line.popleft()
            lane.in_line = False
            host = lane.host
            if host.sending >= self._host_width:
                lane.parked = True
                host.parked.append(lane)
                self.blocked += len(lane.ready)
                continue
            claimed = lane.ready.popleft()
            self.ready -= 1
            lane.sending += 1
            host.sending += 1
            if lane.sending == self.width:
                self.blocked += len(lane.ready)
            elif lane.ready:
                lane.in_line = True
                self._line.append(lane)
            return lane, claimed
        return None

    def sent(self, lane: Lane) -> bool:
        """A delivery is out of hand; whether a claim may now find what it had no room for in this lane."""
        if lane.sending == self.width:
            self.blocked -= len(lane.ready)
        lane.sending -= 1
        lane.host.sending -= 1
        self._forget(lane)
        if lane.host.parked:
            waiting = lane.host.parked.popleft()
            waiting.parked = False
            self.blocked -= len(waiting.ready)
            self._stand(waiting)
        self._stand(lane)
        if not lane.was_full or lane.total > self._refill:
            return False
        lane.was_full = False
        return True

    def busy(self) -> dict[Target, int]:
        """How many of each target are held; of a full lane as many as there may be."""
        counts: dict[Target, int] = {}
        crowded = self.paced >= self._most_paced
        self._rooms = {}
        for target, lane in self._lanes.items():
            lane.was_full = lane.total >= self.depth or (crowded and lane.paced > 0)
            self._rooms[target] = self.depth - lane.total
            counts[target] = self.depth if lane.was_full else lane.total
        return counts

    def drain(self) -> Iterator[Claimed]:
        """Give up everything that is not being sent."""
        while self._slots:
            self._put_first()
        for lane in list(self._lanes.values()):
            lane.parked = lane.in_line = False
            lane.host.parked.clear()
            while lane.ready:
                claimed = lane.ready.popleft()
                self._forget(lane)
                yield claimed
        self.ready = self.blocked = 0
        self._line.clear()

    def _new(self, target: Target, name: Hashable) -> Lane:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(name)
        host.lanes += 1
        lane = self._lanes[target] = Lane(target, host)
        return lane

    def _put_first(self) -> None:
        _, _, lane, claimed = heappop(self._slots)
        lane.paced -= 1
        self.paced -= 1
        self._put(lane, claimed)

    def _put(self, lane: Lane, claimed: Claimed) -> None:
        lane.ready.append(claimed)
        self.ready += 1
        if lane.parked or lane.sending >= self.width:
            self.blocked += 1
        elif not lane.in_line:
            lane.in_line = True
            self._line.append(lane)

    def _forget(self, lane: Lane) -> None:
        self.held -= 1
        lane.total -= 1
        if not lane.total:
            del self._lanes[lane.target]
            lane.host.lanes -= 1
            if not lane.host.lanes:
                del self._hosts[lane.host.name]

    def _stand(self, lane: Lane) -> None:
        if lane.ready and lane.sending < self.width and not lane.in_line and not lane.parked:
            lane.in_line = True
            self._line.append(lane)
