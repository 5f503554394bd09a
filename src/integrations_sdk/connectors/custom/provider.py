"""`CustomConnector`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    MOST_PAGES,
    Category,
    CheckResult,
    ConfigurationError,
    Event,
    EventType,
    Fault,
    JsonValue,
    Message,
    NotFoundError,
    Outcome,
    RejectedError,
    Response,
    at,
    closest,
    event_facts,
    given,
    json_of,
    message_for,
    plain,
    text_at,
)
from integrations_sdk.connectors.custom.api import CustomApi
from integrations_sdk.connectors.custom.config import CustomConfig
from integrations_sdk.connectors.custom.operations import Operation
from integrations_sdk.connectors.custom.paging import first_query, following_query, items_of
from integrations_sdk.connectors.custom.requests import (
    arguments_for,
    body_of,
    form_of,
    headers_of,
    path_of,
    query_of,
)
from integrations_sdk.connectors.custom.templates import filled

__all__ = ["CustomConnector"]

_WORDS: Final = ("text", "title", "summary", "level", "url")


class CustomConnector(CustomApi):
    """A service of your own: its operations are called by name, and one of them tells people what happens."""

    provider = "custom"
    title = "Custom"
    category = Category.CUSTOM
    Config = CustomConfig
    docs_url = "https://www.rfc-editor.org/rfc/rfc9110"
    setup = ("Describe the service: base_url, auth, operations; see the guide",)
    permissions = ("whatever its operations need",)
    limits = ("Answers of more than 10 MB are given up.",)
    default_events = tuple(EventType)
    takes_pages = True
    user_supplied_urls = True

    async def check(self) -> CheckResult:
        """Ask `health_path`; without one nothing is known, and a warning says so."""
        if self.config.health_path is None:
            return CheckResult(warnings=("nothing was asked: configure health_path to have it watched",))
        asked = self._with_token("")
        path = self.config.health_path + (f"?{asked}" if asked else "")
        response = await self.call("GET", path, operation="health")
        return CheckResult(detail=f"answers {response.status}")

    async def run(self, operation: str, arguments: Mapping[str, JsonValue] | None = None) -> JsonValue:
        """Do an operation.

        Returns:
            What its answer has at `result`, else all of it: JSON, or text if it is none; None if it is empty.

        Raises:
            NotFoundError: there is no such operation; says which there are.
            ConfigurationError: naming every argument that is missing or unknown.
            ConnectorError: the service refuses, or does not answer.
        """
        described = self._operation(operation)
        response = await self._send(operation, described, arguments or {})
        return self._result(response, described.result)

    async def each(
        self, operation: str, arguments: Mapping[str, JsonValue] | None = None
    ) -> AsyncIterator[JsonValue]:
        """Every item of a listing, page by page; a page is asked for when the one before is used up.

        Raises:
            NotFoundError: there is no such operation.
            ConfigurationError: it has no `paging`, or an argument is missing or unknown.
            RejectedError: there is no list of items in an answer, or the listing does not end.
        """
        described = self._operation(operation)
        if (paging := described.paging) is None:
            raise ConfigurationError.of(f"custom operation {operation}", "paging", "missing", "describe it")
        chosen = arguments_for(operation, described, arguments or {})
        query = first_query(paging, query_of(described, chosen))
        for _ in range(MOST_PAGES):
            response = await self._send(operation, described, arguments or {}, query)
            body = self._result(response, None)
            if (items := items_of(paging, body)) is None:
                words = f"no list of items at {paging.items or 'the top'} of the answer"
                raise self.error(Fault(RejectedError, words), response)
            for item in items:
                yield item
            following = following_query(paging, response, body, query, len(items))
            if following is None or following == query:  # who names the same page again would never end
                return
            query = following
        raise self.error(Fault(RejectedError, "the listing does not end"), response)

    async def notify(self, message: Message) -> Outcome:
        """Do the operation of `notification`; skipped where none is configured."""
        return await self._tell(message, {})

    async def handle_event(self, event: Event) -> Outcome:
        """As `notify()`, with the facts of the event beside the words of the message."""
        return await self._tell(message_for(event), event_facts(event))

    async def _tell(self, message: Message, facts: Mapping[str, JsonValue]) -> Outcome:
        notification = self.config.notification
        if notification is None:
            return self.skipped("notify", "no notification is configured")
        operation = notification.operation
        described = self._operation(operation)
        known = {**facts, **given(**{name: plain(getattr(message, name)) for name in _WORDS})}
        wanted = filled(dict(notification.arguments), known)
        chosen = wanted if isinstance(wanted, dict) else {}
        if not notification.arguments:
            chosen = {name: known[name] for name in described.arguments if name in known}
        response = await self._send(operation, described, chosen)
        place = (described.reference or "").split(".")
        reference = text_at(self._result(response, None), *place) if described.reference else None
        return self.done(response, reference=reference)

    def _operation(self, name: str) -> Operation:
        known = self.config.operations
        if name not in known:
            msg = (
                f"{self.context.integration_id or 'custom'} has no operation {name!r}: {closest(name, known)}"
            )
            raise NotFoundError(msg)
        return known[name]

    async def _send(
        self, name: str, operation: Operation, arguments: Mapping[str, JsonValue], query: str | None = None
    ) -> Response:
        chosen = arguments_for(name, operation, arguments)
        asked = self._with_token(query_of(operation, chosen) if query is None else query)
        response = await self.call(
            operation.method,
            path_of(operation, chosen) + (f"?{asked}" if asked else ""),
            operation=name,
            json=body_of(operation, chosen),
            form=form_of(operation, chosen),
            headers=headers_of(operation, chosen),
            idempotent=operation.idempotent,
            accept=operation.expect,
        )
        if operation.expect and response.status not in operation.expect:
            expected = ", ".join(map(str, operation.expect))
            words = f"answered with status {response.status} instead of {expected}"
            raise self.error(Fault(RejectedError, words), response)
        return response

    def _result(self, response: Response, place: str | None) -> JsonValue:
        value = self.masks.data(json_of(response), response.content)
        if value is None and response.content.strip() not in {b"", b"null"}:
            value = self.masks.text(response.text)
        return at(value, *place.split(".")) if place else value
