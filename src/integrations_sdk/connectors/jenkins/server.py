"""Jenkins itself: where it is, who we are there, what its errors mean, its jobs."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    BuildServer,
    Category,
    CheckResult,
    ConnectorContext,
    ConnectorError,
    Fault,
    JsonValue,
    RejectedError,
    Response,
    fault_of,
    sentence,
    url_path,
)
from integrations_sdk.connectors.jenkins.builds import job_path, session_cookie
from integrations_sdk.connectors.jenkins.config import JenkinsConfig

__all__ = ["JenkinsServer", "parameter_names"]

_JOB: Final = "name,fullName,buildable,property[parameterDefinitions[name]]"
_REFUSALS: Final = {
    400: "Jenkins does not accept the parameters: do their values fit the job's?",
    405: "Jenkins does not accept this method here: is a proxy in between?",
    409: "the job is disabled, or not to be built",
}


class JenkinsServer(BuildServer[JenkinsConfig]):
    """What is asked of a Jenkins server.

    API tokens need no crumb (Jenkins 2.96 and later); a password does, together with the session it was
    given in. So a crumb is fetched when Jenkins asks for one, and kept.
    Source: https://www.jenkins.io/doc/book/security/csrf-protection/
    """

    provider = "jenkins"
    title = "Jenkins"
    category = Category.CI_CD
    Config = JenkinsConfig
    docs_url = "https://www.jenkins.io/doc/book/using/remote-access-api/"
    setup = (
        "Log in to Jenkins as the user that is to start the builds.",
        "Open the user's Security page and add an API token.",
        "Configure the user's name, the token, and the job's full name.",
    )
    permissions = ("Overall/Read", "Job/Read", "Job/Build")
    limits = (
        "Parameters that a job does not declare are not passed to it.",
        "Results are reported by the process that started the build; it stops when that ends.",
    )

    def __init__(self, config: JenkinsConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._crumb: dict[str, str] = {}

    @property
    def jobs(self) -> tuple[str, ...]:
        """Every configured job."""
        return self.config.all_jobs

    @property
    def base_url(self) -> str:
        """Where Jenkins is."""
        return self.config.jenkins_url.rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """User and API token."""
        pair = f"{self.config.username}:{self.config.api_token.reveal()}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def fault(self, response: Response) -> Fault | None:
        """Jenkins writes its errors as HTML pages, and what matters into headers."""
        found = fault_of(response)
        if found is None:
            return None
        if permission := response.headers.get("x-required-permission"):
            return Fault(found.kind, f"{self.config.username} lacks the permission {sentence(permission)}")
        if said := response.headers.get("x-error"):
            return Fault(found.kind, sentence(said))
        return Fault(found.kind, _REFUSALS.get(response.status, found.message))

    async def check(self) -> CheckResult:
        """Ask Jenkins what it is, and look at each configured job."""
        answer = await self.call("GET", "/api/json", operation="api", query={"tree": "mode,quietingDown"})
        state = self.parse(answer)
        warnings = (
            ["Jenkins is preparing to shut down and starts no builds"] if state.get("quietingDown") else []
        )
        for job in self.config.all_jobs:
            warnings += self._concerns(job, await self._look(job))
        version = answer.headers.get("x-jenkins", "")
        return CheckResult(
            detail=f"Jenkins {version} as {self.config.username}".replace("  ", " "), warnings=tuple(warnings)
        )

    def _concerns(self, job: str, info: Mapping[str, JsonValue] | None) -> list[str]:
        if info is None:
            return [f"there is no job {job}, or {self.config.username} lacks the permission Job/Read for it"]
        if info.get("buildable") is False:
            return [f"the job {job} is disabled: enable it"]
        names = {name.casefold() for name in parameter_names(info)}
        unknown = [name for name in self.config.job_parameters if name.casefold() not in names]
        if unknown and not _is_multibranch(info):
            return [f"the job {job} does not declare {', '.join(unknown)}: add them, or leave them out"]
        return []

    async def _job(self, job: str, ref: str | None = None) -> tuple[str, dict[str, JsonValue]]:
        """A job and what Jenkins says of it; of a multibranch project the job of the branch `ref`.

        Raises:
            RejectedError: there is no such job, or not for that branch.
        """
        answer, info = await self._ask(job)
        if info is None:
            raise self._no_job(
                answer,
                f"no job {job}, or no permission Job/Read for it: name it with its folders, as team/app",
            )
        if not _is_multibranch(info):
            return job, info
        if not ref:
            raise self._no_job(answer, f"{job} is a multibranch project: say which branch to build")
        # Jenkins names a branch's job by the branch, percent-encoded: feature/x is feature%2Fx.
        of_branch = f"{job}{url_path('/{ref}', ref=ref)}"
        answer, info = await self._ask(of_branch)
        if info is None:
            raise self._no_job(
                answer, f"{job} has no job for the branch {sentence(ref)} (yet): let Jenkins scan the project"
            )
        return of_branch, info

    async def _post(self, path: str, form: Mapping[str, str], operation: str) -> Response:
        """POST a form, with a crumb where Jenkins asks for one."""
        body = form or None
        answer = await self.call(
            "POST", path, operation=operation, form=body, headers=self._crumb, accept=(403,)
        )
        if answer.status == 403 and "crumb" in answer.text[:10_000]:
            self._crumb = await self._fetch_crumb()
            return await self.call("POST", path, operation=operation, form=body, headers=self._crumb)
        if (fault := self.fault(answer)) is not None:
            raise self.error(fault, answer)
        return answer

    async def _fetch_crumb(self) -> dict[str, str]:
        answer = await self.call("GET", "/crumbIssuer/api/json", operation="crumbIssuer")
        crumb = self.parse(answer)
        headers = {str(crumb.get("crumbRequestField")): str(crumb.get("crumb"))}
        if cookie := session_cookie(answer.headers.get("set-cookie", "")):
            headers["cookie"] = cookie
        return headers

    async def _ask(self, job: str) -> tuple[Response, dict[str, JsonValue] | None]:
        answer = await self.call(
            "GET", f"{job_path(job)}/api/json", operation="job", query={"tree": _JOB}, accept=(404,)
        )
        return answer, self.parse(answer) if answer.ok else None

    async def _look(self, job: str) -> dict[str, JsonValue] | None:
        return (await self._ask(job))[1]

    def _no_job(self, answer: Response, said: str) -> ConnectorError:
        return self.error(Fault(RejectedError, said, "no_job"), answer)


def parameter_names(info: Mapping[str, JsonValue]) -> list[str]:
    """The parameters that a job declares."""
    properties = info.get("property")
    declared = (
        [one.get("parameterDefinitions") for one in properties if isinstance(one, dict)]
        if isinstance(properties, list)
        else []
    )
    definitions = [definition for group in declared if isinstance(group, list) for definition in group]
    return [str(definition.get("name")) for definition in definitions if isinstance(definition, dict)]


def _is_multibranch(info: Mapping[str, JsonValue]) -> bool:
    return str(info.get("_class", "")).endswith("MultiBranchProject")
