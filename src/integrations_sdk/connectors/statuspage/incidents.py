"""Incidents and components of a page: https://developer.statuspage.io/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final, Literal
from urllib.parse import parse_qsl

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Connector,
    Issue,
    JsonValue,
    Outcome,
    Response,
    changed_query,
    given,
    json_of,
    objects_at,
    sentence,
    text_at,
    url_path,
)
from integrations_sdk.connectors.statuspage.config import COMPONENT_STATUSES, StatuspageConfig

__all__ = ["StatuspageIncidents"]

_PAGE: Final = 100
_LONGEST_NAME, _LONGEST_BODY = 255, 25_000
_MARK: Final = "integrations_sdk"


class StatuspageIncidents(Connector[StatuspageConfig]):
    """Incidents are opened, brought on and resolved; components get their status."""

    async def create_incident(
        self,
        name: str,
        *,
        body: str | None = None,
        status: str = "investigating",
        impact: Literal["none", "maintenance", "minor", "major", "critical"] | None = None,
        components: Mapping[str, str] | None = None,
        key: str | None = None,
        **fields: JsonValue,
    ) -> Outcome:
        """Open an incident, visible to everybody who sees the page; `reference` is its id.

        Args:
            name: cut at 255 characters; the body at 25,000.
            status: `investigating`, `identified`, `monitoring`; of maintenance `scheduled`, `in_progress`, ….
            impact: None: as Statuspage works it out from the components.
            components: status by name or id, e.g. `{"api": "partial_outage"}`.
            key: what it is about; `find_incident()` finds it by that.
            fields: Statuspage's own, e.g. `scheduled_for`.

        Raises:
            ConfigurationError: a component is to have a status that there is not.
        """
        metadata: JsonValue = {_MARK: {"key": key}} if key else None
        incident = given(
            name=sentence(name, _LONGEST_NAME),
            status=status,
            body=body[:_LONGEST_BODY] if body else None,
            impact_override=impact,
            metadata=metadata,
            deliver_notifications=self.config.deliver_notifications,
        )
        return await self._write(
            "POST", self._path("/incidents"), "incidents.create", incident | fields, components
        )

    async def update_incident(
        self,
        incident_id: str,
        *,
        status: str | None = None,
        body: str | None = None,
        components: Mapping[str, str] | None = None,
        **fields: JsonValue,
    ) -> Outcome:
        """Bring an incident on: another status, a message to the public, components, Statuspage's own fields."""
        incident = given(
            status=status,
            body=body[:_LONGEST_BODY] if body else None,
            deliver_notifications=self.config.deliver_notifications,
        )
        path = self._path("/incidents/{id}", id=incident_id)
        return await self._write("PATCH", path, "incidents.update", incident | fields, components)

    async def resolve_incident(
        self, incident_id: str, *, body: str | None = None, restore: bool = True
    ) -> Outcome:
        """Resolve an incident.

        Args:
            restore: make the components it affects operational again.
        """
        affected = objects_at((await self.get_incident(incident_id)).data, "components") if restore else []
        working = {str(one.get("id")): "operational" for one in affected}
        return await self.update_incident(incident_id, status="resolved", body=body, components=working)

    async def get_incident(self, incident_id: str) -> Issue:
        """The incident as it is now."""
        answer = await self.ask(
            "GET", self._path("/incidents/{id}", id=incident_id), operation="incidents.get"
        )
        return _incident(answer)

    async def find_incident(self, key: str) -> Issue | None:
        """The newest unresolved incident that was opened with this key; None if there is none."""
        query = {"per_page": str(_PAGE), "page": "1"}
        path, operation = self._path("/incidents/unresolved"), "incidents.unresolved"
        async for record in self.records(path, operation=operation, query=query, following=_following):
            if text_at(record, "metadata", _MARK, "key") == key:
                return _incident(record)
        return None

    async def list_incidents(self, q: str | None = None) -> AsyncIterator[Issue]:
        """Incidents, page by page, the newest first; `q` is searched for in names, statuses and updates."""
        query = {"limit": str(_PAGE), "page": "1", **({"q": q} if q else {})}
        path = self._path("/incidents")
        async for record in self.records(path, operation="incidents.list", query=query, following=_following):
            yield _incident(record)

    async def list_components(self) -> AsyncIterator[dict[str, JsonValue]]:
        """The page's components as Statuspage describes them: `id`, `name`, `status`, `group_id`, …."""
        query = {"per_page": str(_PAGE), "page": "1"}
        path = self._path("/components")
        async for record in self.records(
            path, operation="components.list", query=query, following=_following
        ):
            yield record

    async def set_component_status(self, component: str, status: str) -> Outcome:
        """Give a component (its configured name, or its id) another status.

        Raises:
            ConfigurationError: there is no such status.
        """
        ((component_id, _),) = (known := self._known({component: status})).items()
        path = self._path("/components/{id}", id=component_id)
        body = {"component": {"status": known[component_id]}}
        answer = await self.call("PATCH", path, operation="components.update", json=body, idempotent=True)
        record = self.parse(answer)
        return self.done(answer, reference=component_id, detail=status, data=record)

    async def _write(
        self,
        method: str,
        path: str,
        operation: str,
        incident: dict[str, JsonValue],
        components: Mapping[str, str] | None,
    ) -> Outcome:
        if components:
            known = self._known(components)
            incident |= {"components": {**known}, "component_ids": [*known]}
        answer = await self.call(method, path, operation=operation, json={"incident": incident})
        made = _incident(self.parse(answer))
        return self.done(answer, reference=made.reference, url=made.url, detail=made.status, data=made.data)

    def _known(self, components: Mapping[str, str]) -> dict[str, str]:
        if wrong := [name for name, status in components.items() if status not in COMPONENT_STATUSES]:
            expected = f"expected one of {', '.join(COMPONENT_STATUSES)}"
            raise ConfigurationError.of("statuspage components", wrong[0], expected)
        return {self.config.component(name): status for name, status in components.items()}

    def _path(self, template: str, **values: object) -> str:
        return url_path("/v1/pages/{page}" + template, page=self.config.page_id, **values)


def _incident(record: dict[str, JsonValue]) -> Issue:
    return Issue(
        reference=text_at(record, "id") or "",
        title=text_at(record, "name") or "",
        status=text_at(record, "status") or "",
        url=text_at(record, "shortlink"),
        data=record,
    )


def _following(page: Response, query: str) -> str | None:
    """Pages are numbered from 1; one that is not full is the last."""
    found, number = json_of(page), int(dict(parse_qsl(query))["page"])
    return changed_query(query, page=number + 1) if isinstance(found, list) and len(found) >= _PAGE else None
