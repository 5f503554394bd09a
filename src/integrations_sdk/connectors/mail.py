"""`MailConnector`: the base of providers that hand messages to a mail server instead of calling an API."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from integrations_sdk.connectors.config import ConnectorConfig
from integrations_sdk.connectors.connector import Connector
from integrations_sdk.errors import ConnectorError
from integrations_sdk.http.base import Call
from integrations_sdk.mail.base import Envelope, MailServer, Submission
from integrations_sdk.models import JsonValue, Outcome

__all__ = ["MailConnector"]

C_co = TypeVar("C_co", bound=ConnectorConfig, covariant=True)


class MailConnector(Connector[C_co]):
    """One mail server, configured.

    What `call()` is for HTTP, `submit()` is here: retry, rate limit, deadline, errors and redaction are done in
    `mail/` and in this class.
    """

    @property
    def server(self) -> MailServer:
        """How to reach the server, and get in."""
        raise NotImplementedError

    async def submit(self, envelope: Envelope, *, operation: str) -> Submission:
        """Hand a message over under all the rules.

        Raises:
            ConnectorError: the server took it for no recipient, or did not answer.
        """
        try:
            return await self.context.mail.send(self.server, envelope, self._call(operation))
        except ConnectorError as error:
            self._clear(error)
            raise

    async def greet(self, *, operation: str) -> str:
        """Get in and hang up, without sending anything; what the server calls itself.

        Raises:
            ConnectorError: it does not let us in, or does not answer.
        """
        try:
            return self.shown(
                await self.context.mail.probe(self.server, self._call(operation, idempotent=True))
            )
        except ConnectorError as error:
            self._clear(error)
            raise

    def submitted(self, submission: Submission, operation: str, *, reference: str) -> Outcome:
        """The outcome of a submission: who gets the message, and for whom it was refused, and why."""
        refused: JsonValue = {who: self.shown(str(reply)) for who, reply in submission.refused.items()}
        count, total = len(submission.accepted), len(submission.accepted) + len(submission.refused)
        return Outcome(
            target=self.context.integration_id or self.provider,
            provider=self.provider,
            operation=operation,
            attempts=submission.attempts,
            reference=reference,
            detail=f"taken for {count} of {total} recipients: {self.shown(str(submission.reply))}",
            duration=timedelta(seconds=submission.elapsed),
            data={"accepted": [*submission.accepted], "refused": refused},
        )

    def _call(self, operation: str, *, idempotent: bool = False) -> Call:
        return Call(
            provider=self.provider,
            operation=operation,
            integration_id=self.context.integration_id,
            account=self.context.integration_id or "",
            idempotent=idempotent,
            retry=self.retry,
            rate=self.rate,
        )

    def _clear(self, error: ConnectorError) -> None:
        """Take credentials that the server repeats out of its words."""
        error.message = self.shown(error.message)
        error.args = (error.message,)
