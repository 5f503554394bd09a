"""Where a durable queue can live, for proofs that hold for each: a file, or a schema of a PostgreSQL server."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import attrs

from integrations_sdk.store.postgres import PostgresStore
from integrations_sdk.store.sqlite import SQLiteStore
from support.postgres import Place

FILE = "sqlite:///"


def store_at(url, **options):
    """A store at an address that a process can be given."""
    if url.startswith(FILE):
        return SQLiteStore(url.removeprefix(FILE), busy_timeout=timedelta(seconds=60), **options)
    return PostgresStore(url, **options)


@attrs.frozen
class File:
    """A file of its own."""

    path: str

    @property
    def url(self):
        return f"{FILE}{self.path}"

    def rows(self, statement):
        """What a statement answers; `{}` stands for what the names of tables begin with."""
        connection = sqlite3.connect(self.path)
        try:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            return connection.execute(statement.replace("{}", "integrations_")).fetchall()
        finally:
            connection.close()


@attrs.frozen
class Schema:
    """A schema of its own."""

    place: Place

    @property
    def url(self):
        return self.place.url

    def rows(self, statement):
        """Likewise."""
        return [tuple(row) for row in self.place.sql(statement.replace("{}", f"{self.place.schema}.queue_"))]
