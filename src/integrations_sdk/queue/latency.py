"""Latencies in 64 buckets, each a fifth wider than the one before: bounded, and within 10 %. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

__all__ = ["BUCKETS", "bucket", "percentile"]

BUCKETS: Final = 64
"""From below 1 ms to 81 s and above."""

_FIRST: Final = 1_000  # microseconds
_GROWTH: Final = 1.2
_EDGES: Final = tuple(_FIRST * _GROWTH**number for number in range(BUCKETS - 1))


def bucket(microseconds: int) -> int:
    """Where a latency belongs, 0 to 63."""
    return bisect_right(_EDGES, microseconds)


def percentile(counts: Mapping[int, int], share: float) -> timedelta | None:
    """The latency that this share (0 to 1) of what was counted did not exceed; None if nothing was."""
    rank = math.ceil(sum(counts.values()) * share)
    seen = 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= rank and seen:
            return timedelta(microseconds=_FIRST * (_GROWTH ** (number - 0.5)))
    return None
