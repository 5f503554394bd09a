"""Which of the claimed deliveries is sent next: in turns over lanes, each with room for so many at a time. Pure.

A lane is what may be slow as a whole: a host, or a target. A full one keeps nobody else waiting.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Claimed

__all__ = ["Lane", "Lanes"]


class Lane:
    """The claimed deliveries of one host or target."""

    __slots__ = ("held", "in_line", "name", "ready", "sending", "targets", "total", "was_full")

    def __init__(self, name: Hashable) -> None:
        self.name = name
        self.ready: deque[Claimed] = deque()
        self.sending = 0
        self.in_line = False
        self.was_full = False
        self.total = 0
        self.held: dict[Target, int] = {}
        self.targets: set[Target] = set()


class Lanes:
    """All lanes of a worker.

    Args:
        width: how many of one lane are sent at a time; twice as many are claimed, so that none runs dry.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.depth = 2 * width
        self.ready = 0
        self._lanes: dict[Hashable, Lane] = {}
        self._line: deque[Lane] = deque()

    def add(self, name: Hashable, claimed: Claimed) -> None:
        """Take a claimed delivery in."""
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(name)
        target = claimed.delivery.target
        lane.held[target] = lane.held.get(target, 0) + 1
        lane.targets.add(target)
        lane.ready.append(claimed)
        lane.total += 1
        lane.was_full = (
            lane.total >= self.depth
        )  # what is there beyond that, no claim sees before one is sent
        self.ready += 1
        self._stand(lane)

    def next(self) -> tuple[Lane, Claimed] | None:
        """What to send now; None if nothing can be."""
        if not self._line:
            return None
        lane = self._line.popleft()
        lane.in_line = False
        claimed = lane.ready.popleft()
        self.ready -= 1
        lane.sending += 1
        self._stand(lane)
        return lane, claimed

    def sent(self, lane: Lane, claimed: Claimed) -> bool:
        """A delivery is out of hand; whether its lane was too full for the last claim."""
        lane.sending -= 1
        self._forget(lane, claimed.delivery.target)
        self._stand(lane)
        if not lane.held:
            del self._lanes[lane.name]
        was_full, lane.was_full = lane.was_full, False
        return was_full

    def busy(self) -> dict[Target, int]:
        """How many of each target are held; for those of a full lane as many as there may be."""
        counts: dict[Target, int] = {}
        for lane in self._lanes.values():
            lane.was_full = lane.total >= self.depth
            counts.update(dict.fromkeys(lane.targets, self.depth) if lane.was_full else lane.held)
        return counts

    def drain(self) -> Iterator[Claimed]:
        """Give up everything that is not being sent."""
        for lane in list(self._lanes.values()):
            while lane.ready:
                claimed = lane.ready.popleft()
                self.ready -= 1
                self._forget(lane, claimed.delivery.target)
                yield claimed
            if not lane.held:
                del self._lanes[lane.name]
        self._line.clear()

    def _forget(self, lane: Lane, target: Target) -> None:
        lane.total -= 1
        if lane.held[target] == 1:
            del lane.held[target]
        else:
            lane.held[target] -= 1

    def _stand(self, lane: Lane) -> None:
        if lane.ready and lane.sending < self.width and not lane.in_line:
            lane.in_line = True
            self._line.append(lane)
