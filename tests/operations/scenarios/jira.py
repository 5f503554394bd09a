"""Jira: issues of a project, in the cloud and on a server of one's own."""

from __future__ import annotations

from integrations_sdk.connectors.jira import JiraConnector
from integrations_sdk.models import IssueDraft
from integrations_sdk.testing.vendors.jira import JiraStandIn
from support.scenarios import PUSH, Suite, every, otherwise

CLOUD = Suite(stand_in=JiraStandIn, contracts={"jira": ""})
SERVER = Suite(
    stand_in=lambda: JiraStandIn("server"),
    cited={"* /rest/api/2/*": "https://developer.atlassian.com/server/jira/platform/rest-apis/"},
)

DRAFT = IssueDraft(
    title="Login fails", description="For *everybody*.\n\n- on the web\n- in the app", issue_type="Bug", labels=("login",),
    url="https://shop.example/12", external_id="gitlab:shop/web#12", fields={"duedate": "2026-02-01"},
)  # fmt: skip
ISSUE = {
    "iid": 12,
    "title": "Login fails",
    "description": "For everybody.",
    "labels": ["login"],
    "project": "shop/web",
}


async def check(jira: JiraConnector, _site: JiraStandIn) -> None:
    await jira.check()


async def create_issue(jira: JiraConnector, site: JiraStandIn) -> None:
    await jira.create_issue(DRAFT)
    assert site.issues["PROJ-1"]["fields"]["summary"] == "Login fails"


async def get_issue(jira: JiraConnector, _site: JiraStandIn) -> None:
    await jira.create_issue(DRAFT)
    found = await jira.get_issue("PROJ-1", ["summary", "status"], properties=["integrations-sdk"])
    assert found is not None and found.title == "Login fails"


async def find_issue(jira: JiraConnector, _site: JiraStandIn) -> None:
    await jira.create_issue(DRAFT)
    found = await jira.find_issue("gitlab:shop/web#12")
    assert found is not None and found.reference == "PROJ-1"


async def search(jira: JiraConnector, _site: JiraStandIn) -> None:
    await jira.create_issue(DRAFT)
    await jira.create_issue(DRAFT)
    assert len(await every(jira.search("project = PROJ", page_size=1))) == 2


async def update_issue(jira: JiraConnector, site: JiraStandIn) -> None:
    await jira.create_issue(DRAFT)
    await jira.update_issue(
        "PROJ-1", IssueDraft(title="Login is slow", description="Still.", labels=("speed",))
    )
    assert site.issues["PROJ-1"]["fields"]["summary"] == "Login is slow"


async def comment_issue(jira: JiraConnector, site: JiraStandIn) -> None:
    await jira.create_issue(DRAFT)
    await jira.comment_issue("PROJ-1", "On *it*")
    assert len(site.comments["PROJ-1"]) == 1


async def transition_issue(jira: JiraConnector, site: JiraStandIn) -> None:
    await jira.create_issue(DRAFT)
    await jira.transition_issue("PROJ-1", "done")
    assert site.issues["PROJ-1"]["fields"]["status"]["name"] == "Done"


async def add_remote_link(jira: JiraConnector, site: JiraStandIn) -> None:
    await jira.create_issue(IssueDraft(title="Login fails"))
    await jira.add_remote_link(
        "PROJ-1", "https://shop.example/mr/7", "!7 Login", global_id="gitlab:shop/web!7", summary="shop/web",
        relationship="is fixed by", application="GitLab", resolved=True,
    )  # fmt: skip
    assert [link["globalId"] for link in site.links["PROJ-1"]] == ["gitlab:shop/web!7"]


async def has_remote_link(jira: JiraConnector, _site: JiraStandIn) -> None:
    await jira.create_issue(IssueDraft(title="Login fails"))
    await jira.add_remote_link("PROJ-1", "https://shop.example/mr/7", "!7", global_id="gitlab:shop/web!7")
    assert await jira.has_remote_link("PROJ-1", "gitlab:shop/web!7", title="!7", resolved=False)


async def sync_issue(jira: JiraConnector, site: JiraStandIn) -> None:
    await jira.sync_issue(ISSUE)
    await jira.sync_issue({**ISSUE, "title": "Login is slow", "labels": ["speed"], "state": "closed"})
    fields = site.issues["PROJ-1"]["fields"]
    assert (fields["summary"], fields["status"]["name"]) == ("Login is slow", "Done")


async def handle_event(jira: JiraConnector, site: JiraStandIn) -> None:
    await jira.create_issue(IssueDraft(title="Login fails"))
    syncing = otherwise(
        jira, {**site.config(), "enable_commit_sync": True, "enable_merge_request_sync": True}
    )
    await syncing.handle_event(PUSH)
    assert site.issues["PROJ-1"]["fields"]["status"]["name"] == "Done"
    assert (len(site.comments["PROJ-1"]), len(site.links["PROJ-1"])) == (1, 1)
