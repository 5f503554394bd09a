"""The monitoring connectors over real HTTP, against stand-ins on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from integrations_sdk.clock import SystemClock
from integrations_sdk.codec import load
from integrations_sdk.connectors.base import (
    Connector,
    ConnectorConfig,
    ConnectorContext,
    Event,
    LogEntry,
    Metric,
    RejectedError,
)
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.models import Scope
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import DictMemory

FAILED = Event(
    id="0194-1",
    type="pipeline",
    source="https://gitlab.example.com/group/app",
    time=datetime.now(UTC) - timedelta(minutes=1),
    provider="gitlab",
    project="group/app",
    branch="main",
    status="failed",
    title="Pipeline #31 failed",
    text="ü" * 3000,
    duration=timedelta(seconds=63),
)

Work = Callable[[Connector[ConnectorConfig]], Awaitable[None]]


def with_connector(sandbox: Sandbox, provider: str, work: Work) -> None:
    """Do the work with a connector that reaches its stand-in through the real client."""

    async def run() -> None:
        clock = SystemClock()
        http = HttpClient(HttpxTransport(), clock)
        kind = Registry().get(provider)

        async def nowhere(_: str) -> Connector[ConnectorConfig]:
            raise NotImplementedError

        context = ConnectorContext(
            integration_id=f"{provider}-1",
            http=http,
            clock=clock,
            scope=Scope(),
            memory=DictMemory(),
            open=nowhere,
            spawn=lambda work, name: asyncio.get_running_loop().create_task(work, name=name),
        )
        try:
            await work(kind(load(kind.Config, sandbox.config(provider), subject=provider), context))
        finally:
            await http.close()

    asyncio.run(run())


@pytest.mark.parametrize("provider", ["datadog", "sentry", "prometheus", "newrelic", "splunk"])
def test_check_and_event_arrive(provider: str) -> None:
    """The check succeeds and leaves nothing; an event, which is large enough to be compressed, is accepted."""

    async def work(connector: Connector[ConnectorConfig]) -> None:
        result = await connector.check()
        assert result.detail
        assert connector.wants(FAILED) is None
        assert await connector.handle_event(FAILED)

    with Sandbox() as sandbox:
        with_connector(sandbox, provider, work)
        assert sandbox[provider].refused == []


@pytest.mark.parametrize("provider", ["datadog", "prometheus", "newrelic"])
def test_metrics_arrive(provider: str) -> None:
    """Some hundred metrics are accepted, compressed."""

    async def work(connector: Connector[ConnectorConfig]) -> None:
        assert await connector.send_metrics(
            [Metric(name="load", value=n, tags={"n": str(n)}) for n in range(300)]
        )

    with Sandbox() as sandbox:
        with_connector(sandbox, provider, work)
        (arrival,) = sandbox.received
        assert arrival.accepted
        assert arrival.request.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("provider", ["datadog", "newrelic", "splunk"])
def test_logs_arrive(provider: str) -> None:
    """Log lines are accepted, also beyond one request."""

    async def work(connector: Connector[ConnectorConfig]) -> None:
        assert await connector.send_logs([LogEntry(message="x" * 6000) for _ in range(1001)])

    with Sandbox() as sandbox:
        with_connector(sandbox, provider, work)
        assert len(sandbox.received) > 1
        arrived = getattr(sandbox[provider], "logs", None) or sandbox[provider].events
        assert len(arrived) == 1001


def test_a_silence_that_an_old_alertmanager_does_not_know_is_refused_at_once() -> None:
    """Before 0.26 it answers 500, as where it is broken, which is asked again."""

    async def delete(connector: Connector[ConnectorConfig]) -> None:
        with pytest.raises(RejectedError, match="silence not found"):
            await connector.delete_silence("none")

    with Sandbox() as sandbox:
        sandbox["prometheus"].fail(status=500, body=b'"silence not found"', times=None)
        with_connector(sandbox, "prometheus", delete)
        assert len(sandbox["prometheus"].refused) == 1


def test_a_repeated_envelope_is_one_event() -> None:
    """A connection that breaks after Sentry acted is tried again, and still makes one event."""

    async def work(connector: Connector[ConnectorConfig]) -> None:
        outcome = await connector.handle_event(FAILED)
        assert outcome.attempts == 2

    with Sandbox() as sandbox:
        sandbox.sentry.fail(reset=True, acts=True)
        with_connector(sandbox, "sentry", work)
        assert len(sandbox.sentry.events) == 1
        assert len(sandbox.received) == 2
