"""Structured logs: structlog over the standard logger `integrations_sdk`, silent until the application configures it.

`logging.getLogger("integrations_sdk")` has a `NullHandler`; add a handler or call `logging.basicConfig()`
to see the log. Nothing global is configured, and structlog is imported with the first line written.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import MutableMapping
from functools import cache
from typing import Any, Final

from integrations_sdk.errors import IntegrationError
from integrations_sdk.models import MASK, Secret

__all__ = ["Logger", "logger", "place_of", "reason_of"]

_STANDARD: Final = logging.getLogger("integrations_sdk")
_STANDARD.addHandler(logging.NullHandler())


class Logger:
    """Writes events with fields; a level that nobody listens to costs one comparison."""

    def debug(self, event: str, **fields: object) -> None:
        """For following one call: every attempt, every wait."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """For the record: what was created, switched, recovered."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something failed and the library went on: a retry, a skipped target."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Something failed that nobody is told of otherwise."""
        self._log(logging.ERROR, event, fields)

    @staticmethod
    def _log(level: int, event: str, fields: dict[str, object]) -> None:
        if _STANDARD.isEnabledFor(level):
            _structured().log(level, event, **fields)


_LOGGER: Final = Logger()


def logger() -> Logger:
    """The library's logger."""
    return _LOGGER


def place_of(error: BaseException) -> str:
    """Where a foreign error was raised: `provider.py:12 in notify`.

    That and its type is all that may be logged of an error that is not this library's own: its words may
    hold a secret (a URL, a header).
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "nowhere"
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno} in {frames[-1].name}"


def reason_of(error: BaseException) -> str:
    """What may be logged of an error: this library's own words, of others only `place_of()`."""
    return str(error) if isinstance(error, IntegrationError) else f"at {place_of(error)}"


@cache
def _structured() -> Any:  # structlog's bound loggers are Any by design
    import structlog

    return structlog.wrap_logger(
        _STANDARD,
        processors=[_mask, structlog.processors.KeyValueRenderer(key_order=["event"])],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
    )


def _mask(_: object, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in fields.items():
        if isinstance(value, Secret):
            fields[name] = MASK
    return fields
