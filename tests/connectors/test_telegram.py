"""Telegram: markup, limits, waits, refusals, and a token that is seen nowhere.

Source: https://core.telegram.org/bots/api (there is no machine-readable description of Telegram's own).
"""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.telegram import TelegramConnector
from integrations_sdk.connectors.telegram.render import HTML, MARKDOWN_V2, MARKUPS, keyboard, rendered
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.models import Message
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.telegram import TelegramStandIn, _read_html, _read_markdown
from support.golden import compare
from support.messages import CASES, messages

TOKEN = "123456789:canary-in-the-token-0123456789"
BOT = {"bot_token": TOKEN, "chat_id": -100123}
POSTED = reply(200, {"ok": True, "result": {"message_id": 7, "chat": {"id": -100123}}})


def telegram(http: ScriptedHttp, **given: object) -> TelegramConnector:
    """A bot, and what else is given."""
    return connect(TelegramConnector, {**BOT, **given}, http)


def stood_in(**given: object) -> tuple[TelegramStandIn, TelegramConnector]:
    """A stand-in, and a connector that it answers."""
    stand_in = TelegramStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    stand_in.url = "http://127.0.0.1:1"
    return stand_in, connect(TelegramConnector, {**stand_in.config(), **given}, http)


# --- configuration ------------------------------------------------------------------------------------


@pytest.mark.parametrize("chat", [-1001234567890, "-1001234567890", "@deployments", 42])
def test_a_chat_is_a_number_or_a_name(chat: object) -> None:
    """As a number or as text."""
    assert telegram(ScriptedHttp(), chat_id=chat).config.chat_id == chat


def test_every_mistake_is_named_at_once() -> None:
    """And no token goes where somebody could read it."""
    with pytest.raises(ConfigurationError) as caught:
        telegram(
            ScriptedHttp(), bot_token="canary", chat_id="deployments", parse_mode="Markdown",
            api_url="http://api.telegram.org", mentions=[""], message_thread_id="x",
        )  # fmt: skip
    assert {problem.path for problem in caught.value.problems} == {
        "bot_token", "chat_id", "parse_mode", "api_url", "mentions[0]", "message_thread_id",
    }  # fmt: skip
    assert "canary" not in str(caught.value)


def test_the_environment_switches_it_on() -> None:
    """The chat's number arrives as text."""

    async def main() -> None:
        environ = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-100123"}
        async with await AsyncIntegrationManagementManager.from_env(environ) as manager:
            (made,) = await manager.telegram.list()
            assert made.config["chat_id"] == -100123

    asyncio.run(main())


# --- messages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MARKUPS)
@pytest.mark.parametrize("case", CASES)
def test_a_message_is_rendered_exactly_so(case: str, mode: str) -> None:
    """In both markups, as the golden files say."""
    mentions = ["@ada_l", "123456", "*x*"] if case == "full" else ()
    made = {"texts": rendered(CASES[case], MARKUPS[mode], mentions), "keyboard": keyboard(CASES[case])}
    compare("telegram", f"{case}.{mode}.json", made)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages(), st.sampled_from(list(MARKUPS)))
def test_whatever_a_message_holds_telegram_takes_it(message: Message, mode: str) -> None:
    """Its markup is well-formed, within the limit, never empty, and calls nobody but `mentions`."""
    stand_in, connector = stood_in(parse_mode=mode)
    assert asyncio.run(connector.notify(message)).reference == "1"
    assert stand_in.messages


@given(st.text(st.characters(codec="utf-8"), max_size=100))
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    """By a reader that refuses what Telegram refuses."""
    assert _read_html(HTML.escape(text)) == text.replace("\r\n", "\n").replace("\r", "\r")
    assert _read_markdown(MARKDOWN_V2.escape(text)) == text
    assert (
        _read_markdown(MARKDOWN_V2.bold(MARKDOWN_V2.link(MARKDOWN_V2.escape(text), "https://e.x/)\\")))
        == text
    )


def test_a_notification_goes_to_the_chat_and_topic() -> None:
    """Without a preview of its links; actions are buttons."""
    http = ScriptedHttp([POSTED])
    connector = telegram(http, message_thread_id=5, disable_notification=True)
    outcome = asyncio.run(connector.notify(CASES["full"]))
    assert (outcome.operation, outcome.reference, outcome.data) == ("sendMessage", "7", {"chat_id": -100123})
    assert http.requests[0].url == f"https://api.telegram.org/bot{TOKEN}/sendMessage"
    body: Any = http.sent()
    assert {name: body[name] for name in body if name != "text"} == {
        "chat_id": -100123,
        "message_thread_id": 5,
        "disable_notification": True,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": [[{"text": "Approve", "url": "https://gitlab.example/approve"}]]},
    }
    assert http.calls[0].account == "telegram-1:-100123"


def test_files_follow_the_message() -> None:
    """Each as a message of its own, in the same topic."""
    stand_in, connector = stood_in(message_thread_id=5)
    outcome = asyncio.run(connector.notify(CASES["files"]))
    assert outcome.detail == "in 3 messages"
    assert [message.get("document") for message in stand_in.messages] == [None, "report.csv", "ä %22x%22.txt"]
    assert {message["message_thread_id"] for message in stand_in.messages[1:]} == {"5"}


def test_a_message_in_telegrams_own_fields() -> None:
    """Those of the message go before the configured ones; the topic of another chat is another."""
    http = ScriptedHttp([POSTED])
    connector = telegram(http, message_thread_id=5)
    asyncio.run(
        connector.send_message(
            {"text": "<b>x</b>"},
            parse_mode="HTML",
            chat_id="@other",
            reply_to_message_id=3,
            link_preview=True,
            protect_content=True,
            reply_markup={"remove_keyboard": True},
        )
    )
    assert http.sent() == {
        "chat_id": "@other", "text": "<b>x</b>", "parse_mode": "HTML", "protect_content": True,
        "reply_markup": {"remove_keyboard": True}, "reply_parameters": {"message_id": 3},
        "link_preview_options": {"is_disabled": False},
    }  # fmt: skip


