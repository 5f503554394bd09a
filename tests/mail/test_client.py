"""`mail.client`: what is repeated and what is not, and which error it becomes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    DeadlineExceededError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    TransportError,
)
from integrations_sdk.http.base import Call, RateLimit, RetryPolicy
from integrations_sdk.mail.base import Envelope, MailReply, MailServer, RefusedMailError, Security, Submission
from integrations_sdk.mail.client import MailClient, error_for

SERVER = MailServer(host="mail.example", port=587, security=Security.STARTTLS)
MAIL = Envelope(sender="a@x.example", recipients=("b@x.example",), content=b"x")
TAKEN = Submission(accepted=MAIL.recipients, reply=MailReply(250, "Ok"))
CALL = Call(provider="smtp", operation="smtp.send", integration_id="smtp-1", account="smtp-1")
LATER = RefusedMailError(
    "rcpt", MailReply(450, "4.2.1 later"), {"b@x.example": MailReply(450, "4.2.1 later")}
)


class Script:
    """A mail transport that does what it is told, and counts."""

    def __init__(self, *comes: Submission | Exception) -> None:
        self.comes = list(comes)
        self.sent = 0

    async def send(self, _server: MailServer, _envelope: Envelope) -> Submission:
        self.sent += 1
        came = self.comes.pop(0) if len(self.comes) > 1 else self.comes[0]
        if isinstance(came, Exception):
            raise came
        return came

    async def probe(self, server: MailServer) -> str:
        await self.send(server, MAIL)
        return "mail.example"


def sent(script: Script, call: Call = CALL, clock: FakeClock | None = None) -> Submission:
    """One message, over the script."""
    client = MailClient(clock or FakeClock(), script, random=lambda: 1.0)
    return asyncio.run(client.send(SERVER, MAIL, call))


def test_a_refusal_for_now_is_repeated() -> None:
    """Nothing was taken, so nothing is there twice; the wait grows."""
    clock = FakeClock()
    found = sent(Script(LATER, LATER, TAKEN), clock=clock)
    assert (found.attempts, found.accepted, clock.slept) == (3, ("b@x.example",), [0.5, 1.0])


def test_a_refusal_for_good_is_not() -> None:
    """And the error says who was refused, why, and with which code."""
    script = Script(
        RefusedMailError(
            "rcpt", MailReply(550, "5.1.1 nobody"), {"b@x.example": MailReply(550, "5.1.1 nobody")}
        )
    )
    with pytest.raises(RejectedError, match=r"b@x\.example: 550 5\.1\.1 nobody") as caught:
        sent(script)
    assert (script.sent, caught.value.code, caught.value.attempts) == (1, "550 5.1.1", 1)
    assert (caught.value.provider, caught.value.operation, caught.value.integration_id) == (
        "smtp", "smtp.send", "smtp-1",
    )  # fmt: skip


@pytest.mark.parametrize(("lost", "attempts"), [(False, 4), (True, 1)])
def test_what_may_have_been_taken_is_not_repeated(lost: bool, attempts: int) -> None:
    """Before the data the connection may be lost as often as it likes; while they are under way nobody knows."""
    script = Script(TransportError("the connection was lost", sent=lost))
    with pytest.raises(TransportError) as caught:
        sent(script)
    assert (script.sent, caught.value.attempts, caught.value.retryable) == (attempts, attempts, not lost)


def test_a_probe_may_be_repeated_whatever_was_lost() -> None:
    """It has no effect."""
    script = Script(TransportError("lost", sent=True), TAKEN)
    client = MailClient(FakeClock(), script)
    assert asyncio.run(client.probe(SERVER, attrs.evolve(CALL, idempotent=True))) == "mail.example"
    assert script.sent == 2


def test_attempts_share_one_deadline() -> None:
    """A refusal that lasts is the error in the end."""
    script = Script(LATER)
    policy = RetryPolicy(attempts=50, deadline=timedelta(seconds=3))
    with pytest.raises(ProviderUnavailableError) as caught:
        sent(script, attrs.evolve(CALL, retry=policy))
    assert script.sent == caught.value.attempts < 10
    assert caught.value.retryable


def test_a_server_that_hangs_is_given_up() -> None:
    """At the deadline; it may have taken the message."""

    class Hangs(Script):
        async def send(self, _server: MailServer, _envelope: Envelope) -> Submission:
            await asyncio.Event().wait()
            raise AssertionError

    with pytest.raises(DeadlineExceededError) as caught:
        sent(Hangs(TAKEN), attrs.evolve(CALL, retry=RetryPolicy(deadline=timedelta(milliseconds=20))))
    assert not caught.value.retryable


def test_a_rate_limit_is_kept() -> None:
    """As for requests over HTTP."""
    clock, rate = FakeClock(), RateLimit(calls=1, period=timedelta(seconds=20))
    client = MailClient(clock, Script(TAKEN))
    limited = attrs.evolve(CALL, rate=rate)

    async def main() -> None:
        await client.send(SERVER, MAIL, limited)
        await client.send(SERVER, MAIL, limited)
        assert clock.monotonic() == 20
        with pytest.raises(RateLimitedError):
            await client.send(
                SERVER, MAIL, attrs.evolve(limited, retry=RetryPolicy(deadline=timedelta(seconds=5)))
            )

    asyncio.run(main())


def test_a_server_that_is_not_there_is_left_alone_for_a_while() -> None:
    """After ten failures in a row; a refusal is an answer."""
    script = Script(TransportError("could not connect", sent=False))
    client = MailClient(FakeClock(), script)
    once = attrs.evolve(CALL, retry=RetryPolicy(attempts=1))

    async def main() -> None:
        for _ in range(10):
            with pytest.raises(TransportError):
                await client.send(SERVER, MAIL, once)
        with pytest.raises(ProviderUnavailableError, match="nothing was sent"):
            await client.send(SERVER, MAIL, once)
        assert script.sent == 10

    asyncio.run(main())


@pytest.mark.parametrize(
    ("step", "code", "words", "kind"),
    [
        ("connect", 554, "5.7.1 no", RejectedError),
        ("connect", 421, "busy", ProviderUnavailableError),
        ("auth", 535, "5.7.8 wrong", AuthenticationError),
        ("auth", 534, "5.7.9 application password needed", AuthenticationError),
        ("auth", 454, "4.7.0 later", ProviderUnavailableError),
        ("auth", 502, "none known", RejectedError),
        ("mail", 530, "5.7.0 log in first", AuthenticationError),
        ("mail", 550, "5.7.60 not as this sender", PermissionDeniedError),
        ("mail", 553, "sender not owned", PermissionDeniedError),
        ("mail", 552, "5.3.4 too large", RejectedError),
        ("rcpt", 550, "5.7.1 relaying denied", RejectedError),
        ("data", 554, "5.6.0 spam", RejectedError),
        ("data", 451, "4.7.1 greylisted", ProviderUnavailableError),
    ],
)
def test_which_error_a_refusal_becomes(step: str, code: int, words: str, kind: type[ConnectorError]) -> None:
    """By the step at which it came, and its code."""
    error = error_for(RefusedMailError(step, MailReply(code, words)))
    assert type(error) is kind
    assert words in str(error)


def test_every_refused_recipient_is_named() -> None:
    """Where there are several."""
    replies = {"a@x.example": MailReply(550, "gone"), "b@x.example": MailReply(450, "later")}
    error = error_for(RefusedMailError("rcpt", MailReply(550, "gone"), replies))
    assert "a@x.example: 550 gone; b@x.example: 450 later" in error.message
