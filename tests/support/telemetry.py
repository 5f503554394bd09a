"""OpenTelemetry's global providers, which a process can set only once, set anew for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.metrics import _internal as metrics
from opentelemetry.util._once import Once

__all__ = ["fresh_providers"]


@contextmanager
def fresh_providers() -> Iterator[None]:
    """As if no provider had been set yet; afterwards as it was before."""
    spans = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE
    numbers = metrics._METER_PROVIDER, metrics._METER_PROVIDER_SET_ONCE
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = None, Once()
    metrics._METER_PROVIDER, metrics._METER_PROVIDER_SET_ONCE = None, Once()
    try:
        yield
    finally:
        trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = spans
        metrics._METER_PROVIDER, metrics._METER_PROVIDER_SET_ONCE = numbers
