"""A receiver of lines, each a delivery's id and its body, that answers each and keeps what came when."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from collections import defaultdict

_TIMESTAMPS = 35  # SO_TIMESTAMPNS of Linux, see socket(7): the kernel notes when a datagram came


class Receiver:
    """Listens on the loopback interface.

    Attributes:
        bodies: by delivery id, the different bodies that came with it.
        arrivals: ids with seconds since 1970, in the order of arrival.
        datagrams: the same for ids that come as datagrams to `datagram_port`; on Linux with the time at which
            they came, however long this process then does not run.
    """

    def __init__(self):
        self.bodies = defaultdict(set)
        self.arrivals = []
        self.datagrams = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        if sys.platform == "linux":
            self.socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.datagram_port = self.socket.getsockname()[1]
        asyncio.get_running_loop().add_reader(self.socket, self.read)
        return self

    async def __aexit__(self, *_):
        self.server.close()
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()

    def read(self):
        id_, notes, _, _ = self.socket.recvmsg(200, 100)
        came = time.time()
        for _, kind, data in notes:
            if kind == _TIMESTAMPS:
                seconds, nanoseconds = struct.unpack("@ll", data[: struct.calcsize("@ll")])
                came = seconds + nanoseconds / 1e9
        self.datagrams.append((id_.decode(), came))

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
