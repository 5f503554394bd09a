"""Blocking and asynchronous: the same surface, and the same results for the same calls."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations_sdk import AsyncIntegrationManagementManager, IntegrationManagementManager
from integrations_sdk.blocking.portal import BlockingSubManager
from integrations_sdk.models import Event, plain
from integrations_sdk.testing import Sandbox
from support.toy import push, toy

ROOT = Path(__file__).parents[2]
SUB_MANAGERS = (
    "catalog", "custom", "deliveries", "events", "health", "integrations", "jenkins", "jira", "monitoring", "oauth", "slack", "templates",
    "webhooks",
)  # fmt: skip
HANDS_OFF = {"start", "forked", "aclose", "close", "runtime", "registry"}
"""What only one of the two has: its life."""


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_the_generated_modules_are_what_the_script_makes():
    """Nobody edited a generated module, and none is behind its source."""
    script = ROOT / "scripts" / "generate_blocking.py"
    if importlib.util.find_spec("ruff") is None:
        pytest.skip("ruff formats what is generated, and is not installed here; the lint job checks it")
    run = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_managers_have_the_same_names():
    """Every sub-manager and method of one is there in the other."""
    with IntegrationManagementManager() as blocking:
        asynchronous = AsyncIntegrationManagementManager()
        assert public(blocking) - HANDS_OFF == public(asynchronous) - HANDS_OFF
        asyncio.run(asynchronous.aclose())


@pytest.mark.parametrize("name", SUB_MANAGERS)
def test_methods_have_the_same_signatures(name):
    """Each method has the same parameters, types, defaults, result and documentation; none is a coroutine."""
    with IntegrationManagementManager() as manager:
        blocking = getattr(manager, name)
        asynchronous = getattr(manager._portal.manager, name)
        methods = {method for method in public(asynchronous) if callable(getattr(asynchronous, method))}
        assert methods == public(blocking)
        for method in methods:
            ours, theirs = getattr(type(blocking), method), getattr(type(asynchronous), method)
            assert str(inspect.signature(ours)) == str(inspect.signature(theirs)), method
            assert inspect.getdoc(ours) == inspect.getdoc(theirs)
            assert not inspect.iscoroutinefunction(ours)


Do = Callable[[Any, Any], Any]


def _event(manager: Any) -> Event:
    return push(branch="main", project="group/name")


STEPS: list[tuple[str, Do]] = [
    ("create", lambda m, s: m.toy.create({"url": "https://t.example"}, name="Toy")),
    ("create another", lambda m, s: m.integrations.create("toy", url="https://t.example", token="s3cret")),
    ("get", lambda m, s: m.toy.get("toy-1")),
    ("get any", lambda m, s: m.integrations.get("toy-2")),
    ("update", lambda m, s: m.toy.update("toy-1", {"size": 5})),
    ("update any", lambda m, s: m.integrations.update("toy-1", size=6, version=2)),
    ("disable", lambda m, s: m.toy.disable("toy-2")),
    ("enable", lambda m, s: m.toy.enable("toy-2")),
    ("disable any", lambda m, s: m.integrations.disable("toy-2")),
    ("enable any", lambda m, s: m.integrations.enable("toy-2")),
    ("list", lambda m, s: m.toy.list(state="active")),
    ("notify", lambda m, s: m.toy.notify("toy-1", "hello")),
    ("call", lambda m, s: m.toy.call("toy-1", "spin", 2, fast=True)),
    ("check", lambda m, s: m.toy.check("toy-1")),
    ("sweep", lambda m, s: m.health.check_all()),
    ("latest", lambda m, s: m.health.latest()),
    ("history", lambda m, s: m.health.get_health_history("toy-1")),
    ("monitor", lambda m, s: m.health.start_monitor(interval=timedelta(hours=1))),
    ("no monitor", lambda m, s: m.health.stop_monitor()),
    ("delete", lambda m, s: m.toy.delete("toy-2")),
    ("delete any", lambda m, s: m.integrations.delete("toy-1")),
    ("list any", lambda m, s: m.integrations.list()),
    ("catalogue", lambda m, s: m.catalog.list(capability="issue_tracker")),
    ("entry", lambda m, s: m.catalog.get("slack")),
    ("schema", lambda m, s: m.catalog.schema("slack")),
    ("template", lambda m, s: m.templates.create_template({"name": "T", "integration_type": "toy"})),
    ("templates", lambda m, s: m.templates.list_templates(integration_type="toy")),
    ("from template", lambda m, s: m.templates.instantiate("template-1", {"url": "https://t.example"})),
    ("no template", lambda m, s: m.templates.delete_template("template-1")),
    ("event types", lambda m, s: m.events.list_event_types()),
    ("secret", lambda m, s: m.events.set_secret("gitlab", "t0ken")),
    ("dispatch", lambda m, s: m.events.dispatch(_event(m), include_skipped=True)),
    ("stored", lambda m, s: m.events.dispatch(_event(m), wait=False)),
    ("enqueued", lambda m, s: m.events.enqueue(_event(m), due_at=NEXT_YEAR)),
    ("slack", lambda m, s: m.slack.create_slack_integration(s.config("slack"))),
    ("slack text", lambda m, s: m.slack.send_slack_notification("slack-1", "hello")),
    ("jira", lambda m, s: m.jira.create_jira_integration(s.config("jira"))),
    ("issue", lambda m, s: m.jira.create_issue("jira-1", {"title": "T", "external_id": "x#1"})),
    ("issue change", lambda m, s: m.jira.update_issue("jira-1", "PROJ-1", {"title": "U"})),
    ("issue found", lambda m, s: m.jira.find_issue("jira-1", "x#1")),
    ("comment", lambda m, s: m.jira.comment_issue("jira-1", "PROJ-1", "words")),
    ("transition", lambda m, s: m.jira.transition_issue("jira-1", "PROJ-1", "Done")),
    ("sync", lambda m, s: m.jira.sync_issue("jira-1", {"iid": 9, "title": "T"})),
    ("jenkins", lambda m, s: m.jenkins.create_jenkins_integration(s.config("jenkins"))),
    ("build", lambda m, s: m.jenkins.trigger_build("jenkins-1", {"branch": "main"})),
    ("build again", lambda m, s: m.jenkins.trigger_jenkins_build("jenkins-1")),
    ("gitlab", lambda m, s: m.gitlab.create(s.config("gitlab"))),
    ("status", lambda m, s: m.gitlab.set_commit_status("gitlab-1", {"sha": "a" * 40, "status": "success"})),
    ("newrelic", lambda m, s: m.newrelic.create(s.config("newrelic"))),
    ("metric", lambda m, s: m.newrelic.send_metrics("newrelic-1", {"name": "a.b", "value": 1})),
    ("log", lambda m, s: m.newrelic.send_logs("newrelic-1", [{"message": "words"}])),
    ("event", lambda m, s: m.newrelic.send_event("newrelic-1", _event(m))),
    ("all metrics", lambda m, s: m.monitoring.send_metrics({"name": "a.b", "value": 1})),
    ("all logs", lambda m, s: m.monitoring.send_logs({"message": "words"})),
    ("monitoring", lambda m, s: m.monitoring.list()),
    ("datadog", lambda m, s: m.monitoring.create_datadog_integration(s.config("datadog"))),
    ("sentry", lambda m, s: m.monitoring.create_sentry_integration(s.config("sentry"))),
    ("prometheus", lambda m, s: m.monitoring.create_prometheus_integration(s.config("prometheus"))),
    ("new relic", lambda m, s: m.monitoring.create_newrelic_integration(s.config("newrelic"))),
    ("webhook", lambda m, s: m.webhooks.create_webhook(s.config("webhook"))),
    ("webhook change", lambda m, s: m.webhooks.update_webhook("webhook-1", {"events": ["push"]})),
    ("webhook test", lambda m, s: m.webhooks.test_webhook("webhook-1")),
    ("webhook test of one", lambda m, s: m.webhooks.test_webhook("webhook-1", event_type="order.paid")),
    ("event types", lambda m, s: m.webhooks.list_event_types()),
    ("event type", lambda m, s: m.webhooks.create_event_type("order.paid", "Paid.", {"order": 7})),
    ("event type gone", lambda m, s: m.webhooks.delete_event_type("order.paid")),
    ("webhook call", lambda m, s: m.webhooks.trigger_webhook("webhook-1", {"event_type": "push"})),
    ("webhook call stored", lambda m, s: m.webhooks.trigger_webhook("webhook-1", {"n": 1}, ordering_key="k")),
    ("delivery log", lambda m, s: m.deliveries.list("webhook-1", state="delivered")),
    ("no delivery", lambda m, s: m.deliveries.get("none")),
    ("statistics", lambda m, s: m.deliveries.statistics("webhook-1")),
    ("held", lambda m, s: m.deliveries.hold("webhook-1", "for now")),
    ("released", lambda m, s: m.deliveries.release("webhook-1")),
    ("backlog", lambda m, s: m.deliveries.backlog()),
    ("replay, dry", lambda m, s: m.deliveries.replay("webhook-1", state="delivered", dry_run=True)),
    ("no replay", lambda m, s: m.deliveries.resume_replay("none")),
    ("action", lambda m, s: m.slack.enqueue("slack-1", "notify", message="later", wait=True)),
    ("webhook off", lambda m, s: m.webhooks.disable_webhook("webhook-1")),
    ("webhook on", lambda m, s: m.webhooks.enable_webhook("webhook-1")),
    ("webhooks", lambda m, s: m.webhooks.list_webhooks()),
    ("webhook gone", lambda m, s: m.webhooks.delete_webhook("webhook-1")),
    (
        "app",
        lambda m, s: m.oauth.create_oauth_application(
            {"name": "A", "redirect_uri": "https://a.example/cb", "scopes": ["api"]}
        ),
    ),
    ("app read", lambda m, s: m.oauth.get_oauth_application("app-1")),
    ("app secret", lambda m, s: m.oauth.renew_client_secret("app-1")),
    ("app verified", lambda m, s: m.oauth.verify_client("nobody", "x")),
    ("app revoked", lambda m, s: m.oauth.revoke_oauth_application("app-1")),
    ("unhealthy", lambda m, s: m.health.get_unhealthy_integrations()),
    ("wrong", lambda m, s: m.slack.create_slack_integration({"webhook": 5})),
    ("missing", lambda m, s: m.jenkins.wait_for_build("jenkins-9", "queue:1")),
    ("no capability", lambda m, s: m.toy.create_issue("toy-3", {"title": "x"})),
]
NEXT_YEAR = datetime(2099, 1, 1, tzinfo=UTC)
VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|127\.0\.0\.1:\d+|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}|"
    r"'(?:duration|response_time_ms|latency(?:_p\d\d)?|p50|p95|p99)': [\d.e-]+|'webhook-timestamp': '\d+'|"
    r"'webhook-signature': '[^']*'"
)


def _seen(answer: Callable[[], Any]) -> str:
    """What came of a call, but for times, ports and random ids."""
    try:
        result = answer()
    except Exception as error:  # noqa: BLE001  # both sides shall raise the same, whatever it is
        return VOLATILE.sub("~", f"{type(error).__name__}: {error}")
    return VOLATILE.sub("~", str(plain(result)))


@pytest.fixture(scope="module")
def both() -> tuple[list[str], list[str]]:
    """What every step came to, asynchronously and blocking."""
    with Sandbox() as sandbox, asyncio.Runner() as runner:
        manager = AsyncIntegrationManagementManager(project_id="g/p")
        manager.register_connector(toy())

        async def awaited(do: Do) -> Any:
            return await do(manager, sandbox)

        asynchronous = [_seen(lambda do=do: runner.run(awaited(do))) for _, do in STEPS]
        runner.run(manager.aclose())
    with Sandbox() as sandbox, IntegrationManagementManager(project_id="g/p") as mgr:
        mgr.register_connector(toy())
        blocking = [_seen(lambda do=do: do(mgr, sandbox)) for _, do in STEPS]
    return asynchronous, blocking


@pytest.mark.parametrize("index", range(len(STEPS)), ids=[name for name, _ in STEPS])
def test_the_same_calls_come_to_the_same(both, index):
    """Each step gives the same result, or the same error, through both managers."""
    asynchronous, blocking = both
    assert blocking[index] == asynchronous[index]
    expected = STEPS[index][0] in {"wrong", "missing", "no capability", "no delivery", "no replay"}
    assert ("Error: " in blocking[index]) is expected, blocking[index]


def test_receiving_is_the_same(both):
    """A message without a secret to verify it by is refused alike."""
    with IntegrationManagementManager() as mgr:
        first = _seen(lambda: mgr.events.receive("github", {}, b"{}"))
        second = _seen(
            lambda: mgr._portal.call(lambda: mgr._portal.manager.events.receive("github", {}, b"{}"))
        )
    assert first == second
    assert first.startswith("ConfigurationError")


def test_sub_managers_are_made_once():
    """A sub-manager is the same object each time, and tab completion shows every provider."""
    with IntegrationManagementManager() as mgr:
        assert mgr.slack is mgr.slack
        assert isinstance(mgr.provider("github"), BlockingSubManager)
        assert {"slack", "github", "webhook", "health"} <= set(dir(mgr))
        with pytest.raises(AttributeError, match="providers"):
            mgr.slak
        stop = mgr.health.on_change(print)
        stop()
