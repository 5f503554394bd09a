"""`SQLiteStore` keeps the contract."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from integrations_sdk.clock import Clock
from integrations_sdk.store.base import Store
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.testing.store_contract import StoreContract


class TestSQLiteStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.files = (tmp_path / f"{number}.db" for number in itertools.count())

    def open(self, clock: Clock) -> Store:
        return SQLiteStore(next(self.files), clock=clock)
