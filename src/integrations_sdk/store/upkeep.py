"""Upkeep: what has expired gives its room back."""

from __future__ import annotations

from datetime import timedelta

from integrations_sdk.clock import Clock
from integrations_sdk.errors import IntegrationError
from integrations_sdk.logs import logger
from integrations_sdk.store.base import Store

__all__ = ["keep_purged"]


async def keep_purged(store: Store, clock: Clock, *, interval: timedelta = timedelta(hours=1)) -> None:
    """Purge the store now and after each interval, until cancelled; a purge that fails is logged."""
    while True:
        try:
            freed = await store.purge()
        except IntegrationError as error:  # e.g. the file is locked: the next purge may do better
            logger().warning("purge failed", reason=str(error))
        else:
            logger().debug("purged", documents=freed)
        await clock.sleep(interval.total_seconds())
