"""One account of Zendesk: where it is, how to get in, and what of its tickets can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from integrations_sdk.connectors.base import (
    Connector,
    Fault,
    Issue,
    JsonValue,
    Outcome,
    Response,
    at,
    basic,
    changed_query,
    json_of,
    text_at,
    url_path,
)
from integrations_sdk.connectors.zendesk.config import ZendeskConfig
from integrations_sdk.connectors.zendesk.words import ticket_of, zendesk_fault

__all__ = ["ZendeskApi"]


class ZendeskApi(Connector[ZendeskConfig]):
    """Reaching and reading; a reference is a ticket's number."""

    @property
    def base_url(self) -> str:
        """The account's address, without `/api/v2`, whether configured with it or without."""
        url = self.config.api_url or f"https://{self.config.subdomain}.zendesk.com"
        return url.rstrip("/").removesuffix("/api/v2")

    async def authorize(self) -> Mapping[str, str]:
        """The OAuth token, or the agent with the API token."""
        if self.config.oauth_token is not None:
            return {"authorization": f"Bearer {self.config.oauth_token.reveal()}"}
        token = self.config.api_token.reveal() if self.config.api_token else ""
        return {"authorization": basic(f"{self.config.email}/token", token)}

    def fault(self, response: Response) -> Fault | None:
        """`zendesk_fault()`."""
        return zendesk_fault(response)

    async def find_issue(self, external_id: str) -> Issue | None:
        """The oldest ticket with that `external_id`; a new one is found at once, an archived one no more."""
        found = [ticket async for ticket in self.list_tickets(external_id=external_id)]
        return min(found, key=lambda ticket: int(ticket.reference or 0), default=None)

    async def get_issue(self, reference: str) -> Issue:
        """The ticket as it is now."""
        path = url_path("/api/v2/tickets/{id}", id=reference)
        answer = await self.ask("GET", path, operation="ShowTicket")
        return self._ticket(at(answer, "ticket"))

    async def list_tickets(self, **filters: str) -> AsyncIterator[Issue]:
        """Tickets that are not archived, page by page; filters as Zendesk names them, e.g. `sort="-updated_at"`."""
        async for record in self._pages("/api/v2/tickets", "ListTickets", "tickets", filters):
            yield self._ticket(record)

    async def search_tickets(self, query: str) -> AsyncIterator[Issue]:
        """Tickets that Zendesk's search finds, e.g. `status<solved tags:automated`; it lags behind by minutes."""
        asked = {"query": query, "filter[type]": "ticket"}
        async for record in self._pages("/api/v2/search/export", "ExportSearchResults", "results", asked):
            yield self._ticket(record)

    async def list_comments(self, reference: str) -> AsyncIterator[dict[str, JsonValue]]:
        """A ticket's comments as Zendesk describes them, the first one first."""
        path = url_path("/api/v2/tickets/{id}/comments", id=reference)
        async for record in self._pages(path, "ListTicketComments", "comments", {}):
            yield record

    def _pages(
        self, path: str, operation: str, items: str, query: Mapping[str, str]
    ) -> AsyncIterator[dict[str, JsonValue]]:
        asked = {"page[size]": "100", **query}
        return self.records(path, operation=operation, query=asked, items=items, following=_following)

    def _made(self, answer: Response) -> Outcome:
        made = self._ticket(at(self.parse(answer), "ticket"))
        return self.done(answer, reference=made.reference, url=made.url, detail=made.status, data=made.data)

    def _ticket(self, record: JsonValue) -> Issue:
        return ticket_of(record, self.base_url)


def _following(page: Response, query: str) -> str | None:
    """The cursor after this page: https://developer.zendesk.com/api-reference/introduction/pagination/."""
    body = json_of(page)
    cursor = text_at(body, "meta", "after_cursor")
    return (
        changed_query(query, **{"page[after]": cursor})
        if cursor and at(body, "meta", "has_more") is True
        else None
    )
