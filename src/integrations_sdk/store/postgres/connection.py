"""One connection: opened over asyncpg, which is imported nowhere else, and set up for the work here."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from types import ModuleType
from typing import Any, Final, Protocol

import attrs

from integrations_sdk.errors import ConfigurationError, MissingExtraError, StateError
from integrations_sdk.store.postgres.address import Address
from integrations_sdk.store.postgres.faults import translate

__all__ = ["Connection", "Limits", "connect", "cut", "driver", "prepare", "terminate"]


class Connection(Protocol):
    """What is used of an `asyncpg.Connection`, or of one that a pool lent."""

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement for its effect."""
        ...

    async def fetch(self, query: str, *args: object) -> Sequence[Sequence[Any]]:  # what the columns hold
        """Run a statement for its rows."""
        ...

    def is_in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    def is_closed(self) -> bool:
        """Whether it can be used no more."""
        ...

    def terminate(self) -> None:
        """Close it at once."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """A transaction, or a savepoint in the one that is open."""
        ...


@attrs.frozen(kw_only=True)
class Limits:
    """What nothing may exceed.

    Attributes:
        connections: of one event loop.
        timeout: for one statement, for connecting, and for waiting till a connection is free.
    """

    connections: int = 10
    timeout: timedelta = timedelta(seconds=30)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 1 <= self.connections <= 1_000:
            raise ConfigurationError.of("PostgreSQL store", "connections", "expected a number, 1 to 1,000")
        if self.timeout <= timedelta(0):
            raise ConfigurationError.of("PostgreSQL store", "timeout", "expected more than no time")

    @property
    def seconds(self) -> float:
        """The timeout."""
        return self.timeout.total_seconds()


# Every statement here is made for one index, whatever the statistics say: a plan that was made while the tables
# were empty must not read all of them a minute later. Compiling (jit) costs more than any of them takes.
_SETTINGS: Final[Mapping[str, str]] = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
_OLDEST_SERVER: Final = 13  # pg_current_xact_id
_KEEPALIVE_SECONDS: Final = 30


def driver() -> ModuleType:
    """The driver, asyncpg.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import asyncpg
    except ImportError:
        missing = True
    else:
        missing = False
    if missing:
        raise MissingExtraError("PostgreSQL", "postgres")
    module: ModuleType = asyncpg
    return module


async def connect(address: Address, limits: Limits, **options: object) -> Connection:
    """A new connection in the running loop, not yet prepared.

    Args:
        options: passed on to asyncpg.

    Raises:
        ConfigurationError: what the URL says is refused.
        StateError: nobody answers there.
    """
    named = {} if address.named else {"server_settings": {"application_name": "integrations_sdk"}}
    given = {"timeout": limits.seconds, "command_timeout": 2 * limits.seconds, **named, **options}
    try:
        connection: Connection = await driver().connect(address.dsn.reveal(), **given)
    except Exception as error:  # noqa: BLE001  # the port: whatever the driver raises becomes ours
        failure = translate(error, address)
    else:
        return connection
    raise failure  # outside of `except`: the driver's frames hold the password


async def prepare(connection: Connection, limits: Limits) -> None:
    """Set a new connection up.

    Raises:
        StateError: the server is too old, or the database cannot hold all text.
    """
    _check_server(connection)
    _keep_alive(connection)
    settings = {
        **_SETTINGS,
        "statement_timeout": f"{int(limits.seconds * 1000)}",
        "lock_timeout": f"{int(limits.seconds * 800)}",  # earlier, so that it is known what was waited for
        "idle_in_transaction_session_timeout": f"{int(limits.seconds * 1000)}",
    }
    # Not as startup parameters, which PgBouncer refuses.
    query = "SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s(name, value)"
    await connection.fetch(query, list(settings), list(settings.values()))


def terminate(connection: Connection) -> None:
    """Close the connection at once, if it is not closed already."""
    with suppress(Exception):  # the pool has taken it back already, for it is closed
        connection.terminate()


def cut(connection: object) -> None:
    """Close the connection's socket in this process without a word to the server.

    For connections whose loop is gone, and, in a forked child, for those of the parent: there the server
    goes on seeing the parent's end only. The file descriptor stays taken, for its owner believes to have it.
    """
    found = _socket(connection)
    if found is not None and found.fileno() >= 0:
        with suppress(OSError):
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, found.fileno(), inheritable=False)
            os.close(nothing)


def _check_server(connection: Any) -> None:  # what asyncpg offers beyond `Connection`
    version = connection.get_server_version().major
    if version < _OLDEST_SERVER:
        raise StateError(f"PostgreSQL {version} is too old: {_OLDEST_SERVER} or later is needed")
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        raise StateError(f"the database has the encoding {encoding}: create one with ENCODING 'UTF8'")


def _keep_alive(connection: object) -> None:
    """Have the system notice a server that vanished without a word."""
    found = _socket(connection)
    if found is None or found.family == getattr(socket, "AF_UNIX", None):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(socket, option):  # not everywhere
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), _KEEPALIVE_SECONDS)


def _socket(connection: object) -> socket.socket | None:
    transport = getattr(connection, "_transport", None)  # asyncpg has no public way to it
    found: socket.socket | None = transport and transport.get_extra_info("socket")
    return found
