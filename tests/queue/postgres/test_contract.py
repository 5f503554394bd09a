"""`PostgresQueue` keeps the contract."""

from __future__ import annotations

import pytest

from integrations_sdk.queue.opening import open_queue
from integrations_sdk.store.postgres import PostgresStore
from integrations_sdk.testing.queue_contract import QueueContract

TABLES = (
    "events", "targets", "line", "arrivals", "deliveries", "attempts", "statistics", "latencies", "leases", "replays",
)  # fmt: skip


@pytest.fixture(scope="module")
def schema(server) -> str:
    """One for all of the contract: emptying it is quicker than making it."""
    return server.schema()


class TestPostgresQueue(QueueContract):
    @pytest.fixture(autouse=True)
    def _place(self, server, schema):
        self.server, self.schema = server, schema

    async def opened(self, clock):
        if self.server.sql("SELECT to_regclass($1) AS found", f"{self.schema}.queue_replays")[0]["found"]:
            self.server.sql("; ".join(f"DELETE FROM {self.schema}.queue_{table}" for table in TABLES))
        mark = "&" if "?" in self.server.url else "?"
        url = f"{self.server.url}{mark}synchronous_commit=off"  # what a power cut does is not asked here
        self.store = PostgresStore(url, schema=self.schema, clock=clock, connections=4)
        return open_queue(self.store, clock)

    async def closed(self, queue):
        await queue.close()
        await self.store.close()
