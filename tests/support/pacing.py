"""A process that delivers until its standard input ends: `python pacing.py STORE PORT DATAGRAM_PORT`."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

from integrations_sdk.clock import SystemClock
from integrations_sdk.delivery.limits import Route, WorkerLimits
from integrations_sdk.delivery.worker import DeliveryWorker
from integrations_sdk.queue.opening import open_queue
from support.backends import store_at
from support.crashing import Line


class Noted(Line):
    """A sender that also sends each id as a datagram, of which the receiver's system notes when it came."""

    def __init__(self, port, datagram_port):
        super().__init__(port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", datagram_port))

    async def send(self, delivery, event):
        self.socket.send(delivery.delivery_id.encode())
        return await super().send(delivery, event)

    def close(self):
        super().close()
        self.socket.close()


async def main():
    """Say `ready`, deliver, and finish what was begun when told to."""
    url, port, datagram_port = sys.argv[1:]
    store = store_at(url)
    queue = open_queue(store)
    sender = Noted(int(port), int(datagram_port))
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
