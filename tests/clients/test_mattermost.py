"""The best-known client of Mattermost: https://pypi.org/project/mattermostautodriver."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import Attachment, Message
from support.clients import Versus, against
from support.recording import Difference, Extra

versus = against("mattermost", "mattermostautodriver", "mattermostautodriver")


LOGS_IN = Extra("theirs", "GET /api/v4/users/me", "the client asks who its token is before it begins")


def driver(stand_in: Any) -> Any:
    from urllib.parse import urlsplit

    from mattermostautodriver import TypedDriver

    where, config = urlsplit(stand_in.url), stand_in.bot_config()
    client = TypedDriver(
        {
            "url": where.hostname,
            "port": where.port,
            "scheme": "http",
            "token": config["bot_token"],
        }
    )
    client.login()
    return client


def test_a_bots_post(versus: Versus) -> None:
    """Channel and text; the token as bearer."""

    def theirs(stand_in: Any) -> Any:
        client = driver(stand_in)
        return client.posts.create_post(channel_id=stand_in.bot_config()["channel_id"], message="Deployed")

    versus(
        "send_message",
        LOGS_IN,
        given=lambda it: it.bot_config(),
        ours=lambda it: it.send_message(text="Deployed"),
        theirs=theirs,
    )


def test_a_bots_file(versus: Versus) -> None:
    """A form with the file's name and content, and its id in the post."""
    content = b"a;b\r\n1;2\r\n"

    def theirs(stand_in: Any) -> Any:
        client, channel = driver(stand_in), stand_in.bot_config()["channel_id"]
        (file,) = client.files.upload_file(channel_id=channel, files=("report.csv", content))["file_infos"]
        return client.posts.create_post(channel_id=channel, message="Report", file_ids=[file["id"]])

    versus(
        "notify",
        LOGS_IN,
        Difference(
            "query.channel_id", "the client's is in the query too, for files that are sent without a form"
        ),
        Difference("body.message", "ours is beside a bar of its level's colour"),
        Difference("body.props", "which is an attachment of the post"),
        given=lambda it: it.bot_config(),
        ours=lambda it: it.notify(
            Message(text="Report", attachments=(Attachment.of("report.csv", content),))
        ),
        theirs=theirs,
    )


def test_a_post_through_a_webhook(versus: Versus) -> None:
    """The text alone."""

    def theirs(stand_in: Any) -> Any:
        key = stand_in.config()["webhook_url"].rpartition("/")[2]
        return driver(stand_in).client.call_webhook(key, {"text": "Deployed"})

    needless = Difference("auth", "the client sends its token to a webhook, which needs none")
    versus("send_message", LOGS_IN, needless, ours=lambda it: it.send_message(text="Deployed"), theirs=theirs)


def test_who_the_bot_is(versus: Versus) -> None:
    """`users/me`."""
    versus(
        "check",
        Extra("ours", "GET /api/v4/system/ping", "ours asks whether the server is well"),
        Extra("ours", "GET /api/v4/channels/*", "ours looks whether the channel is there"),
        given=lambda it: it.bot_config(),
        ours=lambda it: it.check(),
        theirs=driver,
    )
