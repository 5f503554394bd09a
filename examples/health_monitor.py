"""Watch every integration in the background, and be told when one breaks or recovers.

Run it: `python examples/health_monitor.py`.
"""

from __future__ import annotations

import queue
from datetime import timedelta

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.models import HealthCheck
from integrations_sdk.testing import Sandbox


def main() -> None:
    """Slack refuses its credentials for a while; nobody in any channel notices the checks."""
    changes: queue.Queue[HealthCheck] = queue.Queue()
    with Sandbox() as sandbox, IntegrationManagementManager("myorg/myproject") as mgr:
        for provider in "slack", "jira", "datadog":
            mgr.integrations.create(provider, sandbox.config(provider))
        for check in mgr.health.check_all():
            print(f"{check.integration_id}: {check.status}")

        mgr.health.on_change(changes.put)  # runs in the manager's loop: be quick there
        sandbox.slack.fail(status=403, body=b"invalid_token", times=None)
        mgr.health.start_monitor(interval=timedelta(seconds=1))  # 5 minutes unless told otherwise
        tell(changes.get(timeout=10))
        print("unhealthy now:", mgr.health.get_unhealthy_integrations())

        sandbox.slack.faults.clear()
        tell(changes.get(timeout=10))
        mgr.health.stop_monitor()

        history = mgr.health.get_health_history("slack-1")
        print("history, newest first:", ", ".join(check.status for check in history[:1] + history[-2:]))
        print("messages in Slack:", len(sandbox.slack.messages))


def tell(check: HealthCheck) -> None:
    """What changed, why, and what to do about it."""
    print(f"{check.integration_id} is {check.status} now ({check.diagnosis})")
    if check.reason:
        print(f"  {check.reason}\n  → {check.remedy}")


if __name__ == "__main__":
    main()
