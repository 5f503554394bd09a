"""What is foreseen is done by one statement, exactly as step by step; what is not so is not done by it at all."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import AlreadyExistsError
from integrations_sdk.models.delivery import At, Dead, Disable, Done, Target
from integrations_sdk.queue.base import NewDelivery, QueuedEvent
from integrations_sdk.queue.embedded import EmbeddedQueue, foreseen
from integrations_sdk.queue.embedded.place import FilePlace, MemoryPlace
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.testing.queue_contract.case import START, A, B, claim, later, names, put, result
from integrations_sdk.testing.queue_contract.handing import Hands

TABLES = ("events", "targets", "deliveries", "attempts", "latencies", "leases")


class Watching:
    """A place that knows of each statement for something foreseen whether it was so."""

    def __init__(self, *where):
        super().__init__(*where)
        self.was_so = []

    async def write(self, work, *, one_statement=False):
        outcome = await super().write(work, one_statement=one_statement)
        if one_statement:
            self.was_so.append(outcome is not None)
        return outcome

    def told(self):
        """What became of what was foreseen since the last time."""
        told, self.was_so = self.was_so, []
        return told


class Watched(Watching, MemoryPlace):
    """In memory."""


class WatchedFile(Watching, FilePlace):
    """In a file."""


class StepByStep(MemoryPlace):
    """Where nothing is ever as foreseen."""

    async def write(self, work, *, one_statement=False):
        return None if one_statement else await super().write(work)


def in_memory(scenario, place=Watched):
    """Run a scenario with a queue, its place, and a worker of much room, after two events for each of two targets."""

    async def main():
        clock, where = FakeClock(START), place()
        queue, hands = EmbeddedQueue(where, clock), Hands(room=10_000)
        queue.attach(hands)
        for number in range(2):
            await put(queue, f"first-{number}", A, B)
        if place is Watched:
            where.told()
        try:
            return await scenario(queue, where, hands, clock)
        finally:
            await queue.close()

    return asyncio.run(main())


async def dump(place):
    """All rows of all tables."""
    return {
        table: await place.read(
            lambda cursor, table=table: cursor.execute(
                f"SELECT * FROM integrations_{table} ORDER BY 1, 2"  # names of ours
            ).fetchall()
        )
        for table in TABLES
    }


def test_one_statement_hands_over_and_one_records():
    """Of what nearly always happens."""

    async def scenario(queue, place, hands, _):
        await asyncio.gather(*(put(queue, f"n{number}", A, B) for number in range(3)))
        assert place.told() == [True]
        recorded = await queue.record([result(one, Done()) for one in hands.taken])
        assert place.told() == [True]
        assert all(one.accepted and not one.recovered for one in recorded)
        assert len(recorded) == 10
        assert (await queue.statistics(A)).succeeded == 5

    in_memory(scenario)


def other_worker(queue, hands):
    other = Hands()
    other.__class__ = type("Other", (Hands,), {"name": "other"})
    queue.detach(hands)
    queue.attach(other)


BIG = QueuedEvent(event_id="e", event_type="push", body=b"x" * (foreseen._MOST_BYTES + 1))


@pytest.mark.parametrize(
    "enqueue",
    [
        lambda queue: put(queue, "new", Target("webhook", "unknown")),
        lambda queue: put(queue, "new", key="k"),
        lambda queue: put(queue, "new", once="i"),
        lambda queue: put(queue, "new", due_at=later(9)),
        lambda queue: put(queue, "n\0w"),
        lambda queue: queue.enqueue(BIG, [NewDelivery(delivery_id="new", target=A)]),
    ],
    ids=["unknown target", "ordering key", "idempotency key", "due later", "NUL", "large"],
)
def test_what_is_not_foreseen(enqueue):
    """It is not even tried, and stored step by step; what comes then is foreseen again."""

    async def scenario(queue, place, _, __):
        await enqueue(queue)
        assert place.told() == []
        assert len((await queue.query()).deliveries) == 5
        await put(queue, "next", B)
        assert place.told() == [True]

    in_memory(scenario)


def test_nothing_is_foreseen_for_another_worker():
    """The lease that is known is not that worker's."""

    async def scenario(queue, place, hands, _):
        other_worker(queue, hands)
        await put(queue, "1")
        assert place.told() == []
        await put(queue, "2")
        assert place.told() == [True]
        assert names(await claim(queue, worker="third")) == []

    in_memory(scenario)


