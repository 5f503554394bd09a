"""A process that enqueues and delivers until it is killed: `python crashing.py STORE PORT ACCEPTED SEED`.

Each line of `ACCEPTED` is the id of a delivery that the queue has acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from datetime import timedelta

from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.clock import SystemClock
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.delivery.schedule import DeliveryPolicy
from integrations_sdk.models import Outcome
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import QueuedEvent
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.runtime import Runtime
from integrations_sdk.tasks import Tasks
from support.backends import store_at

LEASE = timedelta(milliseconds=400)
LIMITS = WorkerLimits(concurrency=8, per_target=4, lease=LEASE)
POLICY = DeliveryPolicy(delays=(timedelta(0),) * 20)


class Line:
    """Sends the delivery's id as a line to the receiver, which answers each with one."""

    def __init__(self, port):
        self.port = port
        self.idle = []

    async def send(self, delivery, event):
        reader, writer = (
            self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        )
        writer.write(f"{delivery.delivery_id} {event.body.decode()}\n".encode())
        answer = await reader.readline()
        self.idle.append((reader, writer))
        assert answer == b"ok\n"
        return Outcome(target=delivery.target.id, provider="webhook", operation="send", http_status=200)

    def close(self):
        for _, writer in self.idle:
            writer.close()


def engine_on(url, port):
    """An engine on the store, its sender to the receiver, and what closes both."""
    store = store_at(url)
    queue = open_queue(store)
    runtime = Runtime(
        scope=None, store=store, secrets=None, http=None, bus=MemoryBus(), clock=SystemClock(), tasks=Tasks()
    )
    engine = DeliveryEngine(runtime, queue, policy=POLICY, limits=LIMITS)
    sender = Line(port)
    engine.register("webhook", sender)

    async def close():
        await engine.stop()
        await runtime.tasks.close()
        sender.close()
        await queue.close()
        await store.close()

    return engine, close


async def produce(engine, accepted, draw):
    """Enqueue without end, some of it in order, and write down what was acknowledged."""
    while True:
        targets = [Target("webhook", str(draw.randrange(5))) for _ in range(draw.randint(1, 2))]
        key = f"k{draw.randrange(3)}" if draw.random() < 0.3 else None
        event = QueuedEvent(
            event_id=os.urandom(8).hex(), event_type="push", body=os.urandom(8).hex().encode()
        )
        taken = await engine.enqueue(event, targets, ordering_key=key)
        os.write(accepted, "".join(f"{one.delivery_id}\n" for one in taken).encode())
        await asyncio.sleep(draw.random() * 0.002)


async def main():
    """Go on until killed."""
    url, port, accepted, seed = sys.argv[1:]
    engine, _ = engine_on(url, int(port))
    engine.start()
    draw = random.Random(seed)
    out = os.open(accepted, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(1, b"ready\n")
    await asyncio.gather(*(produce(engine, out, draw) for _ in range(4)))


if __name__ == "__main__":
    asyncio.run(main())
