"""GitLab: issues, merge requests, pipelines, commit statuses and hooks of a project."""

from __future__ import annotations

import attrs

from integrations_sdk.connectors.gitlab import GitLabConnector
from integrations_sdk.models import BuildRequest, BuildStatus, CommitStatus, IssueDraft, Secret
from integrations_sdk.testing.vendors.gitlab import GitLabStandIn
from support.scenarios import PUSH, Overruled, Suite, every, otherwise

DOCS = "https://docs.gitlab.com/api"
API = "/api/v4"
PROJECT = f"{API}/projects/myorg%2Fmyproject"

SUITE = Suite(
    stand_in=GitLabStandIn,
    contracts={"gitlab": ""},
    cited={
        f"GET {API}/personal_access_tokens/self": f"{DOCS}/personal_access_tokens/",
        f"GET {API}/users": f"{DOCS}/users/",
        f"GET {PROJECT}": f"{DOCS}/projects/",
        f"GET {PROJECT}/issues/*": f"{DOCS}/issues/",
        f"POST {PROJECT}/*/notes": f"{DOCS}/notes/",
        f"GET {PROJECT}/pipelines/*": f"{DOCS}/pipelines/",
        f"PUT {PROJECT}/hooks/*": f"{DOCS}/project_webhooks/",
    },
    overruled=(
        Overruled(f"POST {PROJECT}/trigger/pipeline", "/variables[", "https://docs.gitlab.com/ci/triggers/"),
    ),
)

DRAFT = IssueDraft(
    title="Login fails", description="For everybody.", issue_type="incident", labels=("bug",), assignee="octavia",
    url="https://shop.example/12", external_id="github:shop/web#12",
)  # fmt: skip
BUILD = BuildRequest(branch="main", parameters={"TARGET": "production"})
HOOK = "https://shop.example/events/gitlab"


async def check(gitlab: GitLabConnector, _host: GitLabStandIn) -> None:
    await gitlab.check()


async def create_issue(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    await gitlab.create_issue(DRAFT)
    assert host.issues[1]["assignee_ids"] == [7]


async def get_issue(gitlab: GitLabConnector, _host: GitLabStandIn) -> None:
    made = await gitlab.create_issue(DRAFT)
    assert (await gitlab.get_issue(made.reference or "")).title == "Login fails"


async def find_issue(gitlab: GitLabConnector, _host: GitLabStandIn) -> None:
    made = await gitlab.create_issue(DRAFT)
    found = await gitlab.find_issue("github:shop/web#12")
    assert found is not None and found.reference == made.reference


async def list_issues(gitlab: GitLabConnector, _host: GitLabStandIn) -> None:
    await gitlab.create_issue(DRAFT)
    assert [issue.title for issue in await every(gitlab.list_issues(state="opened"))] == ["Login fails"]


async def update_issue(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    made = await gitlab.create_issue(DRAFT)
    await gitlab.update_issue(made.reference or "", IssueDraft(title="Login is slow", labels=("speed",)))
    assert host.issues[1]["title"] == "Login is slow"


async def comment_issue(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    made = await gitlab.create_issue(DRAFT)
    await gitlab.comment_issue(made.reference or "", "On it")
    assert host.notes[0]["body"] == "On it"


async def transition_issue(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    made = await gitlab.create_issue(DRAFT)
    await gitlab.transition_issue(made.reference or "", "closed")
    assert host.issues[1]["state"] == "closed"


async def create_merge_request(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    await gitlab.create_merge_request(
        "feature",
        "Log in faster",
        target_branch="main",
        description="By half.",
        labels=("speed",),
        fields={"squash": True},
    )
    assert host.merge_requests[1]["source_branch"] == "feature"


async def list_merge_requests(gitlab: GitLabConnector, _host: GitLabStandIn) -> None:
    await gitlab.create_merge_request("feature", "Log in faster", target_branch="main")
    assert len(await every(gitlab.list_merge_requests(state="opened"))) == 1


async def handle_event(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    asking = otherwise(gitlab, {**host.config(), "auto_create_mrs": True})
    await asking.handle_event(attrs.evolve(PUSH, branch="feature"))
    assert host.merge_requests[1]["source_branch"] == "feature"


async def update_merge_request(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    made = await gitlab.create_merge_request("feature", "Log in faster", target_branch="main")
    await gitlab.update_merge_request(
        made.reference or "", title="Log in at once", labels=("fast",), state="closed"
    )
    assert host.merge_requests[1]["state"] == "closed"


async def comment_merge_request(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    made = await gitlab.create_merge_request("feature", "Log in faster", target_branch="main")
    await gitlab.comment_merge_request(made.reference or "", "Thank you")
    assert host.notes[0]["on"] == "merge_requests"


async def trigger_build(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    await gitlab.trigger_build(BUILD)
    given = {**host.config(), "trigger_token": host.trigger_token}
    await otherwise(gitlab, given).trigger_build(BUILD)
    assert [one["variables"] for one in host.pipelines.values()] == [{"TARGET": "production"}] * 2


async def get_build(gitlab: GitLabConnector, _host: GitLabStandIn) -> None:
    made = await gitlab.trigger_build(BUILD)
    assert (await gitlab.get_build(made.reference or "")).status is BuildStatus.RUNNING


async def set_commit_status(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    sha = "a" * 40
    await gitlab.set_commit_status(
        CommitStatus(
            sha=sha, status=BuildStatus.RUNNING, context="ci", url="https://ci.example/1", description="Well"
        )
    )
    assert host.statuses[sha, "ci"]["status"] == "running"


async def create_hook(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    await gitlab.create_hook(HOOK, ["push", "merge_request"], secret=Secret("a secret"))
    assert host.hooks[1]["merge_requests_events"] is True


async def ensure_hook(gitlab: GitLabConnector, host: GitLabStandIn) -> None:
    await gitlab.ensure_hook(HOOK, ["push"])
    await gitlab.ensure_hook(HOOK, ["push", "pipeline"])
    assert [hook["pipeline_events"] for hook in host.hooks.values()] == [True]


async def list_hooks(gitlab: GitLabConnector, _host: GitLabStandIn) -> None:
    await gitlab.create_hook(HOOK, ["push"])
    assert len(await every(gitlab.list_hooks())) == 1
