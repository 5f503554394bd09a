"""The base of every provider: what it makes of answers, and what it offers to subclasses."""

from __future__ import annotations

import asyncio
import gzip
import inspect
from typing import get_type_hints

import pytest

from integrations_sdk.connectors.base import (
    CallOptions,
    Connector,
    ConnectorConfig,
    Fault,
    Message,
    setting,
    settings,
)
from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.models import Category, Event, Outcome
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from support.toy import push


class Plain(Connector[ConnectorConfig]):
    """A provider that overrides nothing."""

    provider = "plain"
    title = "Plain"
    category = Category.CUSTOM
    Config = ConnectorConfig
    default_events = ("push",)

    @property
    def base_url(self) -> str:
        return "https://plain.example/api"


class Sink(Plain):
    """A provider that records events."""

    async def send_event(self, event: Event) -> Outcome:
        return Outcome(target="plain-1", provider="plain", operation="send_event", reference=event.id)


class Teller(Plain):
    """A provider that tells people."""

    async def notify(self, message: Message) -> Outcome:
        return Outcome(target="plain-1", provider="plain", operation="notify", detail=message.summary)


def failure(status: int, method: str = "POST", **options: object) -> ConnectorError:
    connector = connect(Plain, {}, ScriptedHttp([reply(status, {"message": "no"})]))
    with pytest.raises(ConnectorError) as caught:
        asyncio.run(connector.call(method, "/things", operation="things.do", **options))
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError), (401, AuthenticationError), (403, PermissionDeniedError), (404, RejectedError),
        (302, RejectedError), (429, RateLimitedError), (500, ProviderUnavailableError),
        (503, ProviderUnavailableError),
    ],
)  # fmt: skip
def test_each_status_is_the_error_that_fits(status, kind):
    """The status decides the kind; operation, integration and status are in it."""
    error = failure(status)
    assert type(error) is kind
    assert (error.operation, error.integration_id, error.status) == ("things.do", "plain-1", status)


@pytest.mark.parametrize(
    ("status", "method", "options", "retryable"),
    [
        (500, "POST", {}, False),
        (502, "POST", {}, False),
        (504, "PATCH", {}, False),
        (500, "POST", {"idempotent": True}, True),
        (500, "GET", {}, True),
        (500, "PUT", {"idempotent": False}, False),
        (503, "POST", {}, True),
        (429, "POST", {}, True),
        (400, "GET", {}, False),
    ],
)
def test_retryable_means_that_nothing_happens_twice(status, method, options, retryable):
    """A server error after which the effect is unknown is retryable only where repeating does no more."""
    assert failure(status, method, **options).retryable is retryable


@pytest.mark.parametrize(
    ("kind", "retryable", "status", "meant"),
    [
        (RateLimitedError, None, 400, 429),
        (RateLimitedError, False, 400, 400),
        (RejectedError, None, 400, 400),
        (RateLimitedError, None, 403, 403),
        (RejectedError, None, 500, 400),
        (RejectedError, True, 500, 500),
        (ProviderUnavailableError, None, 500, 500),
        (RateLimitedError, None, 503, 503),
    ],
)
def test_what_a_fault_says_goes_before_a_misleading_status(kind, retryable, status, meant):
    """A limit is waited out whatever its status (AWS: 400); a refusal is not repeated (an old Alertmanager: 500)."""

    class Faulty(Plain):
        def fault(self, response):
            return Fault(kind, "too often", retryable=retryable)

    http = ScriptedHttp([reply(status, {}, retry_after="3")])
    with pytest.raises(kind):
        asyncio.run(connect(Faulty, {}, http).call("POST", "/x", operation="x"))
    assert http.calls[0].status_of(reply(status)) == meant


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (reply(200, "hello", content_type="text/html"), "text/html"),
        (reply(200, b"{", content_type="application/json"), "something else"),
        (reply(200, [1]), "something else"),
    ],
)
def test_what_is_no_json_object_is_said(answer, says):
    """An answer that is not the API's says what came instead, and asks whether the URL is right."""
    connector = connect(Plain, {}, ScriptedHttp([answer]))

    async def main() -> None:
        connector.parse(await connector.call("GET", "/x", operation="x"), "x")

    with pytest.raises(RejectedError, match=f"{says} instead of a JSON object; is the URL"):
        asyncio.run(main())


@pytest.mark.parametrize(
    "page",
    [
        "<html>",
        "\n <!DOCTYPE HTML>\n<html>",
        "\ufeff<html lang='en'>",
        "<!-- built by x -->\n<!doctype html>",
    ],
)
def test_a_page_is_no_answer(page):
    """A proxy's or a sign-in's page under 200 counts for no operation as done, unless pages may be good answers."""
    answered = [reply(200, page, content_type="text/html")]
    with pytest.raises(RejectedError, match="a page of HTML instead of the API's answer"):
        asyncio.run(connect(Plain, {}, ScriptedHttp(answered)).call("POST", "/x", operation="x"))
    taking = type("Taking", (Plain,), {"takes_pages": True})
    assert asyncio.run(connect(taking, {}, ScriptedHttp(answered)).call("POST", "/x", operation="x")).ok


