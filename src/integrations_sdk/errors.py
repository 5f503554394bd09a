"""Every error that leaves this library.

```
IntegrationError
├── ConfigurationError        every wrong field, with its path, what was expected and what to do
├── NotFoundError · AlreadyExistsError · ConflictError
├── StateError                not possible in the present state
│   └── DisabledError             it is disabled on purpose: enable it
├── ConnectorError            one operation on one vendor failed
│   ├── AuthenticationError       the credentials are refused: re-authorise
│   ├── PermissionDeniedError     the credentials lack a right: grant it
│   ├── RateLimitedError          asked too often: wait `retry_after`
│   ├── RejectedError             the vendor refused this request, in its own words
│   ├── ProviderUnavailableError  the vendor is in trouble: try later
│   └── TransportError            no (usable) answer arrived
│       ├── DeadlineExceededError
│       ├── BlockedAddressError
│       └── ResponseTooLargeError
├── SignatureError            an incoming message is not authentic, stale or replayed
├── DeliveryError             some targets of a fan-out failed
└── MissingExtraError         a feature needs an optional package
```

An operation on one integration raises; a fan-out returns outcomes and raises only on request.
Attributes are plain values, never objects, so every error pickles and none keeps a secret alive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

__all__ = [
    "AlreadyExistsError",
    "AuthenticationError",
    "BlockedAddressError",
    "ConfigurationError",
    "ConflictError",
    "ConnectorError",
    "DeadlineExceededError",
    "DeliveryError",
    "DisabledError",
    "IntegrationError",
    "MissingExtraError",
    "NotFoundError",
    "PermissionDeniedError",
    "Problem",
    "ProviderUnavailableError",
    "RateLimitedError",
    "RejectedError",
    "ResponseTooLargeError",
    "SignatureError",
    "StateError",
    "TransportError",
]


class IntegrationError(Exception):
    """Base of every error this library raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by state, so subclasses with keyword arguments survive a process boundary."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(
    kind: type[IntegrationError], args: tuple[object, ...], state: Mapping[str, object]
) -> IntegrationError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class Problem(NamedTuple):
    """One wrong field: where it is, what is wrong with it (`expected …`, `unknown field`), what to do."""

    path: str
    wrong: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.wrong}" + (f" ({self.remedy})" if self.remedy else "")


class ConfigurationError(IntegrationError, ValueError):
    """Input is wrong; `problems` names everything wrong with it, not only the first thing.

    Args:
        subject: what was being configured, e.g. ``"slack configuration"``.
        problems: every wrong field. Values are never quoted, for they may be secret.
    """

    def __init__(self, subject: str, problems: Sequence[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{subject}: {count} problem{'' if count == 1 else 's'}"
        super().__init__("\n  ".join([head, *map(str, self.problems)]))

    @classmethod
    def of(cls, subject: str, path: str, wrong: str, remedy: str = "") -> ConfigurationError:
        """The error with a single problem."""
        return cls(subject, [Problem(path, wrong, remedy)])


class NotFoundError(IntegrationError, LookupError):
    """Nothing with this id (or name) exists; the message says what does."""


class AlreadyExistsError(IntegrationError):
    """Something with this id exists already."""


class ConflictError(IntegrationError):
    """The record was changed by somebody else since it was read: read it again, then retry."""


class StateError(IntegrationError):
    """The operation is not possible in the present state, e.g. on a closed manager."""


class DisabledError(StateError):
    """What was to act is disabled on purpose, and stays so until somebody enables it."""


class ConnectorError(IntegrationError):
    """One operation on one integration failed.

    Attributes:
        provider: e.g. ``"slack"``.
        operation: e.g. ``"chat.postMessage"``.
        integration_id: the integration acted on; None while it is being created.
        status: HTTP status of the last answer; None when there was none.
        request_id: the vendor's id of the request, to quote to its support; None when not given.
        attempts: how often the request was sent (0 when it never left).
        retry_after: how long the vendor asked to wait; None when it did not say.
        code: the vendor's own error code, e.g. ``"channel_not_found"``; None when it has none.
        retryable: whether trying again can help, and cannot do the same thing twice.
        needs_reauth: whether new credentials are needed first.
    """

    retryable = False
    needs_reauth = False

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        operation: str = "",
        integration_id: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        attempts: int = 0,
        retry_after: timedelta | None = None,
        code: str | None = None,
    ) -> None:
        self.message = message
        self.provider = provider
        self.operation = operation
        self.integration_id = integration_id
        self.status = status
        self.request_id = request_id
        self.attempts = attempts
        self.retry_after = retry_after
        self.code = code
        super().__init__(message)

    def __str__(self) -> str:
        where = " ".join(part for part in (self.integration_id or self.provider, self.operation) if part)
        facts = [
            f"HTTP {self.status}" if self.status is not None else "",
            f"code {self.code}" if self.code else "",
            f"request id {self.request_id}" if self.request_id else "",
            f"{self.attempts} attempts" if self.attempts > 1 else "",
            f"retry after {self.retry_after.total_seconds():g} s" if self.retry_after is not None else "",
        ]
        known = ", ".join(fact for fact in facts if fact)
        return (f"{where}: " if where else "") + self.message + (f" [{known}]" if known else "")


class AuthenticationError(ConnectorError):
    """The vendor refuses the credentials (expired, revoked, mistyped): replace them."""

    needs_reauth = True


class PermissionDeniedError(ConnectorError):
    """The credentials are genuine but lack a right; the message says which, where the vendor does."""


class RateLimitedError(ConnectorError):
    """The vendor's limit is used up; `retry_after` says for how long."""

    retryable = True


class RejectedError(ConnectorError):
    """The vendor refused this request and would refuse it again; the message is its own words."""


class ProviderUnavailableError(ConnectorError):
    """The vendor answered with a server error, or its circuit is open: try later."""

    retryable = True


class TransportError(ConnectorError):
    """No usable answer arrived: refused, reset, broken TLS, malformed reply.

    Attributes:
        sent: whether the request may have reached the vendor. When it may, and repeating it could repeat
            its effect, `retryable` is False: look at the vendor's side before trying again.
    """

    retryable = True

    def __init__(self, message: str, *, sent: bool = True, **facts: object) -> None:
        super().__init__(message, **facts)  # type: ignore[arg-type]  # the facts of ConnectorError
        self.sent = sent


class DeadlineExceededError(TransportError):
    """The time allowed ran out, retries and waiting included."""


class BlockedAddressError(TransportError):
    """The address is not allowed as a target (private, loopback, metadata, …)."""

    retryable = False


class ResponseTooLargeError(TransportError):
    """The answer exceeds the bound on its size or headers; it was not read further."""

    retryable = False


class SignatureError(IntegrationError):
    """An incoming message is not authentic, stale or replayed: answer 401 and act on nothing of it."""


class DeliveryError(IntegrationError):
    """Some targets of a fan-out failed; `failures` holds one line for each."""

    def __init__(self, message: str, failures: Sequence[str] = ()) -> None:
        self.failures = tuple(failures)
        super().__init__("\n  ".join([message, *self.failures]))


class MissingExtraError(IntegrationError, ImportError):
    """A feature needs a package that is not installed; the message says what to install."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(f"{feature} needs an optional package: pip install 'integrations-sdk[{extra}]'")
