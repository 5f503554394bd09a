"""Lanes: whose turn it is, and what is full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from integrations_sdk.delivery.lanes import Lanes
from integrations_sdk.models.delivery import Target

A, B = Target("webhook", "a"), Target("webhook", "b")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def claimed(target, name, slot=None):
    at = None if slot is None else NOW + timedelta(seconds=slot)
    return SimpleNamespace(delivery=SimpleNamespace(target=target), name=name, slot=at)


def test_lanes_take_turns_within_their_width():
    """One of each lane after another; a lane at its width waits until one of its own is sent."""
    lanes = Lanes(2)
    for number in range(4):
        lanes.add(claimed(A, f"a{number}"))
    lanes.add(claimed(B, "b0"))
    begun = [lanes.next() for _ in range(3)]
    assert [one.name for _, one in begun] == ["a0", "b0", "a1"]
    assert (lanes.next(), lanes.ready) == (None, 2)
    lane, _ = begun[0]
    lanes.sent(lane)
    assert lanes.next()[1].name == "a2"


def test_a_full_lane_is_told_from_a_busy_one():
    """A target with three times its width counts as full; when a third of it is sent there is room again."""
    lanes = Lanes(1)
    for number in range(3):
        lanes.add(claimed(A, str(number)))
    lanes.add(claimed(B, "3"))
    assert lanes.busy() == {A: 3, B: 1}
    assert lanes.sent(lanes.next()[0])
    assert lanes.busy() == {A: 2, B: 1}


def test_a_host_has_room_for_more_than_one_target():
    """A target that hangs takes its own width of the host's; when the host is full, its targets wait, and no others."""
    lanes = Lanes(2, 3)
    for number in range(4):
        lanes.add(claimed(A, f"a{number}"), "host")
        lanes.add(claimed(B, f"b{number}"), "host")
    lanes.add(claimed(Target("webhook", "c"), "c0"))
    begun = [lanes.next() for _ in range(4)]
    assert [one.name for _, one in begun] == ["a0", "b0", "c0", "a1"]
    assert (lanes.next(), lanes.ready, lanes.blocked) == (None, 5, 5)
    lanes.sent(begun[2][0])  # of another host
    assert lanes.next() is None
    lanes.sent(begun[1][0])
    assert lanes.next()[1].name == "b1"
    assert lanes.next() is None
    lanes.sent(begun[0][0])
    assert {lanes.next()[1].name for _ in range(1)} <= {"a2", "b2"}


def test_nothing_is_left_behind_at_a_host():
    """Whatever waited for a full host is sent, in turns, and the host is forgotten."""
    lanes = Lanes(2, 2)
    for number in range(3):
        for name in "abcde":
            lanes.add(claimed(Target("webhook", name), f"{name}{number}"), "host")
    order, under_way = [], []
    while lanes.held:
        while (found := lanes.next()) is not None:
            under_way.append(found)
        assert len(under_way) <= 2
        lane, one = under_way.pop(0)
        order.append(one.name)
        lanes.sent(lane)
    assert sorted(order) == sorted(f"{name}{number}" for number in range(3) for name in "abcde")
    assert [name[1] for name in order[:5]] == ["0"] * 5
    assert (lanes.ready, lanes.blocked, lanes._hosts) == (0, 0, {})


def test_a_lane_that_a_claim_has_filled_says_so():
    """What the claim left behind for want of room is claimed when the first of the lane is sent."""
    lanes = Lanes(1)
    lanes.busy()
    for number in range(3):
        lanes.add(claimed(A, str(number)))
    assert lanes.sent(lanes.next()[0])


def test_what_is_sent_during_a_claim_does_not_hide_that_it_was_full():
    """A claim is bound by what was held when it began: what it left for want of room is asked for all the same."""
    lanes = Lanes(1)
    for number in range(2):
        lanes.add(claimed(A, str(number)))
    assert lanes.busy() == {A: 2}
    assert not lanes.sent(lanes.next()[0])
    lanes.add(claimed(A, "2"))  # all there was room for
    assert lanes.sent(lanes.next()[0])


def test_drained():
    """What is not being sent is given up, and forgotten."""
    lanes = Lanes(1)
    for number in range(3):
        lanes.add(claimed(A, str(number)))
    lane, _ = lanes.next()
    assert [each.name for each in lanes.drain()] == ["1", "2"]
    assert (lanes.busy(), lanes.ready, lanes.next()) == ({A: 1}, 0, None)
    lanes.sent(lane)
    assert lanes.busy() == {}


def test_a_lane_is_refilled_by_many():
    """What was full makes room known once a third of it is sent, not with each."""
    lanes = Lanes(4)
    for number in range(12):
        lanes.add(claimed(A, str(number)))
    assert [lanes.sent(lanes.next()[0]) for _ in range(6)] == [False, False, False, True, False, False]


def test_what_has_a_slot_waits_for_it():
    """It is held, and counts for its target, but is neither ready nor in the way of others until its slot."""
    lanes = Lanes(2)
    for name, slot in (("a2", 2), ("a1", 1), ("a3", 3)):
        lanes.add(claimed(A, name, slot))
    lanes.add(claimed(B, "b"))
    assert (lanes.held, lanes.ready, lanes.paced) == (4, 1, 3)
    assert (lanes.busy(), lanes.next_slot) == ({A: 3, B: 1}, NOW + timedelta(seconds=1))
    assert lanes.next()[1].name == "b"
    lanes.due(NOW + timedelta(seconds=2))
    assert [lanes.next()[1].name for _ in range(2)] == ["a1", "a2"]
    assert (lanes.next(), lanes.next_slot) == (None, NOW + timedelta(seconds=3))
    assert [one.name for one in lanes.drain()] == ["a3"]
    assert (lanes.held, lanes.ready, lanes.paced, lanes.next_slot) == (3, 0, 0, None)


def test_what_is_blocked_is_told_from_what_is_ready():
    """What is behind as many sends as its lane may have takes no room; it does again when one of them ends."""
    lanes = Lanes(1)
    for number in range(3):
        lanes.add(claimed(A, str(number)))
    assert (lanes.ready, lanes.blocked) == (3, 0)
    lane, _ = lanes.next()
    assert (lanes.ready, lanes.blocked) == (2, 2)
    lanes.add(claimed(A, "3"))
    assert (lanes.ready, lanes.blocked) == (3, 3)
    lanes.sent(lane)
    assert (lanes.ready, lanes.blocked) == (3, 0)


def test_with_many_waiting_for_slots_no_more_of_theirs_is_claimed():
    """Their lanes count as full then; the others do not."""
    lanes = Lanes(4, most_paced=2)
    for number in range(2):
        lanes.add(claimed(A, str(number), number))
    lanes.add(claimed(B, "b"))
    assert lanes.busy() == {A: 12, B: 1}
    lanes.due(NOW)
    assert lanes.busy() == {A: 2, B: 1}
