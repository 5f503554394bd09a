"""Latencies in buckets: bounded, and precise enough."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.queue.latency import BUCKETS, bucket, percentile


@pytest.mark.parametrize(
    ("microseconds", "number"), [(0, 0), (999, 0), (1_000, 1), (1_200, 2), (10**12, BUCKETS - 1)]
)
def test_buckets(microseconds, number):
    """Below 1 ms the first, from 81 s on the last, in between each a fifth wider."""
    assert bucket(microseconds) == number


@given(st.integers(1_000, 80_000_000))
def test_a_percentile_is_within_ten_percent(microseconds):
    """What one latency reads as is within 10 % of it."""
    read = percentile({bucket(microseconds): 1}, 0.5)
    assert abs(read / timedelta(microseconds=microseconds) - 1) <= 0.1


def test_percentiles_of_several():
    """The share counts from below; of none there is no percentile."""
    counts = {bucket(2_000): 90, bucket(900_000): 10}
    assert percentile(counts, 0.9) < timedelta(milliseconds=3)
    assert percentile(counts, 0.91) > timedelta(milliseconds=800)
    assert percentile({}, 0.5) is None
