"""GitHub: issues, pull requests, workflows, deployments and hooks of a repository."""

from __future__ import annotations

import attrs

from integrations_sdk.connectors.github import GitHubConnector
from integrations_sdk.models import BuildRequest, BuildStatus, CommitStatus, IssueDraft, Secret
from integrations_sdk.testing.fakes import DictMemory
from integrations_sdk.testing.vendors.github import GitHubStandIn
from support.keys import rsa_pair
from support.scenarios import NOW, PIPELINE, Suite, every, otherwise

REST = "https://docs.github.com/rest"
REPO = "/repos/octo-org/octo-repo"

SUITE = Suite(
    stand_in=GitHubStandIn,
    contracts={"github": ""},
    cited={
        "POST /app/installations/*/access_tokens": f"{REST}/apps/apps#create-an-installation-access-token-for-an-app",
        "GET /installation/repositories": f"{REST}/apps/installations#list-repositories-accessible-to-the-app-installation",
        f"GET {REPO}": f"{REST}/repos/repos#get-a-repository",
        f"GET {REPO}/issues": f"{REST}/issues/issues#list-repository-issues",
        f"GET {REPO}/issues/*": f"{REST}/issues/issues#get-an-issue",
        "GET /search/issues": f"{REST}/search/search#search-issues-and-pull-requests",
        f"GET {REPO}/pulls": f"{REST}/pulls/pulls#list-pull-requests",
        f"POST {REPO}/pulls": f"{REST}/pulls/pulls#create-a-pull-request",
        f"PATCH {REPO}/pulls/*": f"{REST}/pulls/pulls#update-a-pull-request",
        f"GET {REPO}/actions/runs/*": f"{REST}/actions/workflow-runs#get-a-workflow-run",
        f"POST {REPO}/deployments/*/statuses": f"{REST}/deployments/statuses#create-a-deployment-status",
        f"GET {REPO}/hooks": f"{REST}/repos/webhooks#list-repository-webhooks",
        f"POST {REPO}/hooks": f"{REST}/repos/webhooks#create-a-repository-webhook",
        f"PATCH {REPO}/hooks/*": f"{REST}/repos/webhooks#update-a-repository-webhook",
    },
    config={"workflow": "ci.yml"},
)

DRAFT = IssueDraft(
    title="Login fails", description="For everybody.", labels=("bug",), assignee="octocat",
    url="https://shop.example/12", external_id="gitlab:shop/web#12",
)  # fmt: skip
BUILD = BuildRequest(branch="main", parameters={"target": "production"})
HOOK = "https://shop.example/events/github"


async def check(github: GitHubConnector, hub: GitHubStandIn) -> None:
    await github.check()
    hub.now = NOW
    await otherwise(github, hub.app_config(*rsa_pair())).check()


