"""`translate()`: what SQLite and the file system complain of, as a table."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from integrations_sdk.errors import ConfigurationError, ConflictError, StateError
from integrations_sdk.store.sqlite.faults import translate

PATH = Path("folder/store.db")


def failure(code: int | None) -> sqlite3.Error:
    error = sqlite3.OperationalError("the words of SQLite")
    if code is not None:
        error.sqlite_errorcode = code
        error.sqlite_errorname = next(name for name, value in vars(sqlite3).items() if value == code)
    return error


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_BUSY, StateError, "is locked by another process"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StateError, "is locked by another process"),
        (sqlite3.SQLITE_LOCKED, StateError, "is locked by another connection"),
        (sqlite3.SQLITE_FULL, StateError, "the disk is full: free some room"),
        (sqlite3.SQLITE_READONLY_DBMOVED, StateError, "cannot be written: allow it"),
        (sqlite3.SQLITE_PERM, StateError, "may not be used"),
        (sqlite3.SQLITE_IOERR_FSYNC, StateError, "an error (SQLITE_IOERR_FSYNC): check the disk"),
        (sqlite3.SQLITE_CORRUPT_INDEX, StateError, "is damaged"),
        (sqlite3.SQLITE_NOTADB, StateError, "is not a SQLite database"),
        (sqlite3.SQLITE_CANTOPEN, ConfigurationError, "cannot be opened"),
        (sqlite3.SQLITE_ERROR, StateError, "failed: the words of SQLite"),
        (None, StateError, "failed: the words of SQLite"),
    ],
)
def test_every_code_has_its_words(code: int | None, kind: type[Exception], words: str) -> None:
    """Each result code of SQLite, extended ones too, is an error of ours that names the file."""
    error = translate(failure(code), PATH)
    assert type(error) is kind
    assert words in str(error)
    assert "store.db" in str(error)


def test_the_file_system_is_the_users_affair() -> None:
    """An `OSError` is a wrong path."""
    error = translate(PermissionError(13, "Permission denied"), PATH)
    assert isinstance(error, ConfigurationError)
    assert "cannot be opened (Permission denied)" in str(error)


@pytest.mark.parametrize("error", [ConflictError("x"), KeyError("x")])
def test_other_errors_pass_through(error: Exception) -> None:
    """Decisions and defects stay what they are."""
    assert translate(error, PATH) is error
