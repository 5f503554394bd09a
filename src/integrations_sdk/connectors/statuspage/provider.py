"""`StatuspageConnector`: which page it is, whether it works, and what it makes of messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    Event,
    Level,
    Message,
    Outcome,
    RateLimit,
    message_for,
    objects_at,
    text_at,
)
from integrations_sdk.connectors.statuspage.config import StatuspageConfig
from integrations_sdk.connectors.statuspage.incidents import StatuspageIncidents

__all__ = ["StatuspageConnector"]

_IMPACTS: Final[Mapping[Level, Literal["none", "minor", "major"]]] = {
    Level.ERROR: "major",
    Level.WARNING: "minor",
    Level.INFO: "none",
}


class StatuspageConnector(StatuspageIncidents):
    """Tells the public what does not work, and when it works again. It acts on no events unless told to."""

    provider = "statuspage"
    title = "Statuspage"
    category = Category.COMMUNICATION
    Config = StatuspageConfig
    docs_url = "https://developer.statuspage.io/"
    setup = (
        "Your avatar → API info → Create key; copy the key and the id of the page.",
        "For `components`, take the ids from `list_components()`.",
    )
    permissions = ("a user with the page role Editor or above",)
    limits = (
        "60 requests a minute for each key; Statuspage answers 420 or 429 beyond.",
        "What is posted is public at once, and mailed to subscribers unless `deliver_notifications` is off.",
        "Names are cut at 255 characters, bodies at 25,000.",
    )
    rate = RateLimit(calls=60, period=timedelta(minutes=1))

    @property
    def base_url(self) -> str:
        """Where the API is, without `/v1`, whether configured with it or without."""
        return self.config.api_url.rstrip("/").removesuffix("/v1")

    async def authorize(self) -> Mapping[str, str]:
        """The key, under the word that Statuspage has for it."""
        return {"authorization": f"OAuth {self.config.api_key.reveal()}"}

    async def check(self) -> CheckResult:
        """Ask for the page."""
        page = await self.ask("GET", self._path(""), operation="pages.get")
        return CheckResult(
            detail=f"{text_at(page, 'name')} at {text_at(page, 'url') or text_at(page, 'subdomain')}"
        )

    async def notify(self, message: Message) -> Outcome:
        """Open an incident, or bring on the open one with the message's `key`.

        A message of the level `success` resolves that one, and makes its components operational again; it is
        skipped when there is none, or no key.
        """
        known = await self.find_incident(message.key) if message.key else None
        text = message.text or message.title
        if message.level is Level.SUCCESS:
            if known is None:
                return self.skipped("incidents.update", "there is no open incident with that key")
            working = {str(one.get("id")): "operational" for one in objects_at(known.data, "components")}
            return await self.update_incident(
                known.reference, status="resolved", body=text, components=working
            )
        affected = self.config.affected(message.level)
        if known is not None:
            return await self.update_incident(known.reference, body=text, components=affected)
        impact = None if affected else _IMPACTS[message.level]
        return await self.create_incident(
            message.summary, body=text, impact=impact, components=affected, key=message.key
        )

    async def handle_event(self, event: Event) -> Outcome:
        """Open an incident for a failure, and resolve it with the next success."""
        message = message_for(event)
        if message.level is Level.ERROR or event.status == "success":
            return await self.notify(message)
        return self.skipped("incidents.create", "neither a failure nor the end of one")
