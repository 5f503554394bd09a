"""Start a Jenkins build, wait for its result, and see it shown beside the commit in GitLab.

Run it: `python examples/jenkins_build_with_status.py`.
"""

from __future__ import annotations

import time
from datetime import timedelta

from integrations_sdk import ConnectorError, IntegrationManagementManager
from integrations_sdk.testing import Sandbox

COMMIT = "14091a9f2461267ee7e02525b4f1f2923f1c9849"


def main() -> None:
    """One build that succeeds, one that fails, one that Jenkins does not know."""
    with Sandbox() as sandbox, IntegrationManagementManager("myorg/myproject") as mgr:
        gitlab = mgr.gitlab.create(sandbox.config("gitlab"))
        jenkins = mgr.jenkins.create_jenkins_integration(
            {
                **sandbox.config("jenkins"),
                "report_status_to": gitlab["integration_id"],
                "poll_interval": 0.05,  # seconds; the default is 5
            }
        )
        for result in "SUCCESS", "FAILURE":
            sandbox.jenkins.jobs["myapp-build"].result = result
            build(mgr, jenkins["integration_id"])
            shown = sandbox.gitlab.statuses[COMMIT, "jenkins/myapp-build"]
            while shown["status"] in {"pending", "running"}:  # told by the manager, in the background
                time.sleep(0.05)
                shown = sandbox.gitlab.statuses[COMMIT, "jenkins/myapp-build"]
            print(f"GitLab shows beside {COMMIT[:8]}: {shown['name']}, {shown['description']}")

        try:
            mgr.jenkins.trigger_jenkins_build(jenkins["integration_id"], {"job": "no-such-job"})
        except ConnectorError as error:
            print(f"refused: {type(error).__name__}: {error}")


def build(mgr: IntegrationManagementManager, jenkins: str) -> None:
    """Start the configured job; follow it from the queue to its end."""
    outcome = mgr.jenkins.trigger_jenkins_build(jenkins, {"branch": "main", "commit_sha": COMMIT})
    print(f"{outcome.detail}: {outcome.reference}")
    ended = mgr.jenkins.wait_for_build(jenkins, outcome.reference or "", timeout=timedelta(seconds=30))
    print(f"{ended.job} #{ended.number} ended: {ended.status}, {ended.url}")


if __name__ == "__main__":
    main()
