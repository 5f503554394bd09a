"""`SQLiteStore`: documents in one SQLite file, through the standard library's `sqlite3`."""

from integrations_sdk.store.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
