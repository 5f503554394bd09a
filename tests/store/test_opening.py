"""`open_store()`: each URL, and each that is none."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.store.base import Document, Insert, Store
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.store.opening import open_store


def goes_by(store: Store, clock: FakeClock) -> bool:
    """Whether a document expires with this clock."""

    async def main() -> bool:
        mortal = Document(collection="c", id="a", data={}, expires_at=clock.now())
        await store.write(Insert(mortal))
        try:
            return await store.get("c", "a") is None
        finally:
            await store.close()

    return asyncio.run(main())


@pytest.mark.parametrize("url", ["memory:", "memory://"])
def test_memory(url: str) -> None:
    """`memory:` is a store in memory, going by the clock that was given."""
    clock = FakeClock()
    clock.advance(-1e9)
    store = open_store(url, clock)
    assert isinstance(store, MemoryStore)
    assert goes_by(store, clock)


def test_sqlite_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes name a file in the working folder, four one from the root."""
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///one.db", f"sqlite:///{tmp_path}/two?%20.db"):
        assert goes_by(open_store(url, FakeClock()), FakeClock())
    assert {file.name for file in tmp_path.iterdir()} == {"one.db", "two?%20.db"}


def test_an_object_passes_through() -> None:
    """What is a store already is returned as it is."""
    store = MemoryStore()
    assert open_store(store) is store


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqllite:///x.db", "did you mean `sqlite`"),
        ("memoria:", "did you mean `memory`"),
        ("redis://user:hunter2@host/0", "known: memory, postgresql, sqlite"),
        ("store.db", "expected a URL"),
        ("", "expected a URL"),
        ("memory:name", "a store in memory has no name"),
        ("sqlite:", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite://store.db", "names no file"),
        ("sqlite:store.db", "names no file"),
        ("sqlite:///missing-folder/store.db", "is not a folder"),
    ],
)
def test_what_names_no_store(url: str, message: str) -> None:
    """Anything else raises `ConfigurationError` that says what to write, and repeats no password."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


def test_sqlite3_is_imported_only_when_used() -> None:
    """Opening a store in memory loads no `sqlite3`."""
    code = (
        "import sys; from integrations_sdk.store.opening import open_store; open_store('memory:');"
        " sys.exit('sqlite3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
