"""What can go wrong, what is tried again, and what each error says.

Run it: `python examples/errors_and_retries.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk import ConnectorError, IntegrationManagementManager
from integrations_sdk.errors import TransportError
from integrations_sdk.testing import Sandbox

TROUBLE: Mapping[str, Mapping[str, object]] = {
    "unavailable twice, then fine": {"status": 503, "times": 2},
    "asked to wait a second": {"status": 429, "retry_after": 1},
    "asked to wait for an hour": {"status": 429, "retry_after": 3600},
    "an error after which nobody knows": {"status": 500},
    "an answer that is lost": {"reset": True, "acts": True},
    "an answer from something else": {
        "body": b"<html>a proxy's page</html>",
        "headers": {"content-type": "text/html"},
    },
}


def main() -> None:
    """One fault after the other befalls a Slack bot; then see the same for several targets at once."""
    for trouble, fault in TROUBLE.items():
        with Sandbox() as sandbox, IntegrationManagementManager("myorg/myproject") as mgr:
            mgr.slack.create(sandbox.slack.bot_config())
            sandbox.slack.fail(**fault)  # type: ignore[arg-type]  # each fault has some of its arguments
            print(f"{trouble}:")
            attempt(mgr)
            print(f"  Slack has the message {len(sandbox.slack.messages)} time(s)")

    with Sandbox() as sandbox, IntegrationManagementManager("myorg/myproject") as mgr:
        mgr.slack.create({**sandbox.slack.bot_config(), "bot_token": "xoxb-expired"})
        mgr.webhooks.create_webhook(sandbox.config("webhook"))
        outcomes = mgr.events.dispatch({"event_type": "release", "tag": "v1.2.3", "action": "created"})
        print("several targets at once, of which none stops another:")
        for outcome in outcomes:
            print(f"  {outcome.target}: {outcome.status} {outcome.error or ''}")
        print("  to be given new credentials:", [failed.target for failed in outcomes if failed.needs_reauth])


def attempt(mgr: IntegrationManagementManager) -> None:
    """Send once. A message is repeated only where it cannot have been posted."""
    try:
        outcome = mgr.slack.notify("slack-1", "Deployed.")
        print(f"  succeeded, attempts: {outcome.attempts}")
    except ConnectorError as error:
        print(f"  {type(error).__name__}: {error}")
        print(f"  attempts={error.attempts} retryable={error.retryable} retry_after={error.retry_after}")
        if isinstance(error, TransportError):
            print(f"  sent={error.sent}: look before you send it again")


if __name__ == "__main__":
    main()
