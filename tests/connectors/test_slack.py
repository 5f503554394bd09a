"""Slack: requests, answers, mistakes, and what reaches a channel."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import Connector
from integrations_sdk.connectors.slack import SlackConfig, SlackConnector
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.http.base import Headers, Request, Response
from integrations_sdk.models import Event, Field, Level, Link, Message, Secret
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.standin import Received
from integrations_sdk.testing.vendors.slack import SlackStandIn

HOOK = "https://hooks.slack.com/services/T00/B00/canary-in-the-webhook"
TOKEN = "xoxb-canary-in-the-token"
BOT = {"bot_token": TOKEN, "channel": "#deployments"}
POSTED = reply(200, {"ok": True, "channel": "C012AB3CD", "ts": "1503435956.000247"}, x_slack_req_id="req-1")
MESSAGE = Message(
    title="Pipeline <7> failed & stopped",
    url="https://gitlab.example/p/7?a=1&b=2",
    text="2 of 5 jobs failed",
    level=Level.ERROR,
    author="dev",
    fields=(
        Field(name="Branch", value="main"),
        Field(name="Commit", value="abc", url="https://gitlab.example/c"),
    ),
    links=(Link(label="Log", url="https://gitlab.example/log"),),
    mentions=("U012AB3CD", "@here"),
    footer="group/name",
)


def slack(http: ScriptedHttp, **given: object) -> SlackConnector:
    """A connector; the webhook unless something else is given."""
    return connect(SlackConnector, given or {"webhook_url": HOOK}, http)


def served(stand_in: SlackStandIn) -> ScriptedHttp:
    """HTTP that the stand-in answers."""
    stand_in.url = "http://127.0.0.1:1"

    def answer(request: Request) -> Response:
        target = request.url.removeprefix(stand_in.url)
        given, _ = stand_in.answer(
            Received.of(request.method, target, Headers(request.headers), request.content)
        )
        kind, body = given.encoded()
        return Response(
            status=given.status, headers=Headers({"content-type": kind, **given.headers}), content=body
        )

    return ScriptedHttp([answer])


def sent(http: ScriptedHttp, index: int = -1) -> Any:
    """A body that was sent."""
    return http.sent(index)


# --- configuration ------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        HOOK,
        "https://hooks.slack.com/services/XXX/YYY/ZZZ",
        "https://hooks.slack-gov.com/services/T/B/X",
        "https://hooks.slack.com/workflows/T/A/1/x",
        "https://hooks.slack.com/triggers/T/1/x",
        "https://hooks.slack.com/...",
        "http://127.0.0.1:8080/services/T/B/X",
        "http://localhost:8080/services/T/B/X",
        "http://[::1]:8080/services/T/B/X",
        "env:SLACK_WEBHOOK_URL",
    ],
)
def test_slacks_webhooks_are_accepted(url: str) -> None:
    """Its two clouds, workflows, a stand-in on this machine, and references."""
    assert slack(ScriptedHttp(), webhook_url=url).config.webhook_url == Secret(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/services/T/B/X",
        "http://hooks.slack.com/services/T/B/X",
        "https://hooks.slack.com",
        "https://hooks.slack.com/",
        "https://hooks.slack.com.example.com/services/T/B/X",
        "https://user@hooks.slack.com/services/T/B/X",
        "https://hooks.slack.com:8443/services/T/B/X",
        "https://hooks.slack.com/services/T/B/X?a=b",
        "https://hooks.slack.com/services/T\r\nX: y",
        "hooks.slack.com/services/T/B/X",
        "http://10.0.0.1/services/T/B/X",
        "",
    ],
)
def test_what_is_no_webhook_of_slack_is_refused(url: str) -> None:
    """A message would go to somebody else; the value is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        slack(ScriptedHttp(), webhook_url=url)
    assert [problem.path for problem in caught.value.problems] == ["webhook_url"]
    assert "/services/T" not in str(caught.value)


