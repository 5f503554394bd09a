"""The best-known client of Telegram: https://pypi.org/project/python-telegram-bot."""

from __future__ import annotations

import asyncio
from typing import Any

from integrations_sdk.models import Attachment, Message
from support.clients import Versus, against
from support.recording import Difference, Extra

versus = against("telegram", "python-telegram-bot", "telegram")

ASKS_WHO_IT_IS = Extra("theirs", "POST /bot*/getMe", "the client asks who its bot is before it begins")


def with_bot(stand_in: Any, work: Any) -> Any:
    from telegram import Bot

    async def run() -> Any:
        async with Bot(stand_in.bot_token, base_url=f"{stand_in.url}/bot") as bot:
            return await work(bot)

    return asyncio.run(run())


def test_a_message(versus: Versus) -> None:
    """`sendMessage` with chat, text and mode."""
    versus(
        "send_message",
        ASKS_WHO_IT_IS,
        Difference("type", "the client sends a form, ours JSON; Telegram takes both"),
        Difference("body.chat_id", "in a form a number is text"),
        Difference("body.link_preview_options", "in a form it is JSON within text"),
        ours=lambda it: it.send_message(text="<b>Deployed</b>", parse_mode="HTML"),
        theirs=lambda it: with_bot(
            it,
            lambda bot: bot.send_message(
                it.chat_id, "<b>Deployed</b>", parse_mode="HTML", disable_web_page_preview=True
            ),
        ),
    )


def test_a_file(versus: Versus) -> None:
    """`sendDocument`, a form with the file's name and content."""
    content = b"a;b\r\n1;2\r\n"
    versus(
        "notify",
        ASKS_WHO_IT_IS,
        Extra("ours", "POST /bot*/sendMessage", "the text goes before its files"),
        ours=lambda it: it.notify(Message(text="x", attachments=(Attachment.of("report.csv", content),))),
        theirs=lambda it: with_bot(
            it, lambda bot: bot.send_document(it.chat_id, content, filename="report.csv")
        ),
    )


def test_who_the_bot_is(versus: Versus) -> None:
    """`getMe` and `getChat`."""

    versus(
        "check",
        Difference("method", "the client posts what ours gets; Telegram takes both"),
        Difference("query.chat_id", "where ours is in the query"),
        Difference("body.chat_id", "the client's is in a form"),
        Difference("type", "as above"),
        ours=lambda it: it.check(),
        theirs=lambda it: with_bot(it, lambda bot: bot.get_chat(it.chat_id)),
    )
