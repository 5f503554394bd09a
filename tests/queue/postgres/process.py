"""What another process does to a queue, for the tests that need one: `process.py <task> <url> [arguments]`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import timedelta

from integrations_sdk.models.delivery import Attempt, Done, Target
from integrations_sdk.queue.base import NewDelivery, QueuedEvent, Result
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.store.postgres import PostgresStore

LEASE = timedelta(seconds=30)


def enqueue(queue, id_):
    event = QueuedEvent(event_id=f"event-{id_}", event_type="push", body=id_.encode())
    return queue.enqueue(event, [NewDelivery(delivery_id=id_, target=Target("t", id_[-1]))])


async def work_off(queue, worker, until):
    """Claim and record, waiting when there is nothing, until that many were done."""
    done = []
    while len(done) < until:
        batch = await queue.claim(worker, limit=5, lease=LEASE, per_target=10)
        results = [
            Result(
                claimed=one,
                verdict=Done(),
                attempt=Attempt(number=1, started_at=one.delivery.due_at, latency=timedelta(0)),
            )
            for one in batch.claimed
        ]
        assert all(each.accepted for each in await queue.record(results))
        done += [one.delivery.delivery_id for one in batch.claimed]
        if not batch.claimed:
            await queue.wait(worker, None)
    return done


async def work(url, number):
    """Say `ready`, then what was done as soon as it is so much."""
    store = PostgresStore(url)
    queue = open_queue(store)
    await queue.claim("worker", limit=1, lease=LEASE, per_target=1)
    os.write(1, b"ready\n")
    done = await work_off(queue, "worker", int(number))
    await queue.close()
    await store.close()
    sys.stdout.write(" ".join(done))


async def leave_open(url):
    """Enqueue, claim, and end without closing, amid another call."""
    store = PostgresStore(url)
    queue = open_queue(store)
    globals()["kept"] = store, queue  # alive until the interpreter ends
    await enqueue(queue, "first")
    await queue.claim("worker", limit=1, lease=LEASE, per_target=1)
    asyncio.ensure_future(enqueue(queue, "second"))  # noqa: RUF006  # the loop ends amid it
    await asyncio.sleep(0)


def fork(url):
    """Use one queue on both sides of a fork, the parent being amid a call, and listening."""
    store = PostgresStore(url)
    queue = open_queue(store)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(queue.claim("parent", limit=1, lease=LEASE, per_target=1))
    begun = loop.create_task(enqueue(queue, "amid"))
    loop.run_until_complete(asyncio.sleep(0))
    child = os.fork()
    name = "parent" if child else "child"

    async def use():
        await asyncio.gather(*(enqueue(queue, f"{name}-{number}") for number in range(20)))

    async def all_of_it():
        await use()
        await queue.close()
        await store.close()

    if not child:
        asyncio.run(all_of_it())
        os._exit(0)
    loop.run_until_complete(use())
    loop.run_until_complete(begun)
    assert os.waitpid(child, 0)[1] == 0
    done = loop.run_until_complete(work_off(queue, "parent", 41))
    assert len(set(done)) == len(done) == 41
    loop.run_until_complete(queue.close())
    loop.run_until_complete(store.close())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


TASKS: dict[str, Callable[..., object]] = {
    "work": lambda *arguments: asyncio.run(work(*arguments)),
    "leave_open": lambda *arguments: asyncio.run(leave_open(*arguments)),
    "fork": fork,
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
