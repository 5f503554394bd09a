"""Mattermost: webhook and bot, threads and files, refusals, limits.

Sources: https://docs.mattermost.com/developers/integrate/webhooks/incoming,
https://developers.mattermost.com/api-documentation/#/operations/CreatePost and …/UploadFile.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk.connectors.mattermost import MattermostConnector
from integrations_sdk.connectors.mattermost.render import called, rendered
from integrations_sdk.connectors.text import uncalled
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.models import Attachment, Message
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.mattermost import MattermostStandIn
from support.golden import compare
from support.messages import CASES, messages

HOOK = "https://chat.example.com/sub/hooks/canary-in-the-webhook"
BOT = {"url": "https://chat.example.com/", "bot_token": "canary-in-the-token", "channel_id": "c" * 26}
POST_ID = "p" * 26
POSTED = reply(201, {"id": POST_ID, "channel_id": "c" * 26})


def mattermost(http: ScriptedHttp, **given: object) -> MattermostConnector:
    """A connector; the webhook unless something else is given."""
    return connect(MattermostConnector, given or {"webhook_url": HOOK}, http)


def stood_in(*, bot: bool, **given: object) -> tuple[MattermostStandIn, MattermostConnector]:
    """A stand-in, and a connector that it answers."""
    stand_in = MattermostStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    return stand_in, mattermost(http, **{**(stand_in.bot_config() if bot else stand_in.config()), **given})


@pytest.mark.parametrize(
    "given",
    [
        {"webhook_url": HOOK},
        {"webhook": "env:MATTERMOST_WEBHOOK_URL"},
        BOT,
        {
            **BOT,
            "webhook_url": HOOK,
            "mention_groups": ["@devops"],
            "username": "Bot",
            "icon_url": "https://e.x/i",
        },
    ],
)
def test_a_webhook_or_a_bot_is_enough(given: dict[str, object]) -> None:
    """Or both."""
    assert mattermost(ScriptedHttp(), **given)


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"username": "Bot"}, {"webhook_url"}),
        ({"url": "https://chat.example.com"}, {"bot_token", "channel_id"}),
        ({"webhook_url": HOOK, "bot_token": "x"}, {"url", "channel_id"}),
        ({"webhook_url": "https://chat.example.com/x"}, {"webhook_url"}),
        ({"webhook_url": f"{HOOK}?a=b"}, {"webhook_url"}),
        ({**BOT, "channel_id": "town-square", "url": "chat"}, {"channel_id", "url"}),
        ({"webhook_url": HOOK, "mentions": [""], "icon_url": "x"}, {"mentions[0]", "icon_url"}),
    ],
)
def test_every_mistake_is_named_at_once(given: dict[str, object], paths: set[str]) -> None:
    """What is missing of a bot, and what is no webhook."""
    with pytest.raises(ConfigurationError) as caught:
        mattermost(ScriptedHttp(), **given)
    assert {problem.path for problem in caught.value.problems} == paths


# --- messages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_rendered_exactly_so(case: str) -> None:
    """As the golden file says."""
    compare(
        "mattermost", f"{case}.json", rendered(CASES[case], ["@here", "devops"] if case == "full" else ())
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages(), st.booleans())
def test_whatever_a_message_holds_mattermost_takes_it(message: Message, bot: bool) -> None:
    """Within every limit, never empty; nothing but `mentions` calls anybody."""
    stand_in, connector = stood_in(bot=bot)
    assert asyncio.run(connector.notify(message))
    assert stand_in.posts
    assert not uncalled_at(json.dumps([rendered(message)[0].get("attachments")], ensure_ascii=False))


def uncalled_at(text: str) -> list[str]:
    """Names in the text that would call somebody."""
    return re.findall(r"(?<![A-Za-z0-9])@\w+", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@all _@channel .@here", "@\u200ball _@\u200bchannel .@\u200bhere"),
        ("a@example.com @ @", "a@example.com @ @"),
    ],
)
def test_a_text_calls_nobody(text: str, shown: str) -> None:
    """Whatever stands before the name; addresses of e-mail stay."""
    assert uncalled(text) == shown


def test_mentions_call_by_name() -> None:
    """What can be no name is text."""
    assert called(["@here", "ada.l", "@Ada L", "*x*", "@here"]) == "@here @ada.l @\u200bAda L \\*x\\*"


def test_a_webhook_posts_under_what_is_configured() -> None:
    """Without a token, to the channel by name."""
    http = ScriptedHttp([reply(200, "ok", x_request_id="req-9")])
    connector = mattermost(
        http, webhook_url=f"{HOOK}/", channel="ops", username="Bot", icon_url="https://e.x/i.png"
    )
    outcome = asyncio.run(connector.send_message(text="**hi**", priority="urgent", props={"card": "x"}))
    assert (outcome.operation, outcome.reference, outcome.request_id) == ("hooks.post", None, "req-9")
    assert http.requests[0].url == HOOK
    assert "authorization" not in http.requests[0].headers
    assert http.sent() == {
        "text": "**hi**", "priority": {"priority": "urgent"}, "props": {"card": "x"},
        "channel": "ops", "username": "Bot", "icon_url": "https://e.x/i.png",
    }  # fmt: skip


def test_a_bot_posts_and_answers() -> None:
    """With its token; attachments are a property of the post, and the priority metadata."""
    http = ScriptedHttp([POSTED])
    outcome = asyncio.run(
        mattermost(http, **BOT).send_message(
            text="hi",
            attachments=[{"text": "a"}],
            root_id="r" * 26,
            priority="important",
            props={"card": "x"},
        )
    )
    assert (outcome.reference, outcome.data) == (POST_ID, {"id": POST_ID, "channel_id": "c" * 26})
    assert http.requests[0].headers["authorization"] == "Bearer canary-in-the-token"
    assert http.sent() == {
        "channel_id": "c" * 26, "message": "hi", "root_id": "r" * 26,
        "props": {"card": "x", "attachments": [{"text": "a"}]},
        "metadata": {"priority": {"priority": "important"}},
    }  # fmt: skip


@pytest.mark.parametrize("bot", [True, False])
def test_a_long_text_goes_on(bot: bool) -> None:
    """In the thread of the first post with a bot; nothing of it is lost."""
    stand_in, connector = stood_in(bot=bot)
    outcome = asyncio.run(connector.send_message(text="word\n" * 7_000))
    name = "message" if bot else "text"
    assert "".join(str(post[name]) for post in stand_in.posts) == "word\n" * 7_000
    assert outcome.detail == "in 3 posts"
    roots = [post.get("root_id") for post in stand_in.posts]
    assert roots == ([None, outcome.reference, outcome.reference] if bot else [None] * 3)


def test_files_go_with_a_bots_post_and_are_named_by_a_webhook() -> None:
    """They are sent ahead; of more than five all are named."""
    stand_in, connector = stood_in(bot=True)
    asyncio.run(connector.notify(CASES["files"]))
    assert list(stand_in.files.values()) == ["report.csv", "ä %22x%22.txt"]
    assert stand_in.posts[0]["file_ids"] == list(stand_in.files)
    many = Message(text="x", attachments=tuple(Attachment.of(f"{n}.txt", b"x") for n in range(6)))
    asyncio.run(connector.notify(many))
    assert "5.txt" in json.dumps(stand_in.posts[-1])
    stand_in, connector = stood_in(bot=False)
    asyncio.run(connector.notify(CASES["files"]))
    assert "Not attached here: report.csv" in json.dumps(stand_in.posts)


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        ({}, {"text"}),
        ({"txt": "x"}, {"txt", "text"}),
        ({"text": "x", "priority": "high", "root_id": "1"}, {"priority", "root_id"}),
        ({"text": "x", "root_id": "r" * 26}, {"root_id"}),
        ({"text": "x", "channel_id": "r" * 26}, {"root_id"}),
    ],
)
def test_a_malformed_message_is_not_sent(message: dict[str, object], paths: set[str]) -> None:
    """Every wrong field is named, and that a webhook knows no threads."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(mattermost(http).send_message(message))
    assert {problem.path for problem in caught.value.problems} == paths
    assert http.requests == []


