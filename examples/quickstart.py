"""The shortest useful program: one integration, one message, and what came of it.

Run it: `python examples/quickstart.py`.

The sandbox plays Slack on this machine. Elsewhere, leave it out and write your own configuration where
`sandbox.config("slack")` stands, e.g. `{"webhook_url": "env:SLACK_WEBHOOK_URL"}`.
"""

from __future__ import annotations

from integrations_sdk import ConfigurationError, IntegrationManagementManager
from integrations_sdk.testing import Sandbox


def main() -> None:
    """Configure, send, check; then see what a mistake looks like."""
    with Sandbox() as sandbox, IntegrationManagementManager("myorg/myproject") as mgr:
        slack = mgr.slack.create_slack_integration(
            {**sandbox.config("slack"), "name": "Team notifications", "channel": "#deployments"}
        )
        # The URL of a Slack webhook is a secret: it is sealed in the store, and no record shows it.
        print("configured:", slack["integration_id"], slack["name"], slack["config"])

        outcome = mgr.slack.send_slack_notification(slack["integration_id"], {"text": "Deployed :rocket:"})
        print("sent:", outcome["status"], f"HTTP {outcome['http_status']}, attempts: {outcome['attempts']}")
        print("Slack received:", sandbox.slack.messages[-1]["text"])

        health = mgr.health.check_integration_health(slack["integration_id"], "slack")
        print("health:", health["status"])

        try:
            mgr.slack.create_slack_integration({"webhok_url": "https://example.com", "channel": 7})
        except ConfigurationError as error:
            print("every mistake at once:", error)


if __name__ == "__main__":
    main()
