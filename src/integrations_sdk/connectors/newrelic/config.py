"""How to reach one New Relic account, and under which names events are recorded there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.base import ConnectorConfig, Secret, http_url, not_empty, setting, settings

__all__ = ["REGIONS", "NewRelicConfig", "is_event_type"]

REGIONS: Final = {
    "US": (
        "https://insights-collector.newrelic.com",
        "https://metric-api.newrelic.com",
        "https://log-api.newrelic.com",
    ),
    "EU": (
        "https://insights-collector.eu01.nr-data.net",
        "https://metric-api.eu.newrelic.com",
        "https://log-api.eu.newrelic.com",
    ),
}
"""Event, Metric and Log API of each region."""

_USER_KEY: Final = "NRAK-"


def is_event_type(name: str) -> bool:
    """Whether events may have that type: letters, digits, colons, underscores, spaces; not New Relic's own.

    Source: https://docs.newrelic.com/docs/data-apis/custom-data/custom-events/data-requirements-limits-custom-event-data/.
    """
    return bool(re.fullmatch(r"[A-Za-z0-9:_ ]{1,255}", name)) and not name.startswith(("Metric", "Public_"))


def _event_types(names: Mapping[str, str]) -> str | None:
    wrong = [name for name, kind in names.items() if not is_event_type(kind)]
    return f"letters, digits, `:`, `_` in the type for {', '.join(map(repr, wrong))}" if wrong else None


def _license_key(value: str) -> str | None:
    if value.startswith(_USER_KEY):
        return (
            "an ingest licence key; a key that begins with NRAK- is a user key, which New Relic refuses here"
        )
    return not_empty(value)


def _region(value: str) -> str | None:
    other = "for another one set event_url, metric_url and log_url"
    return None if value.upper() in REGIONS else f"one of {', '.join(REGIONS)}; {other}"


def _account(value: str) -> str | None:
    return None if re.fullmatch(r"[0-9]{1,19}", value) else "the number of the account, as text"


@settings
class NewRelicConfig(ConnectorConfig):
    """One New Relic account."""

    account_id: str = setting(
        "Number of the account.", validate=_account, env=("NEW_RELIC_ACCOUNT_ID",), example="1234567"
    )
    api_key: Secret = setting(
        "Ingest licence key of the account.",
        also=("license_key", "licence_key"),
        validate=_license_key,
        env=("NEW_RELIC_API_KEY", "NEW_RELIC_LICENSE_KEY"),
        example="env:NEW_RELIC_LICENSE_KEY",
    )
    region: str = setting(
        "Region of the account, US or EU.", default="US", validate=_region, env=("NEW_RELIC_REGION",)
    )
    event_types: Mapping[str, str] = setting(
        "New Relic's event type for a type of event; without one, `pipeline` is `IntegrationPipeline`.",
        factory=dict,
        validate=_event_types,
        example="{config_change: ConfigurationChanged}",
    )
    custom_attributes: Mapping[str, str | int | float | bool] = setting(
        "Attributes of everything that is sent.", factory=dict, example="{team: platform}"
    )
    event_url: str | None = setting("In place of the region's Event API.", default=None, validate=http_url)
    metric_url: str | None = setting("In place of the region's Metric API.", default=None, validate=http_url)
    log_url: str | None = setting("In place of the region's Log API.", default=None, validate=http_url)

    def endpoints(self) -> tuple[str, str, str]:
        """Roots of the Event, Metric and Log API, without a slash at their end."""
        event, metric, log = REGIONS[self.region.upper()]
        return (
            (self.event_url or event).rstrip("/"),
            (self.metric_url or metric).rstrip("/"),
            (self.log_url or log).rstrip("/"),
        )
