"""`Worker`: shared commits, failures that stay with the job, and ends."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integrations_sdk.errors import ConflictError, IntegrationError, StateError
from integrations_sdk.store.sqlite.worker import Worker, _each_worker

Job = Callable[[sqlite3.Connection], object]


class Opener:
    """Opens connections to one file and keeps what was executed on them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened = 0
        self.statements: list[str] = []
        self.failing: Exception | None = None

    def __call__(self) -> sqlite3.Connection:
        if self.failing is not None:
            raise self.failing
        self.opened += 1
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute("CREATE TABLE IF NOT EXISTS t (x PRIMARY KEY)")
        connection.execute("PRAGMA max_page_count=200")
        connection.set_trace_callback(self.statements.append)
        return connection

    def rows(self) -> list[int]:
        connection = sqlite3.connect(self.path)
        try:
            return [row[0] for row in connection.execute("SELECT x FROM t ORDER BY x")]
        finally:
            connection.close()


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    return Opener(tmp_path / "w.db")


@contextmanager
def working(opener: Opener, *, writes: bool = True) -> Iterator[Worker]:
    def translate(error: Exception) -> Exception:
        return error if not isinstance(error, sqlite3.Error) else StateError(f"translated: {error}")

    worker = Worker("test-worker", connect=opener, translate=translate, writes=writes)
    try:
        yield worker
    finally:
        worker.stop()


def insert(number: int) -> Job:
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (number,)).lastrowid


def execute(statement: str) -> Job:
    return lambda connection: connection.execute(statement).fetchall()


def fail(error: Exception) -> Job:
    def work(connection: sqlite3.Connection) -> object:
        if not isinstance(error, IntegrationError):
            connection.execute("INSERT INTO t VALUES (999)")  # to be undone
        raise error

    return work


def together(worker: Worker, *jobs: Job) -> list[object]:
    """What the jobs came to that were all waiting at the same time."""

    async def main() -> list[object]:
        gate = threading.Event()
        first = asyncio.ensure_future(worker.run(lambda _: gate.wait()))
        await asyncio.sleep(0)
        rest = [asyncio.ensure_future(worker.run(job)) for job in jobs]
        await asyncio.sleep(0)
        gate.set()
        await first
        return await asyncio.gather(*rest, return_exceptions=True)

    return asyncio.run(main())


def test_what_waits_shares_a_transaction(opener: Opener) -> None:
    """Fifty waiting jobs take one commit."""
    with working(opener) as worker:
        asyncio.run(worker.run(lambda _: None))
        opener.statements.clear()
        assert together(worker, *map(insert, range(50))) == list(range(1, 51))
        assert opener.statements.count("COMMIT") <= 2  # that of the job which held them up, and theirs
    assert opener.rows() == list(range(50))


def test_a_decision_fails_one_job_only(opener: Opener) -> None:
    """An `IntegrationError` goes to its caller; the transaction goes on."""
    with working(opener) as worker:
        error = ConflictError("no")
        assert together(worker, insert(1), fail(error), insert(2)) == [1, error, 2]
    assert opener.rows() == [1, 2]
    assert opener.opened == 1


@pytest.mark.parametrize("culprit", [fail(ValueError("a defect")), insert(1)], ids=["defect", "sqlite"])
def test_a_failure_undoes_the_transaction_and_each_is_done_alone(opener: Opener, culprit: Job) -> None:
    """With any other exception nothing half-done stays, the culprit hears of it, the others succeed."""
    with working(opener) as worker:
        found = together(worker, insert(1), insert(2), culprit, insert(3))
        assert isinstance(found[2], ValueError | StateError)
        assert [result for result in found if not isinstance(result, Exception)] == [1, 2, 3]
    assert opener.rows() == [1, 2, 3]


def test_a_full_disk_is_survived(opener: Opener) -> None:
    """A job that finds no room fails with a translated error; later ones are served."""
    with working(opener) as worker:
        with pytest.raises(StateError, match="translated: database or disk is full") as caught:
            asyncio.run(worker.run(execute("INSERT INTO t VALUES (zeroblob(5000000))")))
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        asyncio.run(worker.run(insert(1)))
    assert opener.rows() == [1]


def test_opening_is_tried_again(opener: Opener) -> None:
    """When opening fails every waiting job hears of it, and the next one tries anew."""
    with working(opener) as worker:
        opener.failing = OSError("no such disk")

        async def main() -> list[object]:
            return list(
                await asyncio.gather(*(worker.run(insert(1)) for _ in range(3)), return_exceptions=True)
            )

        assert asyncio.run(main()) == [opener.failing] * 3
        opener.failing = None
        asyncio.run(worker.run(insert(2)))
    assert opener.rows() == [2]


def test_a_fork_finds_no_connection(opener: Opener) -> None:
    """Before a fork the connection is closed; afterwards the parent opens another one."""
    with working(opener) as worker:
        asyncio.run(worker.run(insert(1)))
        _each_worker(Worker._before_fork)()
        assert worker._connection is None
        _each_worker(Worker._after_fork_in_parent)()
        asyncio.run(worker.run(insert(2)))
    assert opener.opened == 2
    assert opener.rows() == [1, 2]


