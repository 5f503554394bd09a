"""`BambooConnector`: https://developer.atlassian.com/server/bamboo/rest/."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.connectors.bamboo.config import BambooConfig
from integrations_sdk.connectors.bamboo.results import branch_key, build_of, plan_of, result_key
from integrations_sdk.connectors.base import (
    Build,
    BuildRequest,
    BuildServer,
    BuildStatus,
    Category,
    CheckResult,
    Fault,
    Outcome,
    RejectedError,
    at,
    objects_at,
    parameter_text,
    url_path,
)

__all__ = ["BambooConnector"]

_PAGE = 100


class BambooConnector(BuildServer[BambooConfig]):
    """Bamboo: plans and plan branches.

    A build's branch chooses the plan branch, its commit is passed as the custom revision, its parameters as
    plan variables.
    """

    provider = "bamboo"
    title = "Bamboo"
    category = Category.CI_CD
    Config = BambooConfig
    docs_url = "https://developer.atlassian.com/server/bamboo/rest/"
    setup = (
        "Log in to Bamboo as the user that is to start the builds.",
        "Open Profile → Personal access tokens and create one with the permission Triggers.",
        "Configure the token, and the plan's key with its project's.",
    )
    permissions = ("plan permission View", "plan permission Build")
    limits = (
        "A branch other than `default_branch` is built by its plan branch, which Bamboo must have made already.",
        "Results are reported by the process that started the build; it stops when that ends.",
    )

    @property
    def base_url(self) -> str:
        """Where Bamboo is."""
        return self.config.url.rstrip("/")

    @property
    def jobs(self) -> tuple[str, ...]:
        """Every configured plan once."""
        return tuple(dict.fromkeys(filter(None, (self.config.plan, *self.config.plans))))

    async def authorize(self) -> Mapping[str, str]:
        """The token; and the word by which Bamboo lets a POST of no browser through its XSRF check."""
        token = self.config.token.reveal()
        return {"authorization": f"Bearer {token}", "x-atlassian-token": "no-check"}

    async def check(self) -> CheckResult:
        """Ask for Bamboo's version, who we are, and each configured plan."""
        info = await self.ask("GET", _api("/info"), operation="info")
        user = await self.ask("GET", _api("/currentUser"), operation="currentUser")
        warnings: list[str] = []
        for plan in self.jobs:
            answer = await self.call("GET", _api("/plan/{plan}", plan=plan), operation="plan", accept=(404,))
            if not answer.ok:
                warnings.append(f"there is no plan {plan}, or the token lacks the permission View for it")
            elif self.parse(answer).get("enabled") is False:
                warnings.append(f"the plan {plan} is disabled: enable it")
        return CheckResult(
            detail=f"Bamboo {info.get('version')} as {user.get('name')}", warnings=tuple(warnings)
        )

    async def get_build(self, reference: str) -> Build:
        """How a build stands.

        Raises:
            ConfigurationError: that is no reference.
            RejectedError: Bamboo does not know the build.
        """
        key = result_key(reference)
        answer = await self.call("GET", _api("/result/{key}", key=key), operation="result", accept=(404,))
        if answer.ok:
            return build_of(self.parse(answer), key, self._page(key))
        if await self._is_queued(key):  # there is no result before an agent has taken it
            return Build(reference=key, status=BuildStatus.PENDING, job=plan_of(key), url=self._page(key))
        raise self.error(Fault(RejectedError, f"there is no build {key}", "no_build"), answer)

    async def stop_build(self, reference: str) -> Outcome:
        """Take a build out of the queue, or stop it where it runs."""
        key = result_key(reference)
        answer = await self.call("DELETE", _api("/queue/{key}", key=key), operation="queue.stop")
        return self.done(answer, reference=key, url=self._page(key))

    async def _trigger(self, job: str, request: BuildRequest) -> Outcome:
        config, plan = self.config, await self._plan(job, request.branch)
        given = {name: parameter_text(value) for name, value in config.variables.items()}
        query = {f"bamboo.variable.{name}": value for name, value in {**given, **request.parameters}.items()}
        if request.commit_sha:
            query["customRevision"] = request.commit_sha
        if config.stage:
            query["stage"] = config.stage
        if config.execute_all_stages:
            query["executeAllStages"] = "true"
        path = _api("/queue/{plan}", plan=plan)
        answer = await self.call("POST", path, operation="queue.start", query=query, json={})
        key = str(self.parse(answer).get("buildResultKey"))
        return self.started(answer, plan, reference=key, url=self._page(key))

    async def _plan(self, job: str, branch: str | None) -> str:
        """The key of the plan, or of the plan branch, that builds a branch."""
        if branch in {None, self.config.default_branch}:
            return job
        path, start, total = _api("/plan/{job}/branch", job=job), 0, 1
        while start < total:
            query = {"start-index": str(start), "max-result": str(_PAGE)}
            answer = await self.call("GET", path, operation="plan.branches", query=query)
            page = self.parse(answer)
            for found in objects_at(page, "branches", "branch"):
                if (key := branch_key(found, branch or "")) is not None:
                    return key
            size = at(page, "branches", "size")
            start, total = start + _PAGE, size if isinstance(size, int) else 0
        said = f"{job} has no plan branch for {branch} (yet): let Bamboo detect it, or create it"
        raise self.error(Fault(RejectedError, said, "no_branch"), answer)

    async def _is_queued(self, key: str) -> bool:
        query = {"expand": "queuedBuilds.queuedBuild"}
        queue = await self.ask("GET", _api("/queue"), operation="queue", query=query)
        waiting = objects_at(queue, "queuedBuilds", "queuedBuild")
        return any(item.get("buildResultKey") == key for item in waiting)

    def _page(self, key: str) -> str:
        return f"{self.base_url}/browse/{key}"


def _api(template: str, **values: object) -> str:
    return url_path("/rest/api/latest" + template, **values)
