"""Asana: tasks of a project."""

from __future__ import annotations

from integrations_sdk.connectors.asana import AsanaConnector
from integrations_sdk.models import IssueDraft
from integrations_sdk.testing.vendors.asana import AsanaStandIn
from support.scenarios import Suite, every

REFERENCE = "https://developers.asana.com/reference"
API = "/api/1.0"

SUITE = Suite(
    stand_in=AsanaStandIn,
    contracts={"asana": API},
    cited={
        f"GET {API}/projects/*": f"{REFERENCE}/getproject",
        f"GET {API}/projects/*/sections": f"{REFERENCE}/getsectionsforproject",
        f"POST {API}/sections/*/addTask": f"{REFERENCE}/addtaskforsection",
        f"GET {API}/tasks": f"{REFERENCE}/gettasks",
        f"POST {API}/tasks/*/addTag": f"{REFERENCE}/addtagfortask",
        f"POST {API}/tasks/*/removeTag": f"{REFERENCE}/removetagfortask",
        f"GET {API}/workspaces/*/typeahead": f"{REFERENCE}/typeaheadforworkspace",
        f"POST {API}/workspaces/*/tags": f"{REFERENCE}/createtagforworkspace",
    },
)

DRAFT = IssueDraft(
    title="Login fails", description="For everybody.", issue_type="milestone", labels=("automated", "login"),
    assignee="ada@company.com", url="https://shop.example/12", external_id="gitlab:shop/web#12",
    fields={"due_on": "2026-02-01"},
)  # fmt: skip


async def check(asana: AsanaConnector, _project: AsanaStandIn) -> None:
    assert (await asana.check()).detail == "Ada in The shop"


async def create_issue(asana: AsanaConnector, project: AsanaStandIn) -> None:
    made = await asana.create_issue(DRAFT)
    assert project.tasks[made.reference or ""]["name"] == "Login fails"
    assert "login" in project.tags.values()


async def get_issue(asana: AsanaConnector, _project: AsanaStandIn) -> None:
    made = await asana.create_issue(DRAFT)
    assert (await asana.get_issue(made.reference or "")).title == "Login fails"


async def find_issue(asana: AsanaConnector, _project: AsanaStandIn) -> None:
    made = await asana.create_issue(DRAFT)
    found = await asana.find_issue("gitlab:shop/web#12")
    assert found is not None and found.reference == made.reference


async def update_issue(asana: AsanaConnector, project: AsanaStandIn) -> None:
    made = await asana.create_issue(DRAFT)
    await asana.update_issue(
        made.reference or "", IssueDraft(title="Login is slow", labels=("automated", "speed"))
    )
    task = project.tasks[made.reference or ""]
    assert task["name"] == "Login is slow"
    assert [tag["name"] for tag in task["tags"]] == ["automated", "speed"]


async def comment_issue(asana: AsanaConnector, project: AsanaStandIn) -> None:
    made = await asana.create_issue(DRAFT)
    await asana.comment_issue(made.reference or "", "On it")
    assert project.stories[0]["text"] == "On it"


async def transition_issue(asana: AsanaConnector, project: AsanaStandIn) -> None:
    made = await asana.create_issue(DRAFT)
    await asana.transition_issue(made.reference or "", "Doing")
    assert project.tasks[made.reference or ""]["memberships"][0]["section"]["name"] == "Doing"


async def complete_task(asana: AsanaConnector, project: AsanaStandIn) -> None:
    made = await asana.create_issue(DRAFT)
    await asana.complete_task(made.reference or "")
    assert project.tasks[made.reference or ""]["completed"] is True


async def list_sections(asana: AsanaConnector, _project: AsanaStandIn) -> None:
    assert [one["name"] for one in await every(asana.list_sections())] == ["To do", "Doing"]


async def list_tasks(asana: AsanaConnector, _project: AsanaStandIn) -> None:
    await asana.create_issue(DRAFT)
    assert [task.title for task in await every(asana.list_tasks(completed_since="now"))] == ["Login fails"]
