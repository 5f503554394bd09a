"""`PostgresQueue` beyond the contract: many queues on one database, clocks that differ, texts it cannot hold, plans."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import timedelta

import pytest

from integrations_sdk.clock import FakeClock, SystemClock
from integrations_sdk.errors import ConfigurationError, StateError
from integrations_sdk.models.delivery import At, Attempt, Backlog, Dead, DeliveryState, Disable, Done, Target
from integrations_sdk.queue.base import NewDelivery, QueuedEvent, Result, Selection
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.queue.postgres import (
    claiming,
    enqueueing,
    reading,
    recording,
    replaying,
    targets,
    turning,
)
from integrations_sdk.queue.postgres.place import Sql
from integrations_sdk.store.postgres import PostgresStore
from integrations_sdk.store.postgres.connection import Limits, prepare
from integrations_sdk.testing.queue_contract.case import (
    LEASE,
    START,
    A,
    B,
    claim,
    finish,
    later,
    names,
    put,
    result,
)

EVENT = QueuedEvent(event_id="e", event_type="push", body=b"{}")


def on_queues(place, scenario, *, number=1, clock=None):
    """Run a scenario on so many queues, each with a store of its own as in as many processes; all are closed."""
    clock = clock or FakeClock(START)

    async def main():
        stores = [PostgresStore(place.url, clock=clock, connections=4) for _ in range(number)]
        queues = [open_queue(store, clock) for store in stores]
        try:
            return await scenario(*queues, clock)
        finally:
            for queue, store in zip(queues, stores, strict=True):
                await queue.close()
                await store.close()

    return asyncio.run(main())


def test_it_outlives_its_process_and_its_claims(place):
    """A queue opened again hands out what was enqueued, and knows what ended."""

    async def before(queue, _):
        await put(queue, "1")
        await finish(queue, await claim(queue))
        await put(queue, "2", key="k")

    async def after(queue, _):
        batch = await claim(queue, worker="new")
        assert names(batch) == ["2"]
        assert batch.claimed[0].event.body == b"2"
        assert len(await queue.attempts("1")) == 1

    on_queues(place, before)
    on_queues(place, after)


def test_what_another_process_does_wakes(place):
    """Enqueueing, giving back, resuming and a new rate limit wake a worker of another process."""

    async def scenario(here, there, clock):
        async def wakes(action):
            await claim(here, limit=1_000, worker="here")
            while await here.wait("here", 0.1):  # what was done before has been heard
                await claim(here, limit=1_000, worker="here")
            waiting = asyncio.create_task(here.wait("here", None))
            answer = await action
            assert await waiting
            return answer

        await wakes(put(there, "1", B))
        await put(there, "k1", key="k")
        await put(there, "k2", key="k")
        batch = await claim(there, worker="there")
        assert names(batch) == ["1", "k1"]
        await wakes(there.release(batch.claimed))
        await here.hold(A, "")
        assert await wakes(there.resume(A))
        await wakes(there.limit(A, 5))

    on_queues(place, scenario, number=2)


def test_a_notice_that_was_never_sent_is_made_up_for(place):
    """Whoever waits looks around now and then, for what a process enqueued that did not live to say so."""

    async def scenario(here, there, _):
        here._look_around = 0.05
        await claim(here)
        await put(there, "d", due_at=later(5))
        assert await here.wait("w", 10)  # of the notice
        await claim(here)
        place.sql("UPDATE {}.queue_line SET turn_at = 0; UPDATE {}.queue_deliveries SET due_at = 0")
        assert await here.wait("w", 10)
        assert names(await claim(here)) == ["d"]
        assert not await here.wait("w", 0.12)

    on_queues(place, scenario, number=2)


def test_many_claims_at_a_time_hand_out_each_once(place):
    """Claims of several queues on one target and on many: each delivery goes to one of them, and all are handed out."""

    async def scenario(one, two, three, _):
        queues = (one, two, three)
        await asyncio.gather(*(put(one, f"a{number}") for number in range(60)))
        for number in range(30):
            await put(two, f"t{number}", Target("t", str(number)))
        given = Counter()
        while True:
            batches = await asyncio.gather(
                *(claim(queues[n % 3], worker=f"w{n}", limit=7, per_target=1_000) for n in range(9))
            )
            found = [one.delivery.delivery_id for batch in batches for one in batch.claimed]
            if not found:
                break
            given.update(found)
            results = [[result(one, Done()) for one in batch.claimed] for batch in batches]
            recorded = await asyncio.gather(*(queues[n % 3].record(each) for n, each in enumerate(results)))
            assert all(one.accepted for each in recorded for one in each)
        assert set(given.values()) == {1}
        assert len(given) == 90

    on_queues(place, scenario, number=3)


def test_a_key_has_one_first_whoever_enqueues(place):
    """Several processes enqueue to one key and work it off at once: one at a time, and none is forgotten."""

    async def scenario(one, two, three, _):
        queues = (one, two, three)
        under_way, done = 0, []

        async def enqueue(queue, name):
            for number in range(20):
                await put(queue, f"{name}{number:02}", key="k")

        async def work(queue, worker):
            nonlocal under_way
            while len(done) < 40:
                batch = await claim(queue, worker=worker)
                assert len(batch.claimed) <= 1
                if batch.claimed:
                    under_way += 1
                    assert under_way == 1
                    await asyncio.sleep(0)
                    under_way -= 1
                    done.extend(names(batch))
                    await finish(queue, batch)
                else:
                    await queue.wait(worker, 0.02)

        at_work = [work(queue, f"w{number}") for number, queue in enumerate(queues)]
        await asyncio.gather(enqueue(one, "a"), enqueue(two, "b"), *at_work)
        for name in "ab":
            assert [each for each in done if each[0] == name] == [
                f"{name}{number:02}" for number in range(20)
            ]

    on_queues(place, scenario, number=3)


def test_results_for_one_target_from_several_processes_add_up(place):
    """Statistics lose nothing, and the first failure since the last success is the same for all."""

    async def scenario(one, two, _):
        for number in range(40):
            await put(one, f"{number:02}")
        batches = await asyncio.gather(
            *(claim((one, two)[n % 2], worker=f"w{n}", limit=10) for n in range(4))
        )
        recorded = await asyncio.gather(
            *(
                (one, two)[n % 2].record([result(each, Dead("no"), at=later(1)) for each in batch.claimed])
                for n, batch in enumerate(batches)
            )
        )
        assert {each.failing_since for answers in recorded for each in answers} == {later(1)}
        found = await two.statistics(A)
        assert (found.failed, found.backlog, found.failing_since) == (40, 0, later(1))

    on_queues(place, scenario, number=2)


def test_two_that_disable_agree_who_was_first(place):
    """Of two processes whose results disable a target one is told that it did."""

    async def scenario(one, two, _):
        await put(one, "1")
        await put(one, "2")
        batches = [await claim(queue, worker=str(n), limit=1) for n, queue in enumerate((one, two))]
        recorded = await asyncio.gather(
            *(
                queue.record([result(batch.claimed[0], Disable("gone"))])
                for queue, batch in zip((one, two), batches, strict=True)
            )
        )
        assert sorted(answer.held for (answer,) in recorded) == [False, True]
        assert (await one.backlog()).held == 2

    on_queues(place, scenario, number=2)


def test_more_arrivals_than_a_claim_takes_in(place):
    """Thousands of targets that fell due at once are all handed out, claim by claim."""

    async def scenario(queue, _):
        many = [Target("t", str(number)) for number in range(1_200)]
        await queue.enqueue(EVENT, [NewDelivery(delivery_id=target.id, target=target) for target in many])
        given = set()
        while len(given) < 1_200:
            batch = await claim(queue, limit=500)
            assert batch.claimed
            assert batch.next_at is not None or len(given) + len(batch.claimed) == 1_200
            given.update(names(batch))
        assert await queue.backlog() == Backlog(leased=1_200)

    on_queues(place, scenario)


class Wrong(SystemClock):
    """A machine's clock that is set wrong."""

    def __init__(self, by):
        self.by = by

    def now(self):
        return super().now() + self.by


