"""The contract of connectors over mail servers: which refusal is which error, and what is handed over again."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import attrs
import pytest

from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    DeadlineExceededError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RejectedError,
    TransportError,
)
from integrations_sdk.mail.base import (
    Envelope,
    MailReply,
    MailServer,
    MailTransport,
    RefusedMailError,
    Submission,
)
from integrations_sdk.mail.client import MailClient
from integrations_sdk.mail.smtp import SmtpTransport
from integrations_sdk.testing.connector_contract.bench import CHECK, Bench, left_running
from integrations_sdk.testing.connector_contract.case import ConnectorCase

__all__ = ["MailContract"]

Failing = Sequence[Exception | float]
"""What befalls one handing over after the other: an error, or seconds without an answer."""


class FailingMail:
    """A `MailTransport` that fails as it is told, then hands over to the stand-in.

    Attributes:
        tried: how often something was handed over, or a server greeted.
        acts: it hands over before it fails.
    """

    def __init__(self, failing: Failing, *, acts: bool = False) -> None:
        self._real: MailTransport = SmtpTransport()
        self._failing = list(failing)
        self.tried = 0
        self.acts = acts
        self.heard = asyncio.Event()

    async def send(self, server: MailServer, envelope: Envelope) -> Submission:
        """As `MailTransport.send()`."""
        done: Submission = await self._do(lambda: self._real.send(server, envelope))
        return done

    async def probe(self, server: MailServer) -> str:
        """As `MailTransport.probe()`."""
        done: str = await self._do(lambda: self._real.probe(server))
        return done

    async def _do(self, work: Callable[[], Awaitable[Any]]) -> Any:  # a submission or a name
        self.tried += 1
        self.heard.set()
        failure = self._failing.pop(0) if self._failing else None
        if failure is None or self.acts:
            done = await work()
        if isinstance(failure, Exception):
            raise failure
        if failure is not None:
            await asyncio.sleep(failure)
        return done


class MailContract(ConnectorCase):
    """What becomes of a message that a server refuses, or whose answer is lost."""

    always_wired: ClassVar[bool] = True

    @pytest.mark.parametrize(
        ("step", "reply", "kind"),
        [
            ("auth", MailReply(535, "5.7.8 wrong password"), AuthenticationError),
            ("mail", MailReply(550, "5.7.1 not as this sender"), PermissionDeniedError),
            ("rcpt", MailReply(550, "5.1.1 no such user"), RejectedError),
            ("data", MailReply(554, "5.6.0 looks like spam"), RejectedError),
        ],
        ids=["credentials", "sender", "recipient", "message"],
    )
    def test_a_refusal_is_told_in_the_servers_words(
        self, doing: str, step: str, reply: MailReply, kind: type[ConnectorError]
    ) -> None:
        """Each step's refusal is the error that fits, and nothing is tried again."""

        async def scenario(bench: Bench) -> None:
            mail = _through(bench, [RefusedMailError(step, reply)] * 9)
            error = await bench.failure(doing)
            assert type(error) is kind
            assert reply.words in error.message
            assert (mail.tried, bench.clock.slept) == (1, [])
            assert (error.provider, error.integration_id) == (
                self.connector.provider,
                f"{self.connector.provider}-1",
            )
            assert error.operation
            assert f"{reply.code}" in f"{error.code}"

        self.run(scenario)

    @pytest.mark.parametrize(
        "failure",
        [
            RefusedMailError("mail", MailReply(451, "4.3.0 later")),
            TransportError("could not connect", sent=False),
        ],
        ids=["later", "unsent"],
    )
    def test_a_refusal_for_now_is_tried_again(self, doing: str, failure: Exception) -> None:
        """451, or no connection: after a moment, and then it works."""

        async def scenario(bench: Bench) -> None:
            mail = _through(bench, [failure])
            await bench.do(doing)
            assert mail.tried == 2
            assert bench.clock.monotonic() > 0

        self.run(scenario)

    def test_an_outage_ends_in_an_error(self, doing: str) -> None:
        """451 for ever: `ProviderUnavailableError` after as many attempts as allowed, within the deadline."""

        async def scenario(bench: Bench) -> None:
            mail = _through(bench, [RefusedMailError("mail", MailReply(451, "4.3.0 later"))] * 99)
            error = await bench.failure(doing)
            assert isinstance(error, ProviderUnavailableError)
            assert error.retryable
            assert 1 < error.attempts == mail.tried <= bench.connector.retry.attempts
            assert bench.clock.monotonic() <= bench.connector.retry.deadline.total_seconds()

        self.run(scenario)

    def test_nothing_is_sent_twice(self, doing: str) -> None:
        """The server took it and the answer was lost: neither we nor who believes `retryable` sends it again."""

        async def once(bench: Bench) -> object:
            await bench.do(doing)
            return self.effect(bench.vendor)

        async def lost(bench: Bench) -> object:
            _through(bench, [TransportError("the connection broke", sent=True)], acts=True)
            came = await bench.came(doing)
            if isinstance(came, ConnectorError) and came.retryable:
                await bench.do(doing)
            return self.effect(bench.vendor)

        assert self.run(lost) == self.run(once), "more was sent than once"

    def test_a_check_is_repeated_after_a_broken_connection(self) -> None:
        """It sends nothing, so repeating it sends nothing either."""

        async def scenario(bench: Bench) -> None:
            mail = _through(bench, [TransportError("the connection broke", sent=True)])
            await bench.do(CHECK)
            assert mail.tried == 2

        self.run(scenario)

    def test_the_deadline_holds(self, doing: str) -> None:
        """A silent server is given up: `DeadlineExceededError`."""

        async def scenario(bench: Bench) -> None:
            bench.connector.retry = attrs.evolve(bench.connector.retry, deadline=timedelta(milliseconds=10))
            _through(bench, [600.0])
            assert isinstance(await bench.failure(doing), DeadlineExceededError)

        self.run(scenario)

    def test_cancelling_ends_it_at_once(self, doing: str) -> None:
        """It is cancelled, not translated; no task of it goes on, and the next call works."""

        async def scenario(bench: Bench) -> None:
            mail = _through(bench, [600.0])
            task = asyncio.get_running_loop().create_task(bench.do(doing))
            await mail.heard.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not (left := await left_running()), f"cancelling leaves tasks behind: {left}"
            await bench.do(doing)

        self.run(scenario)

    def test_what_a_server_echoes_is_not_shown(self, doing: str) -> None:
        """A reply that repeats the password: no error shows it, nor does its pickle."""

        async def scenario(bench: Bench) -> None:
            secrets = self.secrets(bench.connector.config)
            words = f"5.7.8 not {' '.join(secrets)}"
            _through(bench, [RefusedMailError("auth", MailReply(535, words))])
            error = await bench.failure(doing)
            for shown in (str(error), repr(error), f"{vars(error)}", pickle.dumps(error).decode("latin-1")):
                assert not [secret for secret in secrets if secret in shown], f"a secret is shown: {shown}"

        self.run(scenario)

    def test_an_error_crosses_to_another_process(self, doing: str) -> None:
        """What is pickled there is the same error here."""

        async def scenario(bench: Bench) -> None:
            _through(bench, [RefusedMailError("data", MailReply(554, "5.6.0 no"))])
            error = await bench.failure(doing)
            again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
            assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))

        self.run(scenario)


def _through(bench: Bench, failing: Failing, *, acts: bool = False) -> FailingMail:
    """Let the connector send through a transport that fails."""
    mail = FailingMail(failing, acts=acts)
    client = MailClient(bench.clock, mail, random=lambda: 0.5)
    bench.connector.context = attrs.evolve(bench.connector.context, mail=client)
    return mail
