"""`OpsgenieConnector`: who it is, whether it works, and what it makes of messages and events."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    Event,
    EventType,
    Level,
    Message,
    Outcome,
    message_for,
)
from integrations_sdk.connectors.opsgenie.alerts import OpsgenieAlerts
from integrations_sdk.connectors.opsgenie.config import OpsgenieConfig
from integrations_sdk.connectors.opsgenie.payloads import alert_of

__all__ = ["OpsgenieConnector"]


class OpsgenieConnector(OpsgenieAlerts):
    """Opens, acknowledges, closes and annotates alerts, and says what became of each request."""

    provider = "opsgenie"
    title = "Opsgenie"
    category = Category.COMMUNICATION
    Config = OpsgenieConfig
    docs_url = "https://docs.opsgenie.com/docs/alert-api"
    setup = (
        "Teams → the team → Integrations → Add integration → API; copy its key.",
        "Give the integration the access rights `Read` and `Create and update`.",
    )
    permissions = (
        "create and update access of the integration",
        "read access, to follow requests to their result",
    )
    limits = (
        "Atlassian sells Opsgenie no more since 4 June 2025 and ends its support, and its API, on 5 April 2027.",
        "Requests are processed later: with `follow: 0` accepted means no more than that the form was right.",
        "Messages are cut at 130 characters, with the whole in the description; that is cut at 15,000.",
    )
    default_events = (EventType.PIPELINE, EventType.DEPLOYMENT)

    @property
    def base_url(self) -> str:
        """The API of the region."""
        return self.config.root

    async def authorize(self) -> Mapping[str, str]:
        """The key of the integration."""
        return {"authorization": f"GenieKey {self.config.api_key.reveal()}"}

    async def check(self) -> CheckResult:
        """List one alert. A key that may only write is good too, but its requests cannot be followed."""
        answer = await self.call(
            "GET", "/v2/alerts", operation="listAlerts", query={"limit": "1"}, accept=(403,)
        )
        if answer.ok:
            return CheckResult(detail="the key reads alerts")
        warning = "the key may not read alerts: grant the integration read access, or set follow to 0"
        return CheckResult(detail="Opsgenie knows the key", warnings=(warning,))

    async def notify(self, message: Message) -> Outcome:
        """Open an alert; a message of the level `success` closes the one with its `key` instead.

        `reference` is the alias: the message's `key`, or a new one. Good news are skipped when there is no
        open alert for them to close.
        """
        if message.level is Level.SUCCESS:
            if message.key is None:
                return self.skipped("closeAlert", "good news without a key close nothing")
            return await self._act("close", message.key, {"note": message.summary}, absent_ok=True)
        priority = self.config.priority(message.level)
        return await self.create_alert(
            message.summary,
            alias=message.key,
            description=message.text,
            priority=priority,
            **alert_of(message),
        )

    async def handle_event(self, event: Event) -> Outcome:
        """Open an alert for a failure, and close it with the next success."""
        message = message_for(event)
        if message.level is Level.ERROR or event.status == "success":
            return await self.notify(message)
        return self.skipped("createAlert", "neither a failure nor the end of one")
