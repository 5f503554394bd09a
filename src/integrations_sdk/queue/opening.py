"""`open_queue()`: the queue that belongs to a store."""

from __future__ import annotations

from integrations_sdk.clock import Clock
from integrations_sdk.queue.base import Queue
from integrations_sdk.store.base import Store

__all__ = ["open_queue"]


def open_queue(store: Store | None = None, clock: Clock | None = None) -> Queue:
    """A queue in the database of a `PostgresStore` or in the file of a `SQLiteStore`.

    Otherwise it is one in memory, gone with the process.

    Args:
        store: it stays its owner's to close, after the queue.
        clock: decides what is due; None is the machine's, with a `PostgresStore` the server's.
    """
    from integrations_sdk.queue.embedded.place import FilePlace, MemoryPlace
    from integrations_sdk.queue.embedded.queue import EmbeddedQueue
    from integrations_sdk.store.postgres.store import PostgresStore
    from integrations_sdk.store.sqlite import SQLiteStore

    if isinstance(store, PostgresStore):
        from integrations_sdk.queue.postgres.queue import PostgresQueue

        return PostgresQueue(store, clock)
    return EmbeddedQueue(FilePlace(store) if isinstance(store, SQLiteStore) else MemoryPlace(), clock)
