"""Writes on a connection of the host application, as a part of its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from integrations_sdk.errors import ConfigurationError, StateError
from integrations_sdk.store.base import Write
from integrations_sdk.store.encoding import Encoded
from integrations_sdk.store.sqlite import documents
from integrations_sdk.store.sqlite.faults import translate
from integrations_sdk.store.sqlite.schema import is_up_to_date

__all__ = ["check_host", "run_within"]


def check_host(connection: sqlite3.Connection, path: Path) -> None:
    """See that a transaction is open on a connection to this file; begin one where `sqlite3` itself would.

    Raises:
        ConfigurationError: none is open, and `sqlite3` begins none by itself.
        StateError: the connection is to another database.
    """
    files = {row[1]: row[2] for row in _plain(connection).execute("PRAGMA database_list").fetchall()}
    if not files.get("main") or not path.exists() or not path.samefile(files["main"]):
        raise StateError(f"the connection is to another database than {path}")
    if connection.in_transaction:
        return
    if connection.isolation_level is None:
        remedy = "execute BEGIN IMMEDIATE first"
        raise ConfigurationError.of("write", "connection", "expected an open transaction", remedy)
    # As `sqlite3` begins before a first change; but with the lock, for we read before we write, and SQLite
    # refuses to let a reader write where somebody else has written since.
    connection.execute("BEGIN IMMEDIATE")


def run_within(
    connection: sqlite3.Connection,
    path: Path,
    writes: Sequence[Write],
    encoded: Sequence[Encoded | None],
    now: int,
) -> list[int | None]:
    """`documents.apply()` in the transaction of the host, behind a savepoint.

    Raises:
        ConfigurationError: no transaction is open.
        StateError: the connection is to another database, or the file cannot be used now.
        IntegrationError: the decision against the writes. The transaction is as it was then.
    """
    try:
        check_host(connection, path)
        cursor = _plain(connection)
        if not is_up_to_date(cursor):
            raise StateError(
                f"the store {path} is not in use yet: read from it once, outside of transactions"
            )
        cursor.execute("SAVEPOINT integrations_sdk")
        try:
            versions = documents.apply(cursor, writes, encoded, now)
        except BaseException:  # whatever it is, the caller's transaction goes on without
            cursor.execute("ROLLBACK TO integrations_sdk")
            raise
        finally:
            cursor.execute("RELEASE integrations_sdk")
    except sqlite3.Error as error:
        raise translate(error, path) from error
    return versions


def _plain(connection: sqlite3.Connection) -> sqlite3.Cursor:
    cursor = connection.cursor()
    cursor.row_factory = None  # the host's may make anything of a row
    return cursor
