"""How to reach one organisation of a Grafana, and what its annotations are attached to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)

__all__ = ["GrafanaConfig"]


def _tag(value: str) -> str | None:
    return not_empty(value) or (None if len(value) <= 100 else "at most 100 characters")


@settings
class GrafanaConfig(ConnectorConfig):
    """A Grafana, of Grafana Cloud or your own."""

    url: str = setting(
        "Address of Grafana, with the path below which it is served.",
        also=("grafana_url", "base_url"),
        validate=http_url,
        env=("GRAFANA_URL",),
        example="https://grafana.example.com",
    )
    token: Secret = setting(
        "Token of a service account.",
        also=("api_key",),
        validate=not_empty,
        env=("GRAFANA_TOKEN",),
        example="env:GRAFANA_TOKEN",
    )
    dashboard_uid: str | None = setting(
        "Dashboard that annotations belong to; without it they are the organisation's.",
        default=None,
        validate=not_empty,
        env=("GRAFANA_DASHBOARD_UID",),
        example="cIBgcSjkk",
    )
    panel_id: int | None = setting("Panel of the dashboard that annotations belong to.", default=None)
    datasource: str | None = setting(
        "UID of the data source of queries that name none.", default=None, validate=not_empty
    )
    tags: tuple[str, ...] = setting(
        "Tags of every annotation.", default=(), validate=_tag, example="team:platform"
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """A panel is one of a dashboard."""
        if "panel_id" in given and "dashboard_uid" not in given:
            yield Problem("panel_id", "given without dashboard_uid", "add the dashboard that the panel is on")
