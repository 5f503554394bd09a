"""`GrafanaConnector`.

Source: https://grafana.com/docs/grafana/latest/developers/http_api/.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    ConfigurationError,
    EventType,
    JsonValue,
    text_at,
)
from integrations_sdk.connectors.grafana.annotations import Annotations
from integrations_sdk.connectors.grafana.config import GrafanaConfig
from integrations_sdk.connectors.grafana.payloads import following_page, numbered

__all__ = ["GrafanaConnector"]

_PAGE: Final = 1000


class GrafanaConnector(Annotations):
    """Annotates what happens, asks data sources, and finds dashboards."""

    provider = "grafana"
    title = "Grafana"
    category = Category.MONITORING
    Config = GrafanaConfig
    docs_url = "https://grafana.com/docs/grafana/latest/developers/http_api/"
    setup = ("Administration → Users and access → Service accounts → Add service account → Add token",)
    permissions = (
        "annotations:create, annotations:write and annotations:read (the role Editor has them)",
        "datasources:query for queries, dashboards:read for searching",
    )
    limits = (
        "An annotation without `dashboard_uid` shows on dashboards with an annotation query for its tags.",
        "Grafana takes no key against duplicates: an event that is sent again is annotated again.",
    )
    default_events = (EventType.PIPELINE, EventType.DEPLOYMENT, EventType.RELEASE)

    async def check(self) -> CheckResult:
        """Ask whether Grafana and its database work, and which organisation the token belongs to."""
        health = await self.call("GET", "/health", operation="health")
        organisation = await self.ask("GET", "/org", operation="org")
        version = text_at(self.parse(health), "version")
        name = text_at(organisation, "name") or "an organisation"
        return CheckResult(detail=f"{name}, Grafana {version}" if version else name)

    async def query(
        self,
        queries: Sequence[Mapping[str, JsonValue]],
        *,
        since: str = "now-1h",
        until: str = "now",
    ) -> dict[str, JsonValue]:
        """Ask data sources, and return the results by `refId` as Grafana gives them, in data frames.

        Args:
            queries: each in its data source's words, e.g. `{"expr": "up"}` for Prometheus. `refId` is A, B, … and
                `datasource` the configured one where they are not given.
            since, until: Grafana's times: `now-1h`, or milliseconds since 1970 as text.

        Raises:
            ConfigurationError: a query names no data source, and none is configured; or there is none.
            RejectedError: queries failed; says which, and with what.
        """
        asked = numbered(queries, self.config.datasource)
        if not asked or any("datasource" not in query for query in asked if isinstance(query, dict)):
            expected = "expected queries that each name a datasource"
            remedy = 'add {"datasource": {"uid": …}} to each, or configure datasource'
            raise ConfigurationError.of("grafana query", "queries", expected, remedy)
        body: dict[str, JsonValue] = {"from": since, "to": until, "queries": asked}
        response = await self.ask("POST", "/ds/query", operation="ds.query", json=body, idempotent=True)
        results = response.get("results")
        return results if isinstance(results, dict) else {}

    async def search_dashboards(
        self, query: str = "", *, tags: Sequence[str] = (), starred: bool = False
    ) -> AsyncIterator[dict[str, JsonValue]]:
        """Dashboards whose title has the words and which have all the tags, 1000 at a time."""
        asked: dict[str, str | Sequence[str]] = {"type": "dash-db", "limit": str(_PAGE), "tag": list(tags)}
        asked |= {"query": query} if query else {}
        asked |= {"starred": "true"} if starred else {}
        found = self.records(
            "/search", operation="search", query={**asked, "page": "1"}, following=following_page
        )
        async for dashboard in found:
            yield dashboard