def test_a_long_plain_text_goes_on_and_long_markup_is_refused() -> None:
    """A part of markup would be none."""
    stand_in, connector = stood_in()
    outcome = asyncio.run(connector.send_message(text="😀 word\n" * 1_500))
    assert "".join(str(message["text"]) for message in stand_in.messages) == "😀 word\n" * 1_500
    assert outcome.detail == "in 3 messages"
    with pytest.raises(ConfigurationError, match="at most 4096"):
        asyncio.run(connector.send_message(text="<b>" + "x" * 5_000 + "</b>", parse_mode="HTML"))


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        ({}, {"text"}),
        ({"text": "x", "txt": "y", "parse_mode": "html", "chat_id": "x y"}, {"txt", "parse_mode", "chat_id"}),
    ],
)
def test_a_malformed_message_is_not_sent(message: dict[str, object], paths: set[str]) -> None:
    """Every wrong field is named, and nothing leaves."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(telegram(http).send_message(message))
    assert {problem.path for problem in caught.value.problems} == paths
    assert http.requests == []


# --- refusals and limits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words", "kind", "says"),
    [
        (400, "Bad Request: chat not found", RejectedError, "chat not found"),
        (400, "Bad Request: can't parse entities", RejectedError, "parse entities"),
        (401, "Unauthorized", AuthenticationError, "Unauthorized"),
        (403, "Forbidden: bot was blocked by the user", PermissionDeniedError, "blocked"),
        (404, "Not Found", AuthenticationError, "check the token"),
        (502, "Bad Gateway", ProviderUnavailableError, "Bad Gateway"),
    ],
)
def test_refusals_become_the_error_that_fits(
    status: int, words: str, kind: type[ConnectorError], says: str
) -> None:
    """In Telegram's words, with its code."""
    answer = reply(status, {"ok": False, "error_code": status, "description": words})
    with pytest.raises(kind, match=says) as caught:
        asyncio.run(telegram(ScriptedHttp([answer])).notify(Message(text="x")))
    assert caught.value.code == str(status)


def test_a_group_that_became_a_supergroup_says_its_new_number() -> None:
    """The error says what to configure."""
    stand_in, connector = stood_in()
    stand_in.moved_to = -100999
    with pytest.raises(RejectedError, match="configure `chat_id` -100999"):
        asyncio.run(connector.notify(Message(text="x")))


def test_a_rate_limit_is_waited_for_as_the_body_says() -> None:
    """Over the wire; no header says it."""

    async def main() -> None:
        with Sandbox() as sandbox:
            sandbox.telegram.fail(status=429)
            clock = FakeClock()
            http = HttpClient(HttpxTransport(), clock)
            connector = connect(TelegramConnector, sandbox.telegram.config(), http, clock=clock)
            outcome = await connector.notify(Message(text="x"))
            assert (outcome.attempts, clock.monotonic()) == (2, 3)
            await http.close()

    asyncio.run(main())


def test_a_rate_limit_beyond_the_deadline_is_an_error() -> None:
    """With the wait that Telegram asked for."""
    answer = reply(
        429, {"ok": False, "error_code": 429, "description": "x", "parameters": {"retry_after": 300}}
    )
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(telegram(ScriptedHttp([answer])).notify(Message(text="x")))
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 300


@pytest.mark.parametrize(("chat", "calls"), [(-100123, 20), ("@deployments", 20), (42, 5)])
def test_the_documented_limit_of_a_chat_is_kept(chat: object, calls: int) -> None:
    """20 a minute in groups and channels, one a second to a person, in short bursts."""
    http = ScriptedHttp([POSTED])
    asyncio.run(telegram(http, chat_id=chat).notify(Message(text="x")))
    assert http.calls[0].rate is not None
    assert http.calls[0].rate.calls == calls


def test_the_check_asks_for_bot_and_chat_and_posts_nothing() -> None:
    """By GET."""
    stand_in, connector = stood_in()
    assert asyncio.run(connector.check()).detail == "@deploy_bot in Deployments"
    assert {request.method for request in stand_in.received} == {"GET"}
    with pytest.raises(RejectedError, match="chat not found"):
        asyncio.run(stood_in(chat_id=5)[1].check())
    with pytest.raises(AuthenticationError, match="check the token"):
        asyncio.run(stood_in(bot_token=TOKEN)[1].check())


def test_the_token_is_seen_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """It stands in the path of every URL, and a server may repeat it; no log, error or outcome shows it."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    async def main() -> None:
        with Sandbox() as sandbox:
            http = HttpClient(HttpxTransport(), FakeClock())
            config = {**BOT, "api_url": sandbox.telegram.url}
            connector = connect(TelegramConnector, config, http)
            echo = json.dumps(
                {"ok": False, "error_code": 400, "description": f"no /bot{TOKEN}/sendMessage"}
            ).encode()
            for fault in ({"status": 400, "body": echo}, {"reset": True}, {"body": echo}, {}):
                sandbox.telegram.fail(**fault) if fault else None
                try:
                    shown.append(repr(await connector.notify(Message(text="x"))))
                except ConnectorError as error:
                    shown.append("".join(traceback.format_exception(error)) + repr(vars(error)))
            await http.close()

    asyncio.run(main())
    assert len(shown) == 4
    assert "canary" not in "".join(shown) + caplog.text
