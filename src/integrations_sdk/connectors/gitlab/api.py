"""What all of GitLab's operations share: address, credentials, faults, the check."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    ConfigurationError,
    Connector,
    Fault,
    JsonValue,
    Outcome,
    RateLimit,
    Response,
    url_path,
)
from integrations_sdk.connectors.gitlab.config import GitLabConfig
from integrations_sdk.connectors.gitlab.words import gitlab_fault, token_warnings

__all__ = ["GitLabApi", "number_of"]


class GitLabApi(Connector[GitLabConfig]):
    """GitLab's REST API, version 4."""

    provider = "gitlab"
    title = "GitLab"
    category = Category.SOURCE
    Config = GitLabConfig
    docs_url = "https://docs.gitlab.com/api/rest/"
    setup = (
        "In the project, open Settings > Access tokens and add a project access token.",
        "Give it the role Developer (Maintainer, if it is to manage hooks) and the scope `api`.",
        "Configure it as `token`, best as a reference such as `env:GITLAB_TOKEN`.",
    )
    permissions = (
        "scope `api`; `read_api` is enough for listing and for the check",
        "role Reporter for issues; Developer for merge requests, statuses, pipelines; Maintainer for hooks",
    )
    limits = (
        "an issue is found again by the last line of its description: keep that line",
        "a pipeline runs on a branch or tag: a build's commit is not looked at, the tip is built",
    )
    recommended: ClassVar[Mapping[str, JsonValue]] = {"issue_labels": ["automated"]}
    rate = RateLimit(calls=2000, period=timedelta(minutes=1))

    @property
    def base_url(self) -> str:
        """GitLab's address, without `/api/v4`, whether configured with it or without."""
        return (self.config.url or self.context.scope.gitlab_url).rstrip("/").removesuffix("/api/v4")

    async def authorize(self) -> Mapping[str, str]:
        """The token, as https://docs.gitlab.com/api/rest/authentication/ wants it."""
        token = self.config.token.reveal()
        return {"authorization": f"Bearer {token}"} if self._oauth else {"private-token": token}

    def fault(self, response: Response) -> Fault | None:
        """`gitlab_fault()`."""
        return gitlab_fault(response)

    async def check(self) -> CheckResult:
        """Ask for GitLab's version, the project, and how long the token lasts.

        Raises:
            AuthenticationError: the token is refused.
            RejectedError: the project does not exist, or the token cannot see it.
        """
        answer = await self.call("GET", "/api/v4/metadata", operation="metadata", accept=(404,))
        if answer.status == 404:  # before GitLab 15.2
            answer = await self.call("GET", "/api/v4/version", operation="version")
        detail = f"GitLab {self.parse(answer).get('version')}"
        warnings = await self._token_warnings()
        if self._project is None:
            return CheckResult(detail=detail, warnings=warnings)
        project = await self.ask("GET", self.path(""), operation="projects.get")
        if project.get("archived"):
            warnings += ("the project is archived: nothing can be created in it",)
        return CheckResult(detail=f"{project.get('path_with_namespace')} on {detail}", warnings=warnings)

    def path(self, template: str, *, project: str | None = None, **values: object) -> str:
        """A path below a project (None: the configured one), e.g. `path("/issues/{iid}", iid=7)`.

        Raises:
            ConfigurationError: no project is configured.
        """
        chosen = project or self._project
        if chosen is None:
            raise ConfigurationError.of(
                "gitlab configuration", "project", "missing; expected a path such as group/name"
            )
        return url_path("/api/v4/projects/{project}" + template, project=chosen, **values)

    def made(
        self, response: Response, operation: str = "", *, key: str = "iid", url: str | None = None
    ) -> Outcome:
        """The outcome of creating or changing something whose `key` refers to it."""
        record = self.parse(response, operation)
        address = url or record.get("web_url") or record.get("target_url")
        reference = record.get(key)
        return self.done(
            response,
            operation,
            reference=None if reference is None else str(reference),
            url=str(address) if address else None,
            data=record,
        )

    def web_url(self, path: str) -> str | None:
        """The address of a page of the project's; None where the project is known by its number only."""
        named = self._project is not None and "/" in str(self._project)
        return f"{self.base_url}/{self._project}{path}" if named else None

    @property
    def _project(self) -> int | str | None:
        return self.config.project or self.context.scope.project_id

    @property
    def _oauth(self) -> bool:
        return self.config.token_type == "bearer"  # noqa: S105  # a kind of token, not one

    async def _token_warnings(self) -> tuple[str, ...]:
        if self._oauth:
            return ()
        # Says nothing of credentials that are no access tokens, and of ones that may not read themselves.
        answer = await self.call(
            "GET", "/api/v4/personal_access_tokens/self", operation="token", accept=(400, 401, 403, 404)
        )
        return token_warnings(self.parse(answer), self.context.clock.now().date()) if answer.ok else ()


def number_of(reference: str) -> str:
    """The number in a reference: `12` of `12`, `#12` and `!12`.

    Raises:
        ConfigurationError: there is none.
    """
    number = reference.strip().lstrip("#!")
    if not number.isdecimal():
        raise ConfigurationError.of("gitlab reference", "reference", "expected a number such as 12 or #12")
    return number
