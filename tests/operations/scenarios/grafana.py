"""Grafana: annotations, dashboards and queries of an organisation."""

from __future__ import annotations

from datetime import timedelta

from integrations_sdk.connectors.grafana import GrafanaConnector
from integrations_sdk.testing.vendors.grafana import GrafanaStandIn
from support.scenarios import NOW, PIPELINE, Suite, every

ANNOTATIONS = "https://grafana.com/docs/grafana/latest/developers/http_api/annotations/"

SUITE = Suite(
    stand_in=GrafanaStandIn,
    contracts={"grafana": "/api"},
    cited={"PATCH /api/annotations/*": ANNOTATIONS, "DELETE /api/annotations/*": ANNOTATIONS},
)


async def check(grafana: GrafanaConnector, _server: GrafanaStandIn) -> None:
    await grafana.check()


async def send_event(grafana: GrafanaConnector, server: GrafanaStandIn) -> None:
    await grafana.send_event(PIPELINE)
    assert "Pipeline" in str(server.annotations[1]["text"])


async def create_annotation(grafana: GrafanaConnector, server: GrafanaStandIn) -> None:
    await grafana.create_annotation("Version 2", tags=["deploy"], time=NOW, until=NOW + timedelta(minutes=5))
    assert server.annotations[1]["text"] == "Version 2"


async def update_annotation(grafana: GrafanaConnector, server: GrafanaStandIn) -> None:
    made = await grafana.create_annotation("Version 2")
    await grafana.update_annotation(made.reference or "", text="Version 3", tags=["deploy"], time=NOW)
    assert server.annotations[1]["text"] == "Version 3"


async def delete_annotation(grafana: GrafanaConnector, server: GrafanaStandIn) -> None:
    made = await grafana.create_annotation("Version 2")
    await grafana.delete_annotation(made.reference or "")
    assert server.annotations == {}


async def find_annotations(grafana: GrafanaConnector, _server: GrafanaStandIn) -> None:
    await grafana.create_annotation("Version 2", tags=["deploy", "shop"])
    found = grafana.find_annotations(
        ["deploy", "other"], since=NOW - timedelta(days=1), until=NOW, match_any=True
    )
    assert len(await every(found)) == 1


async def query(grafana: GrafanaConnector, server: GrafanaStandIn) -> None:
    await grafana.query([{"refId": "A", "expr": "up"}], since="now-6h")
    assert server.queries[0]["expr"] == "up"


async def search_dashboards(grafana: GrafanaConnector, server: GrafanaStandIn) -> None:
    server.dashboards = [{"uid": "d1", "title": "The shop", "tags": ["web"]}]
    assert len(await every(grafana.search_dashboards("shop", tags=["web"]))) == 1
