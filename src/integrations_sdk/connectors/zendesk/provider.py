"""`ZendeskConnector`: who it is, whether it works, and which events become tickets."""

from __future__ import annotations

from typing import Final

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Category,
    CheckResult,
    Event,
    Fault,
    Outcome,
    at,
    message_for,
    text_at,
    unwanted,
)
from integrations_sdk.connectors.zendesk.config import ZendeskConfig
from integrations_sdk.connectors.zendesk.templates import missing_in, values_of
from integrations_sdk.connectors.zendesk.tickets import ZendeskTickets

__all__ = ["ZendeskConnector"]

_STAFF: Final = frozenset({"agent", "admin"})


class ZendeskConnector(ZendeskTickets):
    """Tickets of a Zendesk account; events that a template is named after become tickets."""

    provider = "zendesk"
    title = "Zendesk"
    category = Category.ISSUE_TRACKING
    Config = ZendeskConfig
    docs_url = "https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/"
    setup = (
        "Admin Center → Apps and integrations → APIs → Zendesk API: allow token access, add an API token.",
        "Configure it with the e-mail address of the agent who is to be the author; or use an OAuth token.",
    )
    permissions = (
        "an agent who may create and edit tickets",
        "OAuth scopes `tickets:read tickets:write users:read`",
    )
    limits = (
        "The text of a ticket is its first comment and cannot be changed: a new description is a new comment.",
        "Tickets that Zendesk has archived, 120 days after they were closed, are not found by external_id.",
        "A creation that is repeated within two hours with the same key makes no second ticket.",
        "200 to 2,500 requests a minute, by plan.",
    )

    async def check(self) -> CheckResult:
        """Ask who we are. To nobody Zendesk answers as well, namely that they are nobody."""
        answer = await self.call("GET", "/api/v2/users/me", operation="ShowCurrentUser")
        user = at(self.parse(answer), "user")
        if text_at(user, "id") is None:
            raise self.error(Fault(AuthenticationError, "the credentials are nobody's"), answer)
        role = text_at(user, "role")
        warning = f"{role} is no agent: tickets can be requested, but not worked on"
        return CheckResult(
            detail=f"{text_at(user, 'name')}, {role}", warnings=() if role in _STAFF else (warning,)
        )

    def wants(self, event: Event) -> str | None:
        """An event that a template is named after, unless `events` or `branches` leave it out."""
        if event.type not in self.config.ticket_templates:
            return f"no ticket template is called {event.type}"
        return unwanted(event, self.config, tuple(self.config.ticket_templates))

    async def handle_event(self, event: Event) -> Outcome:
        """Create a ticket from the template, filled with the event's data; its text is what people are told."""
        template, values = self.config.ticket_templates[event.type], values_of(event)
        if missing := [*missing_in(template.subject, values), *missing_in(template.comment, values)]:
            return self.skipped(
                "CreateTicket", f"the event lacks {', '.join(missing)}, which the template needs"
            )
        message = message_for(event)
        text = "\n\n".join(part for part in (message.title, message.text, message.url) if part)
        comment = None if template.comment else text
        return await self.create_from_template(
            event.type, values, comment=comment, external_id=f"{event.source}:{event.id}"
        )
