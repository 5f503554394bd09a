"""Workflow runs: https://docs.github.com/rest/actions, and `repository_dispatch`: https://docs.github.com/rest/repos."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from integrations_sdk.connectors.base import (
    Build,
    BuildRequest,
    BuildStatus,
    ConfigurationError,
    JsonValue,
    Outcome,
    time_of,
)
from integrations_sdk.connectors.github.api import GitHubApi
from integrations_sdk.connectors.github.words import build_status, number_of

__all__ = ["Actions"]

_SINCE = "since "
_SKEW = timedelta(seconds=5)


class Actions(GitHubApi):
    """Starting workflows and following their runs.

    A reference is a run's number; or, where GitHub does not tell it at once (Enterprise Server,
    `repository_dispatch`), what the run is found by: the oldest of its kind since then.
    """

    async def trigger_build(self, request: BuildRequest) -> Outcome:
        """Run a workflow: the one `job` names, or the configured one; failing both, send `dispatch_event`.

        `parameters` become the workflow's inputs, or with branch and commit the event's payload.
        `commit_sha` is not looked at by workflows: GitHub runs the tip of a branch or tag.

        Raises:
            ConfigurationError: nothing says what to run.
        """
        workflow = request.job or self.config.workflow
        if workflow is not None:
            return await self._run(workflow, request.branch or self.config.ref, request.parameters)
        if self.config.dispatch_event is not None:
            payload = {"branch": request.branch, "commit_sha": request.commit_sha, **request.parameters}
            return await self.dispatch_repository(
                self.config.dispatch_event,
                {name: value for name, value in payload.items() if value is not None},
            )
        raise ConfigurationError.of(
            "github configuration", "workflow", "missing; nothing says what to run", "add it, or name a job"
        )

    async def dispatch_repository(
        self, event_type: str, payload: Mapping[str, JsonValue] | None = None
    ) -> Outcome:
        """Send an event that workflows may be waiting for (`on: repository_dispatch`).

        Args:
            payload: what they find as `github.event.client_payload`; at most ten fields.
        """
        body: dict[str, JsonValue] = {"event_type": event_type, "client_payload": dict(payload or {})}
        since = self._since("repository_dispatch", event_type)
        response = await self.call("POST", self.path("/dispatches"), operation="repos.dispatch", json=body)
        return self.done(response, reference=since)

    async def get_build(self, reference: str) -> Build:
        """The run as it is now; pending while it cannot be found yet."""
        if reference.startswith(_SINCE):
            found = await self._find_run(reference)
            return _build(found) if found else Build(reference=reference, status=BuildStatus.PENDING)
        path = self.path("/actions/runs/{id}", id=number_of(reference))
        return _build(await self.ask("GET", path, operation="actions.run"))

    async def _run(self, job: str, ref: str, inputs: Mapping[str, str]) -> Outcome:
        operation, workflow = "actions.dispatch", self.config.workflows.get(job, job).rpartition("/")[2]
        body: dict[str, JsonValue] = {"ref": ref}
        if inputs:
            body["inputs"] = dict(inputs)
        if not self.is_enterprise_server and self.api_version == "2022-11-28":
            body["return_run_details"] = True  # later versions answer with them always
        since = self._since("workflow_dispatch", f"{ref} {workflow}")
        path = self.path("/actions/workflows/{workflow}/dispatches", workflow=workflow)
        response = await self.call("POST", path, operation=operation, json=body)
        if response.status == 204:
            return self.done(response, reference=since)
        return self.made(response, key="workflow_run_id")

    def _since(self, event: str, what: str) -> str:
        # Our clock may be ahead of GitHub's, so the search begins a little earlier.
        return f"{_SINCE}{self.context.clock.now() - _SKEW:%Y-%m-%dT%H:%M:%SZ} {event} {what}"

    async def _find_run(self, reference: str) -> dict[str, JsonValue] | None:
        moment, event, what = reference.removeprefix(_SINCE).split(" ", 2)
        query = {"event": event, "created": f">={moment}", "per_page": "100"}
        path = self.path("/actions/runs")
        if event == "workflow_dispatch":
            query["branch"], _, workflow = what.partition(" ")
            path = self.path("/actions/workflows/{workflow}/runs", workflow=workflow)
        answer = await self.ask("GET", path, operation="actions.runs", query=query)
        runs = answer.get("workflow_runs")
        known = [run for run in runs if isinstance(run, dict)] if isinstance(runs, list) else []
        if event == "repository_dispatch":  # its title is the event type, unless the workflow sets another
            known = [run for run in known if run.get("display_title") == what] or known
        # The newest come first, and times are whole seconds.
        return min(reversed(known), key=lambda run: str(run.get("created_at")), default=None)


def _build(run: dict[str, JsonValue]) -> Build:
    number, url = run.get("run_number"), run.get("html_url")
    status = build_status(run)
    return Build(
        reference=str(run.get("id")),
        status=status,
        job=str(run.get("name") or ""),
        number=number if isinstance(number, int) else None,
        url=str(url) if url else None,
        duration=_duration(run) if run.get("status") == "completed" else None,
    )


def _duration(run: Mapping[str, JsonValue]) -> timedelta | None:
    started, ended = time_of(run.get("run_started_at")), time_of(run.get("updated_at"))
    return ended - started if started and ended else None