def test_every_mistake_is_named_at_once() -> None:
    """With what was expected, and which field was meant."""
    with pytest.raises(ConfigurationError) as caught:
        slack(
            ScriptedHttp(),
            webhok_url=HOOK,
            bot_token="xoxa-1",
            channel="a\nb",
            icon_emoji="gear",
            icon_url="gear.png",
            api_url="http://slack.com/api",
            mention_groups=[""],
            messages_per_second=float("inf"),
            username=5,
        )
    problems = {problem.path: problem for problem in caught.value.problems}
    assert problems["webhok_url"].remedy == "did you mean `webhook_url`?"
    assert set(problems) == {
        "webhok_url", "bot_token", "channel", "icon_emoji", "icon_url", "api_url", "mention_groups[0]",
        "messages_per_second", "username",
    }  # fmt: skip


@pytest.mark.parametrize("url", ["http://example.com/api", "slack.com/api", "https://"])
def test_a_token_goes_to_https_alone(url: str) -> None:
    """Or to this machine."""
    with pytest.raises(ConfigurationError, match="api_url"):
        slack(ScriptedHttp(), **BOT, api_url=url)


def test_one_of_the_credentials_is_needed() -> None:
    """The missing one is named, and the other way is said."""
    with pytest.raises(ConfigurationError, match=r"webhook_url: missing.*or `bot_token`"):
        slack(ScriptedHttp(), channel="#ci-alerts", events=["pipeline"], notify_only_broken_pipelines=True)


def test_the_fields_of_every_source_are_known() -> None:
    """A complete configuration, and the environment's names."""
    config = slack(
        ScriptedHttp(),
        webhook_url=HOOK,
        bot_token=TOKEN,
        channel="#config-changes",
        username="Config Bot",
        icon_emoji=":gear:",
        icon_url="https://example.com/i.png",
        mention_groups=["@devops-team", "@platform-team"],
        events=["push"],
        notify_only_broken_pipelines=True,
        api_url="https://slack-gov.com/api",
    ).config
    assert isinstance(config, SlackConfig)
    assert set(SlackConnector.environment.values()) <= {"webhook_url", "bot_token", "channel"}


# --- messages -----------------------------------------------------------------


def test_a_notification_becomes_blocks_beside_a_coloured_bar() -> None:
    """Title, mentions, fields, links, author and footer, all escaped."""
    http = ScriptedHttp([reply(200, "ok", x_slack_req_id="req-9")])
    outcome = asyncio.run(slack(http, webhook_url=HOOK, username="GitLab Bot").notify(MESSAGE))
    assert outcome
    assert (outcome.operation, outcome.request_id, outcome.reference) == ("webhook.post", "req-9", None)
    assert http.requests[0].url == HOOK
    assert http.requests[0].headers["content-type"] == "application/json"
    assert "authorization" not in http.requests[0].headers
    assert sent(http) == {
        "username": "GitLab Bot",
        "text": "<@U012AB3CD> <!here> "
        "*<https://gitlab.example/p/7?a=1&amp;b=2|Pipeline &lt;7&gt; failed &amp; stopped>*",
        "attachments": [
            {
                "color": "#dd2b0e",
                "fallback": "Pipeline &lt;7&gt; failed &amp; stopped",
                "blocks": [
                    {"type": "section", "text": {"type": "mrkdwn", "text": "2 of 5 jobs failed"}},
                    {
                        "type": "section",
                        "fields": [
                            {"type": "mrkdwn", "text": "*Branch*\nmain"},
                            {"type": "mrkdwn", "text": "*Commit*\n<https://gitlab.example/c|abc>"},
                        ],
                    },
                    {
                        "type": "section",
                        "text": {"type": "mrkdwn", "text": "<https://gitlab.example/log|Log>"},
                    },
                    {
                        "type": "context",
                        "elements": [
                            {"type": "mrkdwn", "text": "dev"},
                            {"type": "mrkdwn", "text": "group/name"},
                        ],
                    },
                ],
            }
        ],
    }


