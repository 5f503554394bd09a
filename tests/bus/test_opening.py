"""A bus from its URL."""

from __future__ import annotations

import pytest

from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.bus.opening import open_bus
from integrations_sdk.errors import ConfigurationError


def test_memory_url_opens_a_new_bus_each_time() -> None:
    """`memory:` is a bus of its own."""
    assert isinstance(open_bus("memory:"), MemoryBus)
    assert open_bus("memory:") is not open_bus("memory:")


def test_a_bus_is_taken_as_it_is() -> None:
    """Who brings a bus gets that one."""
    bus = MemoryBus()
    assert open_bus(bus) is bus


@pytest.mark.parametrize("url", ["", "canary", "redis://user:canary@host/", "MEMORY:canary"])
def test_unknown_bus_says_what_is_known_and_quotes_no_password(url: str) -> None:
    """An unknown scheme is an error that lists the known ones; the URL, with its password, is not quoted."""
    with pytest.raises(ConfigurationError, match="known: memory:") as caught:
        open_bus(url)
    assert "canary" not in str(caught.value)
