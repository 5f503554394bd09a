"""What a Jira integration is configured with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["JiraConfig", "is_cloud_url"]

GATEWAY: Final = "api.atlassian.com"
"""Where API tokens with scopes are used: `https://api.atlassian.com/ex/jira/<cloud id>`."""

_REST: Final = re.compile(r"/rest(/api(/[^/]*)?)?$")


def is_cloud_url(url: str) -> bool:
    """Whether it is a site on Jira Cloud."""
    host = urlsplit(url).hostname or ""
    return host == GATEWAY or host.endswith((".atlassian.net", ".jira.com"))


def _project_key(value: str) -> str | None:
    return (
        None
        if re.fullmatch(r"[A-Z][A-Z0-9_]{1,63}", value)
        else "a project key such as PROJ, in capital letters"
    )


def _page_url(value: str) -> str | None:
    wrong = http_url(value)
    if wrong is None and ("?" in value or "#" in value):
        return "a URL without query and fragment"
    return wrong


@settings
class JiraConfig(ConnectorConfig):
    """Jira Cloud, or Jira Server or Data Center."""

    url: str = setting(
        "Address of the Jira site; a REST path at its end is left out.",
        validate=_page_url,
        also=("server_url", "base_url", "api_url", "jira_url"),
        env=("JIRA_URL", "JIRA_API_URL"),
        example="https://company.atlassian.net",
    )
    api_token: Secret = setting(
        "API token (Cloud), or personal access token (Server, Data Center).",
        validate=not_empty,
        also=("token",),
        env=("JIRA_API_TOKEN",),
    )
    project_key: str = setting(
        "Project that issues are created in, and whose issues are looked for in messages.",
        validate=_project_key,
        also=("default_project", "default_project_key"),
        env=("JIRA_PROJECT_KEY",),
        example="PROJ",
    )
    username: str | None = setting(
        "E-mail address of the account on Cloud; on Server only where the token is a password.",
        default=None,
        validate=not_empty,
        also=("email", "user_email"),
        env=("JIRA_USER_EMAIL", "JIRA_USERNAME"),
        example="gitlab-bot@company.com",
    )
    deployment: str | None = setting(
        "`cloud` or `server` (also Data Center); none: told from the URL and the kind of username.",
        default=None,
        validate=one_of("cloud", "server"),
    )
    issue_type: str = setting("Type of the issues that are created.", default="Task", validate=not_empty)
    issue_types: dict[str, str] = setting(
        "Issue types by what an issue is about, where a draft names that instead of a type.",
        factory=dict,
        example="config_error: Bug",
    )
    projects: dict[str, str] = setting(
        "Jira project by the path of the source project, where it is not `project_key`.",
        factory=dict,
        also=("project_mapping",),
        example="group/website: WEB",
    )
    transition_id: str | None = setting(
        "Transition (id, name, or the status it leads to) of issues that commits and merged requests name.",
        default=None,
        validate=not_empty,
    )
    closing_transition: str | None = setting(
        "Transition where a message closes an issue; none: `transition_id`, or else one that leads to done.",
        default=None,
        validate=not_empty,
    )
    enable_issue_sync: bool = setting("Bring issues to Jira.", default=True)
    enable_commit_sync: bool = setting("Link pushed commits to the issues they name.", default=False)
    enable_merge_request_sync: bool = setting(
        "Tell issues of the merge requests that name them.", default=False
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """On Cloud the token is nothing without its account."""
        url = given.get("url")
        by_url = is_cloud_url(url) if isinstance(url, str) and http_url(url) is None else url is None
        cloud = given["deployment"] == "cloud" if given.get("deployment") else by_url
        if cloud and not given.get("username"):
            yield Problem(
                "username",
                "missing; expected the e-mail address of the account",
                "Jira Cloud takes the API token together with it; a Data Center site says deployment: server",
            )

    @property
    def is_cloud(self) -> bool:
        """Whether to speak REST v3 (Cloud) rather than v2 (Server, Data Center)."""
        if self.deployment:
            return self.deployment == "cloud"
        # A site may have a domain of its own; only Cloud pairs an API token with an e-mail address.
        return is_cloud_url(self.url) or "@" in (self.username or "")

    @property
    def site(self) -> str:
        """The site's address without a REST path or a slash at its end."""
        return _REST.sub("", self.url.rstrip("/")).rstrip("/")
