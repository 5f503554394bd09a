"""What the comparison of requests calls the same, and what it does not let pass."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from integrations_sdk.http.base import Headers
from integrations_sdk.testing.standin import Received
from support import clients
from support.clients import imported
from support.recording import Difference, Extra, Varies, compare


def made(
    method: str = "POST", target: str = "/issues", body: bytes = b'{"title": "x"}', **headers: str
) -> Received:
    named = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return Received.of(method, target, Headers(named), body)


def test_what_means_the_same_is_the_same() -> None:
    """Spaces and order in JSON and forms, charset, escapes in a path, the case of a scheme, further headers."""
    form = {"content_type": "application/x-www-form-urlencoded"}
    compare(
        [made(body=b'{"a":1,"b":[]}')],
        [made(body=b'{ "b": [], "a": 1 }', content_type="application/json; charset=utf-8")],
    )
    compare([made(body=b"a=1&b=x+y", **form)], [made(body=b"b=x%20y&a=1", **form)])
    compare([made(target="/p/a%2Fb?x=1&y=2")], [made(target="/p/a/b?y=2&x=1", user_agent="other")])
    compare([made(authorization="Bearer t")], [made(authorization="bearer t", accept_encoding="gzip")])
    compare([made(authorization="Basic YTpi")], [made(authorization="basic YTpi")])


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (made("PUT"), "method: ours 'POST', theirs 'PUT'"),
        (made(target="/issue"), "path: ours '/issues', theirs '/issue'"),
        (made(target="/issues?page=1"), "query.page: ours 'absent', theirs '1'"),
        (made(body=b'{"title": "y"}'), "body.title: ours 'x', theirs 'y'"),
        (made(body=b'{"title": "x", "n": [{"a": null}]}'), r"body.n\[0\].a: ours 'absent', theirs None"),
        (made(body=b""), "type: ours 'application/json', theirs 'absent'"),
        (made(authorization="Bearer t"), "auth.authorization.credential: ours 'absent', theirs 't'"),
        (made(private_token="t"), "auth.private-token: ours 'absent', theirs 't'"),
        (made(content_type="text/plain"), "type: ours 'application/json', theirs 'text/plain'"),
    ],
)
def test_a_difference_is_told(theirs: Received, said: str) -> None:
    """With what each side says."""
    with pytest.raises(AssertionError, match=said):
        compare([made()], [theirs])


def test_a_scheme_is_no_credential() -> None:
    """Another scheme is one difference, another secret another."""
    ours, theirs = made(authorization="Bearer t"), made(authorization="token t")
    compare([ours], [theirs], [Difference("auth.authorization.scheme", "both are taken")])
    with pytest.raises(AssertionError, match="credential"):
        compare(
            [ours],
            [made(authorization="token u")],
            [Difference("auth.authorization.scheme", "both are taken")],
        )


def test_an_explanation_that_explains_nothing_fails() -> None:
    """So that none outlives what it explains."""
    with pytest.raises(AssertionError, match=r"explained, but not so: body\.title"):
        compare([made()], [made()], [Difference("body.title", "once")])
    with pytest.raises(AssertionError, match="explained, but not made: GET /crumb"):
        compare([made()], [made()], [Extra("theirs", "GET /crumb", "once")])
    with pytest.raises(AssertionError, match=r"body\.id"):
        compare([made()], [made()], [Varies("body.id", "made up")])


def test_an_explanation_covers_what_is_below_and_no_more() -> None:
    """`body.a` is not `body.ab`."""
    theirs = made(body=json.dumps({"title": "x", "a": {"b": [1]}}).encode())
    compare([made()], [theirs], [Difference("body.a", "more")])
    with pytest.raises(AssertionError, match=r"body\.ab"):
        compare([made()], [made(body=b'{"title": "x", "a": 1, "ab": 1}')], [Difference("body.a", "more")])


def test_what_varies_must_be_on_both_sides() -> None:
    """And of one kind; whether it differs this time does not matter."""
    one, other, text = (made(body=json.dumps({"at": value}).encode()) for value in (1, 2, "3"))
    compare([one], [other], [Varies("body.at", "the time")])
    compare([one], [one], [Varies("body.at", "the time")])
    for wrong in (text, made(body=b"{}")):
        with pytest.raises(AssertionError, match=r"body\.at"):
            compare([one], [wrong], [Varies("body.at", "the time")])


def test_each_request_counts() -> None:
    """One more must be explained; `times` bounds what an explanation takes away."""
    look, post = made("GET", "/issues/1", b""), made()
    with pytest.raises(AssertionError, match="not as many requests"):
        compare([look, post], [post])
    compare([look, post], [post], [Extra("ours", "GET /issues/*", "ours looks first")])
    compare([post, look, post], [look, post], [Extra("ours", "POST /issues", "refused once", times=1)])
    with pytest.raises(AssertionError, match="not as many requests"):
        compare([post, post], [look], [Extra("ours", "POST /issues", "all")])


def test_a_signature_is_compared_by_who_signs_for_what() -> None:
    """The time that goes into it does not matter; key, region and service do."""

    def signed(key: str = "AKID", day: str = "20260101", service: str = "sns") -> Received:
        scope = f"{key}/{day}/eu-central-1/{service}/aws4_request"
        return made(authorization=f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={day}")

    compare([signed()], [signed(day="20260102")])
    for other in (signed(key="OTHER"), signed(service="sqs")):
        with pytest.raises(AssertionError, match="credential"):
            compare([signed()], [other])


def test_envelopes_are_compared_line_by_line() -> None:
    """JSON of several lines, as Sentry's."""
    kind = "application/x-sentry-envelope"
    ours, theirs = (made(body=f'{{"v":1}}\n{{"id":"{one}"}}'.encode(), content_type=kind) for one in "ab")
    with pytest.raises(AssertionError, match=r"body\[1\].id: ours 'a', theirs 'b'"):
        compare([ours], [theirs])


