"""What SQLite and the file system complain of, said once as an error of this library, with what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from integrations_sdk.errors import ConfigurationError, IntegrationError, StateError

__all__ = ["translate"]

# Primary result codes: https://www.sqlite.org/rescode.html
_REMEDIES: Final = {
    sqlite3.SQLITE_BUSY: "is locked by another process: end whatever holds it for so long, then retry",
    sqlite3.SQLITE_LOCKED: "is locked by another connection: end whatever holds it for so long, then retry",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: free some room, then retry",
    sqlite3.SQLITE_READONLY: "cannot be written: allow it on the file and on its folder",
    sqlite3.SQLITE_PERM: "may not be used: allow it on the file and on its folder",
    sqlite3.SQLITE_IOERR: "cannot be read or written, the disk reports an error ({name}): check the disk",
    sqlite3.SQLITE_CORRUPT: "is damaged: move it away and restore it from a backup",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database: name another file, or move this one away",
}


def translate(error: Exception, path: Path) -> Exception:
    """The error to raise for `error`: ours and those of a defect pass through.

    Returns:
        A `ConfigurationError` when the path cannot be a database, a `StateError` when it is one that
        cannot be used now.
    """
    if isinstance(error, IntegrationError):
        return error
    if isinstance(error, OSError):
        reason = f"cannot be opened ({error.strerror})"
        return ConfigurationError.of(
            "store", str(path), reason, "name a file in a folder that you may write to"
        )
    if not isinstance(error, sqlite3.Error):
        return error
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # extended codes begin above
    if code == sqlite3.SQLITE_CANTOPEN:
        remedy = "name a file in a folder that you may write to"
        return ConfigurationError.of("store", str(path), "cannot be opened", remedy)
    if code not in _REMEDIES:
        return StateError(f"the store {path} failed: {error}")
    name = getattr(error, "sqlite_errorname", "unnamed")
    return StateError(f"the store {path} {_REMEDIES[code].format(name=name)}")
