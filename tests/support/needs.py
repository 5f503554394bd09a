"""What some tests need and a machine may lack: they are skipped there, and fail where everything must be there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

__all__ = ["REQUIRED", "unavailable"]

REQUIRED = os.environ.get("INTEGRATIONS_SDK_REQUIRE_SERVICES") == "1"


def unavailable(why: str) -> NoReturn:
    """Skip, or fail where INTEGRATIONS_SDK_REQUIRE_SERVICES is 1, with the reason."""
    if REQUIRED:
        pytest.fail(f"required by INTEGRATIONS_SDK_REQUIRE_SERVICES, but {why}")
    pytest.skip(why)
