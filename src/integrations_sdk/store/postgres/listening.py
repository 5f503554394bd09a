"""`Subscription`: wake-ups from other processes, by LISTEN on a connection of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import Any, Final, Self

from integrations_sdk.errors import ConfigurationError, IntegrationError
from integrations_sdk.logs import logger
from integrations_sdk.store.postgres.address import Address
from integrations_sdk.store.postgres.database import Database
from integrations_sdk.store.postgres.faults import translate

__all__ = ["MAX_PAYLOAD_BYTES", "Subscription", "channel_name", "check_payload"]

MAX_PAYLOAD_BYTES: Final = 7_999
"""What PostgreSQL carries with a notice."""

_LONGEST_NAME: Final = 63
_MOST_WAITING: Final = 1_000
_CHECK_SECONDS: Final = 60
_CLOSING_SECONDS: Final = 5
_LONGEST_PAUSE_SECONDS: Final = 5.0


def channel_name(address: Address, channel: str) -> str:
    """The name of a channel in the database, which all schemas share.

    Raises:
        ConfigurationError: it has no name, or one with a NUL.
    """
    if not channel or "\x00" in channel:
        raise ConfigurationError.of("notice", "channel", "expected some text without NUL")
    name = f"{address.schema}.{channel}"
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"{address.schema}.{sha256(channel.encode()).hexdigest()[:20]}"


def check_payload(payload: str) -> str:
    """The payload.

    Raises:
        ConfigurationError: PostgreSQL does not carry it.
    """
    if "\x00" in payload or len(payload.encode()) > MAX_PAYLOAD_BYTES:
        wrong = f"expected at most {MAX_PAYLOAD_BYTES:,} bytes without NUL"
        raise ConfigurationError.of("notice", "payload", wrong, "store it, and send its id")
    return payload


class Subscription:
    """An iterator over the payloads sent to a channel, for one consumer; a context manager that closes it.

    It begins with an empty payload, and gives another one whenever the connection had to be made anew:
    what was sent meanwhile is not known, so look. Payloads are hints: if more than 1,000 wait, the
    oldest are dropped.

    Raises:
        StateError: the database cannot be reached at first; later it is tried again until it can be.
    """

    def __init__(self, database: Database, channel: str) -> None:
        self._database = database
        self._name = channel_name(database.address, channel)
        self._payloads: asyncio.Queue[str | None] = asyncio.Queue(_MOST_WAITING)
        self._connection: Any = None  # an asyncpg.Connection, more of which is used than elsewhere
        self._closed = False
        self._began = False

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def __anext__(self) -> str:
        """The next payload; ends when the subscription or the store is closed."""
        while not self._closed:
            if self._connection is None or self._connection.is_closed():
                await self._begin()
                return ""
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    payload = await self._payloads.get()
            except TimeoutError:
                await self._check()
                continue
            if payload is not None:
                return payload
        raise StopAsyncIteration

    async def close(self) -> None:
        """End it, also for whoever waits; a second call does nothing."""
        self._closed = True
        self._wake(None)
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it is gone already
                await connection.close(timeout=_CLOSING_SECONDS)

    async def _begin(self) -> None:
        pause = 0.05
        while not self._closed:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001  # the port: whatever the driver raises becomes ours
                ours = translate(error, self._database.address)
                if not (self._began and isinstance(ours, IntegrationError)):
                    raise ours from (None if ours is error else error)
                logger().warning("subscription interrupted", channel=self._name, reason=str(ours))
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                self._began = True
                return
        raise StopAsyncIteration

    async def _listen(self) -> None:
        session = await self._database.session()
        session.dependents.add(self)
        connection: Any = await session.connect()
        connection.add_termination_listener(lambda _: self._wake(None))
        await connection.add_listener(self._name, lambda *arguments: self._wake(arguments[-1]))
        self._connection = connection
        if self._closed:
            await self.close()

    async def _check(self) -> None:
        """See that the connection lives, which a listener cannot tell from silence."""
        try:
            await self._connection.execute("SELECT 1")
        except Exception:  # noqa: BLE001  # whatever it is, another connection is made
            self._connection.terminate()

    def _wake(self, payload: str | None) -> None:
        if self._payloads.full():
            self._payloads.get_nowait()
        self._payloads.put_nowait(payload)
