"""`PostgresStore`: documents in a schema of a PostgreSQL database, through asyncpg (extra `postgres`)."""

from integrations_sdk.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
