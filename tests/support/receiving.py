"""A receiver of lines, each a delivery's id and its body, that answers each and keeps what came when."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict


class Receiver:
    """Listens on the loopback interface.

    Attributes:
        bodies: by delivery id, the different bodies that came with it.
        arrivals: ids with seconds since 1970, in the order of arrival.
    """

    def __init__(self):
        self.bodies = defaultdict(set)
        self.arrivals = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        try:
            while line := await reader.readline():
                id_, body = line.decode().split()
                self.arrivals.append((id_, time.time()))
                self.bodies[id_].add(body)
                writer.write(b"ok\n")
        except OSError:
            pass
        finally:
            writer.close()
