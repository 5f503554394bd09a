"""One connection pool for each distinct `Connection`; a bounded number of them, closed when idle."""

from __future__ import annotations

import base64
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from urllib.parse import unquote, urlsplit

from integrations_sdk.errors import ConfigurationError, StateError
from integrations_sdk.http.base import Connection

__all__ = ["Lease", "Pools", "split_userinfo", "ssl_context"]

P = TypeVar("P")


class Lease(Generic[P]):
    """One pool, and how many requests use it at present."""

    __slots__ = ("pool", "users")

    def __init__(self, pool: P) -> None:
        self.pool = pool
        self.users = 0


class Pools(Generic[P]):
    """Pools by `Connection`. `take()` before a request, `give_back()` after it, whatever happened.

    Args:
        make: builds a pool.
        close: closes one.
        limit: beyond so many, the one used least recently is closed as soon as its requests are done.
    """

    def __init__(
        self, make: Callable[[Connection], P], close: Callable[[P], Awaitable[object]], *, limit: int = 64
    ) -> None:
        self._make = make
        self._close = close
        self._limit = limit
        self._leases: OrderedDict[Connection, Lease[P]] = OrderedDict()
        self._retired: list[Lease[P]] = []
        self._closed = False

    def take(self, connection: Connection) -> Lease[P]:
        """The pool for this connection, made if need be.

        Raises:
            StateError: the transport is closed.
            ConfigurationError: a file that the connection names cannot be used.
        """
        lease = self._leases.get(connection)
        if lease is None:
            lease = self._add(connection)
        elif len(self._leases) > 1:
            self._leases.move_to_end(connection)
        lease.users += 1
        return lease

    async def give_back(self, lease: Lease[P]) -> None:
        """End one use of a pool; close what nobody uses any more."""
        lease.users -= 1
        if self._retired:
            await self._close_idle()

    async def close(self) -> None:
        """Close all pools, at once those in use as well; a second call does nothing."""
        self._closed = True
        leases = [*self._leases.values(), *self._retired]
        self._leases.clear()
        self._retired.clear()
        for lease in leases:
            await self._close(lease.pool)

    def _add(self, connection: Connection) -> Lease[P]:
        if self._closed:
            raise StateError("the HTTP transport is closed: make a new one")
        lease = self._leases[connection] = Lease(self._make(connection))
        if len(self._leases) > self._limit:
            self._retired.append(self._leases.popitem(last=False)[1])
        return lease

    async def _close_idle(self) -> None:
        idle = [lease for lease in self._retired if not lease.users]
        self._retired = [lease for lease in self._retired if lease.users]
        for lease in idle:
            await self._close(lease.pool)


def ssl_context(connection: Connection) -> ssl.SSLContext:
    """The TLS settings of a connection; with a `ca_file`, only that authority is trusted.

    Raises:
        ConfigurationError: a file is missing or no PEM file.
    """
    context = _load("ca_file", lambda: ssl.create_default_context(cafile=connection.ca_file))
    if not connection.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate = connection.client_certificate
    if certificate is not None:
        _load("client_certificate", lambda: context.load_cert_chain(certificate))
    return context


def split_userinfo(url: str) -> tuple[str, str | None]:
    """The URL without `user:password@`, and the `Authorization` header that says the same (RFC 7617)."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    credentials = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return parts._replace(netloc=host).geturl(), f"Basic {credentials}"


def _load(field: str, load: Callable[[], P]) -> P:
    try:
        return load()
    except OSError as error:  # ssl.SSLError is one
        problem = (
            "cannot be read" if error.filename or error.errno == 2 else "is no PEM file that can be used"
        )
        remedy = "give the path of a readable PEM file"
    raise ConfigurationError.of("HTTP connection", field, problem, remedy)
