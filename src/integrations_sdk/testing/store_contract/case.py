"""`StoreCase`: what the parts of the contract share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from integrations_sdk.clock import Clock, FakeClock
from integrations_sdk.models import JsonValue
from integrations_sdk.store.base import Document, Page, Store

__all__ = ["START", "C", "StoreCase", "after", "doc", "ids", "pages"]

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
C: Final = "things"


def doc(
    id_: str,
    data: Mapping[str, JsonValue] | None = None,
    *,
    keys: Mapping[str, str] | None = None,
    expires_at: datetime | None = None,
) -> Document:
    """A document of the collection under test."""
    return Document(collection=C, id=id_, data=dict(data or {}), keys=keys or {}, expires_at=expires_at)


def after(seconds: float) -> datetime:
    """A moment after the clock's start."""
    return START + timedelta(seconds=seconds)


async def ids(store: Store, where: Mapping[str, str] | None = None, *, newest_first: bool = False) -> str:
    """The ids a query finds, in order, in one word."""
    page = await store.query(C, where=where, limit=1000, newest_first=newest_first)
    return "".join(document.id for document in page.documents)


async def pages(store: Store, limit: int, *, newest_first: bool = False) -> list[Page]:
    """All pages of the collection."""
    found = [await store.query(C, limit=limit, newest_first=newest_first)]
    while found[-1].cursor is not None:
        found.append(await store.query(C, after=found[-1].cursor, limit=limit, newest_first=newest_first))
    return found


class StoreCase:
    """Subclass it, name the subclass `Test…`, and say how to open an empty store."""

    def open(self, clock: Clock) -> Store:
        """A new, empty store that goes by this clock."""
        raise NotImplementedError

    def run(self, scenario: Callable[[Store, FakeClock], Awaitable[None]]) -> None:
        """Run a scenario on a new store, and close it."""

        async def main() -> None:
            clock = FakeClock(START)
            store = self.open(clock)
            try:
                await scenario(store, clock)
            finally:
                await store.close()

        asyncio.run(main())
