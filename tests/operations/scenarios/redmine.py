"""Redmine: issues of a project."""

from __future__ import annotations

from integrations_sdk.connectors.redmine import RedmineConnector
from integrations_sdk.models import IssueDraft
from integrations_sdk.testing.vendors.redmine import RedmineStandIn
from support.scenarios import Overruled, Suite, every

WIKI = "https://www.redmine.org/projects/redmine/wiki"

SUITE = Suite(
    stand_in=RedmineStandIn,
    contracts={"redmine": ""},
    cited={
        "GET /projects/shop.json": f"{WIKI}/Rest_Projects",
        "GET /projects/*/memberships.json": f"{WIKI}/Rest_Memberships",
        "GET /issue_statuses.json": f"{WIKI}/Rest_IssueStatuses",
        "GET /trackers.json": f"{WIKI}/Rest_Trackers",
        "GET /enumerations/issue_priorities.json": f"{WIKI}/Rest_Enumerations",
    },
    overruled=(Overruled("GET /issues.json", "?cf_3", f"{WIKI}/Rest_Issues"),),
)

DRAFT = IssueDraft(
    title="Login fails", description="For everybody.", issue_type="Bug", assignee="Ada Lovelace", priority="High",
    url="https://shop.example/12", external_id="gitlab:shop/web#12",
)  # fmt: skip


async def check(redmine: RedmineConnector, _project: RedmineStandIn) -> None:
    await redmine.check()


async def create_issue(redmine: RedmineConnector, project: RedmineStandIn) -> None:
    await redmine.create_issue(DRAFT)
    assert project.issues[1]["assigned_to_id"] == 7


async def get_issue(redmine: RedmineConnector, _project: RedmineStandIn) -> None:
    made = await redmine.create_issue(DRAFT)
    assert (await redmine.get_issue(made.reference or "")).title == "Login fails"


async def find_issue(redmine: RedmineConnector, _project: RedmineStandIn) -> None:
    made = await redmine.create_issue(DRAFT)
    found = await redmine.find_issue("gitlab:shop/web#12")
    assert found is not None and found.reference == made.reference


async def list_issues(redmine: RedmineConnector, _project: RedmineStandIn) -> None:
    await redmine.create_issue(DRAFT)
    assert len(await every(redmine.list_issues(status_id="open"))) == 1


async def update_issue(redmine: RedmineConnector, project: RedmineStandIn) -> None:
    await redmine.create_issue(DRAFT)
    await redmine.update_issue("1", IssueDraft(title="Login is slow", priority="Low"))
    assert project.issues[1]["subject"] == "Login is slow"


async def comment_issue(redmine: RedmineConnector, project: RedmineStandIn) -> None:
    await redmine.create_issue(DRAFT)
    await redmine.comment_issue("1", "On it")
    assert project.notes[0]["notes"] == "On it"


async def transition_issue(redmine: RedmineConnector, project: RedmineStandIn) -> None:
    await redmine.create_issue(DRAFT)
    await redmine.transition_issue("1", "In Progress")
    assert project.issues[1]["status"]["name"] == "In Progress"
