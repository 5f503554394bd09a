"""The errors: what they say, what they keep, and that they survive a process boundary."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta

import pytest

from integrations_sdk import errors
from integrations_sdk.errors import (
    AlreadyExistsError,
    AuthenticationError,
    BlockedAddressError,
    ConfigurationError,
    ConflictError,
    ConnectorError,
    DeadlineExceededError,
    DeliveryError,
    DisabledError,
    IntegrationError,
    MissingExtraError,
    NotFoundError,
    PermissionDeniedError,
    Problem,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    ResponseTooLargeError,
    SignatureError,
    StateError,
    TransportError,
)

FACTS = {
    "provider": "slack",
    "operation": "chat.postMessage",
    "integration_id": "slack-1",
    "status": 429,
    "request_id": "r-1",
    "attempts": 3,
    "retry_after": timedelta(seconds=1.5),
    "code": "ratelimited",
}
CONNECTOR_ERRORS = [
    ConnectorError,
    AuthenticationError,
    PermissionDeniedError,
    RateLimitedError,
    RejectedError,
    ProviderUnavailableError,
]
TRANSPORT_ERRORS = [TransportError, DeadlineExceededError, BlockedAddressError, ResponseTooLargeError]

EVERY: list[IntegrationError] = [
    *(
        kind("text")
        for kind in (
            IntegrationError,
            NotFoundError,
            AlreadyExistsError,
            ConflictError,
            StateError,
            DisabledError,
            SignatureError,
        )
    ),
    ConfigurationError(
        "slack configuration", [Problem("a.b", "expected some text", "add it"), Problem("c", "unknown field")]
    ),
    *(kind("words", **FACTS) for kind in CONNECTOR_ERRORS),
    *(kind("words", sent=False, **FACTS) for kind in TRANSPORT_ERRORS),
    DeliveryError("2 of 3 targets failed", ["a: x", "b: y"]),
    MissingExtraError("fast HTTP", "fast"),
]


def test_every_error_is_examined_here() -> None:
    """The list above has an example of each error class there is."""
    kinds = {getattr(errors, name) for name in errors.__all__} - {Problem}
    assert {type(error) for error in EVERY} == kinds


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_errors_survive_pickle_and_copy(error: IntegrationError) -> None:
    """Through any pickle protocol and through copying, class, text, attributes and notes stay."""
    error.add_note("a note")
    copies = [
        pickle.loads(pickle.dumps(error, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ]
    for other in [*copies, copy.copy(error), copy.deepcopy(error)]:
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert repr(other) == repr(error)
        assert vars(other) == vars(error)
        assert other.args == error.args


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_every_error_is_an_integration_error(error: IntegrationError) -> None:
    """One `except` catches all, and each says something."""
    assert isinstance(error, IntegrationError)
    assert str(error)


def test_usual_python_errors_fit_as_well() -> None:
    """Wrong input is a `ValueError`, a missing thing a `LookupError`, a missing package an `ImportError`."""
    assert issubclass(ConfigurationError, ValueError)
    assert issubclass(NotFoundError, LookupError)
    assert issubclass(MissingExtraError, ImportError)


def test_configuration_error_lists_every_problem() -> None:
    """First line: subject and count; then one line each, with path, what is wrong, and the remedy where there is one."""
    error = ConfigurationError(
        "slack configuration", [Problem("a.b", "expected some text", "add it"), Problem("c", "unknown")]
    )
    assert str(error) == "slack configuration: 2 problems\n  a.b: expected some text (add it)\n  c: unknown"
    assert error.problems == (Problem("a.b", "expected some text", "add it"), Problem("c", "unknown", ""))
    assert error.subject == "slack configuration"


def test_configuration_error_of_one_problem() -> None:
    """`of()` makes the error with a single problem, counted in the singular."""
    assert (
        str(ConfigurationError.of("store", "limit", "expected 1 to 10"))
        == "store: 1 problem\n  limit: expected 1 to 10"
    )


def test_connector_error_says_all_it_knows() -> None:
    """Who, what, words, status, code, request id, attempts, how long to wait."""
    assert str(RateLimitedError("slow down", **FACTS)) == (
        "slack-1 chat.postMessage: slow down "
        "[HTTP 429, code ratelimited, request id r-1, 3 attempts, retry after 1.5 s]"
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectorError("words"), "words"),
        (ConnectorError("words", provider="slack"), "slack: words"),
        (ConnectorError("words", provider="slack", operation="x"), "slack x: words"),
        (ConnectorError("words", operation="x", attempts=1, status=0), "x: words [HTTP 0]"),
        (ConnectorError("words", retry_after=timedelta(0)), "words [retry after 0 s]"),
        (TransportError("reset", provider="slack", attempts=2), "slack: reset [2 attempts]"),
    ],
)
def test_connector_error_leaves_out_what_it_does_not_know(error: ConnectorError, text: str) -> None:
    """Unknown facts take no room; one attempt goes without saying."""
    assert str(error) == text


@pytest.mark.parametrize(
    ("kind", "retryable", "needs_reauth"),
    [
        (ConnectorError, False, False),
        (AuthenticationError, False, True),
        (PermissionDeniedError, False, False),
        (RateLimitedError, True, False),
        (RejectedError, False, False),
        (ProviderUnavailableError, True, False),
        (TransportError, True, False),
        (DeadlineExceededError, True, False),
        (BlockedAddressError, False, False),
        (ResponseTooLargeError, False, False),
    ],
)
def test_what_to_do_about_each(kind: type[ConnectorError], retryable: bool, needs_reauth: bool) -> None:
    """Each kind says whether to try again later and whether to re-authorise."""
    error = kind("words")
    assert (error.retryable, error.needs_reauth) == (retryable, needs_reauth)


def test_transport_error_tells_whether_it_may_have_arrived() -> None:
    """Unless told otherwise a request may have reached the vendor."""
    assert TransportError("x").sent
    assert not DeadlineExceededError("x", sent=False).sent


def test_delivery_error_names_every_failure() -> None:
    """One line for each failed target."""
    error = DeliveryError("1 of 2 targets failed", ["slack-1: no"])
    assert str(error) == "1 of 2 targets failed\n  slack-1: no"
    assert error.failures == ("slack-1: no",)


def test_missing_extra_says_what_to_install() -> None:
    """The message is the command."""
    error = MissingExtraError("fast HTTP", "fast")
    assert str(error) == "fast HTTP needs an optional package: pip install 'integrations-sdk[fast]'"
    assert (error.feature, error.extra) == ("fast HTTP", "fast")
