"""`Messenger`: workers of other processes are told of work, by NOTIFY, and heard of theirs, by LISTEN."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from integrations_sdk.errors import IntegrationError
from integrations_sdk.logs import logger
from integrations_sdk.queue.news import News
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.database import Database
from integrations_sdk.store.postgres.listening import Subscription, channel_name

__all__ = ["Messenger", "tell_within"]

_CHANNEL: Final = "queue"
_TELL: Final = "SELECT pg_notify($1, $2)"
_PAUSE_SECONDS: Final = 0.02
"""Between two notices of one process: whatever happens meanwhile goes with the next."""


class Messenger:
    """Tells and hears. Notices are sent after the commit they are about, not with it.

    A transaction that notifies holds a lock of the whole server while it is being written to the disk, so
    all of them would commit one after another. If the process ends in between, others find out when they
    look around.

    Args:
        news: rings when something is heard.
    """

    def __init__(self, database: Database, news: News) -> None:
        self._database = database
        self._news = news
        self._name = os.urandom(8).hex()
        self._untold = False
        self._telling: asyncio.Task[None] | None = None
        self._beginning: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Have the workers of other processes look for work, soon."""
        self._untold = True
        if not _is_at_work(self._telling):
            self._telling = asyncio.create_task(self._tell(), name="queue notices")

    async def listen(self) -> None:
        """Return when what others tell from now on is heard.

        Raises:
            StateError: the database cannot be reached.
        """
        if _is_at_work(self._hearing):
            return
        if not _is_at_work(self._beginning):
            self._beginning = asyncio.create_task(self._begin(), name="queue listener")
        assert self._beginning is not None
        await asyncio.shield(self._beginning)

    async def finish(self) -> None:
        """Send what is to be told, and hear nothing more."""
        if self._telling is not None and _is_at_work(self._telling):
            await self._telling
        for task in (self._beginning, self._hearing):
            if task is not None and _is_at_work(task):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _begin(self) -> None:
        subscription = Subscription(self._database, _CHANNEL)
        await anext(subscription)
        self._hearing = asyncio.create_task(self._hear(subscription), name="queue listener")

    async def _hear(self, subscription: Subscription) -> None:
        async with subscription:
            async for payload in subscription:
                if payload != self._name:
                    self._news.ring()

    async def _tell(self) -> None:
        name = channel_name(self._database.address, _CHANNEL)
        while self._untold:
            self._untold = False
            try:
                await self._database.read(lambda c: c.fetch(_TELL, name, self._name))
            except IntegrationError as error:
                logger().warning("queue notice not sent", reason=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)


async def tell_within(connection: Connection, database: Database) -> None:
    """Have all workers look for work once the host's transaction is committed."""
    await connection.fetch(_TELL, channel_name(database.address, _CHANNEL), "")


def _is_at_work(task: asyncio.Task[None] | None) -> bool:
    """Whether it is, in this loop; one of a loop that ended never goes on."""
    return task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()
