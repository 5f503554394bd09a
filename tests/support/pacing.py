"""A process that delivers until its standard input ends: `python pacing.py STORE PORT`."""

from __future__ import annotations

import asyncio
import os
import sys

from integrations_sdk.clock import SystemClock
from integrations_sdk.delivery.limits import Route, WorkerLimits
from integrations_sdk.delivery.worker import DeliveryWorker
from integrations_sdk.queue.opening import open_queue
from support.backends import store_at
from support.crashing import Line


async def main():
    """Say `ready`, deliver, and finish what was begun when told to."""
    url, port = sys.argv[1:]
    store = store_at(url)
    queue = open_queue(store)
    sender = Line(int(port))
    worker = DeliveryWorker(queue, {"webhook": Route(sender)}, SystemClock(), limits=WorkerLimits())
    working = asyncio.create_task(worker.run())
    asyncio.get_running_loop().add_reader(sys.stdin, worker.stop)
    os.write(1, b"ready\n")
    await working
    sender.close()
    await queue.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main())
