"""Discord: requests, refusals, limits, and what reaches which channel.

Source: https://docs.discord.com/developers/resources/webhook#execute-webhook.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.discord import DiscordConnector
from integrations_sdk.connectors.discord.render import called, rendered
from integrations_sdk.connectors.discord.routing import channel_for, is_critical
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.models import Attachment, Event, Level, Message, Secret
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.discord import DiscordStandIn
from support.golden import compare
from support.messages import CASES, messages

HOOK = "https://discord.com/api/webhooks/123456789012345678/canary-in-the-webhook"
USER, ROLE = "123456789012345678", "876543210987654321"
POSTED = reply(200, {"id": "200000000000000000", "channel_id": "300000000000000001"})


def discord(http: ScriptedHttp, **given: object) -> DiscordConnector:
    """A connector with one webhook, and what else is given."""
    return connect(DiscordConnector, {"webhook_url": HOOK, **given}, http)


def stood_in(**given: object) -> tuple[DiscordStandIn, DiscordConnector]:
    """A stand-in with both of its channels, and a connector that it answers."""
    stand_in = DiscordStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    stand_in.url = "http://127.0.0.1:1"
    return stand_in, connect(DiscordConnector, {**stand_in.forum_config(), **given}, http)


def event(**fields: Any) -> Event:
    """Something that happened."""
    given = {
        "id": "e1",
        "type": "configuration.changed",
        "source": "x",
        "time": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Event(**{**given, **fields})


# --- configuration ------------------------------------------------------------------------------------


def test_the_documented_configuration_loads_unchanged() -> None:
    """Every field of the enterprise document, under its own name."""
    config = discord(
        ScriptedHttp(),
        webhook_url="https://discord.com/api/webhooks/...",
        username="APG Config Bot",
        avatar_url="https://example.com/bot-avatar.png",
        mention_users=["@admin", "@devops"],
        critical_patterns=["*.database.*", "*.security.*"],
        channels={
            "database": "https://discord.com/api/webhooks/.../db-channel",
            "security": "https://discord.com/api/webhooks/.../security-channel",
        },
    ).config
    assert config.channels["database"] == Secret("https://discord.com/api/webhooks/.../db-channel")
    assert config.critical_patterns == ("*.database.*", "*.security.*")


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/api/webhooks/123456789/abcdef...",
        "https://discordapp.com/api/v10/webhooks/1/x",
        "https://canary.discord.com/api/webhooks/1/x",
        "http://127.0.0.1:8080/api/webhooks/1/x",
        "env:DISCORD_WEBHOOK_URL",
    ],
)
def test_discords_webhooks_are_accepted(url: str) -> None:
    """All of its hosts, a stand-in on this machine, and references."""
    assert discord(ScriptedHttp(), webhook_url=url).config.webhook_url == Secret(url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.com/api/webhooks/1/x", "Discord webhook"),
        ("http://discord.com/api/webhooks/1/x", "Discord webhook"),
        ("https://discord.com.example.com/api/webhooks/1/x", "Discord webhook"),
        ("https://discord.com/channels/1/2", "Discord webhook"),
        ("https://discord.com/api/webhooks/1/x?wait=true", "Discord webhook"),
        ("https://discord.com/api/webhooks/1/x/slack", "without /slack"),
        ("https://user@discord.com/api/webhooks/1/x", "Discord webhook"),
        ("https://discord.com:8443/api/webhooks/1/x", "Discord webhook"),
    ],
)
def test_what_is_no_webhook_of_discord_is_refused(url: str, says: str) -> None:
    """A message would go to somebody else, or be read in another format; the value is not quoted."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        discord(ScriptedHttp(), webhook_url=url)
    assert "/1/x" not in str(caught.value)


def test_every_mistake_is_named_at_once() -> None:
    """Those in a mapping by their key."""
    with pytest.raises(ConfigurationError) as caught:
        discord(
            ScriptedHttp(),
            username="Discord Bot",
            avatar_url="x.png",
            channels={"ops": "https://example.com/x"},
            thread_id="1",
            mention_users=[""],
            chanels={},
        )
    assert {problem.path for problem in caught.value.problems} == {
        "username", "avatar_url", "channels.ops", "thread_id", "mention_users[0]", "chanels",
    }  # fmt: skip


