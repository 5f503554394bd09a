"""How to reach one Opsgenie account, and whom its alerts are for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Level,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["PRIORITIES", "OpsgenieConfig"]

PRIORITIES: Final = ("P1", "P2", "P3", "P4", "P5")
"""Opsgenie's, the most urgent first."""

_REGIONS: Final = {"us": "https://api.opsgenie.com", "eu": "https://api.eu.opsgenie.com"}
_USUAL: Final = {Level.ERROR: "P2", Level.WARNING: "P3", Level.INFO: "P5", Level.SUCCESS: "P5"}


def _priorities(given: Mapping[str, str]) -> str | None:
    if wrong := sorted(set(given) - set(Level)):
        return f"levels ({', '.join(Level)}) as names; not {', '.join(wrong)}"
    return None if set(given.values()) <= set(PRIORITIES) else "P1 to P5 as values"


def _responder(value: str) -> str | None:
    named = re.fullmatch(r"(team|user|escalation|schedule):.*\S.*", value)
    return None if named else "a kind and a name, e.g. team:Platform, user:ada@company.com, schedule:Nights"


def _patience(value: timedelta) -> str | None:
    return None if timedelta() <= value <= timedelta(minutes=1) else "0 to 60 seconds"


@settings
class OpsgenieConfig(ConnectorConfig):
    """An API integration of Opsgenie, and the form of its alerts."""

    api_key: Secret = setting(
        "Key of an API integration.",
        validate=not_empty,
        also=("genie_key",),
        env=("OPSGENIE_API_KEY",),
        example="env:OPSGENIE_API_KEY",
    )
    region: str = setting(
        "Where the account is, `us` or `eu`.",
        default="us",
        validate=one_of(*_REGIONS),
        env=("OPSGENIE_REGION",),
    )
    api_url: str | None = setting(
        "In place of the region's API.", default=None, validate=http_url, env=("OPSGENIE_API_URL",)
    )
    responders: tuple[str, ...] = setting(
        "Who is alerted: `team:`, `user:`, `escalation:` or `schedule:` with the name; none: as Opsgenie routes.",
        default=(),
        validate=_responder,
        example="team:Platform",
    )
    tags: tuple[str, ...] = setting(
        "Tags of every alert.", default=(), validate=not_empty, example="production"
    )
    priorities: Mapping[str, str] = setting(
        "Priority by the level of a message: error P2, warning P3, info P5 unless said here.",
        factory=dict,
        validate=_priorities,
        example="error: P1",
    )
    source: str = setting("Where alerts come from.", default="integrations-sdk", validate=not_empty)
    follow: timedelta = setting(
        "Seconds to wait for what becomes of an accepted request; 0 does not ask.",
        default=timedelta(seconds=10),
        validate=_patience,
    )

    @property
    def root(self) -> str:
        """Root of the API."""
        return (self.api_url or _REGIONS[self.region]).rstrip("/")

    def priority(self, level: Level) -> str:
        """The priority of a message's level."""
        return self.priorities.get(level, _USUAL[level])
