"""Spans and metrics per attempt, after OpenTelemetry's semantic conventions for HTTP clients (extra `otel`).

https://opentelemetry.io/docs/specs/semconv/http/ (stable). Where they ask for `url.full`, only the origin
is given, because the rest of a URL can be a secret; headers and bodies are never recorded.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from integrations_sdk.errors import MissingExtraError, TransportError
from integrations_sdk.http.base import Call, Request, Response, Transport
from integrations_sdk.http.redaction import redact_url

if TYPE_CHECKING:  # imported when telemetry is switched on: OpenTelemetry is an extra
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["Telemetry"]

_SCOPE: Final = "integrations_sdk.http"
_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
_PORTS: Final = {"http": 80, "https": 443}
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class Telemetry:
    """Observes every attempt: one `CLIENT` span, one measurement of `http.client.request.duration` (seconds).

    Spans carry besides the conventions' attributes `integrations_sdk.provider` and `.operation`.

    Args:
        tracer_provider: OpenTelemetry's; None: the application's global one.
        meter_provider: likewise.

    Raises:
        MissingExtraError: `opentelemetry-api` is not installed.
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise MissingExtraError("HTTP telemetry", "otel") from None
        self._trace = trace
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider)
        self._duration = metrics.get_meter(_SCOPE, meter_provider=meter_provider).create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )

    async def send(self, transport: Transport, request: Request, call: Call, attempt: int) -> Response:
        """Send through the transport, observed.

        Args:
            attempt: 1 for the first.

        Raises:
            TransportError: whatever the transport raises.
        """
        common = _common(request)
        with self._tracer.start_as_current_span(
            str(common["http.request.method"]).replace("_OTHER", "HTTP"),
            kind=self._trace.SpanKind.CLIENT,
            attributes={**common, **_of_span(request, call, attempt)},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            started = time.monotonic()
            outcome: dict[str, str | int] = {"error.type": "cancelled"}
            try:
                response = await transport.send(request)
            except TransportError as error:
                outcome = {"error.type": type(error).__name__}
                raise
            else:
                outcome = _of_answer(response.status)
                return response
            finally:
                self._finish(span, outcome)
                self._duration.record(time.monotonic() - started, {**common, **outcome})

    def _finish(self, span: Span, outcome: dict[str, str | int]) -> None:
        span.set_attributes(outcome)
        if "error.type" in outcome:
            span.set_status(self._trace.StatusCode.ERROR)


def _common(request: Request) -> dict[str, str | int]:
    parts = urlsplit(request.url)
    return {
        "http.request.method": request.method if request.method in _METHODS else "_OTHER",
        "server.address": parts.hostname or "",
        "server.port": parts.port or _PORTS.get(parts.scheme, 0),
    }


def _of_span(request: Request, call: Call, attempt: int) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "url.full": redact_url(request.url),
        "integrations_sdk.provider": call.provider,
        "integrations_sdk.operation": call.operation,
    }
    if request.method not in _METHODS:
        attributes["http.request.method_original"] = request.method
    if attempt > 1:
        attributes["http.request.resend_count"] = attempt - 1
    return attributes


def _of_answer(status: int) -> dict[str, str | int]:
    outcome: dict[str, str | int] = {"http.response.status_code": status}
    if status >= 400:
        outcome["error.type"] = str(status)
    return outcome
