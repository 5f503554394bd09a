"""`open_store()`: a store by its URL."""

from __future__ import annotations

from typing import Final

from integrations_sdk.clock import Clock
from integrations_sdk.codec import closest
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.store.base import Store

__all__ = ["open_store"]

_SCHEMES: Final = ("memory", "sqlite", "postgresql")
_SQLITE_FORM: Final = "use sqlite:///file.db, or sqlite:////var/lib/file.db for an absolute path"


def open_store(url: str | Store, clock: Clock | None = None) -> Store:
    """The store that a URL names; an object is a store already and is returned as it is.

    Args:
        url: `memory:`, `sqlite:///relative.db`, `sqlite:////absolute.db`, nothing in which is unquoted, or
            `postgresql://user:password@host/database` (see `PostgresStore`).
        clock: decides what has expired; None is the machine's.

    Raises:
        ConfigurationError: the URL names no store we know. It is not quoted, for it may hold a password.
        MissingExtraError: PostgreSQL without the extra `postgres`.
    """
    if not isinstance(url, str):
        return url
    scheme, colon, rest = url.partition(":")
    if not colon:
        raise _wrong("expected a URL", f"use memory:, or {_SQLITE_FORM[4:]}")
    if scheme == "memory":
        return _open_memory(rest, clock)
    if scheme == "sqlite":
        return _open_sqlite(rest, clock)
    if scheme in {"postgresql", "postgres"}:
        from integrations_sdk.store.postgres import PostgresStore

        return PostgresStore(url, clock=clock)
    raise _wrong("unknown kind of store", closest(scheme, _SCHEMES))


def _open_memory(rest: str, clock: Clock | None) -> Store:
    if rest.strip("/"):
        raise _wrong("a store in memory has no name", "use memory:")
    from integrations_sdk.store.memory import MemoryStore

    return MemoryStore(clock)


def _open_sqlite(rest: str, clock: Clock | None) -> Store:
    path = rest.removeprefix("///")
    if path == rest or not path:
        raise _wrong("names no file", _SQLITE_FORM)
    from integrations_sdk.store.sqlite import SQLiteStore  # and with it sqlite3

    return SQLiteStore(path, clock=clock)


def _wrong(wrong: str, remedy: str) -> ConfigurationError:
    return ConfigurationError.of("store", "store", wrong, remedy)
