"""From a vendor's answer to the error that fits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.faults import (
    Fault,
    fault_of,
    json_of,
    pause_of,
    request_id,
    sentence,
    time_of,
    words_of,
)
from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.http.base import Headers, Pause, Response
from integrations_sdk.models import JsonValue


def answer(status: int = 400, body: object = b"", **headers: str) -> Response:
    """An answer; what is not bytes becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(
        status=status,
        headers=Headers({name.replace("_", "-"): value for name, value in headers.items()}),
        content=content,
    )


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_no_fault(status: int) -> None:
    """2xx is good, whatever its body says."""
    assert fault_of(answer(status, {"error": "x"})) is None


@pytest.mark.parametrize(
    ("status", "kind", "without_words"),
    [
        (400, RejectedError, "request refused with status 400"),
        (401, AuthenticationError, "the credentials are refused"),
        (403, PermissionDeniedError, "the credentials lack a permission"),
        (404, RejectedError, "request refused with status 404"),
        (409, RejectedError, "request refused with status 409"),
        (422, RejectedError, "request refused with status 422"),
        (429, RateLimitedError, "rate limit exceeded"),
        (499, RejectedError, "request refused with status 499"),
        (500, ProviderUnavailableError, "server error"),
        (503, ProviderUnavailableError, "server error"),
        (599, ProviderUnavailableError, "server error"),
        (100, ProviderUnavailableError, "server error"),
    ],
)
def test_the_status_decides(status: int, kind: type[ConnectorError], without_words: str) -> None:
    """Each status has its kind of error; the vendor's words are taken where there are any."""
    assert fault_of(answer(status)) == Fault(kind, without_words)
    assert fault_of(answer(status, {"message": "its own words"})) == Fault(kind, "its own words")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_a_redirect_is_a_fault(status: int) -> None:
    """Redirects are never followed, as they would carry credentials elsewhere; the error says what to configure."""
    fault = fault_of(answer(status, {"message": "moved"}, location="https://elsewhere.example"))
    assert fault is not None
    assert fault.kind is RejectedError
    assert "final URL" in fault.message
    assert "elsewhere" not in fault.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Not Found", "documentation_url": "https://docs.github.com"}, "Not Found"),
        ({"errorMessages": ["Issue does not exist"], "errors": {}}, "Issue does not exist"),
        (
            {"errorMessages": [], "errors": {"summary": "is required", "project": "is invalid"}},
            "summary: is required; project: is invalid",
        ),
        ({"message": {"name": ["has already been taken"]}}, "name: has already been taken"),
        (
            {"error": "invalid_grant", "error_description": "The token expired."},
            "The token expired.; invalid_grant",
        ),
        ({"errors": ["Invalid API key"]}, "Invalid API key"),
        ({"errors": [{"message": "a"}, {"message": "b"}]}, "a; b"),
        ({"error": {"code": 5, "message": "inner"}}, "inner"),
        ({"message": "same", "error": "same"}, "same"),
        ({"detail": "x", "title": ""}, "x"),
        (["first", "second"], "first; second"),
        ("just text", "just text"),
        ({"unknown": "x"}, ""),
        ({"error": 5, "message": None}, ""),
        (5, ""),
        (None, ""),
    ],
)
def test_words_of_json(body: object, words: str) -> None:
    """The usual shapes of error bodies are read, each sentence once."""
    assert words_of(answer(400, body, content_type="application/json")) == words


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"no_text", "text/plain; charset=utf-8", "no_text"),
        (b"<html><h1>Error</h1></html>", "text/html", ""),
        (b"{broken", "application/json", ""),
        (b"bad \xff byte", "text/plain", "bad � byte"),
        (b"\xff\xfe", "application/json", ""),
        (b"", "text/plain", ""),
        (b"[" * 200_000, "application/json", ""),
    ],
)
def test_words_of_other_bodies(body: bytes, content_type: str, words: str) -> None:
    """Plain text is taken as it is; HTML, broken JSON, wrong encodings and endless nesting say nothing."""
    assert words_of(answer(400, body, content_type=content_type)) == words


def test_text_without_a_content_type_is_taken_as_text() -> None:
    """A bare line is most often meant for people."""
    assert words_of(answer(400, b"slow down\n")) == "slow down"


@given(
    content=st.binary(max_size=80)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["message", "errors", "error", "x"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_words_are_always_one_bounded_line(content: bytes) -> None:
    """Whatever a vendor answers, its words fit one line of 300 characters without control characters."""
    for content_type in ("text/plain", "application/json"):
        words = words_of(answer(400, content, content_type=content_type))
        assert len(words) <= 300
        assert not any(ord(character) < 32 or character in "\x7f\u2028\u2029\x85" for character in words)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a\r\n\tb \x00\x1b[31m c\x7f ", "a b [31m c"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
        ("", ""),
    ],
)
def test_sentence(text: str, line: str) -> None:
    """White space is folded, control characters go, and at most 300 characters stay."""
    assert sentence(text) == line


@pytest.mark.parametrize(
    "name", ["X-Request-Id", "x-slack-req-id", "X-GitHub-Request-Id", "atl-traceid", "X-ARequestId"]
)
def test_request_id_from_the_headers_vendors_use(name: str) -> None:
    """The vendor's id is found whatever the header's case; without one there is none."""
    assert request_id(Response(status=200, headers=Headers({name: "r-1"}))) == "r-1"
    assert request_id(Response(status=200)) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b'{"a": 1}', {"a": 1}), (b"null", None), (b"{", None), (b"\xff", None), (b"[" * 200_000, None)],
)
def test_json_of(body: bytes, expected: object) -> None:
    """The JSON, or None when it is none."""
    assert json_of(answer(200, body)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T01:00:00+01:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (5, None),
        (None, None),
    ],
)
def test_time_of(value: JsonValue, expected: datetime | None) -> None:
    """A vendor's time in UTC; what is none breaks nothing."""
    assert time_of(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, 0),
        (4.5, 4.5),
        (1e9, 86_400),
        (-1, None),
        (True, None),
        ("4", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_pause_of(seconds: JsonValue, expected: float | None) -> None:
    """A number of seconds, a day at most; anything else asks for nothing."""
    found = pause_of(seconds, everywhere=True)
    assert found == (None if expected is None else Pause(wait=timedelta(seconds=expected), everywhere=True))
