"""The secret store that fits a store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Secret
from integrations_sdk.secrets.keys import KEY_VARIABLE
from integrations_sdk.secrets.opening import open_secrets
from integrations_sdk.store.base import Store
from integrations_sdk.store.memory import MemoryStore


class Lasting:
    """A store that is not in memory, as far as anybody can tell."""

    def __init__(self) -> None:
        self._inner = MemoryStore()
        self.write, self.get, self.query = self._inner.write, self._inner.get, self._inner.query


async def there_and_back(store: Store) -> str:
    """Keep a credential with one secret store, read it with another one that was opened afterwards."""
    await store.write(*open_secrets(store).put_writes("acme:slack-1", {"token": Secret("xoxb-1")}))
    return (await open_secrets(store).get("acme:slack-1"))["token"].reveal()


def test_a_store_in_memory_needs_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a store in memory a key in memory will do: no file is made."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)

    with pytest.raises(ConfigurationError, match="not at hand"):
        asyncio.run(there_and_back(MemoryStore()))
    assert not list(tmp_path.iterdir())


def test_a_lasting_store_takes_the_lasting_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For any other store the keys last, so that what was sealed opens again."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)

    assert asyncio.run(there_and_back(Lasting())) == "xoxb-1"  # as much of a store as is used
    assert (tmp_path / "integrations_sdk" / "key").exists()