def test_a_text_is_sent_as_the_facade_sends_it() -> None:
    """`send_slack_notification(id, {'text': …})`, under the configured channel and name."""
    http = ScriptedHttp([reply(200, "ok")])
    connector = slack(http, webhook_url=HOOK, channel="#deployments", username="GitLab Bot")
    assert asyncio.run(connector.send_message({"text": "Deployment successful! 🚀"}))
    assert sent(http) == {
        "text": "Deployment successful! 🚀",
        "channel": "#deployments",
        "username": "GitLab Bot",
    }


def test_every_field_of_a_message_reaches_slack() -> None:
    """Those of the message go before the configured ones."""
    http = ScriptedHttp([POSTED])
    connector = slack(http, **BOT, username="Bot", icon_emoji=":gear:")
    outcome = asyncio.run(
        connector.send_message(
            text="hello",
            blocks=[{"type": "divider"}],
            attachments=[{"text": "more"}],
            channel="C999",
            username="Other",
            icon_url="https://example.com/i.png",
            thread_ts="1503435956.000247",
            reply_broadcast=True,
            mentions=["S012AB3CD"],
            unfurl_links=False,
            unfurl_media=False,
        )
    )
    assert outcome.reference == "1503435956.000247"
    assert outcome.data == {"channel": "C012AB3CD", "ts": "1503435956.000247"}
    assert http.requests[0].url == "https://slack.com/api/chat.postMessage"
    assert http.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert http.requests[0].headers["content-type"] == "application/json; charset=utf-8"
    assert sent(http) == {
        "text": "<!subteam^S012AB3CD> hello",
        "blocks": [{"type": "divider"}],
        "attachments": [{"text": "more"}],
        "channel": "C999",
        "username": "Other",
        "icon_emoji": ":gear:",
        "icon_url": "https://example.com/i.png",
        "thread_ts": "1503435956.000247",
        "reply_broadcast": True,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def test_a_colour_puts_the_text_beside_a_bar() -> None:
    """Slack has colours on attachments only."""
    http = ScriptedHttp([reply(200, "ok")])
    asyncio.run(slack(http).send_message(text="broken", color="danger", attachments=[{"text": "more"}]))
    assert sent(http) == {
        "attachments": [{"color": "danger", "fallback": "broken", "text": "broken"}, {"text": "more"}]
    }


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        ({"txt": "hi"}, {"txt", "text"}),
        ({}, {"text"}),
        ({"text": ""}, {"text"}),
        ({"text": "x" * 40_001}, {"text"}),
        (
            {"text": 5, "color": "red", "thread_ts": "now", "icon_emoji": "x"},
            {"text", "color", "thread_ts", "icon_emoji"},
        ),
        ({"blocks": [{}]}, {"blocks[0]"}),
        ({"blocks": [{"type": "divider"}] * 51}, {"blocks"}),
        ({"attachments": [{"text": "x"}] * 101}, {"attachments"}),
    ],
)
def test_a_malformed_message_is_not_sent(message: dict[str, object], paths: set[str]) -> None:
    """Every wrong field is named, and nothing leaves."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(slack(http).send_message(message))
    assert {problem.path for problem in caught.value.problems} == paths
    assert http.requests == []


def test_a_long_text_goes_on_in_the_thread_of_its_first_part() -> None:
    """With a bot; nothing of it is lost."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    text = "word & line\n" * 900
    outcome = asyncio.run(slack(http, **stand_in.bot_config()).send_message(text=text))
    first, *later = stand_in.messages
    assert outcome.detail == "in 3 messages"
    assert outcome.reference == first["ts"]
    assert "thread_ts" not in first
    assert [message["thread_ts"] for message in later] == [first["ts"]] * 2
    assert "".join(str(message["text"]) for message in stand_in.messages) == text


