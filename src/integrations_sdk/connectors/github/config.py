"""How a GitHub integration is configured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    rsa_private_key,
    setting,
    settings,
)

__all__ = ["GitHubConfig"]

_REPOSITORY = re.compile(r"(?:[A-Za-z0-9_-]+/)?[A-Za-z0-9._-]+")
_APP = ("app_id", "private_key", "installation_id")


def _repository(value: str) -> str | None:
    return None if _REPOSITORY.fullmatch(value) else "a repository such as owner/name"


def _api(value: str) -> str | None:
    if (wrong := http_url(value)) is not None:
        return wrong
    if (urlsplit(value).hostname or "").removeprefix("www.") == "github.com":
        return "the API's address: https://api.github.com, or https://HOST/api/v3 for Enterprise Server"
    return None


def _number(value: int | str) -> str | None:
    return None if re.fullmatch(r"[1-9][0-9]{0,18}", str(value)) else "the number GitHub shows"


@settings
class GitHubConfig(ConnectorConfig):
    """A repository on GitHub, and a token or an app to reach it."""

    repository: str | None = setting(
        "The repository, `owner/name`; without it the first of `repositories`.",
        default=None,
        validate=_repository,
        also=("repo", "project"),
        env=("GITHUB_REPOSITORY",),
        example="octocat/hello-world",
    )
    token: Secret | None = setting(
        "Personal access token (fine-grained or classic), or the GITHUB_TOKEN of a workflow.",
        default=None,
        validate=not_empty,
        also=("access_token",),
        env=("GITHUB_TOKEN",),
        example="github_pat_…",
    )
    app_id: int | str | None = setting(
        "Number or client id of a GitHub App, in place of a token.", default=None, example="123456"
    )
    private_key: Secret | None = setting(
        "The app's private key, PEM.",
        default=None,
        validate=rsa_private_key,
        example="file:/run/secrets/app.pem",
    )
    installation_id: int | str | None = setting(
        "Number of the app's installation.", default=None, validate=_number, example="7890123"
    )
    api_url: str = setting(
        "Address of the API; https://HOST/api/v3 for Enterprise Server.",
        default="https://api.github.com",
        validate=_api,
        also=("url", "base_url", "github_url"),
        env=("GITHUB_API_URL",),
    )
    api_version: str | None = setting(
        "Version of the API; the newest known, or the oldest on Enterprise Server, when not given.",
        default=None,
        validate=not_empty,
        example="2022-11-28",
    )
    organization: str | None = setting(
        "Owner of repositories that are named without one.", default=None, validate=not_empty, also=("owner",)
    )
    repositories: Mapping[str, str] = setting(
        "Names for repositories, which may be used in place of `owner/name`.", factory=dict
    )
    workflow: str | None = setting(
        "File name (or number) of the workflow that builds run.",
        default=None,
        validate=not_empty,
        example="ci.yml",
    )
    workflows: Mapping[str, str] = setting(
        "Names that a build's `job` may use, each with the workflow's file name.",
        factory=dict,
        also=("workflow_triggers",),
    )
    dispatch_event: str | None = setting(
        "Event type that builds send (`repository_dispatch`), in place of running a workflow.",
        default=None,
        validate=not_empty,
    )
    ref: str = setting(
        "Branch or tag that builds run on when they name none.", default="main", validate=not_empty
    )
    target_branch: str = setting(
        "Branch that pull requests are to be merged into.",
        default="main",
        validate=not_empty,
        also=("base_branch",),
    )
    issue_labels: tuple[str, ...] = setting(
        "Labels that each created issue gets.", default=(), validate=not_empty, example="automated"
    )
    auto_create_issues: bool = setting(
        "Create an issue for each event of the types in `events`; with none there, for configuration changes "
        "(`config*`).",
        default=False,
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """A repository; a token or a whole app, not both; one way to build."""
        return [*_credentials(given), *_places(given)]


def _credentials(given: Mapping[str, object]) -> Iterator[Problem]:
    named = [name for name in _APP if name in given]
    if not named and "token" not in given:
        yield Problem(
            "token",
            "missing; expected a token",
            "or the three of a GitHub App: app_id, private_key, installation_id",
        )
    elif named and "token" in given:
        yield Problem(
            "token", "given together with a GitHub App", "leave out the token, or the fields of the app"
        )
    elif named:
        for name in _APP:
            if name not in named:
                yield Problem(
                    name, "missing; a GitHub App has three fields", f"add it beside {' and '.join(named)}"
                )


def _places(given: Mapping[str, object]) -> Iterator[Problem]:
    known = given.get("repositories")
    named = [("repository", given["repository"])] if "repository" in given else []
    if not named and not known:
        yield Problem(
            "repository", "missing; expected owner/name", "add it: the repository that is worked on"
        )
    aliases = known if isinstance(known, Mapping) else {}
    named += [(f"repositories.{alias}", repository) for alias, repository in aliases.items()]
    for path, repository in named:
        if "organization" not in given and "/" not in str(aliases.get(str(repository), repository)):
            yield Problem(path, "has no owner", "write owner/name, or add `organization`")
    if "dispatch_event" in given and "workflow" in given:
        yield Problem("dispatch_event", "given together with workflow", "a build does one or the other")
