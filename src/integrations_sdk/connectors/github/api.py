"""What all of GitHub's operations share: address, credentials, faults, the check."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    ConfigurationError,
    Connector,
    ConnectorContext,
    Fault,
    JsonValue,
    Outcome,
    RateLimit,
    RejectedError,
    Response,
    Secret,
    json_of,
    url_path,
)
from integrations_sdk.connectors.github.app import InstallationToken, app_jwt, installation_token
from integrations_sdk.connectors.github.config import GitHubConfig
from integrations_sdk.connectors.github.words import github_fault, token_warnings

__all__ = ["GitHubApi"]

_CONTENT = RateLimit(calls=80, period=timedelta(minutes=1))


class GitHubApi(Connector[GitHubConfig]):
    """GitHub's REST API, of github.com and of Enterprise Server."""

    provider = "github"
    title = "GitHub"
    category = Category.SOURCE
    Config = GitHubConfig
    docs_url = "https://docs.github.com/rest"
    setup = (
        "Open Settings > Developer settings > Personal access tokens > Fine-grained tokens and add one.",
        "Give it the repository and the permissions below; configure it as `token`.",
        "Or install a GitHub App, and configure `app_id`, `installation_id` and `private_key`.",
    )
    permissions = (
        "Metadata: read; Issues, Pull requests, Commit statuses, Actions, Deployments: write, each if used",
        "Contents: write for `repository_dispatch`; Webhooks: write for hooks",
    )
    limits = (
        "an issue is found again by the last line of its body: keep that line",
        "the search that finds an issue lags by up to a minute, unless this integration created the issue",
        "80 things may be created per minute, 500 per hour",
    )
    recommended: ClassVar[Mapping[str, JsonValue]] = {"issue_labels": ["automated"]}
    rate = RateLimit(calls=900, period=timedelta(minutes=1))

    def __init__(self, config: GitHubConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._installation: InstallationToken | None = None
        self._renewal = asyncio.Lock()  # one exchange at a time, however many operations wait for it

    @property
    def base_url(self) -> str:
        """The API's address."""
        return self.config.api_url.rstrip("/")

    @property
    def is_enterprise_server(self) -> bool:
        """Whether it is Enterprise Server, which learns of new versions and fields much later."""
        return self.base_url.endswith("/api/v3")

    @property
    def api_version(self) -> str:
        """What `X-GitHub-Api-Version` says: https://docs.github.com/rest/about-the-rest-api/api-versions."""
        return self.config.api_version or ("2022-11-28" if self.is_enterprise_server else "2026-03-10")

    async def authorize(self) -> Mapping[str, str]:
        """The token, or the app's installation token, with the headers that GitHub asks for."""
        token = self.config.token or await self._installation_token()
        return self._headers(token.reveal())

    def fault(self, response: Response) -> Fault | None:
        """`github_fault()`."""
        return github_fault(response)

    async def check(self) -> CheckResult:
        """Ask who the token is, and for the repository.

        Raises:
            AuthenticationError: the token or the app is refused.
            RejectedError: the repository does not exist, or the token cannot see it.
        """
        token = self.config.token
        if token is None or token.reveal().startswith("ghs_"):  # an installation is no user
            answer = await self.call(
                "GET", "/installation/repositories", operation="installation", query={"per_page": "1"}
            )
            who = f"{self.parse(answer).get('total_count')} repositories of the installation"
        else:
            answer = await self.call("GET", "/user", operation="user")
            who = str(self.parse(answer).get("login"))
        repository = await self.ask("GET", self.path(""), operation="repos.get")
        warnings = token_warnings(answer.headers, self.context.clock.now().date())
        if repository.get("archived"):
            warnings += ("the repository is archived: nothing can be created in it",)
        return CheckResult(detail=f"{repository.get('full_name')} as {who}", warnings=warnings)

    async def get_rate_limit(self) -> dict[str, JsonValue]:
        """What is left of the limits, as GitHub describes it under `resources`; asking costs nothing."""
        return await self.ask("GET", "/rate_limit", operation="rate_limit")

    def path(self, template: str, *, repository: str | None = None, **values: object) -> str:
        """A path below a repository (None: the configured one), e.g. `path("/issues/{number}", number=7)`.

        Raises:
            ConfigurationError: the repository has no owner.
        """
        names = self.config.repositories
        chosen = repository or self.config.repository or next(iter(names.values()), "")
        owner, _, name = names.get(chosen, chosen).rpartition("/")
        owner = owner or self.config.organization or ""
        if not owner or not name:
            raise ConfigurationError.of("github repository", "repository", "expected owner/name")
        return url_path("/repos/{owner}/{repo}" + template, owner=owner, repo=name, **values)

    async def _create(self, path: str, *, operation: str, json: Mapping[str, JsonValue]) -> Response:
        """POST something that people are told of: such requests have a limit of their own."""
        account = f"{self.context.integration_id or ''}:content"
        return await self.call("POST", path, operation=operation, json=json, rate=_CONTENT, account=account)

    async def _change(self, path: str, *, operation: str, json: Mapping[str, JsonValue]) -> Response:
        """PATCH something to a state; doing it twice leads to the same."""
        return await self.call("PATCH", path, operation=operation, json=json, idempotent=True)

    def made(self, response: Response, *, key: str = "number") -> Outcome:
        """The outcome of creating or changing something whose `key` refers to it."""
        record = self.parse(response)
        reference, url = record.get(key), record.get("html_url") or record.get("target_url")
        return self.done(
            response,
            reference=None if reference is None else str(reference),
            url=str(url) if url else None,
            data=record,
        )

    def _headers(self, credentials: str) -> dict[str, str]:
        return {
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {credentials}",
            "user-agent": "integrations-sdk",  # required: GitHub refuses requests without one
            "x-github-api-version": self.api_version,
        }

    async def _installation_token(self) -> Secret:
        async with self._renewal:
            if self._installation is None or not self._installation.is_fresh(self.context.clock.now()):
                self._installation = await self._exchange()
            return self._installation.token

    async def _exchange(self) -> InstallationToken:
        operation, now = "app.installation_token", self.context.clock.now()
        proof = app_jwt(self.config.app_id or "", self.config.private_key or Secret(""), now)
        path = url_path("/app/installations/{id}/access_tokens", id=self.config.installation_id)
        response = await self.call(
            "POST", path, operation=operation, headers=self._headers(proof), authorize=False, idempotent=True
        )
        token = installation_token(json_of(response))  # not `parse()`: it may be the one known already
        if token is None:
            raise self.error(Fault(RejectedError, "answered without a token"), response)
        return token
