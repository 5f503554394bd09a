"""`SQLiteStore` among processes: two at once, killed ones, ones that forget to close, forked ones."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from integrations_sdk.store.base import Document, Insert
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.store.sqlite.schema import connect

C = "things"
SCRIPT = Path(__file__).with_name("process.py")
WARNINGS = [
    "-W",
    "error",
    "-W",
    "ignore:.*fork:DeprecationWarning",
]  # Python 3.12 warns of every fork with threads


def start(task: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, *WARNINGS, str(SCRIPT), task, *map(str, arguments)]
    pipe = subprocess.PIPE
    # A session of its own, so that a child it forked can be ended with it.
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def finish(process: subprocess.Popen[str]) -> str:
    """What it printed; it must have succeeded, and without a word of complaint."""
    with process:
        try:
            output, errors = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert errors == ""
    assert process.returncode == 0
    return output


def stored(path: Path) -> dict[str, Document]:
    """All documents of the file."""

    async def main() -> dict[str, Document]:
        store = SQLiteStore(path)
        found: dict[str, Document] = {}
        cursor = None
        while True:
            page = await store.query(C, after=cursor, limit=1000)
            found |= {document.id: document for document in page.documents}
            cursor = page.cursor
            if cursor is None:
                break
        assert await store.count(C, where={"k": "v"}) == len(found)
        await store.close()
        return found

    return asyncio.run(main())


def put_sum(path: Path) -> None:
    async def main() -> None:
        store = SQLiteStore(path)
        await store.write(Insert(Document(collection=C, id="sum", data={"n": 0}, keys={"k": "v"})))
        await store.close()

    asyncio.run(main())


def test_two_processes_lose_no_update(tmp_path: Path) -> None:
    """Two processes add 200 each to one document and one counter: 400, and no number twice."""
    path = tmp_path / "store.db"
    put_sum(path)
    processes = [start("increment", path, 200) for _ in range(2)]
    numbers = [int(number) for process in processes for number in finish(process).split()]
    assert sorted(numbers) == list(range(1, 401))
    found = stored(path)["sum"]
    assert (found.data, found.version) == ({"n": 400}, 401)


def test_processes_may_create_the_file_together(tmp_path: Path) -> None:
    """Processes that open files which do not exist yet all get to work, each as another one."""
    processes = [start("create", tmp_path, 20) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    numbers = zip(*(map(int, finish(process).split()) for process in processes), strict=True)
    assert [sorted(each) for each in numbers] == [[1, 2, 3]] * 20


def test_creating_the_file_takes_no_lock_from_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POSIX takes all locks of a process away when it closes the file anywhere: then others would end our WAL.

    While one thread has created the file and not closed it yet, another one opens the store.
    """
    path, opened, go_on = tmp_path / "store.db", threading.Event(), threading.Event()

    def slowly(descriptor: int, close: Callable[[int], None] = os.close) -> None:
        opened.set()
        go_on.wait(10)
        close(descriptor)

    def connection() -> sqlite3.Connection:
        return connect(path, synchronous="NORMAL", busy_timeout=timedelta(seconds=5))

    monkeypatch.setattr("integrations_sdk.store.sqlite.schema.os.close", slowly)
    with ThreadPoolExecutor(1) as pool:
        creating = pool.submit(connection)
        assert opened.wait(10)
        threading.Timer(0.2, go_on.set).start()
        ours = connection()
        creating.result().close()
    script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE other (x)')"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=30)
    assert path.with_name("store.db-wal").exists()
    ours.close()


@pytest.mark.parametrize("acknowledged", [1, 200])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, acknowledged: int) -> None:
    """After `kill -9` amid writing, every acknowledged transaction is there, and none by half."""
    path = tmp_path / "store.db"
    process = start("write_for_ever", path)
    with process:
        assert process.stdout is not None
        names = [process.stdout.readline().strip() for _ in range(acknowledged)]
        os.kill(process.pid, signal.SIGKILL)
        names += [line.strip() for line in process.stdout if line.endswith("\n")]
    found = stored(path)
    assert all(names)
    assert {f"{half}-{name}" for name in names for half in "ab"} <= set(found)
    assert {id_[2:] for id_ in found if id_.startswith("a")} == {
        id_[2:] for id_ in found if id_.startswith("b")
    }


def test_an_unclosed_store_does_not_hang_the_exit(tmp_path: Path) -> None:
    """A process that never closes its store ends by itself, with what it began written and the file closed."""
    path = tmp_path / "store.db"
    finish(start("leave_open", path))
    assert [file.name for file in tmp_path.iterdir()] == ["store.db"]
    assert len(stored(path)) == 101


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_store_goes_on_after_a_fork(tmp_path: Path) -> None:
    """Parent and child both go on with a store that was open at the fork, and lose nothing."""
    path = tmp_path / "store.db"
    finish(start("fork", path))
    assert len(stored(path)) == 101
