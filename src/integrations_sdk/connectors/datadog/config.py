"""Datadog's sites, and how to reach one organisation there."""

from __future__ import annotations

import difflib
from typing import Final

from integrations_sdk.connectors.base import ConnectorConfig, Secret, http_url, not_empty, setting, settings

__all__ = ["SITES", "DatadogConfig", "datadog_site"]

SITES: Final = {
    "us1": "datadoghq.com",
    "us3": "us3.datadoghq.com",
    "us5": "us5.datadoghq.com",
    "eu1": "datadoghq.eu",
    "uk1": "uk1.datadoghq.com",
    "ap1": "ap1.datadoghq.com",
    "ap2": "ap2.datadoghq.com",
    "us1-fed": "ddog-gov.com",
    "us2-fed": "us2.ddog-gov.com",
}
"""Site parameter by the site's name (https://docs.datadoghq.com/getting_started/site/)."""

_OTHER_NAMES: Final = {"us": "us1", "eu": "eu1", "uk": "uk1", "gov": "us1-fed", "fed": "us1-fed"}


def datadog_site(value: str) -> str | None:
    """Validate: the parameter of a Datadog site; a site's name, its URL or a slip gets a suggestion."""
    if value in SITES.values():
        return None
    word = value.lower().removeprefix("https://").removeprefix("app.").removeprefix("api.").rstrip("/")
    named = SITES.get(_OTHER_NAMES.get(word, word))
    near = difflib.get_close_matches(word, SITES.values(), n=1, cutoff=0.7)
    guess = named or next(iter(near), None)
    hint = f"did you mean `{guess}`?" if guess else f"known: {', '.join(SITES.values())}"
    return f"a Datadog site; {hint}"


@settings
class DatadogConfig(ConnectorConfig):
    """How to reach one Datadog organisation, and what to tell it."""

    api_key: Secret = setting(
        "API key of the organisation.", validate=not_empty, env=("DD_API_KEY",), example="env:DD_API_KEY"
    )
    app_key: Secret | None = setting(
        "Application key; only the health check uses it.",
        default=None,
        also=("application_key",),
        validate=not_empty,
        env=("DD_APP_KEY",),
    )
    site: str = setting(
        "Site of the organisation.",
        default="datadoghq.com",
        validate=datadog_site,
        env=("DD_SITE",),
        example="datadoghq.eu",
    )
    api_url: str | None = setting(
        "In place of the site's URLs, that of the log intake included, e.g. a proxy's.",
        default=None,
        validate=http_url,
    )
    env: str | None = setting(
        "Sent as the tag `env`.",
        default=None,
        also=("environment",),
        validate=not_empty,
        env=("DD_ENV",),
        example="production",
    )
    service: str | None = setting(
        "Sent as the tag `service`, and as the service of log lines.",
        default=None,
        validate=not_empty,
        env=("DD_SERVICE",),
    )
    enable_logs: bool = setting("Write a log line for every event.", default=False)
    enable_metrics: bool = setting(
        "Send metrics of every event, e.g. `gitlab.pipeline.duration`.", default=True
    )
    tags: tuple[str, ...] = setting(
        "Sent with everything.", default=(), validate=not_empty, example="team:platform"
    )
