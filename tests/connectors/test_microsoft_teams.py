"""Microsoft Teams: workflows and Graph, cards, tokens, refusals.

Sources: https://learn.microsoft.com/graph/api/channel-post-messages (permissions and the shape of a message) and
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook (of a
workflow there is no description).
"""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import json_bytes
from integrations_sdk.connectors.microsoft_teams import MicrosoftTeamsConnector
from integrations_sdk.connectors.microsoft_teams.render import as_chat_message, as_workflow, cards
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.models import Message
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.microsoft_teams import MicrosoftTeamsStandIn
from support.golden import compare
from support.messages import CASES, messages

FLOW = "https://prod-07.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?api-version=1&sig=canary"
GRAPH = {"team_id": "t", "channel_id": "19:c@thread.tacv2", "access_token": "canary-in-the-token"}
USER = {**GRAPH, "access_token": None, "tenant_id": "x", "client_id": "y", "refresh_token": "canary-refresh"}


def teams(http: ScriptedHttp, clock: FakeClock | None = None, **given: object) -> MicrosoftTeamsConnector:
    """A connector; the workflow unless something else is given."""
    return connect(MicrosoftTeamsConnector, given or {"webhook_url": FLOW}, http, clock=clock)


def stood_in(
    *, graph: bool, clock: FakeClock | None = None, **given: object
) -> tuple[MicrosoftTeamsStandIn, MicrosoftTeamsConnector]:
    """A stand-in, and a connector that it answers."""
    stand_in = MicrosoftTeamsStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    stand_in.url = "http://127.0.0.1:1"
    config = stand_in.graph_config() if graph else stand_in.config()
    return stand_in, teams(http, clock, **{**config, **given})


# --- configuration ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        FLOW,
        "https://default0123.45.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/1/x?sig=x",
        "https://prod-1.usgovtexas.logic.azure.us/workflows/1?sig=x",
        "http://127.0.0.1:8080/workflows/1",
        "env:TEAMS_WEBHOOK_URL",
    ],
)
def test_workflows_are_accepted(url: str) -> None:
    """Of every cloud, with their signature, which is the credential."""
    assert teams(ScriptedHttp(), webhook_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://outlook.office.com/webhook/1@2/IncomingWebhook/3/4",
        "https://outlook.office365.com/webhook/1",
        "https://contoso.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4",
    ],
)
def test_retired_connectors_are_refused_with_the_remedy(url: str) -> None:
    """They would answer for a while, and then no more; the URL is not quoted."""
    with pytest.raises(ConfigurationError, match=r"retired Office 365 connectors.*Workflows →") as caught:
        teams(ScriptedHttp(), webhook_url=url)
    assert "IncomingWebhook" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/workflows/1?sig=x",
        "http://prod-1.logic.azure.com/workflows/1",
        "https://logic.azure.com.example.com/x",
        "https://evillogic.azure.com/x",
        "https://prod-1.logic.azure.com/",
    ],
)
def test_what_is_no_workflow_is_refused(url: str) -> None:
    """A message would go to somebody else."""
    with pytest.raises(ConfigurationError, match="the URL of a Workflows webhook"):
        teams(ScriptedHttp(), webhook_url=url)


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"mentions": ["a@b.example"]}, {"webhook_url"}),
        ({"team_id": "t"}, {"channel_id", "tenant_id", "client_id", "refresh_token"}),
        ({"access_token": "x"}, {"team_id", "channel_id"}),
        ({**GRAPH, "api_url": "http://graph.microsoft.com", "login_url": "x"}, {"api_url", "login_url"}),
    ],
)
def test_every_mistake_is_named_at_once(given: dict[str, object], paths: set[str]) -> None:
    """What is missing of a webhook, or of a user."""
    with pytest.raises(ConfigurationError) as caught:
        teams(ScriptedHttp(), **given)
    assert {problem.path for problem in caught.value.problems} == paths


def test_an_app_alone_is_refused_before_it_fails() -> None:
    """Client credentials get a token, but Graph takes no channel message with it; the error says so."""
    app = {"team_id": "t", "channel_id": "c", "tenant_id": "x", "client_id": "y", "client_secret": "z"}
    with pytest.raises(
        ConfigurationError, match=r"refresh_token: missing; an app alone may not post.*workflow"
    ):
        teams(ScriptedHttp(), **app)


