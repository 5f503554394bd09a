"""What was made of an event is made once for all of its targets, and is nobody else's."""

from __future__ import annotations

import attrs

from integrations_sdk.connectors.renderings import Renderings
from support.toy import push


def test_a_body_is_made_once_for_each_event_and_form() -> None:
    """The same object in the same form is not rendered again."""
    kept, event, made = Renderings(), push(), []

    def make() -> bytes:
        made.append(1)
        return b"x" * len(made)

    assert [kept.get(event, form, make) for form in ("a", "b", "a", "b")] == [b"x", b"xx", b"x", b"xx"]


def test_another_event_of_the_same_id_has_its_own() -> None:
    """Two tenants' events may share an id; so may an event and what was made of it."""
    kept, event = Renderings(), push()
    other = attrs.evolve(event, title="Other")
    assert kept.get(event, "a", lambda: b"one") == b"one"
    assert kept.get(other, "a", lambda: b"two") == b"two"
    assert kept.get(attrs.evolve(event), "a", lambda: b"three") == b"three"


def test_their_number_is_bounded() -> None:
    """What was used least recently goes first; and an event that is kept cannot be mistaken for a later one."""
    kept, events = Renderings(entries=2), [push() for _ in range(3)]
    for event in events[:2]:
        kept.get(event, "a", lambda: b"first")
    kept.get(events[0], "a", lambda: b"again")
    kept.get(events[2], "a", lambda: b"first")
    assert [kept.get(event, "a", lambda: b"again") for event in (events[0], events[2])] == [b"first"] * 2
    assert kept.get(events[1], "a", lambda: b"again") == b"again"


def test_their_size_is_bounded() -> None:
    """A body that is too large by itself is not kept, and drives nothing out."""
    kept, events = Renderings(size=10), [push() for _ in range(3)]
    kept.get(events[0], "a", lambda: b"1" * 6)
    kept.get(events[1], "a", lambda: b"2" * 11)
    assert kept.get(events[0], "a", lambda: b"again") == b"1" * 6
    assert kept.get(events[1], "a", lambda: b"again") == b"again"  # 6 + 5 bytes: the first went
    assert kept.get(events[0], "a", lambda: b"anew") == b"anew"
