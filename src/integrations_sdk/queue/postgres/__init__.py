"""The `Queue` port on PostgreSQL, beside a `PostgresStore`."""

from integrations_sdk.queue.postgres.queue import PostgresQueue

__all__ = ["PostgresQueue"]
