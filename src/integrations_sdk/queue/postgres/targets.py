"""The numbers of targets, which are given them once, in transactions of their own."""
# ruff: noqa: S608  # only constants and the schema's checked name are joined into the SQL; values are parameters

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.postgres.place import Sql
from integrations_sdk.store.postgres.connection import Connection

__all__ = ["add", "find", "named"]

_GIVEN: Final = "unnest($1::text[], $2::text[], $3::text[])"
_FIND: Final = (
    f"SELECT v.position, t.seq FROM {_GIVEN} WITH ORDINALITY v(kind, tenant, id, position)"
    " JOIN {}.queue_targets t ON t.kind = v.kind AND t.tenant = v.tenant AND t.id = v.id"
)
# Always in the same order, so that two that add the same targets do not lock each other out.
_ADD: Final = (
    "WITH added AS (INSERT INTO {}.queue_targets (kind, tenant, id, project) SELECT v.*"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) v(kind, tenant, id, project)"
    " ORDER BY kind, tenant, id ON CONFLICT (kind, tenant, id) DO NOTHING RETURNING seq),"
    " lined AS (INSERT INTO {}.queue_line (target) SELECT seq FROM added)"
    " INSERT INTO {}.queue_statistics (target) SELECT seq FROM added"
)
_NAMED: Final = (
    "SELECT t.seq, t.kind, t.id, t.tenant, t.project FROM unnest($1::bigint[]) v(seq)"
    " JOIN {}.queue_targets t ON t.seq = v.seq"
)


async def find(connection: Connection, sql: Sql, targets: Sequence[Target]) -> dict[Target, int]:
    """The numbers of those that have one."""
    rows = await connection.fetch(sql(_FIND), *_columns(targets))
    return {targets[position - 1]: number for position, number in rows}


async def add(connection: Connection, sql: Sql, targets: Iterable[Target]) -> dict[Target, int]:
    """The numbers of all of them; those that have none are given one."""
    wanted = list(targets)
    found = await find(connection, sql, wanted)
    if missing := [target for target in wanted if target not in found]:
        await connection.execute(sql(_ADD), *_columns(missing), [target.project_id for target in missing])
        found |= await find(connection, sql, missing)
    return found


async def named(connection: Connection, sql: Sql, numbers: Iterable[int]) -> dict[Target, int]:
    """Targets by their numbers."""
    rows = await connection.fetch(sql(_NAMED), list(numbers))
    return {Target(*name): number for number, *name in rows}


def _columns(targets: Sequence[Target]) -> tuple[list[str], list[str], list[str]]:
    return (
        [target.kind for target in targets],
        [target.tenant_id for target in targets],
        [target.id for target in targets],
    )
