"""Lanes: whose turn it is, and what is full."""

from __future__ import annotations

from types import SimpleNamespace

from integrations_sdk.delivery.lanes import Lanes
from integrations_sdk.models.delivery import Target

A, B = Target("webhook", "a"), Target("webhook", "b")


def claimed(target, name):
    return SimpleNamespace(delivery=SimpleNamespace(target=target), name=name)


def test_lanes_take_turns_within_their_width():
    """One of each lane after another; a lane at its width waits until one of its own is sent."""
    lanes = Lanes(2)
    for number in range(4):
        lanes.add("a", claimed(A, f"a{number}"))
    lanes.add("b", claimed(B, "b0"))
    begun = [lanes.next() for _ in range(3)]
    assert [one.name for _, one in begun] == ["a0", "b0", "a1"]
    assert (lanes.next(), lanes.ready) == (None, 2)
    lane, first = begun[0]
    lanes.sent(lane, first)
    assert lanes.next()[1].name == "a2"


def test_a_full_lane_is_told_from_a_busy_one():
    """A lane with twice its width counts as full for all targets it ever had; its next end makes room."""
    lanes = Lanes(1)
    lanes.add("host", claimed(A, "1"))
    lanes.add("host", claimed(B, "2"))
    lanes.add("other", claimed(Target("webhook", "c"), "3"))
    assert lanes.busy() == {A: 2, B: 2, Target("webhook", "c"): 1}
    lane, one = lanes.next()
    assert lanes.sent(lane, one)
    lane, one = lanes.next()
    assert not lanes.sent(lane, one)
    assert lanes.busy() == {B: 1}


def test_a_lane_that_a_claim_has_filled_says_so():
    """What the claim left behind for want of room is claimed when the first of the lane is sent."""
    lanes = Lanes(1)
    lanes.busy()
    for number in range(2):
        lanes.add("a", claimed(A, str(number)))
    assert lanes.sent(*lanes.next())


def test_drained():
    """What is not being sent is given up, and forgotten."""
    lanes = Lanes(1)
    for number in range(3):
        lanes.add("a", claimed(A, str(number)))
    lane, one = lanes.next()
    assert [each.name for each in lanes.drain()] == ["1", "2"]
    assert (lanes.busy(), lanes.ready, lanes.next()) == ({A: 1}, 0, None)
    lanes.sent(lane, one)
    assert lanes.busy() == {}
