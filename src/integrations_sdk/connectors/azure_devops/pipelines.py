"""Pipelines and their runs: https://learn.microsoft.com/rest/api/azure/devops/pipelines/."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.azure_devops.api import AzureDevOpsApi
from integrations_sdk.connectors.azure_devops.words import build_of
from integrations_sdk.connectors.base import (
    Build,
    BuildRequest,
    BuildStatus,
    ConfigurationError,
    DeadlineExceededError,
    JsonValue,
    Outcome,
    Response,
    changed_query,
    given,
    text_at,
)

__all__ = ["Pipelines"]

_ENDED: Final = frozenset({BuildStatus.SUCCESS, BuildStatus.FAILED, BuildStatus.CANCELED})
_SLOWEST: Final = 60.0


class Pipelines(AzureDevOpsApi):
    """Starting and following runs of YAML pipelines."""

    async def trigger_build(self, request: BuildRequest) -> Outcome:
        """Run a pipeline on a branch, at a commit if one is given; `reference` is `<pipeline's id>#<run's id>`.

        `job` is the pipeline's id or name; `parameters` become template parameters, or variables as configured.

        Raises:
            ConfigurationError: no pipeline is given or configured, or there is none of that name.
        """
        pipeline = await self._pipeline(request.job or self.config.pipeline)
        branch = request.branch or self.config.branch
        ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
        body: dict[str, JsonValue] = {
            "resources": {"repositories": {"self": given(refName=ref, version=request.commit_sha)}}
        }
        if request.parameters and self.config.parameters_as == "variables":
            body["variables"] = {name: {"value": value} for name, value in request.parameters.items()}
        elif request.parameters:
            body["templateParameters"] = {**request.parameters}
        path = self.path("/pipelines/{id}/runs", id=pipeline)
        answer = await self.call("POST", path, operation="Run Pipeline", json=body, query=self.version)
        record = self.parse(answer)
        run = build_of(record, pipeline)
        return self.done(
            answer,
            reference=run.reference,
            url=run.url,
            detail=text_at(record, "state"),
            data=record,
        )

    async def get_build(self, reference: str) -> Build:
        """The run as it is now.

        Raises:
            ConfigurationError: that is no reference of `trigger_build()`.
        """
        pipeline, _, run = reference.partition("#")
        if not pipeline.isdecimal() or not run.isdecimal():
            wrong = "expected <pipeline's id>#<run's id>"
            raise ConfigurationError.of(
                "build reference", "reference", wrong, "take it from the outcome of trigger_build()"
            )
        path = self.path("/pipelines/{id}/runs/{run}", id=pipeline, run=run)
        answer = await self.ask("GET", path, operation="Get Run", query=self.version)
        return build_of(answer, pipeline)

    async def wait_for_build(self, reference: str, *, timeout: timedelta = timedelta(hours=1)) -> Build:
        """Follow a run to its result.

        Raises:
            DeadlineExceededError: it has not ended within `timeout`; it goes on all the same.
        """
        clock, delay = self.context.clock, self.config.poll_interval.total_seconds()
        ends = clock.monotonic() + timeout.total_seconds()
        while (build := await self.get_build(reference)).status not in _ENDED:
            left = ends - clock.monotonic()
            if left <= 0:
                raise DeadlineExceededError(
                    f"the run {reference} is still {build.status.value} after {timeout.total_seconds():g} s",
                    provider=self.provider,
                    operation="wait_for_build",
                    integration_id=self.context.integration_id,
                )
            await clock.sleep(min(delay, left))
            delay = min(delay * 1.5, max(_SLOWEST, self.config.poll_interval.total_seconds()))
        return build

    async def list_pipelines(self) -> AsyncIterator[dict[str, JsonValue]]:
        """The project's pipelines as Azure DevOps describes them (`id`, `name`, `folder`), page by page."""
        query = {"$top": "100", **self.version}
        async for record in self.records(
            self.path("/pipelines"), operation="List", query=query, items="value", following=_following
        ):
            yield record

    async def _pipeline(self, name: str | None) -> str:
        if name is None:
            raise ConfigurationError.of(
                "azure_devops build", "job", "missing", "name a pipeline, or configure one"
            )
        if name.isdecimal():
            return name
        known = {text_at(one, "name") or "": text_at(one, "id") async for one in self.list_pipelines()}
        found = known.get(name) or {label.casefold(): number for label, number in known.items()}.get(
            name.casefold()
        )
        if found is None:
            names = ", ".join(sorted(known)) or "none"
            raise ConfigurationError.of(
                "azure_devops build", "job", f"no such pipeline; the project has {names}"
            )
        return found


def _following(page: Response, query: str) -> str | None:
    """The token is in a header: https://learn.microsoft.com/rest/api/azure/devops/pipelines/pipelines/list."""
    token = page.headers.get("x-ms-continuationtoken")
    return changed_query(query, continuationToken=token) if token else None
