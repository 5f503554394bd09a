"""One outcome for several parts."""

from __future__ import annotations

import pytest

from integrations_sdk.connectors.base import Outcome, OutcomeStatus, RejectedError, together

HOW = {
    "listed": "parts",
    "called": "name",
    "missed": "parts failed",
    "part": lambda outcome: outcome.reference,
}


def made(reference: str, detail: str | None = None) -> Outcome:
    return Outcome(target="x-1", provider="x", operation="do", reference=reference, detail=detail)


def test_parts_that_all_succeed():
    """The first, with what became of each."""
    outcome = together({"a": made("1", "one"), "b": made("2", "two"), "c": made("3")}, **HOW)
    assert (outcome.status, outcome.reference, outcome.detail) == (OutcomeStatus.SUCCEEDED, "1", "one; two")
    assert outcome.data == {"parts": ["1", "2", "3"]}


def test_parts_of_which_some_fail():
    """Failed, with the error of each that did; what succeeded is not to be repeated."""
    outcome = together({"a": RejectedError("no"), "b": made("2")}, **HOW)
    assert (outcome.status, outcome.reference, outcome.detail) == (OutcomeStatus.FAILED, "2", None)
    assert outcome.data == {"parts": ["2", {"name": "a", "error": "no"}]}
    assert outcome.error == "1 of 2 parts failed: no"
    assert not outcome.retryable


def test_parts_that_all_fail():
    """The first one's error."""
    with pytest.raises(RejectedError, match="first"):
        together({"a": RejectedError("first"), "b": RejectedError("second")}, **HOW)
