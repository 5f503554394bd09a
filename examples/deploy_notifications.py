"""Tell a channel of a deployment, configured by nothing but environment variables.

Run it: `python examples/deploy_notifications.py`.

In a pipeline, set `SLACK_WEBHOOK_URL` as a masked variable; `catalog` lists what every provider reads.
"""

from __future__ import annotations

import os
from datetime import timedelta

from integrations_sdk import IntegrationManagementManager, Level, Message
from integrations_sdk.models import Field, Link
from integrations_sdk.testing import Sandbox


def main() -> None:
    """Switch on what the environment configures, and say that a deployment succeeded, then failed."""
    with Sandbox() as sandbox:
        os.environ["SLACK_WEBHOOK_URL"] = str(sandbox.config("slack")["webhook_url"])  # the pipeline's part
        os.environ["JIRA_URL"] = "https://company.atlassian.net"  # not enough for Jira: a token is missing
        environ = {name: os.environ[name] for name in ("SLACK_WEBHOOK_URL", "JIRA_URL")}

        with IntegrationManagementManager("myorg/myproject") as mgr:
            for found in mgr.from_environment(environ):
                print(f"{found.provider}: {found.integration_id or found.reason}")

            for level, word in (Level.SUCCESS, "succeeded"), (Level.ERROR, "failed"):
                outcomes = announce(mgr, level, f"Deployment of v1.2.3 to production {word}")
                print(f"told {len(outcomes)} channel: {', '.join(outcomes)}")
        for message in sandbox.slack.messages:
            print("Slack received:", message["text"])


def announce(mgr: IntegrationManagementManager, level: Level, title: str) -> list[str]:
    """Tell every Slack integration; one message, which each notifier renders in its own format."""
    message = Message(
        title=title,
        level=level,
        text="Rounds discounts per line.",
        fields=(
            Field(name="Version", value="v1.2.3"),
            Field(name="Duration", value=str(timedelta(minutes=3))),
        ),
        links=(
            Link(label="Release notes", url="https://gitlab.example.com/myorg/myproject/-/releases/v1.2.3"),
        ),
    )
    channels = [slack.integration_id for slack in mgr.slack.list(state="active")]
    return [str(mgr.slack.notify(channel, message).status) for channel in channels]


if __name__ == "__main__":
    main()