# --- cards --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_rendered_exactly_so(case: str) -> None:
    """As the golden file says."""
    mentions = ["ada@example.com", "nobody"] if case == "full" else ()
    compare("microsoft_teams", f"{case}.json", cards(CASES[case], mentions))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages(), st.booleans())
def test_whatever_a_message_holds_teams_takes_it(message: Message, graph: bool) -> None:
    """Within 28 KB, never empty, without any text that is read as Markdown or as a mention."""
    stand_in, connector = stood_in(graph=graph)
    assert asyncio.run(connector.notify(message))
    for card in stand_in.cards:
        assert set(_types(card)) <= {
            "AdaptiveCard", "Container", "RichTextBlock", "TextRun", "Action.OpenUrl", "mention", "TextBlock",
        }  # fmt: skip
        written = [each for each in _dicts(card) if each.get("type") == "TextBlock"]
        assert len(written) == bool(card["msteams"].get("entities"))
        assert all(len(json_bytes(wrap(card))) <= 28 * 1024 for wrap in (as_workflow, as_chat_message))


def _dicts(value: Any) -> list[dict[str, Any]]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if isinstance(value, dict) else []) + [found for each in inside for found in _dicts(each)]


def _types(card: Any) -> list[str]:
    return [each["type"] for each in _dicts(card) if "type" in each]


def test_a_mention_is_of_a_user_that_teams_knows() -> None:
    """By sign-in name or object id; any other name is left out, and a text cannot make one."""
    (card,) = cards(
        Message(text="<at>Everyone</at>"), ["ada@example.com", "1" * 8 + "-" + "2" * 27, "Ada", "x" * 36]
    )
    entities = card["msteams"]["entities"]
    assert [each["mentioned"]["id"] for each in entities] == ["ada@example.com", "1" * 8 + "-" + "2" * 27]
    assert card["body"][0]["text"] == f"<at>ada@example.com</at> <at>{'1' * 8}-{'2' * 27}</at>"
    assert card["body"][1]["inlines"] == [{"type": "TextRun", "text": "<at>Everyone</at>"}]


# --- workflows ----------------------------------------------------------------------------------------


def test_a_workflow_is_started_with_a_card() -> None:
    """Its URL whole, without a token; what comes of it nobody says."""
    http = ScriptedHttp([reply(202, b"", x_ms_request_id="r")])
    outcome = asyncio.run(teams(http).notify(Message(title="t")))
    assert (outcome.operation, outcome.http_status, outcome.reference) == ("workflow.start", 202, None)
    assert http.requests[0].url == FLOW
    assert "authorization" not in http.requests[0].headers
    body: Any = http.sent()
    assert (body["type"], body["attachments"][0]["contentType"]) == (
        "message", "application/vnd.microsoft.card.adaptive",
    )  # fmt: skip


def test_a_long_message_goes_on_in_further_ones() -> None:
    """Buttons stand below the last."""
    stand_in, connector = stood_in(graph=True)
    outcome = asyncio.run(connector.notify(CASES["long"]))
    assert outcome.detail == f"in {len(stand_in.cards)} messages"
    assert ["actions" in card for card in stand_in.cards] == [False] * (len(stand_in.cards) - 1) + [True]


def test_a_card_of_your_own_is_posted_as_it_is() -> None:
    """Through either way."""
    card = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "**hi**"}]}
    for graph in (True, False):
        stand_in, connector = stood_in(graph=graph)
        assert asyncio.run(connector.send_card(card))
        assert stand_in.cards == [card]


# --- Graph --------------------------------------------------------------------------------------------


def test_a_user_posts_with_a_token_that_is_renewed() -> None:
    """One exchange for as long as it lasts; then the newest refresh token is used."""
    clock = FakeClock()
    stand_in, connector = stood_in(graph=True, clock=clock)

    async def main() -> None:
        outcomes = await asyncio.gather(*(connector.notify(Message(text="x")) for _ in range(3)))
        assert all(outcome.reference and outcome.url for outcome in outcomes)
        assert stand_in.grants == 1
        await clock.sleep(3_600)
        await connector.notify(Message(text="y"))

    asyncio.run(main())
    forms = [request.form() for request in stand_in.received if request.path.endswith("/token")]
    assert [form["refresh_token"] for form in forms] == [stand_in.refresh_token, "refresh-1"]
    assert forms[0]["scope"] == f"{stand_in.url}/ChannelMessage.Send offline_access"
    assert "client_secret" in forms[0]