def test_a_long_coloured_text_keeps_its_colour() -> None:
    """In every part."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    asyncio.run(slack(http, **stand_in.config()).send_message(text="x" * 5000, color="good"))
    parts: Any = [message["attachments"] for message in stand_in.messages]
    assert [part[0]["color"] for part in parts] == ["good", "good"]
    assert "".join(part[0]["text"] for part in parts) == "x" * 5000


def test_a_long_notification_stays_within_slacks_limits() -> None:
    """The stand-in refuses sections, fields and messages that are too long, and all of it arrives."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    message = Message(
        title="t" * 1000,
        text="a < b & c > d\n" * 3000,
        fields=tuple(Field(name=f"f{n}", value="&" * 3000) for n in range(60)),
        links=tuple(Link(label="l" * 90, url=f"https://example.com/{n}") for n in range(60)),
        author="a" * 5000,
    )
    asyncio.run(slack(http, **stand_in.bot_config()).notify(message))
    texts = [
        block["text"]["text"]
        for posted in stand_in.messages
        for attachment in json.loads(json.dumps(posted["attachments"]))
        for block in attachment["blocks"]
        if block["type"] == "section" and "text" in block
    ]
    assert len(stand_in.messages) > 3
    assert sum(text.count("\n") for text in texts) > 1500
    assert texts[-1].endswith("…")


def test_a_bare_notification_still_says_something() -> None:
    """Slack refuses empty messages; one that is level alone has its name."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    asyncio.run(slack(http, **stand_in.config()).notify(Message(text=" \n ")))
    asyncio.run(slack(http, **stand_in.config()).notify(Message(text="only text")))
    assert stand_in.messages[0]["text"]
    second: Any = stand_in.messages[1]["attachments"]
    assert (second[0]["fallback"], "text" in stand_in.messages[1]) == ("only text", False)


def test_configured_mentions_call_with_every_notification() -> None:
    """Ids become mentions; what Slack does not know stays text."""
    http = ScriptedHttp([reply(200, "ok")])
    asyncio.run(
        slack(http, webhook_url=HOOK, mention_groups=["@channel", "@devops-team"]).notify(Message(title="t"))
    )
    assert sent(http) == {"text": "<!channel> @devops-team *t*"}


def test_an_event_becomes_a_notification() -> None:
    """What the base makes of it."""
    http = ScriptedHttp([reply(200, "ok")])
    clock = FakeClock()
    event = Event(id="1", type="push", source="https://gitlab.example/p", time=clock.now(), title="Pushed")
    connector: Connector[Any] = slack(http)
    assert connector.wants(event) is None
    assert asyncio.run(connector.handle_event(event))
    assert "text" in sent(http)


# --- which way it goes ----------------------------------------------------------


def test_with_both_credentials_the_bot_posts_where_a_channel_is_known() -> None:
    """Otherwise the webhook does, which has a channel of its own."""
    http = ScriptedHttp([reply(200, "ok"), POSTED])
    connector = slack(http, webhook_url=HOOK, bot_token=TOKEN)
    asyncio.run(connector.send_message(text="a"))
    asyncio.run(connector.send_message(text="b", channel="#x"))
    assert [request.url for request in http.requests] == [HOOK, "https://slack.com/api/chat.postMessage"]


def test_a_bot_needs_a_channel() -> None:
    """Configured or given."""
    with pytest.raises(ConfigurationError, match="channel"):
        asyncio.run(slack(ScriptedHttp(), bot_token=TOKEN).send_message(text="a"))


def test_the_limit_counts_for_each_channel() -> None:
    """One message per second, five at once; the configuration can say otherwise."""
    http = ScriptedHttp([POSTED])
    connector = slack(http, **BOT)
    for channel in ("#a", "#b"):
        asyncio.run(connector.send_message(text="a", channel=channel))
    assert [call.account for call in http.calls] == ["slack-1:#a", "slack-1:#b"]
    rate = http.calls[0].rate
    assert rate is not None
    assert (rate.calls, rate.period.total_seconds()) == (5, 5)
    asyncio.run(slack(http, **BOT, messages_per_second=0.1).send_message(text="a"))
    slow = http.calls[-1].rate
    assert slow is not None
    assert (slow.calls, slow.period.total_seconds()) == (1, 10)
    assert not any(call.idempotent for call in http.calls)


def test_a_workflow_gets_plain_text_and_nothing_else() -> None:
    """Its variables are its own; names, icons and blocks would be unknown to it."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    connector = slack(http, **stand_in.workflow_config(), username="Bot", channel="#x")
    asyncio.run(connector.notify(MESSAGE))
    asyncio.run(connector.send_message(text="hi"))
    first, second = (str(message["text"]) for message in stand_in.messages)
    assert first.splitlines() == [
        "Pipeline <7> failed & stopped", "https://gitlab.example/p/7?a=1&b=2", "",
        "2 of 5 jobs failed", "",
        "Branch: main", "Commit: abc (https://gitlab.example/c)", "",
        "Log: https://gitlab.example/log", "",
        "dev · group/name",
    ]  # fmt: skip
    assert second == "hi"


