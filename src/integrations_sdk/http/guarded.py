"""Where a `Guard` takes hold in each HTTP library: between resolution and `connect(2)`.

aiohttp asks a resolver for names, and makes each socket by a factory that is told the address it is for.
httpcore opens connections through a network backend, which here resolves, judges, and connects to the address.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

from integrations_sdk.http.guard import Guard, Resolve, permitted
from integrations_sdk.http.heads import BoundedBackend, BoundedStream

if TYPE_CHECKING:  # imported by the transport that uses it
    from aiohttp.abc import ResolveResult
    from httpcore2 import SOCKET_OPTION

__all__ = ["HOST", "GuardedBackend", "GuardedResolver", "guarded_sockets"]

HOST: Final[ContextVar[str]] = ContextVar("integrations_sdk_host", default="")
"""For whom the running code connects, so that a socket's address can be judged together with its host."""

_HEAD_START: Final = 0.25  # seconds before the next address is tried beside the last (RFC 8305 §5)

T = TypeVar("T")
AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]


class GuardedResolver:
    """aiohttp's `AbstractResolver`: answers with the addresses that may be connected to."""

    def __init__(self, guard: Guard, resolve: Resolve) -> None:
        self._guard = guard
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The permitted addresses of a host.

        Raises:
            BlockedAddressError: it has no other than refused ones.
            OSError: it has none.
        """
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in await permitted(self._guard, host, port, self._resolve)
            if family in {socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET}
        ]

    async def close(self) -> None:
        """Nothing to do."""


def guarded_sockets(guard: Guard) -> Callable[[AddressInfo], socket.socket]:
    """Make no socket for a refused address.

    This is aiohttp's `socket_factory`. aiohttp resolves no host that it takes for an address, so here is the
    one place that sees every address, as it goes to `connect(2)`; those of the resolver pass a second time.
    """

    def make(info: AddressInfo) -> socket.socket:
        family, kind, proto, _, (address, port, *_) = info
        host = HOST.get()
        if (refusal := guard.decide(host, int(str(port)), str(address))) is not None:
            raise refusal.error(host or str(address), int(str(port)))
        return socket.socket(family=family, type=kind, proto=proto)

    return make


class GuardedBackend:
    """As `BoundedBackend`, but connects to the very addresses that it judged.

    TLS is not its business: httpcore checks certificates against the host of the URL, whatever the address.
    """

    def __init__(self, guard: Guard, resolve: Resolve) -> None:
        import httpcore2

        self._guard = guard
        self._resolve = resolve
        self._lib = httpcore2
        self._backend = BoundedBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> BoundedStream:
        """Connect to the first permitted address that answers, within the timeout altogether.

        Raises:
            BlockedAddressError: the host has no other than refused addresses.
            httpcore2.ConnectError: no address, or none that answers; `ConnectTimeout`, too late.
        """

        async def connect(address: str) -> BoundedStream:
            return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)

        try:
            async with asyncio.timeout(timeout):
                addresses = await permitted(self._guard, host, port, self._resolve)
                return await first_of(addresses, connect, lambda stream: stream.aclose())
        except TimeoutError as error:
            raise self._lib.ConnectTimeout from error
        except OSError as error:  # of the resolver; the backend's own are translated already
            raise self._lib.ConnectError(error.strerror) from error


async def first_of(
    addresses: Sequence[str],
    connect: Callable[[str], Coroutine[object, object, T]],
    close: Callable[[T], Awaitable[None]],
) -> T:
    """The first connection that comes about; each address gets a head start over the next (RFC 8305 §5).

    Args:
        addresses: at least one; when none answers, what the last to fail said is raised.
        close: for a connection that came about as well, but later.
    """
    if len(addresses) == 1:
        return await connect(addresses[0])
    left = list(addresses)
    running: set[asyncio.Task[T]] = set()
    ended: list[asyncio.Task[T]] = []
    try:
        while left or running:
            if left:
                running.add(asyncio.create_task(connect(left.pop(0))))
            patience = _HEAD_START if left else None
            done, _ = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                running.discard(task)
                ended.append(task)
                if task.exception() is None:
                    return task.result()
        return ended[-1].result()
    finally:
        for task in running:
            task.cancel()
        for late in await asyncio.gather(*running, return_exceptions=True):
            if not isinstance(late, BaseException):
                await close(late)
