"""Failed assertions of the contract show their values, as those of a test module do."""

from __future__ import annotations

import sys

import pytest

CONTRACT = "integrations_sdk.testing.queue_contract"

if CONTRACT not in sys.modules:  # too late then, and pytest would warn
    pytest.register_assert_rewrite(CONTRACT)
