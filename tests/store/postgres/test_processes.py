"""`PostgresStore` among processes: several at once, killed ones, ones that forget to close, forked ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from integrations_sdk.store.base import Document, Insert

C = "things"
SCRIPT = Path(__file__).with_name("process.py")
# Python 3.12 warns of every fork with threads.
WARNINGS = ["-W", "error", "-W", "ignore:.*fork:DeprecationWarning"]


def start(task: str, *arguments: object, warnings: bool = True) -> subprocess.Popen[str]:
    command = [sys.executable, *(WARNINGS if warnings else ()), str(SCRIPT), task, *map(str, arguments)]
    pipe = subprocess.PIPE
    tests = str(SCRIPT.parents[2])
    path = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    # A session of its own, so that a child it forked can be ended with it.
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True, env=environment
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What it printed; it must have succeeded, and without a word of complaint."""
    with process:
        try:
            output, errors = process.communicate(timeout=45)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert (process.returncode, errors) == (0, "")
    return output


def stored(place) -> dict[str, Document]:
    """All documents, in order."""

    async def main(store):
        found: dict[str, Document] = {}
        cursor = None
        while True:
            page = await store.query(C, after=cursor, limit=1000)
            found |= {document.id: document for document in page.documents}
            cursor = page.cursor
            if cursor is None:
                break
        assert await store.count(C, where={"k": "v"}) == len(found)
        return found

    return place.use(main)


def test_processes_lose_no_update(place) -> None:
    """Two processes add 200 each to one document and one counter: 400, and no number twice."""
    place.use(
        lambda store: store.write(Insert(Document(collection=C, id="sum", data={"n": 0}, keys={"k": "v"})))
    )
    processes = [start("increment", place.url, 200) for _ in range(2)]
    numbers = [int(number) for process in processes for number in finish(process).split()]
    assert sorted(numbers) == list(range(1, 401))
    found = stored(place)
    assert (found["sum"].data, found["sum"].version) == ({"n": 400}, 401)
    assert found["seen"].version == 400


@pytest.mark.parametrize("acknowledged", [1, 200])
def test_what_was_acknowledged_survives_a_kill(place, acknowledged) -> None:
    """After `kill -9` amid writing, every acknowledged transaction is there, and none by half; no lock stays."""
    process = start("write_for_ever", place.url)
    with process:
        assert process.stdout is not None
        names = [process.stdout.readline().strip() for _ in range(acknowledged)]
        os.kill(process.pid, signal.SIGKILL)
        names += [line.strip() for line in process.stdout if line.endswith("\n")]
    found = stored(place)
    assert all(names)
    assert {f"{half}-{name}" for name in names for half in "ab"} <= set(found)
    halves = [{id_[2:] for id_ in found if id_.startswith(half)} for half in "ab"]
    assert halves[0] == halves[1]
    place.use(
        lambda store: store.write(*(Insert(Document(collection=C, id=f"c{n}", data={})) for n in range(50)))
    )


def test_an_unclosed_store_does_not_hang_the_exit(place) -> None:
    """A process that never closes its store ends by itself, without a word, and its connections with it."""
    finish(start("leave_open", place.url))
    assert "first" in stored(place)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_store_goes_on_after_a_fork(place) -> None:
    """Parent and child both go on with a store that was open at the fork; neither touches the other's connections."""
    finish(start("fork", place.url))
    assert len(stored(place)) == 101


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_manager_goes_on_after_a_fork(place) -> None:
    """A blocking manager over PostgreSQL works on both sides of a fork, and no token is stored in plain text."""
    finish(start("manage", place.url))
    rows = place.sql("SELECT data || keys FROM {}.documents")
    assert len(rows) >= 6
    assert not [row for row in rows if "canary-token" in row[0]]


def test_a_killed_parents_locks_are_freed_though_its_child_lives(place) -> None:
    """A forked child holds no connection of its parent open: what the parent held is free once it is gone."""

    code = (
        "import asyncio, os, sys, time\n"
        "from integrations_sdk.store.postgres import PostgresStore\n"
        "store = PostgresStore(sys.argv[1])\n"
        "loop = asyncio.new_event_loop()\n"
        "connection = loop.run_until_complete(loop.run_until_complete(store.database.session()).connect())\n"
        f"loop.run_until_complete(connection.execute('BEGIN; UPDATE {place.schema}.documents SET version = 7'))\n"
        "if os.fork() == 0:\n"
        "    os.close(0), time.sleep(60)\n"
        "else:\n"
        "    print('ready', flush=True), sys.stdin.readline(), os.kill(os.getpid(), 9)\n"
    )
    place.use(lambda store: store.write(Insert(Document(collection=C, id="a", data={}))))
    process = subprocess.Popen(
        [sys.executable, "-c", code, place.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            assert place.sql("SELECT 1 FROM pg_locks WHERE relation = '{}.documents'::regclass")
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            answers = place.use(lambda store: asyncio.wait_for(_put(store), 10))
            assert answers[0].version == 2
        finally:
            os.killpg(process.pid, signal.SIGKILL)


async def _put(store):
    from integrations_sdk.store.base import Put

    return await store.write(Put(Document(collection=C, id="a", data={})))
