"""Which page, and what on it messages are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Level,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)

__all__ = ["COMPONENT_STATUSES", "StatuspageConfig"]

COMPONENT_STATUSES: Final = (
    "operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage",
)  # fmt: skip
"""What a component can be."""

_USUAL: Final = {Level.ERROR: "major_outage", Level.WARNING: "degraded_performance"}


def _statuses(given: Mapping[str, str]) -> str | None:
    if wrong := sorted(set(given) - set(Level)):
        return f"levels ({', '.join(Level)}) as names; not {', '.join(wrong)}"
    return (
        None
        if set(given.values()) <= set(COMPONENT_STATUSES)
        else f"{', '.join(COMPONENT_STATUSES)} as values"
    )


@settings
class StatuspageConfig(ConnectorConfig):
    """One page of Statuspage, and the key to it."""

    api_key: Secret = setting(
        "API key of a user.",
        validate=not_empty,
        also=("token",),
        env=("STATUSPAGE_API_KEY",),
        example="env:STATUSPAGE_API_KEY",
    )
    page_id: str = setting(
        "Id of the page.", validate=not_empty, env=("STATUSPAGE_PAGE_ID",), example="kctbh9vrtdwd"
    )
    api_url: str = setting("Where the API is.", default="https://api.statuspage.io", validate=http_url)
    components: Mapping[str, str] = setting(
        "Ids of components by the name you call them.", factory=dict, example="{api: 9nqvnr23zmzn}"
    )
    affects: tuple[str, ...] = setting(
        "Components (names of `components`, or ids) that messages are about.",
        default=(),
        validate=not_empty,
        example="api",
    )
    component_statuses: Mapping[str, str] = setting(
        "What a message makes of them by its level: error major_outage, warning degraded_performance.",
        factory=dict,
        validate=_statuses,
        example="error: partial_outage",
    )
    deliver_notifications: bool = setting("Tell the page's subscribers.", default=True)

    def component(self, name: str) -> str:
        """The id of a component, by the name that is configured for it, or itself."""
        return self.components.get(name, name)

    def affected(self, level: Level) -> dict[str, str]:
        """The status of each component that messages are about, by id; none where the level changes nothing."""
        status = self.component_statuses.get(level, _USUAL.get(level))
        return {self.component(name): status for name in self.affects} if status else {}
