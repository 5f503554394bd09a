"""`http.telemetry`: spans and metrics after the semantic conventions for HTTP clients, without secrets."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Mapping, Sequence

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import MissingExtraError, TransportError
from integrations_sdk.http.base import Call, Request, Response
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.telemetry import Telemetry

CALL = Call(provider="acme", operation="thing.do", idempotent=True)
URL = "https://us:secret@hooks.example.com/secret?q=secret"


class Scripted:
    """A transport that answers from a script."""

    def __init__(self, *steps: int | BaseException) -> None:
        self.steps = list(steps)

    async def send(self, request: Request) -> Response:
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        return Response(status=step)

    async def close(self) -> None:
        pass


class Observed:
    """A client with in-memory exporters."""

    def __init__(self, *steps: int | BaseException) -> None:
        self.spans = InMemorySpanExporter()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        self.metrics = InMemoryMetricReader()
        self.meters = MeterProvider([self.metrics], shutdown_on_exit=False)
        telemetry = Telemetry(tracer_provider=tracers, meter_provider=self.meters)
        self.client = HttpClient(Scripted(*steps), FakeClock(), telemetry=telemetry)

    def send(self, method: str = "POST", url: str = URL) -> tuple[ReadableSpan, ...]:
        """Send, and return the finished spans."""
        asyncio.run(self.client.send(Request(method=method, url=url, headers={"x": "secret"}), CALL))
        return self.spans.get_finished_spans()

    def points(self) -> list[HistogramDataPoint]:
        """Every measurement of the duration."""
        data = self.metrics.get_metrics_data()
        assert data is not None
        (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
        assert (metric.name, metric.unit) == ("http.client.request.duration", "s")
        return [point for point in metric.data.data_points if isinstance(point, HistogramDataPoint)]


def test_good_request() -> None:
    """One client span with the conventions' attributes, and the duration in seconds."""
    observed = Observed(200)
    (span,) = observed.send()
    assert (span.name, span.kind, span.status.status_code) == ("POST", SpanKind.CLIENT, StatusCode.UNSET)
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "server.address": "hooks.example.com",
        "server.port": 443,
        "url.full": "https://hooks.example.com/…",
        "http.response.status_code": 200,
        "integrations_sdk.provider": "acme",
        "integrations_sdk.operation": "thing.do",
    }
    (point,) = observed.points()
    assert dict(point.attributes or {}) == {
        "http.request.method": "POST",
        "server.address": "hooks.example.com",
        "server.port": 443,
        "http.response.status_code": 200,
    }
    assert (point.count, point.explicit_bounds[0], point.explicit_bounds[-1]) == (1, 0.005, 10)


def test_every_attempt_has_its_span() -> None:
    """Attempts are counted as resends; errors carry their type and no text."""
    observed = Observed(TransportError("could not connect: secret", sent=False), 503, 200)
    spans = observed.send()
    seen = [
        (
            span.status.status_code,
            (span.attributes or {}).get("error.type"),
            (span.attributes or {}).get("http.request.resend_count"),
        )
        for span in spans
    ]
    assert seen == [
        (StatusCode.ERROR, "TransportError", None),
        (StatusCode.ERROR, "503", 1),
        (StatusCode.UNSET, None, 2),
    ]
    assert sorted(str((point.attributes or {}).get("error.type")) for point in observed.points()) == [
        "503",
        "None",
        "TransportError",
    ]
    assert "secret" not in "".join(span.to_json() for span in spans)


def test_cancelled_request_is_marked() -> None:
    """A cancelled request ends its span as an error of its own kind."""
    observed = Observed(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        observed.send()
    (span,) = observed.spans.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "cancelled"


def test_unknown_methods_do_not_multiply_names() -> None:
    """A method that is none of the known ones is `_OTHER`, its name kept in the span only."""
    observed = Observed(200)
    (span,) = observed.send("PURGE", "http://127.0.0.1:8080/")
    attributes = dict(span.attributes or {})
    assert (span.name, attributes["http.request.method"]) == ("HTTP", "_OTHER")
    assert (attributes["http.request.method_original"], attributes["server.port"]) == ("PURGE", 8080)


def test_off_by_default() -> None:
    """Without asking for it there is none."""
    client = HttpClient(Scripted(200), FakeClock())
    response = asyncio.run(client.send(Request(method="GET", url=URL), CALL))
    assert response.status == 200
    assert client._telemetry is None  # that nothing is observed is not observable otherwise


def test_global_providers_are_the_default() -> None:
    """`telemetry=True` uses what the application configured, here nothing."""
    client = HttpClient(Scripted(200), FakeClock(), telemetry=True)
    assert asyncio.run(client.send(Request(method="GET", url=URL), CALL)).status == 200


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OpenTelemetry the error says what to install."""
    real = builtins.__import__

    def without(name: str, scope: Mapping[str, object] | None = None, *rest: Sequence[str] | int) -> object:
        if name == "opentelemetry":
            raise ImportError(name)
        return real(name, scope, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"integrations-sdk\[otel\]"):
        HttpClient(Scripted(200), FakeClock(), telemetry=True)