def test_the_environment_switches_it_on() -> None:
    """By either name; the URL stays a reference."""

    async def main() -> None:
        async with await AsyncIntegrationManagementManager.from_env({"DISCORD_WEBHOOK_URL": HOOK}) as manager:
            (made,) = await manager.discord.list()
            kept = await manager.runtime.secrets.get(f"default:{made.integration_id}")
            assert kept == {"webhook_url": Secret("env:DISCORD_WEBHOOK_URL")}

    asyncio.run(main())


# --- messages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_rendered_exactly_so(case: str) -> None:
    """As the golden file says, which people have looked at."""
    compare("discord", f"{case}.json", rendered(CASES[case], [USER, "@here"] if case == "full" else ()))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages())
def test_whatever_a_message_holds_discord_takes_it(message: Message) -> None:
    """Within every limit, never empty, and calling nobody who is not named in `mentions`."""
    stand_in, connector = stood_in()
    outcome = asyncio.run(connector.notify(message))
    assert outcome.reference == stand_in.messages[0]["id"]
    named = called(message.mentions)[1]
    for index, posted in enumerate(stand_in.messages):
        assert posted["allowed_mentions"] in ([named, {"parse": []}] if index == 0 else [{"parse": []}])


def test_every_request_waits_for_the_message_at_the_current_version() -> None:
    """`wait=true` brings the id; the URL that Discord shows leaves the version out, which would be an old one."""
    http = ScriptedHttp([POSTED])
    outcome = asyncio.run(
        discord(http, username="Bot", avatar_url="https://e.x/i.png").notify(Message(text="hi"))
    )
    assert http.requests[0].url == (
        "https://discord.com/api/v10/webhooks/123456789012345678/canary-in-the-webhook?wait=true"
    )
    assert (outcome.reference, outcome.data) == (
        "200000000000000000",
        {"id": "200000000000000000", "channel_id": "300000000000000001"},
    )
    assert http.sent() == {
        "embeds": [{"description": "hi", "color": 0x1F75CB}],
        "allowed_mentions": {"parse": []},
        "username": "Bot",
        "avatar_url": "https://e.x/i.png",
    }


@pytest.mark.parametrize(
    ("mentions", "text", "allowed"),
    [
        ([], "", {"parse": [], "users": [], "roles": []}),
        ([USER, f"&{ROLE}"], f"<@{USER}> <@&{ROLE}>", {"parse": [], "users": [USER], "roles": [ROLE]}),
        (
            [f"<@!{USER}>", f"<@&{ROLE}>"],
            f"<@{USER}> <@&{ROLE}>",
            {"parse": [], "users": [USER], "roles": [ROLE]},
        ),
        (["@here", "everyone"], "@here @everyone", {"parse": ["everyone"], "users": [], "roles": []}),
        (["@admin", "*x*"], r"@admin \*x\*", {"parse": [], "users": [], "roles": []}),
        ([USER, USER], f"<@{USER}>", {"parse": [], "users": [USER], "roles": []}),
    ],
)
def test_who_is_called(mentions: list[str], text: str, allowed: Mapping[str, object]) -> None:
    """Ids, and the two words for everybody; a name that Discord does not know is text."""
    assert called(mentions) == (text, allowed)


def test_files_go_with_the_message() -> None:
    """As a form, whose payload has the same limits; more than ten are named instead."""
    stand_in, connector = stood_in()
    asyncio.run(connector.notify(CASES["files"]))
    many = Message(text="many", attachments=tuple(Attachment.of(f"{n}.txt", b"x") for n in range(11)))
    asyncio.run(connector.notify(many))
    first, second = stand_in.messages
    assert first["files"] == ["report.csv", "ä %22x%22.txt"]
    assert (second["files"], "10.txt" in json.dumps(second["embeds"])) == ([], True)


def test_a_message_in_discords_own_fields() -> None:
    """Text that is too long goes on in further messages; only `mentions` call."""
    stand_in, connector = stood_in(username="Bot")
    outcome = asyncio.run(
        connector.send_message(
            {"content": "**word** " * 500}, embeds=[{"title": "t"}], mentions=[USER], username="Other"
        )
    )
    first, *others = stand_in.messages
    assert outcome.detail == "in 3 messages"
    assert (first["username"], first["embeds"]) == ("Other", [{"title": "t"}])
    assert first["allowed_mentions"] == {"parse": [], "users": [USER], "roles": []}
    said = "".join(str(message["content"]) for message in stand_in.messages)
    assert said == f"<@{USER}> " + ("**word** " * 500).strip()
    assert [(message["username"], "embeds" in message) for message in others] == [("Other", False)] * 2