# --- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "api.context.session_expired.app_error", AuthenticationError),
        (403, "api.context.permissions.app_error", PermissionDeniedError),
        (404, "web.incoming_webhook.invalid.app_error", RejectedError),
        (400, "web.incoming_webhook.split_props_length.app_error", RejectedError),
        (500, "app.post.save.app_error", ProviderUnavailableError),
        (501, "web.incoming_webhook.disabled.app_error", ProviderUnavailableError),
    ],
)
def test_refusals_become_the_error_that_fits(status: int, code: str, kind: type[ConnectorError]) -> None:
    """With Mattermost's words, its id of the error, and that of the request."""
    body = {"id": code, "message": "Words of Mattermost.", "status_code": status}
    with pytest.raises(kind, match="Words of Mattermost") as caught:
        asyncio.run(
            mattermost(ScriptedHttp([reply(status, body, x_request_id="r-1")])).notify(Message(text="x"))
        )
    assert (caught.value.code, caught.value.request_id) == (code, "r-1")
    assert "canary" not in str(caught.value)


def test_a_rate_limit_says_how_long_to_wait() -> None:
    """By the headers that the server sends: `X-RateLimit-*` (seconds) and `Retry-After`."""
    limited = reply(
        429, "limit exceeded", x_ratelimit_limit="10", x_ratelimit_remaining="0", x_ratelimit_reset="7"
    )
    with pytest.raises(RateLimitedError, match="limit exceeded") as caught:
        asyncio.run(mattermost(ScriptedHttp([limited])).notify(Message(text="x")))
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7


def test_the_check_posts_nothing() -> None:
    """A bot is asked who it is and for its channel; of a webhook the server alone is reached, which is said."""
    stand_in, connector = stood_in(bot=True)
    assert asyncio.run(connector.check()).detail == "deploybot in Town Square"
    with pytest.raises(AuthenticationError):
        asyncio.run(stood_in(bot=True, bot_token="wrong")[1].check())
    with pytest.raises(RejectedError, match="existing channel"):
        asyncio.run(stood_in(bot=True, channel_id="d" * 26)[1].check())
    hooked, connector = stood_in(bot=False)
    found = asyncio.run(connector.check())
    assert (found.detail, len(found.warnings)) == ("the server is OK", 1)
    assert stand_in.posts == hooked.posts == []


def test_a_server_below_a_path_is_reached_there() -> None:
    """The API stands beside `/hooks/`."""
    http = ScriptedHttp([reply(200, {"status": "OK"})])
    asyncio.run(mattermost(http).check())
    assert http.requests[0].url == "https://chat.example.com/sub/api/v4/system/ping"


@pytest.mark.contracts
def test_every_request_of_a_bot_conforms_to_mattermosts_description(conformity: Any) -> None:
    """Posts, ping, user and channel; of uploads and webhooks there is no description."""
    http = ScriptedHttp([POSTED])
    connector = mattermost(http, **BOT, mentions=["@here"])
    for message in CASES.values():
        if not message.attachments:
            asyncio.run(connector.notify(message))
    asyncio.run(connector.send_message(text="x", root_id="r" * 26, priority="urgent", props={"a": 1}))
    asyncio.run(connector.check())
    for request in http.requests:
        conformity.check("mattermost", request, base_url="https://chat.example.com")
