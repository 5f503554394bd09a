"""How to reach one PagerDuty service, and the account it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Level,
    Problem,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["SEVERITIES", "PagerDutyConfig"]

SEVERITIES: Final = ("critical", "error", "warning", "info")
"""PagerDuty's, the worst first."""

_REGIONS: Final = {"us": "", "eu": "eu."}
_USUAL: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "info", Level.SUCCESS: "info"}


def _severities(given: Mapping[str, str]) -> str | None:
    if wrong := sorted(set(given) - set(Level)):
        return f"levels ({', '.join(Level)}) as names; not {', '.join(wrong)}"
    good = set(given.values()) <= set(SEVERITIES)
    return None if good else f"PagerDuty's severities ({', '.join(SEVERITIES)}) as values"


@settings
class PagerDutyConfig(ConnectorConfig):
    """The service that is alerted (`routing_key`), the account whose incidents are managed (`api_token`), or both."""

    routing_key: Secret | None = setting(
        "Integration key of an Events API v2 integration, on a service or in event orchestration.",
        default=None,
        validate=not_empty,
        also=("integration_key", "service_key"),
        env=("PAGERDUTY_KEY", "PAGERDUTY_ROUTING_KEY", "PAGERDUTY_INTEGRATION_KEY"),
        example="env:PAGERDUTY_KEY",
    )
    api_token: Secret | None = setting(
        "REST API key, of a user or of the account; or an OAuth access token.",
        default=None,
        validate=not_empty,
        also=("api_key", "token"),
        env=("PAGERDUTY_API_TOKEN",),
        example="env:PAGERDUTY_API_TOKEN",
    )
    token_type: str = setting(
        "How the API token is sent: `token` for API keys, `bearer` for OAuth.",
        default="token",
        validate=one_of("token", "bearer"),
    )
    from_email: str | None = setting(
        "E-mail address of the PagerDuty user who changes incidents; an account's key needs it.",
        default=None,
        validate=not_empty,
        also=("from", "email"),
        env=("PAGERDUTY_FROM_EMAIL",),
        example="oncall@company.com",
    )
    region: str = setting(
        "Service region, `us` or `eu`.", default="us", validate=one_of(*_REGIONS), env=("PAGERDUTY_REGION",)
    )
    source: str = setting(
        "What is said to be affected, where nothing says better.",
        default="integrations-sdk",
        validate=not_empty,
    )
    severities: Mapping[str, str] = setting(
        "Severity by the level of a message, where it is not the level's own name.",
        factory=dict,
        validate=_severities,
        example="error: critical",
    )
    change_events: bool = setting(
        "Record pushes, merged requests, releases and good deployments as changes of the service.",
        default=False,
    )
    events_url: str | None = setting(
        "In place of the region's Events API.",
        default=None,
        validate=http_url,
        env=("PAGERDUTY_URL",),
        example="https://events.pagerduty.com",
    )
    api_url: str | None = setting("In place of the region's REST API.", default=None, validate=http_url)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """One of the two keys, or both."""
        if not given.get("routing_key") and not given.get("api_token"):
            remedy = "alerts need a routing_key; incidents need an api_token"
            yield Problem("routing_key", "missing; expected some text, or an api_token instead", remedy)

    @property
    def events_root(self) -> str:
        """Root of the Events API, without `/v2/enqueue` whether configured with it or without."""
        url = self.events_url or f"https://events.{_REGIONS[self.region]}pagerduty.com"
        return url.rstrip("/").removesuffix("/enqueue").removesuffix("/v2")

    @property
    def api_root(self) -> str:
        """Root of the REST API."""
        return (self.api_url or f"https://api.{_REGIONS[self.region]}pagerduty.com").rstrip("/")

    def severity(self, level: Level) -> str:
        """The severity of a message's level."""
        return self.severities.get(level, _USUAL[level])