def test_readers_begin_no_transaction(opener: Opener) -> None:
    """A reader's jobs are done in turn; one that fails spoils none after it."""
    with working(opener, writes=False) as worker:
        found = together(worker, execute("SELECT 1"), execute("SELECT nonsense"), execute("SELECT 1"))
        assert found[0] == found[2] == [(1,)]
        assert isinstance(found[1], StateError)
        assert "BEGIN IMMEDIATE" not in opener.statements


def test_who_only_looks_waits_for_nobody(opener: Opener) -> None:
    """A look begins no transaction by itself, so another connection's lock does not hold it up; beside a write it shares its."""

    async def scenario(worker: Worker) -> None:
        await worker.run(lambda c: c.execute("INSERT INTO t VALUES (1)").rowcount)
        other = sqlite3.connect(opener.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        opener.statements.clear()
        assert isinstance(await worker.run(lambda c: c.in_transaction, looks=True), bool)
        assert opener.statements == []
        other.close()
        found = await asyncio.gather(
            worker.run(lambda c: c.in_transaction, looks=True),
            worker.run(lambda c: c.execute("INSERT INTO t VALUES (2)").rowcount),
        )
        assert found[1] == 1

    with working(opener) as worker:
        asyncio.run(scenario(worker))
    assert opener.rows() == [1, 2]


def test_one_statement_is_a_transaction(opener: Opener) -> None:
    """By itself; beside other writes it shares theirs. Where it fails, nothing of it stays, and others go on."""

    async def scenario(worker: Worker) -> None:
        await worker.run(lambda c: c.execute("INSERT INTO t VALUES (1)").rowcount)
        opener.statements.clear()
        two = lambda c: c.execute("INSERT INTO t VALUES (2), (3)").rowcount  # noqa: E731  # a job
        assert await worker.run(two, one_statement=True) == 2
        assert opener.statements == ["INSERT INTO t VALUES (2), (3)"]
        with pytest.raises(StateError, match="UNIQUE"):
            await worker.run(
                lambda c: c.execute("INSERT INTO t VALUES (4), (1)").rowcount, one_statement=True
            )
        gate = threading.Event()
        jobs = [asyncio.ensure_future(worker.run(lambda _: gate.wait()))]
        await asyncio.sleep(0)
        opener.statements.clear()
        jobs.append(asyncio.ensure_future(worker.run(insert(5), one_statement=True)))
        jobs.append(asyncio.ensure_future(worker.run(insert(6), one_statement=True)))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*jobs)
        assert opener.statements[-4:] == [
            "BEGIN IMMEDIATE", "INSERT INTO t VALUES (5)", "INSERT INTO t VALUES (6)", "COMMIT"
        ]  # fmt: skip

    with working(opener) as worker:
        asyncio.run(scenario(worker))
    assert opener.rows() == [1, 2, 3, 5, 6]


def test_the_end_finishes_what_waits(opener: Opener) -> None:
    """What was asked for before the end is done; asking afterwards raises; ending twice is fine."""
    with working(opener) as worker:

        async def main() -> list[object]:
            jobs = [asyncio.ensure_future(worker.run(insert(number))) for number in range(1500)]
            await asyncio.sleep(0)
            await asyncio.gather(worker.close(), worker.close())
            with pytest.raises(StateError, match="closed"):
                await worker.run(insert(-1))
            return list(await asyncio.gather(*jobs))

        assert len(asyncio.run(main())) == 1500
        asyncio.run(worker.close())
    assert opener.rows() == list(range(1500))


def test_a_cancelled_close_still_closes(opener: Opener) -> None:
    """Giving up waiting for the end does not prevent it."""
    with working(opener) as worker:

        async def main() -> None:
            gate = threading.Event()
            job = asyncio.ensure_future(worker.run(lambda _: gate.wait()))
            await asyncio.sleep(0)
            closing = asyncio.ensure_future(worker.close())
            await asyncio.sleep(0)
            closing.cancel()
            await asyncio.gather(closing, return_exceptions=True)
            gate.set()
            assert await job is True
            await worker.close()

        asyncio.run(main())


def test_nobody_waits_any_more(opener: Opener) -> None:
    """A job whose caller was cancelled, or whose event loop is gone, is done all the same."""
    with working(opener) as worker:
        gate = threading.Event()

        async def begin() -> None:
            asyncio.ensure_future(worker.run(lambda _: gate.wait()))  # noqa: RUF006  # the loop ends amid it
            asyncio.ensure_future(worker.run(insert(1)))  # noqa: RUF006  # the loop ends amid it
            await asyncio.sleep(0)

        asyncio.run(begin())  # which cancels both and closes the loop
        gate.set()

        async def cancelled() -> None:
            job = asyncio.ensure_future(worker.run(insert(2)))
            await asyncio.sleep(0)
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)
            await worker.run(insert(3))

        asyncio.run(cancelled())
    assert opener.rows() == [1, 2, 3]


def test_stopping_what_never_began(opener: Opener) -> None:
    """A worker that was asked nothing has no thread, and nothing to end."""
    with working(opener):
        pass
    assert opener.opened == 0


def test_stopping_from_its_own_thread(opener: Opener) -> None:
    """The collector may drop a store in the worker's thread: it must not wait for itself."""
    with working(opener) as worker:
        asyncio.run(worker.run(lambda _: worker.stop()))
        with pytest.raises(StateError):
            asyncio.run(worker.run(insert(1)))
