"""Time as a port, and ids that sort by it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock, SystemClock, uuid7

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_system_clock_is_the_machines() -> None:
    """`now()` is UTC and between two readings of the machine's clock; `monotonic()` likewise."""
    clock = SystemClock()
    before, now, after = datetime.now(UTC), clock.now(), datetime.now(UTC)
    assert before <= now <= after
    assert now.tzinfo is UTC
    low, monotonic, high = time.monotonic(), clock.monotonic(), time.monotonic()
    assert low <= monotonic <= high


@pytest.mark.parametrize("seconds", [0, -5, 0.001])
def test_system_clock_sleeps_and_lets_others_run(seconds: float) -> None:
    """Even no time at all, or less, yields to other tasks."""
    ran = []

    async def check() -> None:
        other = asyncio.create_task(asyncio.sleep(0, ran.append(1)))
        await SystemClock().sleep(seconds)
        await other

    asyncio.run(check())
    assert ran


def test_fake_clock_moves_only_when_told() -> None:
    """Standing still, it gives the same time; `advance()` moves both clocks."""
    clock = FakeClock(START)
    assert (clock.now(), clock.now(), clock.monotonic()) == (START, START, 0.0)
    clock.advance(90)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=90), 90.0)


def test_fake_clock_starts_in_utc() -> None:
    """Without a start it is some fixed time in UTC."""
    assert FakeClock().now() == FakeClock().now()
    assert FakeClock().now().utcoffset() == timedelta(0)


def test_fake_sleep_returns_at_once_having_advanced() -> None:
    """An hour's sleep takes no time, is recorded, and lets other tasks run once; less than nothing does not go back."""
    clock, order = FakeClock(START), []

    async def other() -> None:
        order.append("other")

    async def check() -> None:
        task = asyncio.create_task(other())
        await clock.sleep(3600)
        order.append("slept")
        await clock.sleep(-1)
        await task

    asyncio.run(check())
    assert order == ["other", "slept"]
    assert clock.slept == [3600, -1]
    assert clock.now() == START + timedelta(hours=1)


@given(
    moment=st.datetimes(
        min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC)
    )
)
def test_uuid7_has_the_bits_of_its_version(moment: datetime) -> None:
    """Version 7, variant of RFC 9562, and the milliseconds in front."""
    made = uuid.UUID(uuid7(moment))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(moment.timestamp() * 1000)


def test_uuid7_sorts_by_time() -> None:
    """Ids of later milliseconds sort behind earlier ones, as text."""
    moments = [START + timedelta(milliseconds=number) for number in range(500)]
    ids = [uuid7(moment) for moment in moments]
    assert ids == sorted(ids)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_uuid7_differs_after_a_fork() -> None:
    """A child draws ids of its own, not those that its parent is about to draw."""
    uuid7(START)
    code = (
        "import os; from datetime import datetime, UTC; from integrations_sdk.clock import uuid7; now = datetime.now(UTC);"
        "uuid7(now); child = os.fork(); os.write(1, (uuid7(now) + '\\n').encode()); child and os.waitpid(child, 0)"
    )
    drawn = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(set(drawn)) == 2


def test_uuid7_is_random_within_a_millisecond() -> None:
    """Ids of one moment differ, and both random parts take all their bits."""
    made = [uuid.UUID(uuid7(START)).int for _ in range(2000)]
    assert len(set(made)) == 2000
    for part, width in ((64, 12), (0, 62)):
        seen_set = seen_clear = 0
        for value in made:
            bits = value >> part & ((1 << width) - 1)
            seen_set, seen_clear = seen_set | bits, seen_clear | ~bits
        assert seen_set == (1 << width) - 1
        assert seen_clear & ((1 << width) - 1) == (1 << width) - 1
