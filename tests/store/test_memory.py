"""`MemoryStore` keeps the contract, and stays small."""

from __future__ import annotations

from integrations_sdk.clock import Clock
from integrations_sdk.store.base import Store
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.testing.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    def open(self, clock: Clock) -> Store:
        return MemoryStore(clock)
