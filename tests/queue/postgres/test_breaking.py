"""`PostgresQueue` on a network that loses things at the worst moment: nothing is stored or recorded twice."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import StateError
from integrations_sdk.models.delivery import At, DeliveryState, Done
from integrations_sdk.queue.base import Selection
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.store.postgres import PostgresStore
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
from support.proxy import Proxy

FAULTS = ("lose the request", "lose the answer")


def by_way_of_a_proxy(place, scenario):
    """Run a scenario on a queue behind a proxy; both are closed."""

    async def main():
        clock = FakeClock(START)
        async with Proxy(place.url) as proxy:
            store = PostgresStore(proxy.url, clock=clock)
            queue = open_queue(store, clock)
            try:
                await put(queue, "0", A, B)
                await finish(queue, await claim(queue))
                return await scenario(queue, proxy, clock)
            finally:
                await queue.close()
                await store.close()

    return asyncio.run(main())


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_enqueued_is_stored_once(place, fault):
    """A commit whose answer is lost is looked up; one that did not arrive is made again."""

    async def scenario(queue, proxy, _):
        for number in range(1, 6):
            proxy.lose(b"COMMIT\x00", fault)
            await asyncio.gather(
                put(queue, f"a{number}"), put(queue, f"b{number}", key="k", once=f"{number}")
            )
            assert not proxy.armed
        page = await queue.query(
            Selection(states=(DeliveryState.PENDING, DeliveryState.WAITING)), limit=1_000
        )
        assert len(page.deliveries) == 10

    by_way_of_a_proxy(place, scenario)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_claimed_is_handed_out_once(place, fault):
    """A claim whose commit broke hands out what it leased, and nothing of it goes to another."""

    async def scenario(queue, proxy, clock):
        for number in range(1, 4):
            await put(queue, str(number))
            proxy.lose(b"COMMIT\x00", fault)
            batch = await claim(queue)
            assert not proxy.armed
            assert names(batch) == [str(number)]
            assert names(await claim(queue, worker="other")) == []
            assert (await queue.record([result(batch.claimed[0], Done())]))[0].accepted

    by_way_of_a_proxy(place, scenario)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_result_is_recorded_once(place, fault):
    """Whatever became of the commit, the attempt is in the log once, counted once, and its result was taken."""

    async def scenario(queue, proxy, clock):
        await put(queue, "d")
        for number in range(1, 4):
            batch = await claim(queue)
            proxy.lose(b"COMMIT\x00", fault)
            (recorded,) = await queue.record([result(batch.claimed[0], At(later(number)), at=later(number))])
            assert not proxy.armed
            assert (recorded.accepted, recorded.failing_since) == (True, later(1))
            assert len(await queue.attempts("d")) == number
            assert (await queue.statistics(A)).failed == number
            clock.advance(1)

    by_way_of_a_proxy(place, scenario)


@pytest.mark.parametrize("mark", [b"BEGIN", b"queue_arrivals a", b"queue_line l", b"SET state = 2"])
def test_a_claim_that_breaks_is_made_again(place, mark):
    """Lost before its commit, a claim is made on another connection, and leaves no lease behind."""

    async def scenario(queue, proxy, _):
        await put(queue, "1", A, B)
        queue._place.database._sessions.clear()  # so that statements are prepared, by their texts, on a new connection
        proxy.lose(mark, "lose the answer")
        assert names(await claim(queue)) == ["1/a", "1/b"]
        assert not proxy.armed

    by_way_of_a_proxy(place, scenario)


def test_a_claim_whose_end_is_not_known_is_taken_over(place):
    """When nobody can say what became of it, `StateError` says so, and the lease ends."""

    async def scenario(queue, proxy, clock):
        await put(queue, "1")
        await queue._messenger._telling  # or the claim would need a connection of its own
        proxy.lose(b"COMMIT\x00", "lose the answer")
        proxy.refusing = True
        with pytest.raises(StateError, match="is not known"):
            await claim(queue, worker="unlucky")
        proxy.refusing = False
        assert names(await claim(queue)) == []
        clock.advance(LEASE.total_seconds())
        assert names(await claim(queue)) == ["1"]

    by_way_of_a_proxy(place, scenario)


def test_a_listener_that_breaks_is_made_anew(place):
    """What others enqueue while nothing is heard wakes when it is heard again."""

    async def scenario(queue, proxy, clock):
        await claim(queue)
        waiting = asyncio.create_task(queue.wait("w", None))
        await asyncio.sleep(0)
        proxy.refusing = True
        proxy.cut()
        store = PostgresStore(place.url, clock=clock)
        other = open_queue(store, clock)
        await put(other, "d")
        await other.close()
        await store.close()
        proxy.refusing = False
        assert await waiting
        assert names(await claim(queue)) == ["d"]

    by_way_of_a_proxy(place, scenario)


def test_a_notice_that_cannot_be_sent_is_no_error(place):
    """What was enqueued is enqueued, though others cannot be told at once."""

    async def scenario(queue, proxy, _):
        messenger = queue._messenger
        proxy.lose(messenger._name.encode(), "lose the request")
        await put(queue, "d")
        proxy.refusing = True
        await messenger._telling
        assert not proxy.armed
        proxy.refusing = False
        await put(queue, "e")
        assert names(await claim(queue)) == ["d", "e"]

    by_way_of_a_proxy(place, scenario)
