"""`JenkinsConnector`: starts builds, also on events, and reports their results."""

from __future__ import annotations

from integrations_sdk.connectors.base import BuildRequest, Outcome
from integrations_sdk.connectors.jenkins.builds import (
    Reference,
    declared,
    job_path,
    parameters_of,
    queue_number,
)
from integrations_sdk.connectors.jenkins.server import parameter_names
from integrations_sdk.connectors.jenkins.tracking import JenkinsTracking

__all__ = ["JenkinsConnector"]


class JenkinsConnector(JenkinsTracking):
    """Jenkins: jobs, folders and multibranch projects.

    Branch, commit and tag are passed as `branch_parameter`, `commit_parameter` and `tag_parameter`, with
    `job_parameters` and the request's own; of all these only what the job declares.
    """

    async def _trigger(self, job: str, request: BuildRequest) -> Outcome:
        given = parameters_of(request, self.config)
        job, info = await self._job(job, request.branch or given.get(self.config.tag_parameter))
        names = parameter_names(info)
        form, dropped = declared(given, names)
        if self.config.build_token is not None:
            form["token"] = self.config.build_token.reveal()  # in the body: a URL would end up in logs
        operation = "buildWithParameters" if names else "build"
        answer = await self._post(f"{job_path(job)}/{operation}", form, operation)
        item = queue_number(answer.headers.get("location", ""))
        note = f", without {', '.join(dropped)}, which it does not declare" if dropped else ""
        reference = str(Reference(job, item=item)) if item is not None else None
        url = f"{self.base_url}{job_path(job)}/"
        return self.started(answer, job, reference=reference, url=url, note=note)
