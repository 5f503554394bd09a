"""`PostgresStore` keeps the contract."""

from __future__ import annotations

import pytest

from integrations_sdk.clock import Clock
from integrations_sdk.store.base import Store
from integrations_sdk.store.postgres import PostgresStore
from integrations_sdk.testing.store_contract import StoreContract

TABLES = "documents", "document_keys", "counters"


@pytest.fixture(scope="module")
def schema(server) -> str:
    """One for all of the contract: emptying it is quicker than making it."""
    return server.schema()


class TestPostgresStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _place(self, server, schema) -> None:
        self.server, self.schema = server, schema

    def open(self, clock: Clock) -> Store:
        if self.server.sql("SELECT to_regclass($1) AS found", f"{self.schema}.counters")[0]["found"]:
            self.server.sql("; ".join(f"DELETE FROM {self.schema}.{table}" for table in TABLES))
        mark = "&" if "?" in self.server.url else "?"
        url = f"{self.server.url}{mark}synchronous_commit=off"  # what a power cut does is not asked here
        return PostgresStore(url, schema=self.schema, clock=clock, connections=4)