def test_a_lease_is_renewed_when_half_of_it_has_passed():
    """Then nothing is foreseen either, for the lease is to be written."""

    async def scenario(queue, place, _, clock):
        clock.advance(14)
        await put(queue, "1")
        assert place.told() == [True]
        clock.advance(2)
        await put(queue, "2")
        assert place.told() == []
        await put(queue, "3")
        assert place.told() == [True]

    in_memory(scenario)


@pytest.mark.parametrize("what", ["held", "limited", "due", "lease"])
def test_what_others_have_changed(what):
    """Somebody held or limited the target, has something due for it, or took the lease: nothing is handed over."""

    async def scenario(queue, place, hands, _):
        queue.detach(hands)
        match what:
            case "held":
                await queue.hold(A, "asked to")
            case "limited":
                await queue.limit(A, 1)
            case "due":
                await put(queue, "before", A)
            case "lease":
                await place.write(lambda cursor: cursor.execute("DELETE FROM integrations_leases"))
        queue.attach(hands)
        before = len(hands.taken)
        await put(queue, "new", B, A)
        assert place.told() == [False]
        handed = names(hands.taken[before:])
        assert handed == (["new/a", "new/b"] if what == "lease" else ["new/b"])
        assert await queue.get("new/a") is not None

    in_memory(scenario)


def test_an_id_is_given_once():
    """Also where that is found by the statement; those beside it are stored."""

    async def scenario(queue, place, _, __):
        outcomes = await asyncio.gather(
            put(queue, "1"), put(queue, "first-0/a"), put(queue, "2"), return_exceptions=True
        )
        assert [type(one) for one in outcomes] == [type(None), AlreadyExistsError, type(None)]
        assert len((await queue.query()).deliveries) == 6

    in_memory(scenario)


def test_others_on_the_same_file(tmp_path):
    """Where they enqueue too, it is foreseen in vain once; and no place in the order is given twice."""

    async def main():
        clock = FakeClock(START)
        stores = [SQLiteStore(tmp_path / "q.db", clock=clock) for _ in range(2)]
        places = [WatchedFile(store) for store in stores]
        queues = [EmbeddedQueue(place, clock) for place in places]
        everyone = [Hands(room=1_000), Hands(room=1_000)]
        for queue, hands in zip(queues, everyone, strict=True):
            queue.attach(hands)
        told = []
        for times in (4, 4, 1, 1, 1, 3):
            for index, queue in enumerate(queues):
                for number in range(times):
                    await put(queue, f"{index}-{len(told)}-{number}", A, B)
                told.append(places[index].told())
        # The first ones of a queue, and those after others: step by step. Then it is foreseen until others come.
        assert told[:4] == [[True] * 2, [True] * 2, [False, True, True], [False, True, True]]
        assert told[4:] == [[False], [False], [], [], [], [], [True], [True]]
        handles = [one.handle for hands in everyone for one in hands.taken]
        assert sorted(handles) == list(range(1, 57))
        for queue, store in zip(queues, stores, strict=True):
            await queue.close()
            await store.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "change",
    [
        lambda one: attrs.evolve(one, verdict=At(later(9))),
        lambda one: attrs.evolve(one, verdict=Dead("no use")),
        lambda one: attrs.evolve(one, verdict=Disable("gone")),
        lambda one: attrs.evolve(one, attempt=None),
        lambda one: attrs.evolve(one, attempt=attrs.evolve(one.attempt, error="odd")),
        lambda one: attrs.evolve(one, attempt=attrs.evolve(one.attempt, excerpt="a\0b")),
        lambda one: attrs.evolve(one, claimed=attrs.evolve(one.claimed, token=99)),
    ],
    ids=["again", "dead", "disable", "not sent", "error", "NUL", "other lease"],
)
def test_results_that_are_not_foreseen(change):
    """They are not even tried; all of the batch is taken down step by step."""

    async def scenario(queue, place, hands, _):
        first, *rest = [result(one, Done()) for one in hands.taken]
        taken = await queue.record([*rest, change(first)])
        assert place.told() == []
        assert [one.accepted for one in taken[:3]] == [True] * 3
        attempts = await queue.attempts(rest[0].claimed.delivery.delivery_id)
        assert [one.excerpt for one in attempts] == ["answer"]

    in_memory(scenario)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(TEXTS, TEXTS, st.binary(max_size=50))
