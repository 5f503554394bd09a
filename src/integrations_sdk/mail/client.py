"""`MailClient`: a mail transport under the rules that requests over HTTP have: rate limit, circuit, deadline, retry."""

from __future__ import annotations

import asyncio
import logging
import random as randomness
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import attrs

from integrations_sdk.clock import Clock
from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    DeadlineExceededError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RejectedError,
    TransportError,
)
from integrations_sdk.http.base import Call
from integrations_sdk.http.circuit import CircuitBreaker
from integrations_sdk.http.rate_limit import RateLimiter
from integrations_sdk.http.retry import Stop, decide
from integrations_sdk.logs import logger
from integrations_sdk.mail.base import (
    Envelope,
    MailReply,
    MailServer,
    MailTransport,
    RefusedMailError,
    Submission,
)
from integrations_sdk.mail.smtp import SmtpTransport

__all__ = ["MAIL_BY_CLOCK", "MailClient", "error_for"]

T = TypeVar("T")
Failure = RefusedMailError | TransportError

_STANDARD: Final = logging.getLogger("integrations_sdk")
_REFUSED_FOR_NOW: Final = 503
_REFUSED: Final = 400


class MailClient:
    """Sends mail as `MailSender` promises.

    A refusal for now (4yz) may be repeated, for nothing was taken; what was lost while the data were under way may
    not, for it may have been.

    Args:
        transport: hands one message over once; None speaks SMTP.
        random: draws from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        clock: Clock,
        transport: MailTransport | None = None,
        *,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self._clock = clock
        self._transport = transport or SmtpTransport()
        self._random = random
        self._circuit = CircuitBreaker(clock)
        self._limiter = RateLimiter(clock)

    async def send(self, server: MailServer, envelope: Envelope, call: Call) -> Submission:
        """See `MailSender`."""
        found, attempts = await self._repeat(server, call, lambda: self._transport.send(server, envelope))
        return attrs.evolve(found, attempts=attempts)

    async def probe(self, server: MailServer, call: Call) -> str:
        """See `MailSender`."""
        return (await self._repeat(server, call, lambda: self._transport.probe(server)))[0]

    async def _repeat(
        self, server: MailServer, call: Call, work: Callable[[], Awaitable[T]]
    ) -> tuple[T, int]:
        """What the work comes to, and in how many attempts; all within one deadline."""
        started = self._clock.monotonic()
        until = started + call.retry.deadline.total_seconds()
        attempt = 0
        while True:
            await self._admit(server, call, until, attempt)
            attempt += 1
            came = await self._attempt(work, until)
            self._learn(server, came)
            if not isinstance(came, RefusedMailError | TransportError):
                return came, attempt
            if (delay := self._delay(attempt, call, came, started)) is None:
                raise _with_facts(error_for(came), call, attempt)
            await self._clock.sleep(delay)

    async def _admit(self, server: MailServer, call: Call, until: float, attempt: int) -> None:
        await self._limiter.acquire(call, until - self._clock.monotonic())
        if (pause := self._circuit.admit(server.origin)) is not None:
            words = "left alone after too many failures in a row; nothing was sent"
            raise _with_facts(ProviderUnavailableError(words, retry_after=pause), call, attempt)

    async def _attempt(self, work: Callable[[], Awaitable[T]], until: float) -> T | Failure:
        try:
            async with asyncio.timeout(until - self._clock.monotonic()) as scope:
                return await work()
        except (RefusedMailError, TransportError) as error:
            return error
        except TimeoutError:
            if not scope.expired():
                raise
        return DeadlineExceededError("no answer before the deadline")

    def _learn(self, server: MailServer, came: object) -> None:
        if isinstance(came, TransportError):
            self._circuit.failed(server.origin)
        else:  # it answers
            self._circuit.succeeded(server.origin)

    def _delay(self, attempt: int, call: Call, failure: Failure, started: float) -> float | None:
        """Seconds until the next attempt; None for none."""
        decision = decide(
            attempt,
            call.retry,
            failure=_as_status(failure),
            idempotent=call.idempotent,
            elapsed=self._clock.monotonic() - started,
            retry_after=None,
            random=self._random(),
        )
        if isinstance(decision, Stop):
            return None
        if _STANDARD.isEnabledFor(logging.WARNING):
            reason = failure.step if isinstance(failure, RefusedMailError) else failure.message
            logger().warning("mail retry", operation=call.operation, attempt=attempt, reason=reason)
        return decision.delay


def _as_status(failure: Failure) -> int | TransportError:
    """The failure as `decide()` knows it: a refusal for now is 503, any other 400."""
    if isinstance(failure, TransportError):
        return failure
    return _REFUSED_FOR_NOW if failure.reply.transient else _REFUSED


def error_for(failure: Failure) -> ConnectorError:
    """The error that fits.

    | step | reply | error |
    |---|---|---|
    | any | 4yz | unavailable: try later |
    | auth | 530, 534, 535, 538 | authentication: replace the credentials |
    | any | 530 | authentication: credentials are needed |
    | mail | 550, 553, 5yz with 5.7.z | permission: not as this sender |
    | any | any other | rejected |
    """
    if isinstance(failure, TransportError):
        return failure
    reply = failure.reply
    return _kind(failure.step, reply)(_words(failure), code=_code(reply))


def _kind(step: str, reply: MailReply) -> type[ConnectorError]:
    if reply.transient:
        return ProviderUnavailableError
    if reply.code == 530 or (step == "auth" and reply.code in {534, 535, 538}):
        return AuthenticationError
    if step == "mail" and (reply.code in {550, 553} or reply.words.startswith("5.7.")):
        return PermissionDeniedError
    return RejectedError


def _words(failure: RefusedMailError) -> str:
    """The server's words; of several recipients each with its own."""
    if len(failure.recipients) > 1:
        each = [f"{recipient}: {reply}" for recipient, reply in failure.recipients.items()]
        return "; ".join(["every recipient is refused", *each])
    where = next(iter(failure.recipients), failure.step)
    return f"{where}: {failure.reply}"


def _code(reply: MailReply) -> str:
    enhanced = reply.words.partition(" ")[0]
    dotted = enhanced if enhanced.count(".") == 2 and enhanced.replace(".", "").isdecimal() else ""
    return f"{reply.code} {dotted}".strip()


def _with_facts(error: ConnectorError, call: Call, attempts: int) -> ConnectorError:
    error.provider = call.provider
    error.operation = call.operation
    error.integration_id = call.integration_id
    error.attempts = attempts
    if isinstance(error, TransportError) and error.sent and not call.idempotent:
        error.retryable = False  # it may have been taken: to repeat it is the caller's decision
    return error


MAIL_BY_CLOCK: Any = attrs.Factory(lambda self: MailClient(self.clock), takes_self=True)  # as attrs has it
"""The default of a field for a `MailSender` beside one named `clock`: SMTP, by that clock."""