async def create_issue(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await github.create_issue(DRAFT)
    assert hub.issues[int(made.reference or "")]["title"] == "Login fails"


async def handle_event(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await otherwise(github, {**hub.config(), "auto_create_issues": True}).handle_event(PIPELINE)
    assert hub.issues[int(made.reference or "")]["title"] == "Pipeline #31 failed on main"


async def get_issue(github: GitHubConnector, _hub: GitHubStandIn) -> None:
    made = await github.create_issue(DRAFT)
    assert (await github.get_issue(made.reference or "")).labels == ("bug",)


async def find_issue(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await github.create_issue(DRAFT)
    known = await github.find_issue("gitlab:shop/web#12")
    stranger = otherwise(github, hub.config())
    stranger.context = attrs.evolve(github.context, memory=DictMemory())
    searched = await stranger.find_issue("gitlab:shop/web#12")
    assert known is not None and searched is not None
    assert known.reference == searched.reference == made.reference


async def list_issues(github: GitHubConnector, _hub: GitHubStandIn) -> None:
    await github.create_issue(DRAFT)
    assert [issue.title for issue in await every(github.list_issues(state="open"))] == ["Login fails"]


async def update_issue(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await github.create_issue(DRAFT)
    await github.update_issue(made.reference or "", IssueDraft(title="Login is slow", labels=("speed",)))
    assert hub.issues[1]["title"] == "Login is slow"


async def comment_issue(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await github.create_issue(DRAFT)
    await github.comment_issue(made.reference or "", "On it")
    assert hub.comments[0]["body"] == "On it"


async def transition_issue(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await github.create_issue(DRAFT)
    await github.transition_issue(made.reference or "", "closed")
    assert hub.issues[1]["state"] == "closed"


async def create_pull_request(github: GitHubConnector, hub: GitHubStandIn) -> None:
    await github.create_pull_request("feature", "Log in faster", base="main", body="By half.", draft=True)
    assert hub.issues[1]["head"] == "feature"


async def list_pull_requests(github: GitHubConnector, _hub: GitHubStandIn) -> None:
    await github.create_pull_request("feature", "Log in faster", base="main")
    assert len(await every(github.list_pull_requests(state="open"))) == 1


async def update_pull_request(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await github.create_pull_request("feature", "Log in faster", base="main")
    await github.update_pull_request(made.reference or "", title="Log in at once", state="closed")
    assert (hub.issues[1]["title"], hub.issues[1]["state"]) == ("Log in at once", "closed")


async def comment_pull_request(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await github.create_pull_request("feature", "Log in faster", base="main")
    await github.comment_pull_request(made.reference or "", "Thank you")
    assert hub.comments[0]["body"] == "Thank you"


async def trigger_build(github: GitHubConnector, hub: GitHubStandIn) -> None:
    hub.now = NOW
    made = await github.trigger_build(BUILD)
    assert int(made.reference or "") in hub.runs


async def get_build(github: GitHubConnector, hub: GitHubStandIn) -> None:
    hub.now = NOW
    made = await github.trigger_build(BUILD)
    assert (await github.get_build(made.reference or "")).status is BuildStatus.RUNNING


async def dispatch_repository(github: GitHubConnector, hub: GitHubStandIn) -> None:
    await github.dispatch_repository("release", {"tag": "v2"})
    assert hub.dispatched == [{"event_type": "release", "client_payload": {"tag": "v2"}}]


async def set_commit_status(github: GitHubConnector, hub: GitHubStandIn) -> None:
    await github.set_commit_status(
        CommitStatus(
            sha="a" * 40,
            status=BuildStatus.SUCCESS,
            context="ci",
            url="https://ci.example/1",
            description="Well",
        )
    )
    assert [status["state"] for status in hub.statuses] == ["success"]


async def create_deployment(github: GitHubConnector, hub: GitHubStandIn) -> None:
    await github.create_deployment(
        "main", environment="staging", description="Version 2", required_contexts=["ci"]
    )
    assert hub.deployments[1]["environment"] == "staging"


async def set_deployment_status(github: GitHubConnector, hub: GitHubStandIn) -> None:
    made = await github.create_deployment("main")
    await github.set_deployment_status(
        made.reference or "", "success", url="https://shop.example", description="Up"
    )
    assert hub.deployments[1]["state"] == "success"


async def create_hook(github: GitHubConnector, hub: GitHubStandIn) -> None:
    await github.create_hook(HOOK, ["push", "pull_request"], secret=Secret("a secret"))
    assert hub.hooks[1]["events"] == ["push", "pull_request"]


async def ensure_hook(github: GitHubConnector, hub: GitHubStandIn) -> None:
    await github.ensure_hook(HOOK, ["push"])
    await github.ensure_hook(HOOK, ["push", "release"])
    assert {number: set(hook["events"]) for number, hook in hub.hooks.items()} == {1: {"push", "release"}}


async def list_hooks(github: GitHubConnector, _hub: GitHubStandIn) -> None:
    await github.create_hook(HOOK, ["push"])
    assert len(await every(github.list_hooks())) == 1


async def get_rate_limit(github: GitHubConnector, _hub: GitHubStandIn) -> None:
    assert "core" in str(await github.get_rate_limit())
