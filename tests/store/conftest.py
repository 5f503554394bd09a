"""Failed assertions of the contract show their values, as those of a test module do."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("integrations_sdk.testing.store_contract")
