"""`PagerDutyConnector`: who it is, and whether it works."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import attrs

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Category,
    CheckResult,
    ConfigurationError,
    EventType,
    Fault,
    RateLimit,
    Response,
    fault_of,
    json_of,
    text_at,
    texts_at,
)
from integrations_sdk.connectors.pagerduty.config import PagerDutyConfig
from integrations_sdk.connectors.pagerduty.events import PagerDutyEvents
from integrations_sdk.connectors.pagerduty.incidents import PagerDutyIncidents

__all__ = ["PagerDutyConnector"]

_VERSION: Final = "application/vnd.pagerduty+json;version=2"


class PagerDutyConnector(PagerDutyEvents, PagerDutyIncidents):
    """Alerts whoever is on call, and manages incidents where there is an API token."""

    provider = "pagerduty"
    title = "PagerDuty"
    category = Category.COMMUNICATION
    Config = PagerDutyConfig
    docs_url = "https://developer.pagerduty.com/docs/events-api-v2-overview"
    setup = (
        "Services → the service → Integrations → Add an integration → Events API V2; copy the integration key.",
        "For incidents: Integrations → API Access Keys (account), or My Profile → User Settings (user).",
    )
    permissions = (
        "the integration key alone for alerts and changes",
        "a REST API key that is not read-only for incidents",
    )
    limits = (
        "Summaries are cut at 1,024 characters; PagerDuty refuses events of more than 512 KB.",
        "Accepted is not processed: PagerDuty drops what it cannot place without saying so.",
        "The check of an integration key alone shows no more than that PagerDuty takes its form.",
        "Listings of incidents end after 10,000: narrow them with `since` and `until`.",
    )
    default_events = (EventType.PIPELINE, EventType.DEPLOYMENT)

    rate = RateLimit(calls=960, period=timedelta(minutes=1))  # of the REST API; the Events API names none

    @property
    def base_url(self) -> str:
        """The REST API of the region."""
        return self.config.api_root

    async def authorize(self) -> Mapping[str, str]:
        """The API token, and the version of the API that it is used with."""
        if self.config.api_token is None:
            raise ConfigurationError.of(
                "pagerduty configuration", "api_token", "missing", "incidents need it: add it"
            )
        token = self.config.api_token.reveal()
        bearer = self.config.token_type == "bearer"  # noqa: S105  # a kind of token, not one
        return {"authorization": f"Bearer {token}" if bearer else f"Token token={token}", "accept": _VERSION}

    def fault(self, response: Response) -> Fault | None:
        """As the status says, with PagerDuty's own number for it."""
        found = fault_of(response)
        return found and attrs.evolve(found, code=text_at(json_of(response), "error", "code"))

    async def check(self) -> CheckResult:
        """Read incidents with the token; with the key alone, be refused an event that says nothing."""
        if self.config.api_token is not None:
            await self.call("GET", "/incidents", operation="listIncidents", query={"limit": "1"})
            return CheckResult(detail="the API token reads incidents")
        answer = await self._send("/v2/enqueue", "enqueue", {}, accept=(400,))
        said = texts_at(json_of(answer), "errors")
        if wrong := [words for words in said if "routing" in words.lower()]:
            raise self.error(Fault(AuthenticationError, "; ".join(wrong)), answer)
        warning = (
            "whether the key belongs to a service only an alert shows: add an api_token to have it checked"
        )
        return CheckResult(detail="the Events API answers", warnings=(warning,))
