"""Proofs of what is durable are made on every backend."""

from __future__ import annotations

import pytest

from support.backends import File, Schema
from support.postgres import place, server

__all__ = ["backend", "place", "server"]


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request, tmp_path):
    """A place for a durable queue that nobody used before; the one in PostgreSQL is skipped where there is none."""
    if request.param == "sqlite":
        return File(str(tmp_path / "q.db"))
    return Schema(request.getfixturevalue("place"))
