"""Processes killed at random moments of enqueueing, claiming, sending and recording lose nothing."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

import integrations_sdk
from integrations_sdk.models.delivery import DeliveryState
from integrations_sdk.queue.base import Selection
from support import crashing
from support.receiving import Receiver

PROGRAM = Path(crashing.__file__)
OPEN = (DeliveryState.PENDING, DeliveryState.WAITING, DeliveryState.LEASED)


def start(url, port, accepted, seed):
    environment = {"PYTHONPATH": f"{Path(integrations_sdk.__file__).parents[1]}:{PROGRAM.parents[1]}"}
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), url, str(port), str(accepted), str(seed)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


async def kill_and_check(backend, accepted, kills, seed):
    """Kill that many processes, two at a time at work on one store; then let one finish the rest."""
    draw = random.Random(seed)
    async with Receiver() as receiver:
        for number in range(0, kills, 2):
            pair = [start(backend.url, receiver.port, accepted, f"{seed}-{number}-{n}") for n in range(2)]
            for process in pair:
                assert await asyncio.to_thread(process.stdout.readline) == "ready\n", process.stderr.read()
            for process in pair:
                await asyncio.sleep(draw.random() * 0.15)
                assert process.poll() is None, process.stderr.read()
                process.kill()
            for process in pair:
                process.communicate()
        sent_before = len(receiver.arrivals)
        engine, close = crashing.engine_on(backend.url, receiver.port)
        engine.start()
        # Leases end within LEASE; every one of them is then taken over without further ado.
        while (await engine.queue.query(Selection(states=OPEN), limit=1)).deliveries:
            await asyncio.sleep(0.02)
        await close()
    return set(accepted.read_text().split()), receiver, sent_before


def check(backend, folder, kills, seed):
    accepted, receiver, sent_before = asyncio.run(kill_and_check(backend, folder / "accepted", kills, seed))
    assert len(accepted) > kills
    assert sent_before > 0
    assert accepted <= set(receiver.bodies), "an accepted delivery was lost"
    assert all(len(bodies) == 1 for bodies in receiver.bodies.values()), "a delivery id came with two bodies"
    stored = dict(backend.rows("SELECT id, state FROM {}deliveries"))
    assert set(stored) == set(receiver.bodies), "what arrives is what is stored, under its own id"
    assert set(stored.values()) == {3}, "every delivery was recorded as delivered"
    attempts = dict(backend.rows("SELECT delivery, count(*) FROM {}attempts GROUP BY delivery"))
    counted = dict(backend.rows("SELECT seq, attempts FROM {}deliveries"))
    assert attempts == counted, "no attempt was recorded twice, and none by half"
    duplicates = len(receiver.arrivals) - len(receiver.bodies)
    print(f"{len(accepted)} accepted, {kills} kills, {duplicates} arrived again")  # noqa: T201  # for `pytest -s`


@pytest.mark.timeout(120)
def test_twenty_kills_lose_nothing(backend, tmp_path):
    """After 20 kills every accepted delivery has arrived, duplicates under the same id, and none is stuck."""
    check(backend, tmp_path, 20, 1)


@pytest.mark.torture
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(6))
def test_three_hundred_kills_lose_nothing(backend, tmp_path, seed):
    """The same over 6 stores with 50 kills each."""
    check(backend, tmp_path, 50, seed)
