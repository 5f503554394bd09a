"""`TeamCityConnector`: https://www.jetbrains.com/help/teamcity/rest/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from integrations_sdk.connectors.base import (
    Build,
    BuildRequest,
    BuildServer,
    Category,
    CheckResult,
    Fault,
    JsonValue,
    Outcome,
    Response,
    text_at,
    url_path,
)
from integrations_sdk.connectors.teamcity.config import TeamCityConfig
from integrations_sdk.connectors.teamcity.words import (
    FIELDS,
    build_body,
    build_of,
    locator_value,
    next_builds,
    number_of,
    teamcity_fault,
)

__all__ = ["TeamCityConnector"]

_PAGE = 100


class TeamCityConnector(BuildServer[TeamCityConfig]):
    """TeamCity: build configurations, on a server or in the cloud.

    A build's branch (or else tag) is the branch that is built, its commit the change, its parameters the
    build's properties.
    """

    provider = "teamcity"
    title = "TeamCity"
    category = Category.CI_CD
    Config = TeamCityConfig
    docs_url = "https://www.jetbrains.com/help/teamcity/rest/teamcity-rest-api-documentation.html"
    setup = (
        "Log in to TeamCity as the user that is to start the builds.",
        "Open the profile's Access Tokens and create one, limited to the project.",
        "Configure the token, and the build configuration's ID out of its settings.",
    )
    permissions = (
        "View project and all parent projects",
        "Run build",
        "Customize build parameters; Comment build; Stop build / remove from queue: each if used",
    )
    limits = (
        "A commit can be built once TeamCity has seen it, which it looks for once a minute unless it is told.",
        "Results are reported by the process that started the build; it stops when that ends.",
    )

    @property
    def base_url(self) -> str:
        """Where TeamCity is."""
        return self.config.url.rstrip("/")

    @property
    def jobs(self) -> tuple[str, ...]:
        """Every configured build configuration once."""
        return tuple(dict.fromkeys(filter(None, (self.config.build_type, *self.config.build_types))))

    async def authorize(self) -> Mapping[str, str]:
        """The access token."""
        return {"authorization": f"Bearer {self.config.token.reveal()}"}

    def fault(self, response: Response) -> Fault | None:
        """`teamcity_fault()`."""
        return teamcity_fault(response)

    async def check(self) -> CheckResult:
        """Ask for TeamCity's version, who we are, and each build configuration."""
        server = await self.ask("GET", "/app/rest/server", operation="server", query={"fields": "version"})
        asked = {"fields": "username"}
        user = await self.ask("GET", "/app/rest/users/current", operation="users.current", query=asked)
        warnings: list[str] = []
        for job in self.jobs:
            path = url_path("/app/rest/buildTypes/id:{job}", job=job)
            query = {"fields": "id,paused"}
            answer = await self.call("GET", path, operation="buildTypes", query=query, accept=(404,))
            if not answer.ok:
                warnings.append(f"there is no build configuration {job}, or the token cannot see it")
            elif self.parse(answer).get("paused"):
                warnings.append(f"the build configuration {job} is paused: activate it")
        detail = f"TeamCity {server.get('version')} as {user.get('username')}"
        return CheckResult(detail=detail, warnings=tuple(warnings))

    async def get_build(self, reference: str) -> Build:
        """How a build stands, in the queue or after it.

        Raises:
            ConfigurationError: that is no reference.
            RejectedError: TeamCity does not know the build (any more).
        """
        query = {"fields": FIELDS}
        return build_of(await self.ask("GET", _build(reference), operation="builds.get", query=query))

    async def cancel_build(self, reference: str, comment: str = "", *, again: bool = False) -> Outcome:
        """Take a build out of the queue, or stop it where it runs.

        Args:
            comment: why; people see it beside the build.
            again: put a running build back into the queue.
        """
        path, operation = _build(reference), "builds.cancel"
        state = await self.ask("GET", path, operation="builds.get", query={"fields": "state"})
        if state.get("state") == "queued":
            path, operation = path.replace("/builds/", "/buildQueue/"), "buildQueue.cancel"
        body: dict[str, JsonValue] = {"comment": comment, "readdIntoQueue": again}
        answer = await self.call("POST", path, operation=operation, json=body)
        return self.done(answer, reference=number_of(reference))

    async def comment_build(self, reference: str, text: str) -> Outcome:
        """Write a comment beside a build, in place of an earlier one."""
        answer = await self.call(
            "PUT",
            f"{_build(reference)}/comment",
            operation="builds.comment",
            content=text.encode("utf-8", "replace"),
            content_type="text/plain; charset=utf-8",
            headers={"accept": "*/*"},
        )
        return self.done(answer, reference=number_of(reference))

    async def list_builds(self, job: str | None = None, *, branch: str | None = None) -> AsyncIterator[Build]:
        """A build configuration's builds, newest first, page by page; running, canceled and of any branch as well.

        Args:
            job: None takes the (first) configured one.
            branch: only those of this branch.
        """
        place = f"name:{locator_value(branch)}" if branch else "default:any"
        locator = (
            f"buildType:(id:{job or self.jobs[0]}),branch:({place}),state:any,canceled:any,failedToStart:any"
        )
        query = {"locator": f"{locator},count:{_PAGE}", "fields": f"count,nextHref,build({FIELDS})"}
        found = self.records(
            "/app/rest/builds", operation="builds.list", query=query, items="build", following=next_builds
        )
        async for build in found:
            yield build_of(build)

    async def _trigger(self, job: str, request: BuildRequest) -> Outcome:
        who, what = self.context.integration_id or self.provider, request.commit_sha or request.branch or job
        body = build_body(job, request, self.config, comment=f"{who}: {what}")
        answer = await self.call("POST", "/app/rest/buildQueue", operation="buildQueue.add", json=body)
        made = self.parse(answer)
        return self.started(answer, job, reference=text_at(made, "id"), url=text_at(made, "webUrl"))


def _build(reference: str) -> str:
    return f"/app/rest/builds/id:{number_of(reference)}"
