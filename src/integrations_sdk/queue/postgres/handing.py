"""`Hands`: what a claim found becomes what is handed out, with events and targets that are remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Claimed, QueuedEvent
from integrations_sdk.queue.cache import EventCache, TargetNumbers
from integrations_sdk.queue.postgres import claiming, targets
from integrations_sdk.queue.postgres.place import Place
from integrations_sdk.queue.rows import claimed_of
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.database import Done

__all__ = ["Found", "Hands"]


class Found(NamedTuple):
    """What a claim brought, the events of it by number, and targets that were not known before."""

    claim: claiming.Claim
    events: dict[int, QueuedEvent]
    targets: Mapping[Target, int]


class Hands:
    """Knows events and targets by their numbers, and asks for those it does not know."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._events = EventCache()
        self._targets = TargetNumbers()

    async def numbers(self, wanted: Iterable[Target]) -> Mapping[Target, int]:
        """The numbers of targets, and perhaps of others; who has none is given one, in a transaction of its own."""
        known = self._targets.numbers
        if missing := list(dict.fromkeys(target for target in wanted if target not in known)):
            self._targets.learn(await self._place.change(lambda c: targets.add(c, self._place.sql, missing)))
        return known

    async def number(self, target: Target) -> int:
        """The number of one."""
        return (await self.numbers([target]))[target]

    async def numbers_within(self, connection: Connection, wanted: Iterable[Target]) -> Mapping[Target, int]:
        """The same within a host's transaction, in whatever thread that is.

        Nothing is remembered, for it may yet be rolled back.
        """
        once, known = dict.fromkeys(wanted), self._targets.numbers
        found = {target: known[target] for target in once if target in known}
        missing = [target for target in once if target not in found]
        return {**found, **await targets.add(connection, self._place.sql, missing)} if missing else found

    def numbered(self, busy: Mapping[Target, int]) -> dict[int, int]:
        """By the targets' numbers; whoever holds something of a target has claimed it here."""
        known = self._targets.numbers
        return {known[target]: count for target, count in busy.items() if target in known}

    def remember(self, number: int, event: QueuedEvent) -> None:
        """An event that was stored."""
        self._events.add(number, event)

    async def claim(self, connection: Connection, **how: Any) -> Done[Found]:
        """`claiming.claim()`, and what it takes to hand that out."""
        sql = self._place.sql
        claim, number = await claiming.claim(connection, sql, **how)
        needed = {row[2] for row in claim.rows}
        events = self._events.find(needed)
        if missing := needed - events.keys():
            for number_, id_, type_, body in await claiming.fetch_events(connection, sql, missing):
                events[number_] = QueuedEvent(event_id=id_, event_type=type_, body=body)
        unknown = self._targets.missing(row[3] for row in claim.rows)
        found = await targets.named(connection, sql, unknown) if unknown else {}
        return Done(Found(claim, events, found), number)

    def claimed(self, found: Found) -> tuple[Claimed, ...]:
        """What is handed out; slots by our clock, which whoever waits for them looks at."""
        self._targets.learn(found.targets)
        for number, event in found.events.items():
            self._events.add(number, event)
        token, rows, slots, _ = found.claim
        shift = self._place.shift
        shifted = {handle: slot._replace(at=slot.at + shift) for handle, slot in slots.items()}
        return tuple(
            claimed_of(row, token, found.events[row[2]], self._targets.target(row[3]), shifted.get(row[0]))
            for row in rows
        )