def test_a_long_message_in_a_forum_goes_on_in_the_thread_that_it_began() -> None:
    """Not in one thread for each part."""
    stand_in, connector = stood_in()
    asyncio.run(connector.send_message(content="x" * 4_500, channel="forum", thread_name="News"))
    first, *others = stand_in.messages
    assert first["thread_name"] == "News"
    assert [message["channel_id"] for message in others] == [first["channel_id"]] * 2
    assert not any("thread_name" in message for message in others)


def test_a_thread_is_posted_to() -> None:
    """The message's, or else the configured one."""
    stand_in, connector = stood_in(thread_id="400000000000000001")
    asyncio.run(connector.notify(Message(text="a")))
    asyncio.run(connector.send_message(content="b", thread_id="400000000000000002"))
    assert [message["channel_id"] for message in stand_in.messages] == [
        "400000000000000001",
        "400000000000000002",
    ]


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        ({}, {"content"}),
        ({"contnt": "x"}, {"contnt", "content"}),
        ({"content": "x", "thread_id": "4" * 18, "thread_name": "n"}, {"thread_name"}),
        ({"embeds": [{}] * 11}, {"embeds"}),
        ({"content": "x", "channel": "nowhere"}, {"channel"}),
        (
            {"content": "x", "thread_name": "x" * 101, "applied_tags": ["x"]},
            {"thread_name", "applied_tags[0]"},
        ),
    ],
)
def test_a_malformed_message_is_not_sent(message: dict[str, object], paths: set[str]) -> None:
    """Every wrong field is named, and nothing leaves."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(discord(http).send_message(message))
    assert {problem.path for problem in caught.value.problems} == paths
    assert http.requests == []


# --- events -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "channel"),
    [
        ("app.database.host", "database"),
        ("group/database#7", "database"),
        ("app.databases.host", None),
        ("app.security.token", "*.security.*"),
        ("", None),
    ],
)
def test_where_an_event_goes(subject: str, channel: str | None) -> None:
    """To the channel named like a part of its subject, or by a pattern."""
    assert channel_for(subject, ["database", "*.security.*"]) == channel


@pytest.mark.parametrize(
    ("subject", "level", "critical"),
    [
        ("app.database.host", Level.INFO, True),
        ("app.cache.size", Level.INFO, False),
        ("app.cache.size", Level.WARNING, False),
        ("", Level.ERROR, True),
    ],
)
def test_what_is_critical(subject: str, level: Level, critical: bool) -> None:
    """An error, or what a pattern fits."""
    assert is_critical(subject, level, ["*.database.*"]) is critical


def test_an_event_reaches_its_channel_and_calls_whom_it_must() -> None:
    """A critical one those of `mention_users`, any other nobody."""
    http = ScriptedHttp([POSTED])
    routed = discord(
        http, mention_users=[USER], critical_patterns=["*.database.*"], channels={"database": f"{HOOK}-db"}
    )
    asyncio.run(routed.handle_event(event(subject="app.database.host", title="host changed")))
    asyncio.run(routed.handle_event(event(subject="app.cache.size")))
    assert ["-db" in request.url for request in http.requests] == [True, False]
    first, second = (json.loads(request.content) for request in http.requests)
    assert (first["content"], first["allowed_mentions"]["users"]) == (f"<@{USER}>", [USER])
    assert "content" not in second
    assert [call.account for call in http.calls] == ["discord-1:database", "discord-1:"]


# --- refusals and limits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (404, {"message": "Unknown Webhook", "code": 10015}, AuthenticationError, "make a new webhook"),
        (401, {"message": "Invalid Webhook Token", "code": 50027}, AuthenticationError, "token is wrong"),
        (400, {"message": "x", "code": 220001}, RejectedError, "thread_name"),
        (400, {"message": "Cannot send an empty message", "code": 50006}, RejectedError, "empty message"),
        (
            400,
            {"message": "Invalid Form Body", "code": 50035, "errors": {"embeds": {"0": {"title": {"_errors": [
                {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}]}}}}},
            RejectedError,
            r"embeds\.0\.title: Must be 256",
        ),
        (500, {"message": "500: Internal Server Error", "code": 0}, ProviderUnavailableError, "Internal"),
        (502, b"<html>", ProviderUnavailableError, "server error|<html>"),
        (405, {"message": "x", "code": 0}, RejectedError, "x"),
    ],
)  # fmt: skip
def test_refusals_become_the_error_that_fits(
    status: int, body: object, kind: type[ConnectorError], says: str
) -> None:
    """With Discord's code, and without the URL."""
    with pytest.raises(kind, match=says) as caught:
        asyncio.run(discord(ScriptedHttp([reply(status, body)])).notify(Message(text="x")))
    code = body.get("code") if isinstance(body, dict) else None
    assert caught.value.code == (str(code) if code else None)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_rate_limit_is_waited_for_as_its_body_says(everywhere: bool) -> None:
    """To the millisecond; a global one holds for every webhook, any other for its own."""
    limited = reply(
        429,
        {"message": "slow", "retry_after": 2.5, "global": everywhere},
        retry_after="3",
        x_ratelimit_scope="user",
    )
    script = ScriptedHttp([limited, POSTED, POSTED])

    class Scripted:
        """A transport over the script."""

        async def send(self, request: Any) -> Any:
            return await script.send(request, None)

        async def close(self) -> None:
            """Nothing to do."""

    async def main() -> None:
        clock = FakeClock()
        http = HttpClient(Scripted(), clock, random=lambda: 0.0)
        connector = connect(
            DiscordConnector, {"webhook_url": HOOK, "channels": {"a": f"{HOOK}a"}}, http, clock=clock
        )
        first = asyncio.ensure_future(connector.notify(Message(text="x")))
        outcome = await first
        assert (outcome.attempts, clock.monotonic()) == (2, 2.5)
        blocked = [account.blocked_until for account in http._limiter._accounts.values()]
        assert blocked == [2.5]
        assert http._limiter._blocked == ({"discord": 2.5} if everywhere else {})

    asyncio.run(main())


