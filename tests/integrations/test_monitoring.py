"""`monitoring`: four services under one roof."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.testing import Sandbox


@pytest.fixture
def live():
    with Sandbox() as sandbox, asyncio.Runner() as runner:
        manager = AsyncIntegrationManagementManager()
        for provider in ("datadog", "sentry", "prometheus", "newrelic"):
            create = getattr(manager.monitoring, f"create_{provider}_integration")
            runner.run(create(sandbox.config(provider)))
        yield manager, sandbox, runner.run
        runner.run(manager.aclose())


def test_all_of_them_are_listed(live):
    """The list holds the integrations of monitoring providers, by state."""
    manager, _, run = live
    run(manager.integrations.create("webhook", {"url": "https://w.example"}))
    run(manager.sentry.disable("sentry-1"))
    assert [item.provider for item in run(manager.monitoring.list())] == [
        "datadog",
        "sentry",
        "prometheus",
        "newrelic",
    ]
    assert [item.provider for item in run(manager.monitoring.list(state="active"))] == [
        "datadog",
        "prometheus",
        "newrelic",
    ]


def test_custom_metrics_reach_every_service_that_takes_them(live):
    """One call sends to all metric sinks; the outcomes name each."""
    manager, sandbox, run = live
    outcomes = run(
        manager.monitoring.send_metrics({"name": "deploy.duration", "value": 12.5, "tags": {"env": "prod"}})
    )
    assert [outcome.target for outcome in outcomes] == ["datadog-1", "prometheus-1", "newrelic-1"]
    assert outcomes.failures == []
    assert all(sandbox[provider].received for provider in ("datadog", "prometheus", "newrelic"))


def test_logs_reach_every_service_that_takes_them(live):
    """One call sends to all log sinks."""
    manager, _, run = live
    outcomes = run(manager.monitoring.send_logs([{"message": "deployed", "level": "info"}]))
    assert [outcome.target for outcome in outcomes] == ["datadog-1", "newrelic-1"]
    assert all(outcomes)


def test_one_that_fails_does_not_stop_the_others(live):
    """A refused target is a failed outcome beside the others."""
    manager, sandbox, run = live
    sandbox.datadog.fail(status=403, times=None)
    outcomes = run(manager.monitoring.send_metrics([{"name": "a", "value": 1}]))
    assert [bool(outcome) for outcome in outcomes] == [False, True, True]
    assert outcomes[0].needs_reauth or outcomes[0].error
