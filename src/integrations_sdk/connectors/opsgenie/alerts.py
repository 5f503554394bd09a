"""Opsgenie's alerts, and what becomes of requests: https://docs.opsgenie.com/docs/alert-api."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    Connector,
    ConnectorError,
    Fault,
    Issue,
    JsonValue,
    Outcome,
    RejectedError,
    Response,
    at,
    changed_query,
    given,
    json_of,
    plain,
    text_at,
    texts_at,
    url_path,
    uuid7,
)
from integrations_sdk.connectors.opsgenie.config import OpsgenieConfig
from integrations_sdk.connectors.opsgenie.payloads import alert_body, alias_of

__all__ = ["OpsgenieAlerts"]

_BY_ALIAS: Final = {"identifierType": "alias"}
_OPERATIONS: Final = {"close": "closeAlert", "acknowledge": "acknowledgeAlert", "notes": "addNote"}


class OpsgenieAlerts(Connector[OpsgenieConfig]):
    """Alerts are known by their alias; each request about them is followed to its result."""

    async def create_alert(
        self, message: str, *, alias: str | None = None, description: str | None = None, **fields: object
    ) -> Outcome:
        """Open an alert, or count one more occurrence of the open one with the alias; `reference` is the alias.

        Args:
            alias: what it is about; None makes a new alert. One of more than 512 characters is hashed.
            fields: Opsgenie's own, e.g. `priority="P1"`, `details`, `entity`, `note`; lists replace configured ones.

        Raises:
            RejectedError: Opsgenie accepted the request and then did not carry it out; the message says why.
        """
        more = {name: plain(value) for name, value in fields.items()}
        body = alert_body(self.config, alias or uuid7(self.context.clock.now()), message, description, **more)
        # One alias is one alert, so that repeating it makes no second one.
        answer = await self.call("POST", "/v2/alerts", operation="createAlert", json=body, idempotent=True)
        return await self._followed(answer, "createAlert", str(body["alias"]))

    async def close_alert(self, alias: str, *, note: str | None = None) -> Outcome:
        """Close the open alert.

        Raises:
            RejectedError: there is none; or as `create_alert()`.
        """
        return await self._act("close", alias, given(note=note))

    async def acknowledge_alert(self, alias: str, *, note: str | None = None) -> Outcome:
        """Say that somebody is at it; raises as `close_alert()`."""
        return await self._act("acknowledge", alias, given(note=note))

    async def add_note(self, alias: str, note: str) -> Outcome:
        """Add a note; raises as `close_alert()`."""
        return await self._act("notes", alias, {"note": note})

    async def get_alert(self, alias: str) -> Issue:
        """The alert as it is now: the open one, else the last with that alias."""
        path = url_path("/v2/alerts/{alias}", alias=alias_of(alias))
        answer = await self.ask("GET", path, operation="getAlert", query=_BY_ALIAS)
        return _alert(at(answer, "data"))

    async def list_alerts(self, query: str = "", **options: str) -> AsyncIterator[Issue]:
        """Alerts, page by page, the newest first.

        Args:
            query: in Opsgenie's search language, e.g. `status:open AND tag:production`.
            options: Opsgenie's, e.g. `sort="updatedAt"`.
        """
        asked = {"limit": "100", **({"query": query} if query else {}), **options}
        async for record in self.records(
            "/v2/alerts", operation="listAlerts", query=asked, items="data", following=_following
        ):
            yield _alert(record)

    async def get_request(self, request_id: str) -> dict[str, JsonValue] | None:
        """What became of a request: `isSuccess`, `status`, `alertId`, `alias`; None while it is not processed."""
        path = url_path("/v2/alerts/requests/{id}", id=request_id)
        answer = await self.call("GET", path, operation="getRequestStatus", accept=(404,))
        data = at(self.parse(answer), "data") if answer.ok else None
        return data if isinstance(data, dict) else None

    async def _act(
        self, action: str, alias: str, fields: Mapping[str, JsonValue], *, absent_ok: bool = False
    ) -> Outcome:
        operation = _OPERATIONS[action]
        path = url_path("/v2/alerts/{alias}/{action}", alias=alias_of(alias), action=action)
        answer = await self.call(
            "POST",
            path,
            operation=operation,
            query=_BY_ALIAS,
            json={"source": self.config.source, **fields},
            idempotent=action != "notes",
        )
        return await self._followed(answer, operation, alias_of(alias), absent_ok=absent_ok)

    async def _followed(
        self, answer: Response, operation: str, alias: str, *, absent_ok: bool = False
    ) -> Outcome:
        request_id = text_at(self.parse(answer), "requestId")
        found = await self._result(request_id) if request_id else None
        if found is None or isinstance(found, ConnectorError):
            why = f"its result cannot be read: {found.message}" if found else "not processed yet"
            known = given(requestId=request_id)
            return self.done(answer, reference=alias, detail=f"accepted, {why}", data=known)
        status = text_at(found, "status") or "not carried out"
        if found.get("isSuccess") is True:
            return self.done(answer, reference=alias, detail=status, data=found)
        if absent_ok and "not exist" in status:
            return self.skipped(operation, status)
        raise self.error(Fault(RejectedError, status), answer)

    async def _result(self, request_id: str) -> dict[str, JsonValue] | ConnectorError | None:
        """Ask for a result until there is one, at longer and longer intervals; None when patience ends.

        That it cannot be read is no failure: the request was accepted, and must not be made anew for it.
        """
        left, delay = self.config.follow.total_seconds(), 0.25
        while left > 0:
            if (found := await self.attempt(self.get_request(request_id))) is not None:
                return found
            await self.context.clock.sleep(min(delay, left))
            left, delay = left - delay, delay * 2
        return None


def _alert(record: JsonValue) -> Issue:
    return Issue(
        reference=text_at(record, "alias") or text_at(record, "id") or "",
        title=text_at(record, "message") or "",
        status=text_at(record, "status") or "",
        labels=texts_at(record, "tags"),
        data=record if isinstance(record, dict) else {},
    )


def _following(page: Response, query: str) -> str | None:
    """`paging.next` is a URL; only its offset is taken, so that the key goes nowhere else."""
    linked = text_at(json_of(page), "paging", "next") or ""
    offset = dict(pair.split("=", 1) for pair in linked.partition("?")[2].split("&") if "=" in pair).get(
        "offset"
    )
    return changed_query(query, offset=offset) if offset else None