@pytest.mark.parametrize("hours", [-1, 1])
def test_machines_whose_clocks_differ_agree_on_leases(place, hours):
    """Leases and due times are the server's; what a worker is to wait for it is told by its own clock."""

    async def scenario(right, _):
        clock = Wrong(timedelta(hours=hours))
        store = PostgresStore(place.url, clock=clock)
        wrong = open_queue(store, clock)
        await right.limit(A, 1)
        await put(wrong, "1")
        await put(right, "2")
        batch = await claim(wrong, worker="wrong")
        assert names(batch) == ["1", "2"]
        assert names(await claim(right, worker="right")) == [], "its lease has not ended"
        assert abs(batch.lease_until - clock.now() - LEASE) < timedelta(seconds=5)
        for one in batch.claimed:
            assert abs(one.slot - clock.now()) < timedelta(seconds=5)
        await wrong.release(batch.claimed)
        assert abs((await claim(right, worker="right")).next_at - SystemClock().now()) < timedelta(seconds=5)
        await wrong.close()
        await store.close()

    on_queues(place, scenario, clock=SystemClock())


def test_a_clock_that_is_set_is_looked_at_again(place):
    """When the machine's clock jumps, the server's is asked anew, and what is told is by the new one."""

    async def scenario(queue, clock):
        assert abs(await queue.extend("nobody", lease=LEASE) or 0) == 0
        await put(queue, "1", due_at=SystemClock().now() + timedelta(minutes=5))
        before = (await claim(queue)).next_at
        clock.by = timedelta(days=1)
        after = (await claim(queue)).next_at
        assert abs(after - before - timedelta(days=1)) < timedelta(seconds=5)

    on_queues(place, scenario, clock=Wrong(timedelta(0)))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"delivery_id": "x" * 501}, "delivery_id"),
        ({"ordering_key": "a\x00b"}, "ordering_key"),
        ({"idempotency_key": "x" * 501}, "idempotency_key"),
        ({"target": Target("t", "x" * 201)}, "target.id"),
        ({"target": Target("t", "x", "y\x00")}, "target.tenant_id"),
    ],
)
def test_what_no_index_holds_is_refused(place, fields, path):
    """Texts that are too long for an index, or that PostgreSQL cannot hold, are named."""

    async def scenario(queue, _):
        new = NewDelivery(**{"delivery_id": "d", "target": A, **fields})
        with pytest.raises(ConfigurationError) as caught:
            await queue.enqueue(EVENT, [new])
        assert [problem.path for problem in caught.value.problems] == [f"deliveries[0].{path}"]

    on_queues(place, scenario)