def test_every_text_and_body_is_kept(id_, excerpt, body):
    """Also what JSON escapes, or would end early."""

    async def scenario(queue, _, hands, __):
        event = QueuedEvent(event_id=id_, event_type=id_ + "-type", body=body)
        await queue.enqueue(event, [NewDelivery(delivery_id=id_, target=A)])
        one = result(hands.taken[-1], Done())
        await queue.record([attrs.evolve(one, attempt=attrs.evolve(one.attempt, excerpt=excerpt))])
        (attempt,) = await queue.attempts(id_)
        assert (attempt.excerpt, await queue.event(id_)) == (excerpt, event)

    in_memory(scenario)


def test_a_second_result_of_the_same_delivery():
    """It is refused."""

    async def scenario(queue, place, hands, _):
        one = result(hands.taken[0], Done())
        taken = await queue.record([one, one])
        assert [one.accepted for one in taken] == [True, False]
        assert place.told() == []
        (late,) = await queue.record([one])
        assert (late.accepted, place.told()) == (False, [False])

    in_memory(scenario)


def test_the_next_of_a_key():
    """It goes when the one before it was delivered."""

    async def scenario(queue, place, *_):
        for number in range(2):
            await put(queue, f"k{number}", key="k")
        (one,) = (await claim(queue)).claimed
        await queue.record([result(one, Done())])
        assert (names(await claim(queue)), place.told()) == (["k1"], [])

    in_memory(scenario)


def test_a_target_that_was_failing():
    """Its recovery is told."""

    async def scenario(queue, place, hands, _):
        first, second = (one for one in hands.taken if one.delivery.target == A)
        await queue.record([result(first, Dead("broken"))])
        (recovered,) = await queue.record([result(second, Done())])
        assert (recovered.recovered, place.told()) == (True, [False])

    in_memory(scenario)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.sampled_from([(A,), (B,), (A, B)]), min_size=1, max_size=4)),
        st.tuples(st.just("delivered"), st.integers(1, 6)),
        st.tuples(st.just("failed"), st.integers(1, 3)),
        st.tuples(st.just("later"), st.integers(1, 20)),
        st.tuples(st.just("hold"), st.sampled_from([A, B])),
        st.tuples(st.just("resume"), st.sampled_from([A, B])),
        st.tuples(st.just("claim"), st.integers(1, 4)),
    ),
    max_size=12,
)


async def go_through(steps, queue, place, hands, clock):
    """Do the steps; what is stored then, and what the worker got."""
    at_hand = []
    for count, (step, what) in enumerate(steps):
        match step:
            case "put":
                await asyncio.gather(
                    *(put(queue, f"{count}-{n}", *targets) for n, targets in enumerate(what))
                )
            case "delivered" | "failed":
                verdict = Done() if step == "delivered" else At(clock.now() + timedelta(seconds=5))
                at_hand += hands.taken
                hands.taken = []
                some, at_hand = at_hand[:what], at_hand[what:]
                await queue.record(
                    [
                        result(
                            one, verdict, status=200 + n, at=clock.now() + timedelta(seconds=n), ms=2.5 * n
                        )
                        for n, one in enumerate(some)
                    ]
                )
            case "later":
                clock.advance(what)
            case "hold":
                await queue.hold(what, "asked to")
            case "resume":
                await queue.resume(what)
            case "claim":
                at_hand += (await claim(queue, limit=what)).claimed
    return await dump(place), names([*hands.taken, *at_hand])


@given(STEPS)
def test_it_is_as_step_by_step(steps):
    """Whatever happens, the tables are the same in the end, to the last column."""

    def scenario(*given_):
        return go_through(steps, *given_)

    assert in_memory(scenario) == in_memory(scenario, StepByStep)
