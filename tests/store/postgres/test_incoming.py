"""Messages of others on PostgreSQL: each is handled once, in one process and in several."""

from __future__ import annotations

import asyncio

from integrations_sdk import AsyncIntegrationManagementManager
from support.incoming import handled
from support.processes import together


def test_of_a_hundred_duplicates_one_is_handled(place) -> None:
    """A hundred calls at once with the same message."""

    async def main():
        async with AsyncIntegrationManagementManager(store=place.url) as manager:
            assert [await handled(manager, number) for number in range(5)] == [1] * 5
            assert await handled(manager, 0, count=1) == 0

    asyncio.run(main())


def test_of_duplicates_to_several_processes_one_is_handled(place) -> None:
    """Three processes take the same 20 messages, each of them 25 times at once."""
    printed = together("support.incoming", [place.url, 20, 25], count=3)
    found = [[int(number) for number in output.split()] for output in printed]
    assert [sum(numbers) for numbers in zip(*found, strict=True)] == [1] * 20
