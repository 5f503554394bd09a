"""Azure DevOps: work items and pipelines of a project."""

from __future__ import annotations

from integrations_sdk.connectors.azure_devops import AzureDevOpsConnector
from integrations_sdk.models import BuildRequest, BuildStatus, IssueDraft
from integrations_sdk.testing.vendors.azure_devops import AzureDevOpsStandIn
from support.scenarios import Suite, every

REST = "https://learn.microsoft.com/rest/api/azure/devops"

SUITE = Suite(
    stand_in=AzureDevOpsStandIn,
    contracts={"azure_devops": "", "azure_devops_pipelines": ""},
    cited={
        "GET */_apis/projects/*": f"{REST}/core/projects/get",
        "GET */_apis/wit/workitemtypes/*/states": f"{REST}/wit/work-item-type-states/list",
        "POST */_apis/wit/wiql": f"{REST}/wit/wiql/query-by-wiql",
        "POST */_apis/wit/workitemsbatch": f"{REST}/wit/work-items/get-work-items-batch",
    },
    config={"pipeline": "deploy"},
)

DRAFT = IssueDraft(
    title="Login fails", description="For everybody.", labels=("automated", "login"), assignee="ada@company.com",
    priority="1", url="https://shop.example/12", external_id="gitlab:shop/web#12",
)  # fmt: skip
RELEASE = BuildRequest(branch="main", parameters={"TARGET": "production"})


async def check(azure: AzureDevOpsConnector, _project: AzureDevOpsStandIn) -> None:
    await azure.check()


async def create_issue(azure: AzureDevOpsConnector, project: AzureDevOpsStandIn) -> None:
    made = await azure.create_issue(DRAFT)
    assert project.work_items[int(made.reference or "")]["fields"]["System.Title"] == "Login fails"


async def get_issue(azure: AzureDevOpsConnector, _project: AzureDevOpsStandIn) -> None:
    made = await azure.create_issue(DRAFT)
    assert (await azure.get_issue(made.reference or "")).title == "Login fails"


async def find_issue(azure: AzureDevOpsConnector, _project: AzureDevOpsStandIn) -> None:
    made = await azure.create_issue(DRAFT)
    found = await azure.find_issue("gitlab:shop/web#12")
    assert found is not None and found.reference == made.reference


async def update_issue(azure: AzureDevOpsConnector, project: AzureDevOpsStandIn) -> None:
    made = await azure.create_issue(DRAFT)
    await azure.update_issue(made.reference or "", IssueDraft(title="Login is slow", labels=("speed",)))
    assert project.work_items[int(made.reference or "")]["fields"]["System.Title"] == "Login is slow"


async def comment_issue(azure: AzureDevOpsConnector, project: AzureDevOpsStandIn) -> None:
    made = await azure.create_issue(DRAFT)
    await azure.comment_issue(made.reference or "", "On it")
    assert ["On it" in str(one) for one in project.comments] == [True]


async def transition_issue(azure: AzureDevOpsConnector, project: AzureDevOpsStandIn) -> None:
    made = await azure.create_issue(DRAFT)
    await azure.transition_issue(made.reference or "", "closed")
    assert project.work_items[int(made.reference or "")]["fields"]["System.State"] == "Closed"


async def query_work_items(azure: AzureDevOpsConnector, _project: AzureDevOpsStandIn) -> None:
    await azure.create_issue(DRAFT)
    wiql = "SELECT [System.Id] FROM WorkItems WHERE [System.State] = 'New'"
    assert [item.title for item in await every(azure.query_work_items(wiql))] == ["Login fails"]


async def list_pipelines(azure: AzureDevOpsConnector, _project: AzureDevOpsStandIn) -> None:
    assert [one["name"] for one in await every(azure.list_pipelines())] == ["deploy", "Nightly tests"]


async def trigger_build(azure: AzureDevOpsConnector, project: AzureDevOpsStandIn) -> None:
    await azure.trigger_build(RELEASE)
    assert [run["pipeline"]["name"] for run in project.runs.values()] == ["deploy"]


async def get_build(azure: AzureDevOpsConnector, _project: AzureDevOpsStandIn) -> None:
    made = await azure.trigger_build(RELEASE)
    assert (await azure.get_build(made.reference or "")).status is BuildStatus.RUNNING


async def wait_for_build(azure: AzureDevOpsConnector, _project: AzureDevOpsStandIn) -> None:
    made = await azure.trigger_build(RELEASE)
    assert (await azure.wait_for_build(made.reference or "")).status is BuildStatus.SUCCESS