def test_a_direct_message_finds_its_reader_by_email_address() -> None:
    """Look-up, conversation, message."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    connector = slack(http, **stand_in.bot_config())
    assert asyncio.run(connector.notify_user("dev@example.com", Message(title="Environment ready")))
    assert stand_in.messages[-1]["channel"] == "D012AB3CD"
    assert [call.operation for call in http.calls] == [
        "users.lookupByEmail", "conversations.open", "chat.postMessage",
    ]  # fmt: skip
    with pytest.raises(RejectedError, match="nobody in the workspace"):
        asyncio.run(connector.notify_user("nobody@example.com", Message(title="x")))


def test_a_direct_message_needs_a_bot() -> None:
    """Nothing is sent without one."""
    with pytest.raises(ConfigurationError, match="bot_token"):
        asyncio.run(slack(ScriptedHttp()).notify_user("dev@example.com", Message(title="x")))


# --- checks ---------------------------------------------------------------------


def test_the_check_of_a_bot_asks_who_it_is() -> None:
    """By auth.test, which changes nothing."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    found = asyncio.run(slack(http, **stand_in.bot_config()).check())
    assert found.detail == "deploybot in Stand-in"
    assert stand_in.messages == []


def test_the_check_of_a_webhook_posts_nothing() -> None:
    """A live one refuses the empty message; with a bot beside it both are asked."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    assert asyncio.run(slack(http, **stand_in.config()).check()).detail == "the webhook is live"
    both = slack(http, **stand_in.bot_config(), **stand_in.config())
    assert asyncio.run(both.check()).detail == "deploybot in Stand-in"
    assert [call.operation for call in http.calls] == ["webhook.check", "auth.test", "webhook.check"]
    assert stand_in.messages == []
    assert sent(http) == {}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, "no_service", AuthenticationError),
        (403, "invalid_token", AuthenticationError),
        (410, "channel_is_archived", RejectedError),
        (400, "invalid_token", AuthenticationError),
        (400, "user_not_found", RejectedError),
        (500, "rollup_error", ProviderUnavailableError),
        (302, "", RejectedError),
    ],
)
def test_the_check_of_a_dead_webhook_says_why(status: int, body: str, kind: type[ConnectorError]) -> None:
    """Slack's plain-text codes, with what to do."""
    with pytest.raises(kind):
        asyncio.run(slack(ScriptedHttp([reply(status, body)])).check())


