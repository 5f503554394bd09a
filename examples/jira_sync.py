"""Bring GitLab issues to Jira: created once, updated from then on, whatever is lost in between.

Run it: `python examples/jira_sync.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.testing import Sandbox

SECRET = "shared with GitLab"


def main() -> None:
    """Sync, sync again, forget everything, sync once more; then let a push close the issue."""
    with Sandbox() as sandbox:
        for what in "first", "again", "after the local store was lost":
            with IntegrationManagementManager(
                "myorg/myproject"
            ) as mgr:  # its store is in memory: gone each time
                jira = mgr.jira.create_jira_integration({**sandbox.config("jira"), "issue_type": "Bug"})
                title = f"A cent too much ({what})"
                outcome = mgr.jira.sync_issue(jira["integration_id"], {"iid": 17, "title": title})
                print(f"{what}: {outcome.detail}, {outcome.url}")
        print("issues in Jira:", *sandbox.jira.issues)

        with IntegrationManagementManager("myorg/myproject") as mgr:
            mgr.jira.create({**sandbox.config("jira"), "enable_commit_sync": True})
            print("found by its origin:", found(mgr))
            mgr.jira.comment_issue("jira-1", "PROJ-1", "Looked into: it is the *rounding*.")
            mgr.jira.transition_issue("jira-1", "PROJ-1", "In Progress")
            print("moved by hand:", found(mgr))

            body = (Path(__file__).parent / "payloads" / "push.json").read_bytes()
            message = json.loads(body)["commits"][0]["message"].splitlines()
            headers = {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": SECRET}
            event = mgr.events.receive("gitlab", headers, body, secret=SECRET)
            assert event is not None
            for outcome in mgr.events.dispatch(event):
                print(f"a commit says “{message[-1]}”: {outcome.detail}")
            print("moved by the commit:", found(mgr))


def found(mgr: IntegrationManagementManager) -> str:
    """The issue as Jira has it, looked up by what it stands for in GitLab."""
    issue = mgr.jira.find_issue("jira-1", "gitlab:myorg/myproject#17")
    return f"{issue.reference} “{issue.title}” is {issue.status}" if issue else "no such issue"


if __name__ == "__main__":
    main()
