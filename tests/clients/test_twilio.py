"""Twilio's own client: https://pypi.org/project/twilio."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against

versus = against("twilio", "twilio", "twilio.rest")


def client(stand_in: Any) -> Any:
    from twilio.rest import Client

    config = stand_in.config()
    made = Client(config["account_sid"], config["auth_token"])
    made.api.base_url = stand_in.url
    return made


def sent(stand_in: Any, **more: Any) -> Any:
    config = stand_in.config()
    return client(stand_in).messages.create(
        to=config["to"][0], from_=config["from_number"], body="Deployed", **more
    )


def test_a_message(versus: Versus) -> None:
    """A form with `To`, `From` and `Body`; the account by Basic."""
    outcome, made = versus("send_sms", ours=lambda it: it.send_sms("Deployed"), theirs=sent)
    assert outcome.reference == made.sid


def test_a_message_with_media(versus: Versus) -> None:
    """`MediaUrl`, once for each."""
    media = ["https://x.example/1.png", "https://x.example/2.png"]
    versus(
        "send_sms",
        ours=lambda it: it.send_sms("Deployed", media_urls=media),
        theirs=lambda it: sent(it, media_url=media),
    )


def test_an_api_key_in_place_of_the_token(versus: Versus) -> None:
    """The key by Basic, the account in the path."""

    def theirs(stand_in: Any) -> None:
        from twilio.rest import Client

        config = stand_in.key_config()
        made = Client(config["api_key_sid"], config["api_key_secret"], config["account_sid"])
        made.api.base_url = stand_in.url
        made.messages.create(to=config["to"][0], from_=config["from_number"], body="Deployed")

    versus(
        "send_sms", given=lambda it: it.key_config(), ours=lambda it: it.send_sms("Deployed"), theirs=theirs
    )


def test_a_message_is_read(versus: Versus) -> None:
    """By its sid."""
    sids: list[str] = []
    found, answer = versus(
        "get_message",
        prepare=lambda it: sids.append(sent(it).sid),
        ours=lambda it: it.get_message(sids[0]),
        theirs=lambda it: client(it).messages(sids[1]).fetch(),
    )
    assert (found["body"], found["status"]) == (answer.body, answer.status)


def test_the_account(versus: Versus) -> None:
    """By its sid."""
    _, answer = versus(
        "check",
        ours=lambda it: it.check(),
        theirs=lambda it: client(it).api.accounts(it.config()["account_sid"]).fetch(),
    )
    assert answer.status == "active"
