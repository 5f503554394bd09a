"""`open_bus()`: a bus from its URL."""

from __future__ import annotations

from integrations_sdk.bus.base import Bus
from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.errors import ConfigurationError

__all__ = ["open_bus"]

_KNOWN = {"memory": MemoryBus}


def open_bus(bus: str | Bus) -> Bus:
    """The bus that a URL names (`memory:`); a bus as it is.

    Raises:
        ConfigurationError: no bus of that scheme is known. The URL is not quoted, for it may hold a password.
    """
    if not isinstance(bus, str):
        return bus
    scheme = bus.partition(":")[0]
    if scheme not in _KNOWN:
        known = ", ".join(f"{name}:" for name in _KNOWN)
        raise ConfigurationError.of("bus", "bus", "expected the URL of a known bus", f"known: {known}")
    return _KNOWN[scheme]()