def test_the_check_of_a_workflow_starts_nothing() -> None:
    """It reaches the host only, and says so."""
    http = ScriptedHttp([reply(404)])
    found = asyncio.run(slack(http, webhook_url="https://hooks.slack.com/triggers/T/1/x").check())
    assert (http.requests[0].method, http.requests[0].url) == ("HEAD", "https://hooks.slack.com/")
    assert "without starting it" in found.warnings[0]


# --- answers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"error": "invalid_auth"}, AuthenticationError, "check the token"),
        ({"error": "account_inactive"}, AuthenticationError, "install the app again"),
        ({"error": "missing_scope", "needed": "chat:write"}, PermissionDeniedError, "needs chat:write"),
        ({"error": "not_in_channel"}, PermissionDeniedError, "/invite"),
        ({"error": "ratelimited"}, RateLimitedError, "ratelimited"),
        ({"error": "channel_not_found"}, RejectedError, "check the channel"),
        ({"error": "fatal_error"}, ProviderUnavailableError, "try later"),
        ({"error": "something_new"}, RejectedError, "something_new"),
        ({}, RejectedError, "unknown_error"),
        (
            {"error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] must be shorter"]}},
            RejectedError,
            "must be shorter",
        ),
    ],
)
def test_a_refusal_with_status_200_is_an_error(
    body: dict[str, object], kind: type[ConnectorError], words: str
) -> None:
    """`ok: false` is what counts; the error carries Slack's code and the request's id."""
    http = ScriptedHttp([reply(200, {"ok": False, **body}, x_slack_req_id="req-7")])
    with pytest.raises(kind, match=words) as caught:
        asyncio.run(slack(http, **BOT).send_message(text="a"))
    error = caught.value
    assert (error.code, error.request_id, error.provider) == (
        body.get("error", "unknown_error"),
        "req-7",
        "slack",
    )
    assert error.operation == "chat.postMessage"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(429, {"ok": False, "error": "ratelimited"}, retry_after="30"), RateLimitedError),
        (reply(429, "message_limit", retry_after="30"), RateLimitedError),
        (reply(503, {"ok": False, "error": "unheard_of"}), ProviderUnavailableError),
        (reply(500, "<html>oops</html>"), ProviderUnavailableError),
        (reply(200, "<html>a proxy</html>"), RejectedError),
        (reply(200, b"\xff\xfe"), RejectedError),
    ],
)
def test_every_other_answer_is_an_error_as_well(answer: Response, kind: type[ConnectorError]) -> None:
    """A status says what a code does not, and what is not the API is refused."""
    with pytest.raises(kind):
        asyncio.run(slack(ScriptedHttp([answer]), **BOT).send_message(text="a"))


def test_a_webhook_refuses_in_plain_text() -> None:
    """The status and the bare code."""
    stand_in = SlackStandIn()
    stand_in.archived.add("#old")
    stand_in.channels = {"#new"}
    http = served(stand_in)
    connector = slack(http, **stand_in.config())
    for channel, words in (("#old", "is archived"), ("#nope", "check the channel")):
        with pytest.raises(RejectedError, match=words):
            asyncio.run(connector.send_message(text="x", channel=channel))
    assert stand_in.messages == []


# --- contract -------------------------------------------------------------------


@pytest.mark.contracts
def test_every_request_of_a_bot_conforms_to_slacks_description(conformity: Any) -> None:
    """All four operations of the contract."""
    stand_in = SlackStandIn()
    http = served(stand_in)
    connector = slack(http, **stand_in.bot_config())
    asyncio.run(connector.check())
    asyncio.run(connector.notify_user("dev@example.com", MESSAGE))
    asyncio.run(connector.notify(MESSAGE))
    asyncio.run(connector.send_message(text="x", blocks=[{"type": "divider"}], unfurl_links=False))
    assert {call.operation for call in http.calls} == {
        "auth.test", "users.lookupByEmail", "conversations.open", "chat.postMessage",
    }  # fmt: skip
    for request in http.requests:
        conformity.check("slack", request, base_url="http://127.0.0.1:1/api")