def test_the_longest_that_are_taken_are_held(place):
    """Ids, keys and names as long as they may be, of characters that take most room."""

    async def scenario(queue, _):
        text, name = "\U0001f600" * 500, "\U0001f600" * 200
        target = Target(name, name, name, text)
        new = NewDelivery(delivery_id=text, target=target, ordering_key=text, idempotency_key=text)
        await queue.enqueue(QueuedEvent(event_id=text, event_type=text, body=b""), [new])
        (claimed,) = (await claim(queue)).claimed
        assert (claimed.delivery.delivery_id, claimed.delivery.target) == (text, target)

    on_queues(place, scenario)


def test_what_receivers_answer_is_held_whatever_it_is(place):
    """NUL and lone surrogates in an answer are replaced, and do not stop the result."""

    async def scenario(queue, _):
        await put(queue, "d")
        (claimed,) = (await claim(queue)).claimed
        attempt = Attempt(number=1, started_at=START, latency=timedelta(0), error="a\x00b", excerpt="\ud800é")
        await queue.record([Result(claimed=claimed, attempt=attempt, verdict=Dead("c\x00d"))])
        (logged,) = await queue.attempts("d")
        assert (logged.error, logged.excerpt) == ("a\ufffdb", "?é")
        assert (await queue.get("d")).error == "c\ufffdd"
        assert await queue.hold(A, "e\x00f")
        assert (await queue.statistics(A)).held_reason == "e\ufffdf"

    on_queues(place, scenario)


def test_an_event_that_is_not_remembered_is_read(place):
    """What another process enqueued, and what was forgotten, comes from the database."""

    async def scenario(one, two, _):
        two._hands._events._left = 3_000
        for number in range(20):
            await put(one, f"{number:02}")
        batch = await claim(two)
        assert sorted(each.event.body.decode() for each in batch.claimed) == [f"{n:02}" for n in range(20)]

    on_queues(place, scenario, number=2)


def test_two_purges_at_a_time_forget_events_too(place):
    """However two purges share the deliveries of an event, it is forgotten with the last of them."""

    async def scenario(one, two, clock):
        many = [Target("t", str(number)) for number in range(700)]
        for _ in range(3):
            await put(one, f"{clock.now().second}", *many)
            for _ in range(2):
                await finish(one, await claim(one, limit=350, per_target=10))
            clock.advance(1)
        await put(one, "last")
        gone = await asyncio.gather(one.purge(later(10)), two.purge(later(10)))
        assert sum(gone) == 2_100
        assert [row[0] for row in place.sql("SELECT id FROM {}.queue_events")] == ["event-last"]
        assert place.sql("SELECT count(*) FROM {}.queue_attempts")[0][0] == 0

    on_queues(place, scenario, number=2)


