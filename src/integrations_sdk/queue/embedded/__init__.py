"""`EmbeddedQueue`: the queue inside the process, over SQLite: in the store's file, or in memory."""

from integrations_sdk.queue.embedded.queue import EmbeddedQueue

__all__ = ["EmbeddedQueue"]
