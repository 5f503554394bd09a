"""Pipelines and commit statuses: https://docs.gitlab.com/api/pipelines/ and https://docs.gitlab.com/api/commits/."""

from __future__ import annotations

from datetime import timedelta

from integrations_sdk.connectors.base import Build, BuildRequest, CommitStatus, Outcome, Response, given
from integrations_sdk.connectors.gitlab.api import GitLabApi, number_of
from integrations_sdk.connectors.gitlab.words import build_status

__all__ = ["Pipelines"]

_LONGEST = 140


class Pipelines(GitLabApi):
    """Starting and following pipelines, and what other builds say of a commit."""

    async def trigger_build(self, request: BuildRequest) -> Outcome:
        """Start a pipeline on the branch; with the trigger token where one is configured.

        `job` is a name out of `pipelines`, or a branch or tag itself; `parameters` become CI/CD variables.
        `commit_sha` is not looked at: GitLab builds the tip of a branch or tag.
        """
        job = request.job and self.config.pipelines.get(request.job, request.job)
        ref = request.branch or job or self.config.ref
        send = self._create if self.config.trigger_token is None else self._trigger
        response = await send(ref, dict(request.parameters))
        return self.made(response, "pipelines.create", key="id")

    async def get_build(self, reference: str) -> Build:
        """The pipeline as it is now."""
        path = self.path("/pipelines/{id}", id=number_of(reference))
        pipeline = await self.ask("GET", path, operation="pipelines.get")
        number, seconds, url = pipeline.get("iid"), pipeline.get("duration"), pipeline.get("web_url")
        return Build(
            reference=number_of(reference),
            status=build_status(pipeline.get("status")),
            job=str(pipeline.get("ref") or ""),
            number=number if isinstance(number, int) else None,
            url=str(url) if url else None,
            duration=timedelta(seconds=seconds) if isinstance(seconds, int | float) else None,
        )

    async def set_commit_status(self, status: CommitStatus) -> Outcome:
        """Show a status beside the commit, in place of an earlier one of the same `context`.

        Saying the same again succeeds. GitLab refuses to go back from `running` to `pending`.
        """
        said = status.description
        body = given(
            state=status.status.value,
            name=status.context,
            target_url=status.url,
            description=(said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…") or None,
        )
        path = self.path("/statuses/{sha}", project=status.project, sha=status.sha)
        response = await self.call("POST", path, operation="statuses.set", json=body, idempotent=True)
        if not response.ok:
            return self.done(response, detail=f"was {status.status.value} already")
        return self.made(response, key="id")

    async def _create(self, ref: str, parameters: dict[str, str]) -> Response:
        variables = [{"key": key, "value": value} for key, value in parameters.items()]
        body = {"ref": ref, **({"variables": variables} if variables else {})}
        return await self.call("POST", self.path("/pipeline"), operation="pipelines.create", json=body)

    async def _trigger(self, ref: str, parameters: dict[str, str]) -> Response:
        token = self.config.trigger_token
        form = [("token", token.reveal() if token else ""), ("ref", ref)]
        form += [(f"variables[{key}]", value) for key, value in parameters.items()]
        path = self.path("/trigger/pipeline")
        # The form's token is the whole authority; the access token has no part in it.
        return await self.call("POST", path, operation="pipelines.trigger", form=form, authorize=False)