@pytest.mark.parametrize(
    "answer", ["ok", "<ErrorResponse/>", "<htmlx>", "", "see <html>", '{"text": "<html>"}']
)
def test_other_answers_are_no_pages(answer):
    """Slack says a plain `ok` as text/html, AWS speaks XML."""
    answered = [reply(200, answer, content_type="text/html")]
    assert asyncio.run(connect(Plain, {}, ScriptedHttp(answered)).call("POST", "/x", operation="x")).ok


@pytest.mark.parametrize(
    ("kind", "operation", "succeeded"),
    [(Plain, "events", False), (Sink, "send_event", True), (Teller, "notify", True)],
)
def test_events_are_told_recorded_or_left(kind, operation, succeeded):
    """A notifier tells people of an event, an event sink records it, anything else says that it does neither."""
    outcome = asyncio.run(connect(kind, {}, ScriptedHttp()).handle_event(push()))
    assert (outcome.operation, bool(outcome)) == (operation, succeeded)


def test_relative_paths_begin_at_the_base():
    """A path is below `base_url`, an absolute URL is taken as it is; the query is encoded."""
    http = ScriptedHttp([reply(200, {})])
    connector = connect(Plain, {}, http)

    async def main() -> None:
        await connector.call("GET", "/a", operation="a", query={"q": "ä b"})
        await connector.call("GET", "https://other.example/b", operation="b")

    asyncio.run(main())
    assert [request.url for request in http.requests] == [
        "https://plain.example/api/a?q=%C3%A4+b",
        "https://other.example/b",
    ]


def test_an_answer_knows_its_operation():
    """Outcome, error and what is no object are named after the call, unless told otherwise."""
    connector = connect(Plain, {}, ScriptedHttp([reply(200, 5)]))
    answer = asyncio.run(connector.call("GET", "/x", operation="things.get"))
    assert connector.done(answer).operation == "things.get"
    assert connector.done(answer, "things.read").operation == "things.read"
    assert connector.error(Fault(RejectedError, "no"), answer).operation == "things.get"
    assert connector.error(Fault(RejectedError, "no"), answer, "things.read").operation == "things.read"
    for parse in (connector.parse, connector.parse_list):
        with pytest.raises(RejectedError) as caught:
            parse(answer)
        assert caught.value.operation == "things.get"


def test_asking_gives_the_object_of_the_answer():
    """`ask()` sends what `call()` would, and gives the JSON object or the error of `parse()`."""
    http = ScriptedHttp([reply(200, {"id": 1}), reply(200, [1])])
    connector = connect(Plain, {}, http)
    sent = {"json": {"a": 1}, "query": {"b": "2"}}
    assert asyncio.run(connector.ask("POST", "/x", operation="x.make", **sent)) == {"id": 1}
    assert (http.requests[0].url, http.requests[0].content) == ("https://plain.example/api/x?b=2", b'{"a":1}')
    with pytest.raises(RejectedError, match="instead of a JSON object"):
        asyncio.run(connector.ask("GET", "/x", operation="x.get"))
    with pytest.raises(TypeError, match="jsn"):
        asyncio.run(connector.ask("GET", "/x", operation="x.get", jsn={}))


def test_options_of_calls_are_those_of_call():
    """`CallOptions` names every option of `call()`, with its type."""
    options = {
        name: parameter.annotation
        for name, parameter in inspect.signature(Connector.call, eval_str=True).parameters.items()
        if parameter.default is not parameter.empty
    }
    assert get_type_hints(CallOptions) == options


def test_bodies_are_compressed_where_that_is_worth_it():
    """From 1 KiB on, with the header that says so; only where it is asked for."""
    http = ScriptedHttp([reply(200, {})] * 3)
    connector = connect(Plain, {}, http)
    for content, compress in ((b"x" * 1024, True), (b"x", True), (b"x" * 1024, False)):
        asyncio.run(connector.call("POST", "/x", operation="x", content=content, compress=compress))
    encodings = [request.headers.get("content-encoding") for request in http.requests]
    assert encodings == ["gzip", None, None]
    assert gzip.decompress(http.requests[0].content) == http.requests[2].content


@settings
class NamedConfig(ConnectorConfig):
    """Fields that name variables."""

    url: str = setting("Where.", env=("PLAIN_URL", "PLAIN_HOST"))
    team: str = setting("Who.", default="")


def test_variables_are_those_that_the_fields_name():
    """In their order; a mapping of the provider's own stands in their place, and one without fields has none."""

    class Named(Plain):
        Config = NamedConfig

    class Own(Plain):
        Config = NamedConfig
        environment = {"PLAIN_TEAM": "team"}

    assert list(Named.environment.items()) == [("PLAIN_URL", "url"), ("PLAIN_HOST", "url")]
    assert Own.environment == {"PLAIN_TEAM": "team"}
    assert Plain.environment == {}
