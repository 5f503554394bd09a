"""Opening the file: created for its owner alone, brought up to date, refused when it is not ours."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from integrations_sdk.errors import StateError

__all__ = ["MIGRATIONS", "SCHEMA", "Synchronous", "connect", "is_up_to_date"]

Synchronous = Literal["NORMAL", "FULL"]
"""When a commit is on the disk: `FULL` at once, `NORMAL` soon (a power cut can lose the last ones)."""

# Each brings a file from the version that is its index to the next one. Never change one that was released.
MIGRATIONS: Final[tuple[str, ...]] = (
    # AUTOINCREMENT, so that no place in the order is ever given twice and cursors stay true.
    """
    CREATE TABLE integrations_documents (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        data TEXT NOT NULL,
        keys TEXT NOT NULL,
        expires_at INTEGER
    );
    CREATE UNIQUE INDEX integrations_documents_by_id ON integrations_documents (collection, id);
    CREATE INDEX integrations_documents_in_order ON integrations_documents (collection, seq);
    CREATE INDEX integrations_documents_by_expiry ON integrations_documents (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE integrations_document_keys (
        collection TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (collection, name, value, seq)
    ) WITHOUT ROWID;
    CREATE TABLE integrations_counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    """,
)

SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS integrations_schema (part TEXT PRIMARY KEY, version INTEGER NOT NULL)"
)
"""Not the file's own `user_version`: that is its host application's, whose tables may be here as well."""

_HAS_SCHEMA: Final = "SELECT 1 FROM sqlite_master WHERE name = 'integrations_schema'"
_OLDEST_SQLITE: Final = (3, 35, 0)  # RETURNING
_RETRY_SECONDS: Final = 0.01
_CREATING: Final = threading.Lock()


def connect(path: Path, *, synchronous: Synchronous, busy_timeout: timedelta) -> sqlite3.Connection:
    """A connection to an up-to-date store, from whichever thread; nothing is begun on its own.

    Args:
        busy_timeout: how long to wait for another process's lock.

    Raises:
        StateError: the tables are newer than this library, or SQLite is too old.
        sqlite3.Error: it cannot be opened; see `translate()`.
        OSError: likewise.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StateError(f"SQLite {sqlite3.sqlite_version} is too old: install a Python with 3.35 or later")
    _create(path)
    seconds = busy_timeout.total_seconds()
    connection = sqlite3.connect(path, timeout=seconds, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path, synchronous, seconds)
    except BaseException:  # whatever it is, nobody else would close it
        connection.close()
        raise
    return connection


def is_up_to_date(cursor: sqlite3.Cursor) -> bool:
    """Whether the tables of this release are in the file."""
    return _version(cursor) == len(MIGRATIONS)


def _create(path: Path) -> None:
    """Make the file before SQLite does, for the owner alone; its WAL inherits the mode.

    One thread at a time, so that none opens the file before it is closed here. Closing takes all locks away that the
    process has on it, also those of another connection; without them other processes end the WAL that it writes to.
    """
    with _CREATING:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            if path.is_dir():
                raise


def _prepare(connection: sqlite3.Connection, path: Path, synchronous: Synchronous, seconds: float) -> None:
    _switch_to_wal(connection, seconds)
    connection.execute(f"PRAGMA synchronous={synchronous}")
    if _version(connection.cursor()) != len(MIGRATIONS):
        _migrate(connection, path)


def _switch_to_wal(connection: sqlite3.Connection, seconds: float) -> None:
    """Readers beside a writer. Where the file system cannot (network drives), SQLite stays as it was.

    Where two connections switch at the same time, SQLite refuses one at once instead of letting it wait,
    so processes that create a file together would fail.
    """
    give_up = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")  # undone by closing the connection, if anything fails
    version = _version(connection.cursor())  # again, now that nobody else can be migrating
    if version > len(MIGRATIONS):
        known = f"schema {version}, known are up to {len(MIGRATIONS)}"
        raise StateError(f"{path} was written by a newer integrations-sdk ({known}): upgrade the package")
    for step in MIGRATIONS[version:]:
        for statement in step.split(";"):
            connection.execute(statement)
    connection.execute(SCHEMA)
    connection.execute(
        "INSERT INTO integrations_schema VALUES ('store', ?) ON CONFLICT DO UPDATE SET version = excluded.version",
        (len(MIGRATIONS),),
    )
    connection.execute("COMMIT")


def _version(cursor: sqlite3.Cursor) -> int:
    """That of the tables in the file; 0: there are none."""
    if cursor.execute(_HAS_SCHEMA).fetchone() is None:
        return 0
    row = cursor.execute("SELECT version FROM integrations_schema WHERE part = 'store'").fetchone()
    return int(row[0]) if row else 0
