"""PagerDuty's incidents: https://developer.pagerduty.com/api-reference/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal

from integrations_sdk.connectors.base import (
    Connector,
    Issue,
    JsonValue,
    Outcome,
    Response,
    at,
    changed_query,
    given,
    json_of,
    text_at,
    url_path,
)
from integrations_sdk.connectors.pagerduty.config import PagerDutyConfig

__all__ = ["PagerDutyIncidents"]


class PagerDutyIncidents(Connector[PagerDutyConfig]):
    """Incidents are listed, opened, changed and noted on; all of it needs the API token."""

    async def list_incidents(
        self, *, statuses: Sequence[str] = (), **filters: str | Sequence[str]
    ) -> AsyncIterator[Issue]:
        """Incidents, page by page, the newest last.

        Args:
            statuses: of `triggered`, `acknowledged`, `resolved`; empty: all.
            filters: PagerDuty's, e.g. `since`, `until`, `incident_key`, `urgencies`; lists without their `[]`.
        """
        lists = {f"{name}[]": value for name, value in filters.items() if not isinstance(value, str)}
        single = {name: value for name, value in filters.items() if isinstance(value, str)}
        query: dict[str, str | Sequence[str]] = {"limit": "100", **single, **lists, "statuses[]": statuses}
        async for record in self.records(
            "/incidents", operation="listIncidents", query=query, items="incidents", following=_following
        ):
            yield _incident(record)

    async def get_incident(self, incident_id: str) -> Issue:
        """The incident as it is now."""
        answer = await self.ask("GET", url_path("/incidents/{id}", id=incident_id), operation="getIncident")
        return _incident(at(answer, "incident"))

    async def create_incident(
        self,
        title: str,
        service: str,
        *,
        key: str | None = None,
        details: str | None = None,
        **fields: JsonValue,
    ) -> Outcome:
        """Open an incident by hand; `reference` is its id.

        Args:
            service: the id of the service.
            key: `incident_key`; PagerDuty refuses a second open incident with it.
            fields: PagerDuty's own, e.g. `urgency="high"`, `priority={"id": …, "type": "priority_reference"}`.
        """
        body: JsonValue = {"type": "incident_body", "details": details} if details else None
        incident = given(
            type="incident", title=title, service={"id": service, "type": "service_reference"},
            incident_key=key, body=body, **fields,
        )  # fmt: skip
        return await self._write("POST", "/incidents", "createIncident", incident, idempotent=key is not None)

    async def update_incident(
        self,
        incident_id: str,
        *,
        status: Literal["triggered", "acknowledged", "resolved"] | None = None,
        **fields: JsonValue,
    ) -> Outcome:
        """Change an incident: its status, or PagerDuty's own fields, e.g. `title`, `resolution`, `urgency`."""
        incident = given(type="incident_reference", status=status, **fields)
        path = url_path("/incidents/{id}", id=incident_id)
        return await self._write("PUT", path, "updateIncident", incident)

    async def add_note(self, incident_id: str, content: str) -> Outcome:
        """Add a note to an incident; `reference` is the note's id."""
        path, operation = url_path("/incidents/{id}/notes", id=incident_id), "createIncidentNote"
        body = {"note": {"content": content}}
        answer = await self.call("POST", path, operation=operation, json=body, headers=self._who)
        return self.done(answer, reference=text_at(self.parse(answer), "note", "id"))

    async def _write(
        self,
        method: str,
        path: str,
        operation: str,
        incident: dict[str, JsonValue],
        *,
        idempotent: bool | None = None,
    ) -> Outcome:
        answer = await self.call(
            method,
            path,
            operation=operation,
            json={"incident": incident},
            headers=self._who,
            idempotent=idempotent,
        )
        made = _incident(at(self.parse(answer), "incident"))
        return self.done(answer, reference=made.reference, url=made.url, detail=made.status, data=made.data)

    @property
    def _who(self) -> Mapping[str, str]:
        return {"from": self.config.from_email} if self.config.from_email else {}


def _incident(record: JsonValue) -> Issue:
    return Issue(
        reference=text_at(record, "id") or "",
        title=text_at(record, "title") or "",
        status=text_at(record, "status") or "",
        url=text_at(record, "html_url"),
        data=record if isinstance(record, dict) else {},
    )


def _following(page: Response, query: str) -> str | None:
    body = json_of(page)
    offset, limit = at(body, "offset"), at(body, "limit")
    if at(body, "more") is not True or not isinstance(offset, int) or not isinstance(limit, int):
        return None
    return changed_query(query, offset=offset + limit)
