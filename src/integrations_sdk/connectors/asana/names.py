"""Asana's tags and sections, which tasks know by gid and people by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from integrations_sdk.connectors.asana.config import AsanaConfig
from integrations_sdk.connectors.asana.words import following
from integrations_sdk.connectors.base import (
    Connector,
    Fault,
    JsonValue,
    RejectedError,
    at,
    objects_at,
    text_at,
    url_path,
)

__all__ = ["AsanaNames"]


class AsanaNames(Connector[AsanaConfig]):
    """Gids for names."""

    async def list_sections(self) -> AsyncIterator[dict[str, JsonValue]]:
        """The project's sections: `gid` and `name`, in their order."""
        path = url_path("/projects/{gid}/sections", gid=self.config.project)
        async for section in self.records(
            path, operation="getSectionsForProject", query={"limit": "100"}, items="data", following=following
        ):
            yield section

    async def _put_into(self, section: str, task: str) -> None:
        """Move a task to a section, by the section's gid or name.

        Raises:
            RejectedError: the project has no such section; the message says which it has.
        """
        known = [
            (text_at(one, "gid") or "", text_at(one, "name") or "") async for one in self.list_sections()
        ]
        word = section.strip().casefold()
        gid = next((gid for gid, name in known if word in {gid, name.casefold()}), None)
        operation = "addTaskForSection"
        if gid is None:
            names = ", ".join(name for _, name in known) or "none"
            raise RejectedError(
                self.shown(f"the project has no section {section!r}; it has {names}"),
                provider=self.provider,
                operation=operation,
                integration_id=self.context.integration_id,
                code="no_section",
            )
        path = url_path("/sections/{gid}/addTask", gid=gid)
        await self.call("POST", path, operation=operation, json={"data": {"task": task}}, idempotent=True)

    async def _tags(self, names: Iterable[str]) -> list[JsonValue]:
        return [await self._tag(name) for name in names]

    async def _tag(self, name: str) -> str:
        """The gid of the workspace's tag of that name, which is made if there is none."""
        workspace = await self._workspace()
        query = {"resource_type": "tag", "query": name, "count": "100", "opt_fields": "name"}
        path = url_path("/workspaces/{gid}/typeahead", gid=workspace)
        answer = await self.ask("GET", path, operation="typeaheadForWorkspace", query=query)
        found = objects_at(answer, "data")
        same = (one for one in found if (text_at(one, "name") or "").casefold() == name.casefold())
        return text_at(next(same, None), "gid") or await self._new_tag(workspace, name)

    async def _new_tag(self, workspace: str, name: str) -> str:
        path = url_path("/workspaces/{gid}/tags", gid=workspace)
        answer = await self.call(
            "POST", path, operation="createTagForWorkspace", json={"data": {"name": name}}
        )
        gid = text_at(self.parse(answer), "data", "gid")
        if gid is None:
            raise self.error(Fault(RejectedError, "the new tag has no gid"), answer)
        return gid

    async def _workspace(self) -> str:
        """The gid of the project's workspace, which never changes."""
        key = f"workspace:{self.config.project}"
        if (known := text_at(await self.context.memory.recall(key), "gid")) is not None:
            return known
        path = url_path("/projects/{gid}", gid=self.config.project)
        answer = await self.ask("GET", path, operation="getProject", query={"opt_fields": "workspace.gid"})
        gid = text_at(at(answer, "data"), "workspace", "gid") or ""
        await self.context.memory.remember(key, {"gid": gid})
        return gid
