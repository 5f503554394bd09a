"""Work items: https://learn.microsoft.com/rest/api/azure/devops/wit/."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from integrations_sdk.connectors.azure_devops.api import AzureDevOpsApi
from integrations_sdk.connectors.azure_devops.words import (
    MARK,
    external_tag,
    fields_of,
    issue_of,
    patch,
    rich,
    state_for,
    tags_in,
    wiql_for,
)
from integrations_sdk.connectors.base import (
    ConfigurationError,
    Fault,
    Issue,
    IssueDraft,
    JsonValue,
    Outcome,
    RejectedError,
    Response,
    at,
    given,
    objects_at,
    text_at,
)

__all__ = ["WorkItems"]

_PATCH: Final = "application/json-patch+json"
_BATCH: Final = 200


class WorkItems(AzureDevOpsApi):
    """Operations on work items; a reference is the number (`12`, `#12`)."""

    async def create_issue(self, draft: IssueDraft) -> Outcome:
        """Create a work item; `fields` of the draft go by reference name, `url` becomes a hyperlink.

        Raises:
            ConfigurationError: no title, or a priority that says nothing to Azure DevOps.
        """
        if not draft.title:
            raise ConfigurationError.of("azure_devops work item", "title", "missing; expected some text")
        kind = (
            self.config.work_item_types.get(draft.issue_type or "", draft.issue_type)
            or self.config.work_item_type
        )
        placed = given(
            **{
                "System.AreaPath": self.config.area_path,
                "System.IterationPath": self.config.iteration_path,
                "System.Tags": "; ".join([*(draft.labels or ()), *self._marks(draft)]) or None,
            }
        )
        fields = fields_of(draft, kind) | placed | self._kept(draft) | draft.fields
        answer = await self._patch(
            "POST", self.path("/wit/workitems/${type}", type=kind), "Create", patch(fields, draft.url)
        )
        return self._made(answer)

    async def update_issue(self, reference: str, changes: IssueDraft) -> Outcome:
        """Change a work item; labels replace its tags, but for the one it is found by. Its type stays.

        Raises:
            ConfigurationError: a priority that says nothing to Azure DevOps.
        """
        fields = self._kept(changes) | changes.fields
        if changes.labels is None and changes.description is None and not self._marks(changes):
            fields = fields_of(changes) | fields
            steps = patch(fields, changes.url)
        else:
            now = (await self.get_issue(reference)).data
            fields = fields_of(changes, text_at(now, "fields", "System.WorkItemType")) | fields
            steps = [*patch(fields, changes.url), *self._retagged(now, changes)]
        if not steps:
            return self.skipped("Update", "nothing to change")
        return self._made(await self._change(reference, steps, idempotent=changes.url is None))

    async def comment_issue(self, reference: str, text: str) -> Outcome:
        """Add a comment; `reference` of the outcome is the revision of the work item that holds it."""
        answer = await self._change(reference, patch({"System.History": rich(text)}), idempotent=False)
        record = self.parse(answer)
        return self.done(answer, reference=text_at(record, "rev"), url=issue_of(record, self.base_url).url)

    async def transition_issue(self, reference: str, to: str) -> Outcome:
        """Give a work item another state: by name, or `done`, `resolved`, `in progress`, `reopen` by its category.

        Raises:
            RejectedError: its type has no such state; the message says which it has.
        """
        kind = text_at((await self.get_issue(reference)).data, "fields", "System.WorkItemType") or ""
        path = self.path("/wit/workitemtypes/{type}/states", type=kind)
        answer = await self.call("GET", path, operation="States", query=self.version)
        states = objects_at(self.parse(answer), "value")
        state = state_for(to, states)
        if state is None:
            names = ", ".join(text_at(one, "name") or "" for one in states) or "none"
            said = f"a {kind} has no state {to!r}; it has {names}"
            raise self.error(Fault(RejectedError, said, "no_state"), answer, "Update")
        return self._made(await self._change(reference, patch({"System.State": state})))

    async def find_issue(self, external_id: str) -> Issue | None:
        """The oldest work item created with that `external_id`; None if there is none."""
        field, tag = self.config.external_id_field, external_tag(external_id)
        async for issue in self.query_work_items(wiql_for(external_id, self.config)):
            own = text_at(issue.data, "fields", field) == external_id if field else tag in tags_in(issue.data)
            if own:  # CONTAINS and = compare without regard to case
                return issue
        return None

    async def get_issue(self, reference: str) -> Issue:
        """The work item as it is now."""
        path = self.path("/wit/workitems/{id}", id=_number(reference))
        answer = await self.ask("GET", path, operation="Get Work Item", query=self.version)
        return issue_of(answer, self.base_url)

    async def query_work_items(self, wiql: str) -> AsyncIterator[Issue]:
        """What a query in WIQL finds, in its order, 200 at a time; Azure DevOps gives 20,000 at most."""
        found = await self._asked("/wit/wiql", "Query By Wiql", {"query": wiql})
        ids = [at(one, "id") for one in objects_at(found, "workItems")]
        for start in range(0, len(ids), _BATCH):
            body: dict[str, JsonValue] = {"ids": ids[start : start + _BATCH], "errorPolicy": "omit"}
            found = await self._asked("/wit/workitemsbatch", "Get Work Items Batch", body)
            for record in objects_at(found, "value"):
                yield issue_of(record, self.base_url)

    async def _asked(self, path: str, operation: str, body: dict[str, JsonValue]) -> JsonValue:
        """The answer to a question that is too long for an address."""
        url = self.path(path)
        return await self.ask(
            "POST", url, operation=operation, json=body, query=self.version, idempotent=True
        )

    def _marks(self, draft: IssueDraft) -> list[str]:
        kept = draft.external_id is not None and self.config.external_id_field is None
        return [external_tag(draft.external_id or "")] if kept else []

    def _kept(self, draft: IssueDraft) -> dict[str, JsonValue]:
        field = self.config.external_id_field
        return {field: draft.external_id} if field and draft.external_id is not None else {}

    def _retagged(self, now: JsonValue, changes: IssueDraft) -> list[JsonValue]:
        before, marks = tags_in(now), self._marks(changes)
        kept = [tag for tag in before if changes.labels is None or (tag.startswith(MARK) and not marks)]
        after = [*dict.fromkeys([*(changes.labels or ()), *kept, *marks])]
        if after == before:
            return []
        # `add` would keep what is there, and there is nothing to replace where there are no tags.
        return [
            {"op": "replace" if before else "add", "path": "/fields/System.Tags", "value": "; ".join(after)}
        ]

    async def _change(self, reference: str, steps: list[JsonValue], *, idempotent: bool = True) -> Response:
        path = self.path("/wit/workitems/{id}", id=_number(reference))
        return await self._patch("PATCH", path, "Update", steps, idempotent=idempotent)

    async def _patch(
        self, method: str, path: str, operation: str, steps: list[JsonValue], *, idempotent: bool = False
    ) -> Response:
        return await self.call(
            method,
            path,
            operation=operation,
            json=steps,
            content_type=_PATCH,
            query=self.version,
            idempotent=idempotent,
        )

    def _made(self, answer: Response) -> Outcome:
        made = issue_of(self.parse(answer), self.base_url)
        return self.done(answer, reference=made.reference, url=made.url, detail=made.status, data=made.data)


def _number(reference: str) -> str:
    number = reference.strip().lstrip("#")
    if not number.isdecimal():
        raise ConfigurationError.of(
            "azure_devops reference", "reference", "expected a number such as 12 or #12"
        )
    return number
