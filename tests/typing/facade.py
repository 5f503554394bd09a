"""Checked by mypy, never run: the blocking and the asynchronous surface have the types that users see."""

from __future__ import annotations

from typing import assert_type

from integrations_sdk import (
    AsyncIntegrationManagementManager,
    IntegrationManagementManager,
    IntegrationType,
    Message,
)
from integrations_sdk.catalog import CatalogEntry
from integrations_sdk.models import (
    Build,
    Event,
    HealthCheck,
    Integration,
    Issue,
    Outcome,
    OutcomeList,
    RecordList,
)
from integrations_sdk.oauth import OAuthApplication
from integrations_sdk.templates import IntegrationTemplate
from integrations_sdk.webhooks import Webhook, WebhookEventType


def blocking(mgr: IntegrationManagementManager, event: Event) -> None:
    """Results come as they are."""
    slack = mgr.slack.create_slack_integration({"webhook_url": "env:SLACK_WEBHOOK_URL"})
    assert_type(slack, Integration)
    assert_type(slack.integration_id, str)
    assert_type(mgr.slack.send_slack_notification(slack["integration_id"], {"text": "hi"}), Outcome)
    assert_type(mgr.slack.notify("slack-1", Message(text="hi")), Outcome)
    assert_type(mgr.github.create(token="x", name="GitHub"), Integration)
    assert_type(mgr.provider("acme").list(), RecordList[Integration])
    assert_type(mgr.jira.sync_issue("jira-1", {"iid": 1}), Outcome)
    assert_type(mgr.jira.find_issue("jira-1", "x"), Issue | None)
    assert_type(mgr.jenkins.wait_for_build("jenkins-1", "queue:1"), Build)
    assert_type(mgr.webhooks.create_webhook({"url": "https://a.example"}), Webhook)
    assert_type(mgr.webhooks.test_webhook("webhook-1"), OutcomeList)
    assert_type(mgr.webhooks.list_event_types(), RecordList[WebhookEventType])
    assert_type(mgr.monitoring.send_metrics({"name": "a", "value": 1}), OutcomeList)
    assert_type(mgr.events.receive("gitlab", {}, b"{}"), Event | None)
    assert_type(mgr.events.dispatch(event), OutcomeList)
    assert_type(mgr.health.check_integration_health("slack-1", "slack"), HealthCheck)
    assert_type(mgr.health.get_unhealthy_integrations(), list[str])
    assert_type(
        mgr.templates.list_templates(integration_type=IntegrationType.SLACK), RecordList[IntegrationTemplate]
    )
    assert_type(mgr.oauth.create_oauth_application({}), OAuthApplication)
    assert_type(mgr.catalog.list(category="monitoring"), RecordList[CatalogEntry])


async def asynchronous(mgr: AsyncIntegrationManagementManager, event: Event) -> None:
    """The same, awaited."""
    slack = await mgr.slack.create_slack_integration({"webhook_url": "env:SLACK_WEBHOOK_URL"})
    assert_type(slack, Integration)
    assert_type(await mgr.slack.send_slack_notification(slack["integration_id"], {"text": "hi"}), Outcome)
    assert_type(await mgr.github.create(token="x"), Integration)
    assert_type(await mgr.events.dispatch(event), OutcomeList)
    assert_type(await mgr.health.check_all(), RecordList[HealthCheck])
