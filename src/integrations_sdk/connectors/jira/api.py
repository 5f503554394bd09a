"""Jira itself: where it is, who we are there, what its errors mean, and search."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from integrations_sdk.connectors.base import (
    MOST_PAGES,
    AuthenticationError,
    Category,
    CheckResult,
    Connector,
    Fault,
    Issue,
    JsonValue,
    RejectedError,
    Response,
    fault_of,
    url_path,
)
from integrations_sdk.connectors.jira.config import GATEWAY, JiraConfig
from integrations_sdk.connectors.jira.drafts import issue_of, objects

__all__ = ["JiraApi"]


class JiraApi(Connector[JiraConfig]):
    """The REST API: version 3 on Cloud, version 2 on Server and Data Center."""

    provider = "jira"
    title = "Jira"
    category = Category.ISSUE_TRACKING
    Config = JiraConfig
    docs_url = "https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/"
    setup = (
        "Cloud: log in as the account that is to act.",
        "Cloud: create an API token at https://id.atlassian.com/manage-profile/security/api-tokens.",
        "Cloud: configure it together with the account's e-mail address.",
        "Server, Data Center: open Profile > Personal Access Tokens and create one; configure it alone.",
    )
    permissions = (
        "Browse Projects", "Create Issues", "Edit Issues", "Add Comments", "Link Issues", "Transition Issues",
    )  # fmt: skip
    limits = (
        "Summaries are cut at 255 characters, descriptions and comments at 32,767.",
        "The project's create and edit screens need the Labels field: issues are found again by a label.",
        "Search on Cloud lags behind by seconds, seldom by minutes.",
    )
    recommended: ClassVar[Mapping[str, JsonValue]] = {
        "issue_type": "Task",
        "enable_commit_sync": True,
        "enable_merge_request_sync": True,
    }

    @property
    def base_url(self) -> str:
        """The REST API of the version that the deployment speaks."""
        return f"{self.config.site}/rest/api/{3 if self.config.is_cloud else 2}"

    @property
    def site(self) -> str | None:
        """Where people look at issues; None behind Atlassian's gateway, whose address says nothing of it."""
        return None if urlsplit(self.config.url).hostname == GATEWAY else self.config.site

    async def authorize(self) -> Mapping[str, str]:
        """The account with its token, or a personal access token alone."""
        token = self.config.api_token.reveal()
        if self.config.username is None:
            return {"authorization": f"Bearer {token}"}
        pair = base64.b64encode(f"{self.config.username}:{token}".encode()).decode()
        return {"authorization": f"Basic {pair}"}

    def fault(self, response: Response) -> Fault | None:
        """After failed logins Data Center asks for a CAPTCHA, which looks like a wrong password."""
        if response.headers.get("x-authentication-denied-reason", "").startswith("CAPTCHA_CHALLENGE"):
            said = "Jira asks for a CAPTCHA after failed logins: log in once with a browser"
            return Fault(AuthenticationError, said, "CAPTCHA_CHALLENGE")
        found = fault_of(response)
        if found and response.status == 404 and "json" not in response.headers.get("content-type", ""):
            return Fault(RejectedError, "no Jira REST API here: is the URL that of the Jira site?")
        return found

    async def check(self) -> CheckResult:
        """Ask who we are, and whether issues of the configured types can be created."""
        myself = await self.ask("GET", "/myself", operation="getCurrentUser")
        kind = "Cloud" if self.config.is_cloud else "Data Center"
        return CheckResult(
            detail=f"{myself.get('displayName') or myself.get('name')} on Jira {kind}",
            warnings=tuple(await self._missing_types()),
        )

    async def _missing_types(self) -> list[str]:
        path = url_path("/issue/createmeta/{project}/issuetypes", project=self.config.project_key)
        answer = await self.call(
            "GET",
            path,
            operation="getCreateIssueMetaIssueTypes",
            query={"maxResults": "200"},
            accept=(400, 403, 404),
        )
        if not answer.ok:
            remedy = "correct project_key, or grant Browse Projects and Create Issues"
            return [f"no issue can be created in project {self.config.project_key}: {remedy}"]
        page = self.parse(answer)
        known = {
            str(found.get("name")) for name in ("issueTypes", "values") for found in objects(page.get(name))
        }
        wanted = dict.fromkeys([self.config.issue_type, *self.config.issue_types.values()])
        return [
            f"project {self.config.project_key} has no issue type {name}; it has {', '.join(sorted(known))}"
            for name in wanted
            if name not in known
        ]

    async def search(
        self,
        jql: str,
        fields: Sequence[str] = ("summary", "status", "labels"),
        *,
        properties: Sequence[str] = (),
        page_size: int = 100,
    ) -> AsyncIterator[Issue]:
        """Every issue that a JQL query finds, page by page as they are asked for.

        On Cloud the query must be bounded (`ORDER BY created` alone is refused), and what was written a
        moment ago may not be found yet.

        Args:
            fields: what `Issue.data` holds of each; `*all` for everything.
            properties: entity properties to be included, on Cloud only; at most 5.
            page_size: 1 to 100; Jira may give fewer.

        Raises:
            RejectedError: the query is wrong; the message is Jira's. Or the answers do not end.
        """
        body: dict[str, JsonValue] = {"jql": jql, "fields": list(fields), "maxResults": page_size}
        path = "/search/jql" if self.config.is_cloud else "/search"  # Data Center has no /search/jql
        if properties and self.config.is_cloud:
            body["properties"] = list(properties)
        for _ in range(MOST_PAGES):
            answer = await self.call("POST", path, operation="search", json=body, idempotent=True)
            page = self.parse(answer)
            found = objects(page.get("issues"))
            for issue in found:
                yield issue_of(issue, self.site)
            if (following := _following(body, page, len(found))) is None:
                return
            body = {**body, **following}
        raise self.error(Fault(RejectedError, "the search does not end: narrow it"), answer)


def _following(
    body: Mapping[str, JsonValue], page: Mapping[str, JsonValue], found: int
) -> dict[str, JsonValue] | None:
    """What the next page is asked for with; None after the last. Cloud hands out tokens, others count."""
    token, total = page.get("nextPageToken"), page.get("total")
    if isinstance(token, str) and token and token != body.get("nextPageToken") and not page.get("isLast"):
        return {"nextPageToken": token}
    start = body.get("startAt", 0)
    if isinstance(total, int) and isinstance(start, int) and found and start + found < total:
        return {"startAt": start + found}
    return None
