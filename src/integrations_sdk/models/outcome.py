"""`Outcome`: what one operation on one target came to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

import attrs

from integrations_sdk.errors import ConnectorError, DeliveryError
from integrations_sdk.models.record import JsonValue, Record, RecordList

__all__ = ["Outcome", "OutcomeList", "OutcomeStatus", "Sent"]


class OutcomeStatus(StrEnum):
    """How it ended; `accepted`: it is stored, and will be sent."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    ACCEPTED = "accepted"


@attrs.frozen(kw_only=True)
class Outcome(Record):
    """What one operation on one target came to; true when it succeeded.

    Attributes:
        target: the integration's id.
        operation: what was done, in the vendor's words.
        attempts: how often it was sent; 0 when it never was.
        http_status: of the last answer; None when there was none.
        request_id: the vendor's id of the request.
        reference: what came of it: an issue key, a message's timestamp, a build number.
        url: where to look at it.
        detail: one line for people, e.g. why it was skipped.
        delivery_id: finds it in `mgr.deliveries`, with every attempt; None when it was not queued.
        error: what went wrong; `retryable`, `needs_reauth` and `retry_after` say what to do about it.
        data: the vendor's answer, where it has a use.
    """

    overview = ("target", "operation", "status", "attempts", "reference", "url", "detail", "error")

    target: str
    provider: str
    operation: str
    status: OutcomeStatus = OutcomeStatus.SUCCEEDED
    attempts: int = 1
    http_status: int | None = None
    request_id: str | None = None
    reference: str | None = None
    url: str | None = None
    detail: str | None = None
    delivery_id: str | None = None
    error: str | None = None
    retryable: bool = False
    needs_reauth: bool = False
    retry_after: timedelta | None = None
    duration: timedelta | None = None
    data: dict[str, JsonValue] = attrs.field(factory=dict)

    def __bool__(self) -> bool:
        return self.status is OutcomeStatus.SUCCEEDED

    @classmethod
    def from_error(cls, error: ConnectorError, *, target: str, provider: str, operation: str) -> Outcome:
        """The outcome of an operation that raised."""
        return cls(
            target=target,
            provider=error.provider or provider,
            operation=error.operation or operation,
            status=OutcomeStatus.FAILED,
            attempts=error.attempts,
            http_status=error.status,
            request_id=error.request_id,
            error=str(error),
            retryable=error.retryable,
            needs_reauth=error.needs_reauth,
            retry_after=error.retry_after,
        )


@attrs.frozen(kw_only=True)
class Sent(Outcome):
    """An outcome with what the delivery log keeps beside it; a sender may return it in place of `Outcome`.

    Attributes:
        excerpt: the beginning of the answer; the log cuts it, and takes out URLs and what looks secret.
        address: the origin it was sent to, e.g. `https://example.com`.
    """

    excerpt: str | None = None
    address: str | None = None

    @classmethod
    def of(cls, outcome: Outcome, *, excerpt: str | None, address: str | None) -> Sent:
        """The outcome, with these beside it."""
        told = {name: getattr(outcome, name) for name in attrs.fields_dict(Outcome)}
        return cls(**told, excerpt=excerpt, address=address)


class OutcomeList(RecordList[Outcome]):
    """The outcomes of a fan-out, one for each target."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        super().__init__(outcomes)

    @property
    def failures(self) -> OutcomeList:
        """Those that failed."""
        return OutcomeList(outcome for outcome in self if outcome.status is OutcomeStatus.FAILED)

    @property
    def successes(self) -> OutcomeList:
        """Those that succeeded."""
        return OutcomeList(outcome for outcome in self if outcome)

    def raise_for_failures(self) -> OutcomeList:
        """Return the list itself when nothing failed.

        Raises:
            DeliveryError: naming every failed target and why.
        """
        if failures := self.failures:
            count = f"{len(failures)} of {len(self)} targets failed"
            raise DeliveryError(count, [f"{failed.target}: {failed.error}" for failed in failures])
        return self