def test_a_given_token_is_used_as_it_is() -> None:
    """Nothing is exchanged."""
    http = ScriptedHttp([reply(201, {"id": "1"})])
    assert asyncio.run(teams(http, **GRAPH).notify(Message(text="x"))).reference == "1"
    (request,) = http.requests
    assert request.url == "https://graph.microsoft.com/v1.0/teams/t/channels/19%3Ac%40thread.tacv2/messages"
    assert request.headers["authorization"] == "Bearer canary-in-the-token"


def test_a_refresh_token_that_has_ended_asks_to_sign_in_again() -> None:
    """In Microsoft's words, without its trace."""
    _, connector = stood_in(graph=True, refresh_token="ended")
    with pytest.raises(AuthenticationError, match="has expired: sign the user in again") as caught:
        asyncio.run(connector.notify(Message(text="x")))
    assert (caught.value.code, "Trace" in str(caught.value)) == ("invalid_grant", False)


def test_an_answer_without_a_token_is_refused() -> None:
    """Whoever stands in the endpoint's place."""
    with pytest.raises(RejectedError, match="without an access token"):
        asyncio.run(teams(ScriptedHttp([reply(200, {})]), **USER).check())


def test_what_graph_says_to_an_app_is_explained() -> None:
    """Should a token without a user come by another way."""
    stand_in, connector = stood_in(graph=True)
    stand_in.as_app = True
    with pytest.raises(PermissionDeniedError, match="signed-in users alone"):
        asyncio.run(connector.notify(Message(text="x")))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "InvalidAuthenticationToken", AuthenticationError),
        (401, "DirectApiAuthorizationRequired", AuthenticationError),
        (400, "WorkflowTriggerIsNotEnabled", AuthenticationError),
        (403, "Forbidden", PermissionDeniedError),
        (404, "WorkflowNotFound", RejectedError),
        (413, "RequestEntityTooLarge", RejectedError),
        (503, "ServiceUnavailable", ProviderUnavailableError),
    ],
)
def test_refusals_become_the_error_that_fits(status: int, code: str, kind: type[ConnectorError]) -> None:
    """With Microsoft's code and words, and the id of the request."""
    answer = reply(status, {"error": {"code": code, "message": "Words of Microsoft."}}, request_id="r-1")
    for config in ({"webhook_url": FLOW}, GRAPH):
        with pytest.raises(kind, match="Words of Microsoft") as caught:
            asyncio.run(teams(ScriptedHttp([answer]), **config).notify(Message(text="x")))
        assert (caught.value.code, caught.value.request_id) == (code, "r-1")
        assert "canary" not in str(caught.value)


def test_a_rate_limit_says_how_long_to_wait() -> None:
    """By `Retry-After`."""
    limited = reply(429, {"error": {"code": "TooManyRequests", "message": "x"}}, retry_after="30")
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(teams(ScriptedHttp([limited])).notify(Message(text="x")))
    assert caught.value.retry_after == timedelta(seconds=30)


def test_the_check_posts_nothing() -> None:
    """A workflow's host is reached, a user's token exchanged; what was not tried is said."""
    for graph in (True, False):
        stand_in, connector = stood_in(graph=graph)
        assert asyncio.run(connector.check()).warnings
        assert stand_in.cards == []
        assert stand_in.grants == graph
    http = ScriptedHttp([reply(404)])
    asyncio.run(teams(http).check())
    assert (http.requests[0].method, http.requests[0].url) == (
        "HEAD",
        "https://prod-07.westeurope.logic.azure.com:443/",
    )


@pytest.mark.contracts
def test_every_message_conforms_to_graphs_description(conformity: Any) -> None:
    """Of a workflow there is none."""
    http = ScriptedHttp([reply(201, {"id": "1"})])
    connector = teams(http, **GRAPH, mentions=["ada@example.com"])
    for message in CASES.values():
        asyncio.run(connector.notify(message))
    for request in http.requests:
        conformity.check("microsoft_graph", request, base_url="https://graph.microsoft.com/v1.0")
        assert json.loads(json.loads(request.content)["attachments"][0]["content"])["type"] == "AdaptiveCard"
