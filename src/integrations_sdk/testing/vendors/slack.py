"""Slack in miniature."""

from __future__ import annotations

from integrations_sdk.testing.standin import StandIn

__all__ = ["SlackStandIn"]


class SlackStandIn(StandIn):
    """Slack."""

    provider = "slack"

    def config(self) -> dict[str, object]:
        """A webhook."""
        return {"webhook_url": f"{self.url}/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"}