def test_a_replay_that_two_go_on_with_schedules_each_once(place):
    """Two processes that resume the same replay share it."""

    async def scenario(one, two, _):
        for number in range(30):
            await put(one, f"{number:02}", key=f"k{number % 3}")
        while batch := (await claim(one)).claimed:
            await one.record([result(each, Done()) for each in batch])
        begun = await one.replay(Selection(), limit=1)
        await asyncio.gather(
            *(
                queue.replay(resume=begun.replay_id, limit=limit)
                for queue, limit in ((one, 3), (two, 5), (one, 7))
            )
        )
        rest = await two.replay(resume=begun.replay_id)
        assert (rest.matched, rest.scheduled, rest.finished) == (30, 30, True)
        page = await one.query(Selection(states=(DeliveryState.PENDING,)), limit=100)
        assert len(page.deliveries) == 3

    on_queues(place, scenario, number=2)


def test_a_retry_is_due_to_the_microsecond(place):
    """Due times are kept as they were said."""

    async def scenario(queue, clock):
        await put(queue, "d")
        due = START + timedelta(seconds=3, microseconds=123_457)
        await finish(queue, await claim(queue), At(due))
        assert (await claim(queue)).next_at == due
        assert (await queue.get("d")).due_at == due

    on_queues(place, scenario)


def test_newer_tables_are_refused(place):
    """Tables of a later version are left alone, also by a store that knows its own."""

    async def scenario(queue, _):
        await queue.query()
        place.sql("UPDATE {}.queue_version SET version = 99")

    async def refused(queue, _):
        with pytest.raises(StateError, match="newer integrations-sdk"):
            await queue.query()
        assert await queue._place.database.read(lambda c: c.fetch("SELECT 1"))

    on_queues(place, scenario)
    on_queues(place, refused)


def test_many_processes_make_the_tables_once(place):
    """Whoever comes first makes them, while the others wait."""

    async def scenario(*queues):
        await asyncio.gather(*(put(queue, str(number)) for number, queue in enumerate(queues[:-1])))
        assert len((await queues[0].query()).deliveries) == 4

    on_queues(place, scenario, number=4)


def statements():
    """Every statement of the hot path, with its name; one is only a part of others."""
    for module in (claiming, enqueueing, recording, targets, turning, replaying):
        for name, text in vars(module).items():
            if (
                name != "_STAND"
                and isinstance(text, str)
                and re.match(r"(SELECT|UPDATE|WITH|INSERT|DELETE)\b", text)
            ):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", text
    for name in ("_ATTEMPTS", "_EVENT", "_TARGET", "_LATENCIES", "_OPEN"):
        yield f"reading.{name}", getattr(reading, name)


def whole_reads(name, plan):
    """The lines of a plan that read all of a table or index that grows."""
    for line, below in zip(plan, [*plan[1:], ""], strict=True):
        found = re.search(
            r"Seq Scan on (queue_\w+)|Scan using (queue_\w+)|Bitmap Index Scan on (queue_\w+)", line
        )
        if (
            found
            and not ("Seq" not in line and "Index Cond" in below)
            and (name, found[1] or found[2] or found[3]) not in WHOLE
        ):
            yield line


WHOLE = {
    # What has arrived is taken in whole, and workers are few.
    ("turning._TAKE_IN", "queue_arrivals_in_order"),
    ("claiming._NEXT", "queue_arrivals_in_order"),
    *((f"claiming.{name}", "queue_leases") for name in ("_RENEW", "_TAKE_OVER", "_NEXT")),
    # Walked along until there is one that is not full.
    ("claiming._NEXT", "queue_line_in_order"),
    # As many as are with workers.
    ("reading._OPEN", "queue_deliveries_leased"),
}


def test_plans_use_indexes(place):
    """No statement of the hot path reads a whole table that grows, though it was planned while all were empty."""

    async def main(store):
        queue = open_queue(store, FakeClock(START))
        await queue.query()
        await queue.close()
        session = await store.database.session()
        connection = await session.connect()
        await prepare(connection, Limits())
        sql, seen = Sql(store.database.address), 0
        for name, text in statements():
            seen += 1
            await connection.execute(f"PREPARE s{seen} AS {sql(text)}")
            ((kinds,),) = await connection.fetch(
                "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = $1", f"s{seen}"
            )
            values = ", ".join(f"NULL::{kind}" for kind in kinds)
            plan = await connection.fetch(f"EXPLAIN EXECUTE s{seen}{f'({values})' if values else ''}")
            assert list(whole_reads(name, [line for (line,) in plan])) == [], name
        assert seen > 25
        await connection.close()

    place.use(main)
