"""`PostgresQueue` among processes: several workers woken by one host, ones that forget to close, forked ones."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

import integrations_sdk
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import NewDelivery, QueuedEvent
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.store.postgres import PostgresStore

SCRIPT = Path(__file__).with_name("process.py")
# Python 3.12 warns of every fork with threads.
WARNINGS = ["-W", "error", "-W", "ignore:.*fork:DeprecationWarning"]


def start(task, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(integrations_sdk.__file__).parents[1])}
    pipe = subprocess.PIPE
    command = [sys.executable, *WARNINGS, str(SCRIPT), task, *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True, env=environment
    )


def finish(process):
    """What it printed; it must have succeeded, and without a word of complaint."""
    with process:
        try:
            output, errors = process.communicate(timeout=45)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            raise
    assert (process.returncode, errors) == (0, "")
    return output


def test_workers_of_other_processes_are_woken(place):
    """Idle workers in two processes do what a third one enqueues, each delivery in one of them."""
    processes = [start("work", place.url, 1) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.stderr.read()

    async def main():
        store = PostgresStore(place.url)
        queue = open_queue(store)
        for number in range(2):
            event = QueuedEvent(event_id=f"e{number}", event_type="push", body=b"{}")
            await queue.enqueue(event, [NewDelivery(delivery_id=f"d{number}", target=Target("t", "a"))])
            while not await queue.attempts(f"d{number}"):  # then its worker has ended, and the other is left
                await asyncio.sleep(0.01)
        await queue.close()
        await store.close()

    asyncio.run(main())
    assert sorted(finish(process) for process in processes) == ["d0", "d1"]


def test_an_unclosed_queue_does_not_hang_the_exit(place):
    """A process that never closes its queue ends by itself, without a word, and what it enqueued is there."""
    finish(start("leave_open", place.url))
    assert "first" in {row[0] for row in place.sql("SELECT id FROM {}.queue_deliveries")}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_queue_goes_on_after_a_fork(place):
    """Parent and child both go on; what the parent was amid is done by the parent, once."""
    finish(start("fork", place.url))
    assert len(place.sql("SELECT id FROM {}.queue_deliveries WHERE state = 3")) == 41