def test_a_used_up_bucket_is_waited_for_before_the_next_message() -> None:
    """Over the wire: Discord says with the last allowed answer when there is room again."""

    async def main() -> None:
        with Sandbox() as sandbox:
            sandbox.discord.remaining = 2
            clock = FakeClock()
            http = HttpClient(HttpxTransport(), clock)
            connector = connect(DiscordConnector, sandbox.discord.config(), http, clock=clock)
            for _ in range(2):
                await connector.notify(Message(text="x"))
            assert clock.monotonic() == 0
            sandbox.discord.remaining = 5
            await connector.notify(Message(text="x"))
            assert clock.monotonic() == 1.5
            assert sandbox.discord.refused == []
            await http.close()

    asyncio.run(main())


def test_a_rate_limit_beyond_the_deadline_is_an_error() -> None:
    """Which says how long Discord asked to wait."""
    limited = reply(429, {"message": "You are being rate limited.", "retry_after": 600.5, "global": True})
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(discord(ScriptedHttp([limited])).notify(Message(text="x")))
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 600.5


def test_the_check_asks_for_every_webhook_and_posts_nothing() -> None:
    """By GET; one that is gone is named by its error."""
    stand_in, connector = stood_in()
    assert asyncio.run(connector.check()).detail == "webhooks: Stand-in, Stand-in"
    assert {request.method for request in stand_in.received} == {"GET"}
    assert stand_in.messages == []
    gone = {"webhook_url": stand_in.hook("100000000000000009")}
    with pytest.raises(AuthenticationError, match="the webhook is gone"):
        asyncio.run(connect(DiscordConnector, gone, ScriptedHttp([answered_by(stand_in)])).check())


@pytest.mark.contracts
def test_every_request_conforms_to_discords_description(conformity: Any) -> None:
    """The official description of both operations."""
    http = ScriptedHttp([POSTED])
    connector = discord(
        http, username="Bot", avatar_url="https://e.x/i.png", mention_users=[USER, f"&{ROLE}"]
    )
    for message in CASES.values():
        asyncio.run(connector.notify(message))
    asyncio.run(connector.send_message(content="x", thread_name="News", applied_tags=["5" * 18]))
    asyncio.run(connector.send_message(embeds=[{"title": "t"}], thread_id="4" * 18))
    asyncio.run(connector.check())
    for request in http.requests:
        conformity.check("discord", request, base_url="https://discord.com/api/v10")


@given(st.dictionaries(st.text(max_size=10), st.none(), max_size=3), st.sampled_from([400, 429, 500]))
def test_no_answer_breaks_the_reading_of_it(body: dict[str, None], status: int) -> None:
    """Whatever a proxy puts in Discord's place is an error of ours."""
    with pytest.raises(ConnectorError):
        asyncio.run(discord(ScriptedHttp([reply(status, body)])).notify(Message(text="x")))
