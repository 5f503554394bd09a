"""Writes on a connection of the host application, as a part of its transaction."""

from __future__ import annotations

from typing import Final

from integrations_sdk.errors import ConfigurationError, ConflictError, IntegrationError
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.database import Database
from integrations_sdk.store.postgres.documents import Answer, Order, apply
from integrations_sdk.store.postgres.faults import is_overtaken, translate
from integrations_sdk.store.postgres.statements import Statements

__all__ = ["run_within"]

_ATTEMPTS: Final = 3


async def run_within(
    connection: Connection, database: Database, statements: Statements, order: Order
) -> list[int | None]:
    """Do what was ordered in the transaction that is open on the connection, behind a savepoint.

    Raises:
        ConfigurationError: none is open.
        StateError: the connection is to another database.
        ConflictError: also if only doing all of the transaction again can help.
        IntegrationError: the decision against the order. The transaction is as it was then.
    """
    if not connection.is_in_transaction():
        remedy = "use `async with connection.transaction():`"
        raise ConfigurationError.of("write", "connection", "expected an open transaction", remedy)
    await database.read(_nothing)  # so that the tables are there
    answer = await _repeated(connection, database, statements, order)
    if isinstance(answer, IntegrationError):
        raise answer
    return answer


async def _repeated(
    connection: Connection, database: Database, statements: Statements, order: Order
) -> Answer:
    for _ in range(_ATTEMPTS):
        try:
            async with connection.transaction():
                return (await apply(connection, statements, [order])).result[0]
        except Exception as error:
            if not is_overtaken(error):
                ours = translate(error, database.address)
                if ours is error:
                    raise
                raise ours from error
            overtaken = error
    message = "another transaction was faster: roll this one back, and do the whole of it again"
    raise ConflictError(message) from overtaken


async def _nothing(_: Connection) -> None:
    """Only that a connection is lent matters."""
