"""Work on a connection of the host application, as a part of its transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from integrations_sdk.errors import ConfigurationError, ConflictError
from integrations_sdk.store.postgres.address import Address
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.faults import is_overtaken, translate

__all__ = ["check_host", "run_within"]

T = TypeVar("T")

_ATTEMPTS: Final = 3


def check_host(connection: Connection, what: str) -> None:
    """Refuse a connection without an open transaction.

    Raises:
        ConfigurationError: none is open.
    """
    if not connection.is_in_transaction():
        remedy = "use `async with connection.transaction():`"
        raise ConfigurationError.of(what, "connection", "expected an open transaction", remedy)


async def run_within(
    connection: Connection, address: Address, work: Callable[[Connection], Awaitable[T]]
) -> T:
    """Do work in the transaction that is open on the connection, behind a savepoint, a few times if need be.

    Raises:
        StateError: the connection is to another database.
        ConflictError: also if only doing all of the transaction again can help.
        IntegrationError: of `work`. The transaction is as it was then.
    """
    for _ in range(_ATTEMPTS):
        try:
            async with connection.transaction():
                return await work(connection)
        except Exception as error:  # of either driver; what is neither's is raised as it is
            if not is_overtaken(error):
                ours = translate(error, address)
                if ours is error:
                    raise
                raise ours from error
            overtaken = error
    message = "another transaction was faster: roll this one back, and do the whole of it again"
    raise ConflictError(message) from overtaken
