"""What is told of attempts once they were recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

from integrations_sdk.models import Outcome
from integrations_sdk.queue.base import Recorded, Result

__all__ = ["Finished", "OnRecorded"]


class Finished(NamedTuple):
    """An attempt that was recorded."""

    result: Result
    outcome: Outcome
    recorded: Recorded


OnRecorded: TypeAlias = Callable[[Sequence[Finished]], Awaitable[None]]
"""Is told of attempts after they were committed."""
