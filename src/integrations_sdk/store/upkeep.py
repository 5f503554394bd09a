"""Upkeep: what has expired gives its room back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from integrations_sdk.errors import IntegrationError
from integrations_sdk.logs import logger

__all__ = ["keep_purged"]


async def keep_purged(
    purge: Callable[[], Awaitable[int]],
    *,
    interval: timedelta = timedelta(hours=1),
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Purge a store, or a queue, now and after each interval, until cancelled; a purge that fails is logged.

    The interval is the machine's time: under a clock that a test moves, room is still given back only now and then.
    """
    while True:
        try:
            freed = await purge()
        except IntegrationError as error:  # e.g. the file is locked: the next purge may do better
            logger().warning("purge failed", reason=str(error))
        else:
            logger().debug("purged", freed=freed)
        await sleep(interval.total_seconds())
