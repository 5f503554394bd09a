"""Zendesk's tickets: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from integrations_sdk.connectors.base import (
    ConfigurationError,
    IssueDraft,
    JsonValue,
    Outcome,
    Response,
    at,
    given,
    objects_at,
    text_at,
    url_path,
    uuid7,
)
from integrations_sdk.connectors.zendesk.api import ZendeskApi
from integrations_sdk.connectors.zendesk.templates import TYPES, filled
from integrations_sdk.connectors.zendesk.words import comment, custom_fields, fields_of, status_of

__all__ = ["ZendeskTickets"]


class ZendeskTickets(ZendeskApi):
    """Operations that change tickets."""

    async def create_issue(self, draft: IssueDraft) -> Outcome:
        """Create a ticket.

        `issue_type` is the name of a template, Zendesk's type of ticket, or becomes a tag; `assignee` an agent's
        e-mail address or a number. The placeholders of a template are filled with `draft.fields["values"]`.

        Raises:
            ConfigurationError: no title and no template; an unknown priority; a placeholder without a value.
        """
        template = self.config.ticket_templates.get(draft.issue_type or "")
        if template is not None:
            values = at(draft.fields, "values")
            fields = {name: value for name, value in draft.fields.items() if name != "values"}
            rest = attrs.evolve(draft, issue_type=None, fields=fields)
            return await self._from_template(
                draft.issue_type or "", values if isinstance(values, dict) else {}, rest
            )
        if not draft.title:
            raise ConfigurationError.of("zendesk ticket", "title", "missing; expected some text")
        return await self._create(draft, self.config.custom_fields)

    async def create_from_template(
        self,
        template: str,
        values: Mapping[str, object],
        *,
        comment: str | None = None,
        external_id: str | None = None,
    ) -> Outcome:
        """Create a ticket from a template of the configuration.

        Args:
            values: what its placeholders stand for, e.g. `{"config_key": "app.database.host"}`.
            comment: the ticket's text, in place of the template's.

        Raises:
            ConfigurationError: there is no such template, or a placeholder has no value.
        """
        return await self._from_template(
            template, values, IssueDraft(description=comment, external_id=external_id)
        )

    async def update_issue(self, reference: str, changes: IssueDraft) -> Outcome:
        """Change a ticket; `labels` replace its tags, a description becomes one more comment.

        Raises:
            ConfigurationError: as `create_issue()`, but for the title; `issue_type` is Zendesk's.
        """
        text = changes.description
        fields = (
            fields_of(changes) | given(comment=comment(text, self.config) if text else None) | changes.fields
        )
        if not fields:
            return self.skipped("UpdateTicket", "nothing to change")
        return self._made(await self._update(reference, fields))

    async def comment_issue(self, reference: str, text: str) -> Outcome:
        """Add a comment, internal unless configured otherwise; `reference` of the outcome is the comment's id."""
        answer = await self._update(reference, {"comment": comment(text, self.config)})
        body = self.parse(answer)
        events = (one for one in objects_at(body, "audit", "events") if one.get("type") == "Comment")
        made = text_at(next(events, None), "id") or text_at(body, "audit", "id")
        return self.done(answer, reference=made, url=self._ticket(at(body, "ticket")).url)

    async def transition_issue(self, reference: str, to: str) -> Outcome:
        """Give a ticket another status; `done` and `resolved` are `solved`, a number is a custom status.

        Raises:
            ConfigurationError: there is no such status.
        """
        return self._made(await self._update(reference, status_of(to)))

    async def _from_template(self, name: str, values: Mapping[str, object], draft: IssueDraft) -> Outcome:
        template = self.config.ticket_templates.get(name)
        if template is None:
            known = ", ".join(self.config.ticket_templates) or "none"
            raise ConfigurationError.of(
                "zendesk ticket", "template", f"no such template; configured: {known}"
            )
        text = draft.description or (filled(template.comment, values) if template.comment else None)
        made = attrs.evolve(
            draft,
            title=draft.title or filled(template.subject, values),
            description=text,
            issue_type=template.type,
            priority=draft.priority or template.priority,
            labels=(*template.tags, *(draft.labels or ())),
            assignee=draft.assignee or template.assignee,
        )
        return await self._create(made, {**self.config.custom_fields, **template.custom_fields})

    async def _create(self, draft: IssueDraft, custom: Mapping[str, JsonValue]) -> Outcome:
        said = "\n\n".join(part for part in (draft.description or draft.title, draft.url) if part)
        kind = draft.issue_type if (draft.issue_type or "").lower() in TYPES else None
        named = draft.issue_type if draft.issue_type and not kind else ""
        labels = tuple(tag for tag in (*self.config.tags, *(draft.labels or ()), named) if tag)
        assignee = draft.assignee or self.config.default_assignee
        wanted = attrs.evolve(draft, issue_type=kind, labels=labels or None, assignee=assignee)
        ticket = fields_of(wanted) | given(
            comment=comment(said, self.config), custom_fields=custom_fields(custom)
        )
        key = {"idempotency-key": uuid7(self.context.clock.now())}
        answer = await self.call(
            "POST",
            "/api/v2/tickets",
            operation="CreateTicket",
            json={"ticket": ticket | draft.fields},
            headers=key,
            idempotent=True,  # a repetition with the same key is answered with the ticket that the first one made
        )
        return self._made(answer)

    async def _update(self, reference: str, fields: Mapping[str, JsonValue]) -> Response:
        path = url_path("/api/v2/tickets/{id}", id=reference)
        body = {"ticket": dict(fields)}
        return await self.call(
            "PUT", path, operation="UpdateTicket", json=body, idempotent="comment" not in fields
        )
