"""`http.base`: requests that could not be sent are refused when they are made; nothing shows what they carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.http.base import Connection, Headers, Request, Response, origin


def test_headers_ignore_case_and_join_repeated_ones() -> None:
    """Names compare without case; repeated fields are joined in order (RFC 9110 §5.3)."""
    headers = Headers([("Vary", "a"), ("vary", "b"), ("X", "1")])
    assert headers["VARY"] == "a, b"
    assert ("x" in headers, "y" in headers, len(headers), list(headers)) == (True, False, 2, ["vary", "x"])
    assert dict(Headers({"A": "1"})) == {"a": "1"}


def test_headers_show_names_only() -> None:
    """Values can be secrets."""
    assert repr(Headers({"Authorization": "secret"})) == "Headers(['authorization'])"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/path",
        "ftp://h/",
        "https://",
        "https:///path",
        "https://h:0/",
        "https://h:99999/",
        "https://[::1/",
        "https://h/a b",
        "https://h/\r\nx",
        "https://h/\0",
        "https://h/a\tb",
        "https://h/\x1b",
        "https://h/\x7f",
    ],
)
def test_unusable_urls_are_refused(url: str) -> None:
    """Only an absolute http(s) URL without spaces and line breaks can be requested; it is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        Request(method="GET", url=url)
    assert {problem.path for problem in caught.value.problems} == {"url"}


@pytest.mark.parametrize("method", ["", "GET /other HTTP/1.1\r\nx: y\r\n\r\nGET", "GET x", "G\tT", "GÉT"])
def test_unusable_methods_are_refused(method: str) -> None:
    """A method is a token, and nothing of a request line besides."""
    with pytest.raises(ConfigurationError) as caught:
        Request(method=method, url="https://h/")
    assert [problem.path for problem in caught.value.problems] == ["method"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("x y", "1"), ("", "1"), ("x:", "1"), ("é", "1"), ("x", "a\r\nb: c"), ("x", "\0"), ("x\n", "1")],
)
def test_unusable_headers_are_refused(name: str, value: str) -> None:
    """What is no token, and what would begin a header of its own, never reaches the wire."""
    with pytest.raises(ConfigurationError) as caught:
        Request(method="GET", url="https://h/", headers={name: value})
    assert [problem.path for problem in caught.value.problems] == [f"headers.{name!r}"]


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_header_that_passes_can_inject(name: str, value: str) -> None:
    """Whatever is accepted has no line break."""
    try:
        request = Request(method="GET", url="https://h/", headers={name: value})
    except ConfigurationError:
        return
    assert not set("\r\n\0") & set("".join([*request.headers, *request.headers.values()]))


def test_reprs_show_no_secret() -> None:
    """Of a request the method and origin, of a connection no proxy, of an answer status and size."""
    request = Request(
        method="POST",
        url="https://us:secret@h/secret",
        headers={"a": "secret"},
        content=b"secret",
        connection=Connection(proxy="http://us:secret@p"),
    )
    response = Response(status=200, headers=Headers({"a": "secret"}), content=b"secret")
    assert repr(request) == "<Request POST https://h/…>"
    assert "secret" not in f"{request.connection!r}"
    assert repr(response) == "<Response 200, 6 bytes>"


def test_response_reads_its_body() -> None:
    """As text with what is no UTF-8 replaced; as JSON only if it is."""
    assert Response(status=200, content=b'{"a": 1}').json() == {"a": 1}
    assert Response(status=200, content=b"caf\xe9").text == "caf\ufffd"
    flat, deep = b"[" + b"[1]," * 500 + b"[1]]", b"[" * 101 + b"]" * 101
    assert len(str(Response(status=200, content=flat).json())) > 1000
    assert Response(status=200, content=deep[1:-1]).json()
    for content in (b"", b"<html>", b'"\xff"', deep, b'{"a":' * 5000 + b"1" + b"}" * 5000):
        with pytest.raises(ValueError):
            Response(status=200, content=content).json()


@pytest.mark.parametrize(("status", "good"), [(199, False), (200, True), (299, True), (300, False)])
def test_ok_is_2xx(status: int, good: bool) -> None:
    """Redirects are not followed, so they are not good either."""
    assert Response(status=status).ok is good


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://us:pw@Example.com:8443/x?y", "https://example.com:8443"),
        ("http://[::1]/x", "http://[::1]"),
        ("https://example.com", "https://example.com"),
    ],
)
def test_origin(url: str, expected: str) -> None:
    """Scheme, host and port."""
    assert origin(url) == expected