def test_headers_count_where_they_are_named() -> None:
    """Such as one that says the version of the API."""
    compare([made(accept="v1")], [made(accept="v2")])
    with pytest.raises(AssertionError, match=r"header\.accept"):
        compare([made(accept="v1")], [made(accept="v2")], headers=["accept"])


def test_a_client_that_is_not_there_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skipped with the reason; a failure where services are required."""
    monkeypatch.setattr(clients, "REQUIRED", False)
    with pytest.raises(pytest.skip.Exception, match="nowhere is not installed"):
        imported("nowhere", "no_such_module_of_anybody")
    monkeypatch.setattr(clients, "REQUIRED", True)
    with pytest.raises(pytest.fail.Exception, match="nowhere is not installed"):
        imported("nowhere", "no_such_module_of_anybody")


def test_what_was_compared_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provider, operation, client and its version; and only what was found to be the same."""
    recorded: list[tuple[str, ...]] = []
    monkeypatch.setattr(clients, "record", lambda *fields: recorded.append(fields))
    versus = clients.Versus("slack", "attrs", importlib.import_module("attrs"))

    def posted(stand_in: Any) -> None:
        kind = {"content-type": "application/json"}
        url = stand_in.config()["webhook_url"]
        urllib.request.urlopen(urllib.request.Request(url, b'{"text": "x"}', kind)).close()

    async def nothing(_: Any) -> None: ...

    with pytest.raises(AssertionError, match="not as many requests"):
        versus("send_message", bare=True, ours=nothing, theirs=posted)
    assert recorded == []
    versus("send_message", ours=lambda slack: slack.send_message(text="x"), theirs=posted)
    assert recorded == [("slack", "send_message", f"client attrs {importlib.metadata.version('attrs')}")]


def test_a_request_that_the_vendor_refuses_is_no_comparison() -> None:
    """Though both make the same."""
    versus = clients.Versus("slack", "attrs", importlib.import_module("attrs"))

    def refused(stand_in: Any) -> None:
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{stand_in.url}/nowhere")

    async def ours(stand_in: Any) -> None:
        await asyncio.to_thread(refused, stand_in)

    with pytest.raises(AssertionError, match="the stand-in refused"):
        versus("send_message", bare=True, ours=ours, theirs=refused)
