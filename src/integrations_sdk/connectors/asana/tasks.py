"""Asana's tasks: https://developers.asana.com/reference/tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import attrs

from integrations_sdk.connectors.asana.names import AsanaNames
from integrations_sdk.connectors.asana.words import (
    FIELDS,
    completion,
    fields_of,
    following,
    labels_of,
    task_of,
)
from integrations_sdk.connectors.base import (
    ConfigurationError,
    ConnectorError,
    Issue,
    IssueDraft,
    JsonValue,
    Outcome,
    Response,
    at,
    objects_at,
    text_at,
    url_path,
)

__all__ = ["AsanaTasks"]


class AsanaTasks(AsanaNames):
    """Operations on tasks; a reference is a task's gid."""

    async def create_issue(self, draft: IssueDraft) -> Outcome:
        """Create a task in the project, and put it into the configured section.

        Labels become tags, which are made where there are none; so do `priority` (as `priority:…`) and an
        `issue_type` other than `default_task`, `milestone` and `approval`. `assignee` is an e-mail address, a
        gid, or `me`. That the section cannot be had is no failure; `detail` says so.

        Raises:
            ConfigurationError: no title.
        """
        if not draft.title:
            raise ConfigurationError.of("asana task", "title", "missing; expected some text")
        wanted = attrs.evolve(draft, assignee=draft.assignee or self.config.default_assignee)
        tags = await self._tags([*self.config.tags, *labels_of(draft)])
        data = (
            fields_of(wanted, self.config)
            | {"projects": [self.config.project]}
            | ({"tags": tags} if tags else {})
        )
        answer = await self.call(
            "POST",
            "/tasks",
            operation="createTask",
            json={"data": data | draft.fields},
            query={"opt_fields": FIELDS},
        )
        made = self._made(answer, "createTask")
        if self.config.section is None:
            return made
        put = await self.attempt(self._put_into(self.config.section, str(made.reference)))
        if isinstance(put, ConnectorError):
            return attrs.evolve(made, detail=f"created, but not in its section: {put.message}")
        return attrs.evolve(made, detail=f"created in {self.config.section}")

    async def update_issue(self, reference: str, changes: IssueDraft) -> Outcome:
        """Change a task; `labels` replace its tags, other tags (as of `create_issue()`) are added to them."""
        fields, tags = fields_of(changes, self.config) | changes.fields, labels_of(changes)
        if not fields and not tags and changes.labels is None:
            return self.skipped("updateTask", "nothing to change")
        if tags or changes.labels is not None:
            await self._retag(reference, tags, replace=changes.labels is not None)
        return await self._update(reference, fields)

    async def comment_issue(self, reference: str, text: str) -> Outcome:
        """Add a comment; `reference` of the outcome is the story's gid."""
        path, operation = url_path("/tasks/{gid}/stories", gid=reference), "createStoryForTask"
        answer = await self.call("POST", path, operation=operation, json={"data": {"text": text}})
        return self.done(answer, reference=text_at(self.parse(answer), "data", "gid"))

    async def transition_issue(self, reference: str, to: str) -> Outcome:
        """Complete a task (`done`), make it incomplete again (`reopen`), or move it to a section by name or gid.

        Raises:
            RejectedError: the project has no such section; the message says which it has.
        """
        if (complete := completion(to)) is not None:
            return await self._update(reference, {"completed": complete})
        await self._put_into(to, reference)
        answer = await self._get(reference)
        return self._made(answer, "addTaskForSection")

    async def complete_task(self, reference: str) -> Outcome:
        """Mark a task as complete."""
        return await self._update(reference, {"completed": True})

    async def find_issue(self, external_id: str) -> Issue | None:
        """The task created with that `external_id`; None if there is none.

        With `external_id_field` Asana's search is asked, which lags behind and is for paying organisations;
        without it the task itself, which only OAuth apps can have such an id of.
        """
        if self.config.external_id_field is not None:
            return await self._searched(self.config.external_id_field, external_id)
        path = url_path("/tasks/external:{id}", id=external_id)
        answer = await self.call(
            "GET", path, operation="getTask", query={"opt_fields": FIELDS}, accept=(404,)
        )
        return self._task(at(self.parse(answer), "data")) if answer.ok else None

    async def get_issue(self, reference: str) -> Issue:
        """The task as it is now."""
        return self._task(at(self.parse(await self._get(reference)), "data"))

    async def list_tasks(self, **filters: str) -> AsyncIterator[Issue]:
        """The project's tasks, page by page; filters as Asana names them, e.g. `completed_since="now"`."""
        query = {"project": self.config.project, "limit": "100", "opt_fields": FIELDS, **filters}
        found = self.records("/tasks", operation="getTasks", query=query, items="data", following=following)
        async for record in found:
            yield self._task(record)

    async def _searched(self, field: str, external_id: str) -> Issue | None:
        path = url_path("/workspaces/{gid}/tasks/search", gid=await self._workspace())
        query = {
            f"custom_fields.{field}.value": external_id,
            "projects.any": self.config.project,
            "opt_fields": FIELDS,
        }
        query |= {"sort_by": "created_at", "sort_ascending": "true"}
        answer = await self.ask("GET", path, operation="searchTasksForWorkspace", query=query)
        found = objects_at(answer, "data")
        return self._task(found[0]) if found else None

    async def _retag(self, reference: str, names: tuple[str, ...], *, replace: bool) -> None:
        """Add and remove tags one by one, for Asana replaces none."""
        task = await self.get_issue(reference)
        before = {text_at(tag, "gid") for tag in objects_at(task.data, "tags")}
        after = set(await self._tags(names))
        for action, gids in (("addTag", after - before), ("removeTag", before - after if replace else set())):
            path, operation = url_path(f"/tasks/{{gid}}/{action}", gid=reference), f"{action}ForTask"
            for gid in sorted(map(str, gids)):
                body = {"data": {"tag": gid}}
                await self.call("POST", path, operation=operation, json=body, idempotent=True)

    async def _get(self, reference: str) -> Response:
        path = url_path("/tasks/{gid}", gid=reference)
        return await self.call("GET", path, operation="getTask", query={"opt_fields": FIELDS})

    async def _update(self, reference: str, fields: Mapping[str, JsonValue]) -> Outcome:
        path = url_path("/tasks/{gid}", gid=reference)
        body = {"data": dict(fields)}
        answer = await self.call("PUT", path, operation="updateTask", json=body, query={"opt_fields": FIELDS})
        return self._made(answer, "updateTask")

    def _made(self, answer: Response, operation: str) -> Outcome:
        task = self._task(at(self.parse(answer, operation), "data"))
        return self.done(
            answer, operation, reference=task.reference, url=task.url, detail=task.status, data=task.data
        )

    def _task(self, record: JsonValue) -> Issue:
        return task_of(record, self.config.project)
