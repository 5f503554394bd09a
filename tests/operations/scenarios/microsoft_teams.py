"""Microsoft Teams: cards by the webhook of a workflow, and by Graph as a signed-in user."""

from __future__ import annotations

from integrations_sdk.connectors.microsoft_teams import MicrosoftTeamsConnector
from integrations_sdk.testing.vendors.microsoft_teams import MicrosoftTeamsStandIn
from support.messages import CASES
from support.scenarios import Suite, otherwise

LEARN = "https://learn.microsoft.com"

SUITE = Suite(
    stand_in=MicrosoftTeamsStandIn,
    contracts={"microsoft_graph": "/v1.0"},
    cited={
        "POST /workflows/*": f"{LEARN}/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook",
        "HEAD /": "https://www.rfc-editor.org/rfc/rfc9110#name-head",
        "POST /*/oauth2/v2.0/token": f"{LEARN}/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token",
    },
)

CARD = {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "Deployed"}]}


def both(teams: MicrosoftTeamsConnector, channel: MicrosoftTeamsStandIn) -> list[MicrosoftTeamsConnector]:
    """The workflow, and the user."""
    return [teams, otherwise(teams, channel.graph_config())]


async def check(teams: MicrosoftTeamsConnector, channel: MicrosoftTeamsStandIn) -> None:
    for way in both(teams, channel):
        await way.check()
    assert channel.cards == []


async def notify(teams: MicrosoftTeamsConnector, channel: MicrosoftTeamsStandIn) -> None:
    for way in both(teams, channel):
        await way.notify(CASES["full"])
    assert len(channel.cards) == 2


async def send_card(teams: MicrosoftTeamsConnector, channel: MicrosoftTeamsStandIn) -> None:
    for way in both(teams, channel):
        await way.send_card(CARD)
    assert [card["body"] for card in channel.cards] == [CARD["body"]] * 2
