"""Whose turn it is: shares of a claim between targets, and the slots of those with a rate limit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

__all__ = ["AHEAD", "Pace", "Slot", "give_slots", "in_turns", "room"]

T = TypeVar("T")

AHEAD: Final = 1_000_000
"""How far ahead slots are given, in microseconds: the more, the fewer claims; the fewer, the less a kill wastes."""


class Slot(NamedTuple):
    """When a delivery is to be sent, and the time between two slots of its target."""

    at: int
    gap: int


class Pace(NamedTuple):
    """The rate limit of a target: the time between two slots, and the next one."""

    gap: int
    slot: int


def room(pace: Pace, now: int) -> int:
    """How many slots may be given now."""
    return max(0, (now + AHEAD - pace.slot) // pace.gap + 1)


def in_turns(lists: Sequence[Sequence[T]], limit: int) -> list[T]:
    """The first of each, then the second of each, up to the limit."""
    if len(lists) == 1:
        return list(lists[0][:limit])
    longest = max(map(len, lists), default=0)
    order = [items[rank] for rank in range(longest) for items in lists if rank < len(items)]
    return order[:limit]


def give_slots(paces: dict[int, Pace], taken: Iterable[tuple[int, int]]) -> dict[int, Slot]:
    """Slots for what was taken of targets with a rate limit.

    Args:
        paces: by target; the next slot of each is moved on.
        taken: deliveries and their targets, in the order in which they were taken.
    """
    slots: dict[int, Slot] = {}
    for handle, target in taken:
        if (pace := paces.get(target)) is not None:
            slots[handle] = Slot(pace.slot, pace.gap)
            paces[target] = pace._replace(slot=pace.slot + pace.gap)
    return slots
