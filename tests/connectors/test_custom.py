"""A service that is described: what is sent for its operations, paging, credentials, notifications, what is refused."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as given_by
from hypothesis import strategies as st

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    Message,
    NotFoundError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.connectors.custom import CustomConnector
from integrations_sdk.connectors.custom.templates import ABSENT, filled, misspelled, names_in
from integrations_sdk.models import Event, Level, OutcomeStatus
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.custom import CustomStandIn

CANARY = "custom0CANARY0token0CANARY"
ROOT = "https://api.example.com/v1"


def make(http: ScriptedHttp, operations: dict[str, Any] | None = None, **more: object) -> CustomConnector:
    config = {
        "base_url": f"{ROOT}/",
        "auth": "bearer",
        "token": CANARY,
        "operations": operations or {},
        **more,
    }
    return connect(CustomConnector, config, http, clock=FakeClock())


def standing(**more: object) -> tuple[CustomStandIn, CustomConnector, ScriptedHttp]:
    stand_in = CustomStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    config = {name: value for name, value in {**stand_in.config(), **more}.items() if value is not None}
    return stand_in, connect(CustomConnector, config, http, clock=FakeClock()), http


def listed(found: AsyncIterator[Any]) -> list[Any]:
    async def gather() -> list[Any]:
        return [item async for item in found]

    return asyncio.run(gather())


def refused(**given: object) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        connect(CustomConnector, {"base_url": ROOT, **given}, ScriptedHttp())
    assert CANARY not in str(caught.value)
    return {problem.path: problem.wrong for problem in caught.value.problems}


class TestTemplates:
    """Placeholders in texts and JSON."""

    @pytest.mark.parametrize(
        ("template", "arguments", "expected"),
        [
            ("{n}", {"n": 7}, 7),
            ("{n}", {"n": [1, {"a": None}]}, [1, {"a": None}]),
            ("no {n} of {m}", {"n": 7, "m": True}, "no 7 of true"),
            ("{n?}", {}, ABSENT),
            ("x {n?}", {}, ABSENT),
            ("{{n}} {m}", {"m": "x"}, "{n} x"),
            ("{{}}", {}, "{}"),
            ({"a": "{n?}", "b": ["{n?}", "{m}"], "c": 5, "d": None}, {"m": 1}, {"b": [1], "c": 5, "d": None}),
            ({"{n}": "{n}"}, {"n": 1}, {"{n}": 1}),
            (5, {}, 5),
        ],
    )
    def test_templates_are_filled(self, template: Any, arguments: dict[str, Any], expected: object) -> None:
        """A text that is one placeholder takes the value's type; what is optional and missing is left out."""
        assert filled(template, arguments) == expected

    def test_names_say_whether_they_are_needed(self) -> None:
        """Once needed is needed."""
        assert names_in({"a": "{x?} {y}", "b": ["{x}", "{z?}", "{{w}}"]}) == {
            "x": True,
            "y": True,
            "z": False,
        }

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("{", True),
            ("}", True),
            ("{a", True),
            ("{1}", True),
            ("{a b}", True),
            ("{{a}}", False),
            ("{a}", False),
            ("{a?}", False),
            ("{{{a}}}", False),
        ],
    )
    def test_lone_braces_are_slips(self, text: str, wrong: bool) -> None:
        """Doubled ones are meant."""
        assert misspelled([{"x": text}]) is wrong

    @given_by(st.text(), st.text())
    def test_values_are_not_templates(self, before: str, value: str) -> None:
        """What an argument holds is never filled again."""
        escaped = before.replace("{", "{{").replace("}", "}}")
        assert filled(escaped + "x{v}", {"v": value}) == f"{before}x{value}"


class TestOperations:
    """What is sent, and what comes back."""

    def test_everything_is_where_it_belongs(self) -> None:
        """Path and query escaped, lists repeated, types kept in JSON, optional ones left out."""
        operation = {
            "method": "POST",
            "path": "/projects/{project}/items",
            "query": {"state": "{state}", "label": "{labels}", "dry": "{dry?}", "fixed": True, "n": 1},
            "headers": {"X-Trace": "t-{trace}", "X-None": "{nothing?}"},
            "body": {
                "title": "{title}",
                "count": "{count}",
                "nested": [{"assignee": "{assignee?}"}],
                "note": "{{raw}}",
            },
            "defaults": {"state": "open"},
        }
        http = ScriptedHttp([reply(200, {"id": 5})])
        arguments = {"project": "a/b c", "labels": ["x", "y&z"], "trace": 7, "title": "T", "count": 3}
        assert asyncio.run(make(http, {"create": operation}).run("create", arguments)) == {"id": 5}
        (request,) = http.requests
        assert request.url == f"{ROOT}/projects/a%2Fb%20c/items?state=open&label=x&label=y%26z&fixed=true&n=1"
        assert (request.headers["X-Trace"], "X-None" in request.headers) == ("t-7", False)
        assert request.headers["authorization"] == f"Bearer {CANARY}"
        assert http.sent() == {"title": "T", "count": 3, "nested": [{}], "note": "{raw}"}
        assert (http.calls[0].operation, http.calls[0].idempotent) == ("create", False)

    def test_a_form(self) -> None:
        """In place of JSON; PUT may be repeated."""
        stand_in, custom, http = standing()
        assert asyncio.run(custom.run("subscribe", {"email": "a@b.example"})) is None
        assert stand_in.forms == [{"email": "a@b.example"}]
        assert http.calls[0].idempotent

    def test_idempotent_may_be_said(self) -> None:
        """A POST that is a search may be repeated."""
        http = ScriptedHttp([reply(200, [])])
        asyncio.run(
            make(http, {"search": {"method": "POST", "path": "/search", "idempotent": True}}).run("search")
        )
        assert http.calls[0].idempotent

    @pytest.mark.parametrize(
        ("answer", "result", "expected"),
        [
            (reply(200, {"data": {"items": [1]}}), "data.items", [1]),
            (reply(200, {"data": 1}), "data.items", None),
            (reply(200, {"a": 1}), None, {"a": 1}),
            (reply(200, "plain words"), None, "plain words"),
            (reply(204), None, None),
            (reply(200, f"token {CANARY}"), None, "token ••••"),
            (reply(200, {"token": CANARY}), None, {"token": "••••"}),
        ],
    )
    def test_results(self, answer: Any, result: str | None, expected: object) -> None:
        """JSON at its place, else all of it, else text; the token is in none of them."""
        operation = {"path": "/x", **({"result": result} if result else {})}
        assert asyncio.run(make(ScriptedHttp([answer]), {"get": operation}).run("get")) == expected

    def test_arguments_are_checked_before_anything_is_sent(self) -> None:
        """Every missing and every unknown one is named; an unknown operation gets a suggestion."""
        _, custom, http = standing()
        with pytest.raises(ConfigurationError) as caught:
            asyncio.run(custom.run("post_message", {"txt": "x", "chanel": "y"}))
        assert {str(problem) for problem in caught.value.problems} == {
            "text: missing (give it, or describe a default)",
            "txt: unknown argument (it takes: text, channel, level)",
            "chanel: unknown argument (it takes: text, channel, level)",
        }
        with pytest.raises(NotFoundError, match="no operation 'post_mesage': did you mean `post_message`"):
            asyncio.run(custom.run("post_mesage", {}))
        for value in ("", "..", "."):
            with pytest.raises(ConfigurationError, match="id: expected something other than nothing"):
                asyncio.run(custom.run("get_item", {"id": value}))
        assert http.requests == []

    def test_an_argument_may_have_any_name(self) -> None:
        """Also one that a parameter inside has."""
        http = ScriptedHttp([reply(200, {})])
        names = ("template", "self", "values", "query", "arguments")
        operation = {"path": "/" + "/".join(f"{{{name}}}" for name in names)}
        asyncio.run(make(http, {"get": operation}).run("get", {name: name for name in names}))
        assert http.requests[0].url == f"{ROOT}/{'/'.join(names)}"

    def test_expected_statuses(self) -> None:
        """Those are answers, whatever they mean elsewhere; others are errors, whatever they mean elsewhere."""
        operations = {"get": {"path": "/x", "expect": [200, 404]}}
        assert asyncio.run(make(ScriptedHttp([reply(404, {"gone": True})]), operations).run("get")) == {
            "gone": True
        }
        with pytest.raises(RejectedError, match="answered with status 202 instead of 200, 404"):
            asyncio.run(make(ScriptedHttp([reply(202, {})]), operations).run("get"))

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, RejectedError),
            (401, AuthenticationError),
            (429, RateLimitedError),
            (500, ProviderUnavailableError),
        ],
    )
    def test_refusals_in_the_services_words(self, status: int, kind: type[ConnectorError]) -> None:
        """Where `error_message` says they are, without the token; else in the usual places."""
        body = {"problem": {"text": f"no good: {CANARY}"}, "message": "usual"}
        operations = {"get": {"path": "/x"}}
        http = ScriptedHttp([reply(status, body, x_request_id="r-1")])
        with pytest.raises(kind, match="no good: ••••") as caught:
            asyncio.run(make(http, operations, error_message="problem.text").run("get"))
        assert (caught.value.status, caught.value.request_id, caught.value.operation) == (
            status,
            "r-1",
            "get",
        )
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        with pytest.raises(kind, match="usual"):
            asyncio.run(make(http, operations).run("get"))


class TestPaging:
    """`each()` follows every kind of page."""

    @pytest.mark.parametrize("kind", ["linked", "addressed", "cursored", "numbered", "counted"])
    def test_every_item_comes_once(self, kind: str) -> None:
        """Filtered as asked, on the service's own host, until there are no more."""
        stand_in, custom, http = standing()
        stand_in.items.append({"id": 99, "project": "other"})
        found = listed(custom.each(f"list_{kind}", {"project": "shop"}))
        assert [item["id"] for item in found] == [1, 2, 3, 4, 5, 6, 7]
        assert len(http.requests) == 3
        assert all(request.url.startswith(stand_in.url) for request in http.requests)

    @pytest.mark.parametrize("kind", ["numbered", "counted"])
    def test_a_last_page_that_is_full_costs_one_more(self, kind: str) -> None:
        """And ends there."""
        stand_in, custom, http = standing()
        stand_in.items = stand_in.items[:6]
        assert len(listed(custom.each(f"list_{kind}"))) == 6
        assert len(http.requests) == 3

    def test_an_empty_listing(self) -> None:
        """Has no items."""
        stand_in, custom, _ = standing()
        stand_in.items = []
        assert listed(custom.each("list_numbered")) == []

    def test_a_service_that_names_the_same_page_again_is_not_asked_for_ever(self) -> None:
        """Nor one that says each time that there is more."""
        paging = {"kind": "cursor", "next": "next", "parameter": "cursor", "items": "items"}
        http = ScriptedHttp([reply(200, {"items": [1], "next": "same"})])
        assert listed(make(http, {"get": {"path": "/x", "paging": paging}}).each("get")) == [1, 1]
        assert len(http.requests) == 2

    def test_what_is_no_listing(self) -> None:
        """An operation without paging, an answer without a list."""
        _, custom, _ = standing()
        with pytest.raises(ConfigurationError, match="paging: missing"):
            listed(custom.each("get_item", {"id": 1}))
        with pytest.raises(RejectedError, match="no list of items at items of the answer"):
            listed(
                make(
                    ScriptedHttp([reply(200, {"items": {}})]),
                    {"get": {"path": "/x", "paging": {"kind": "link", "items": "items"}}},
                ).each("get")
            )

    def test_the_token_in_the_query_goes_with_every_page(self) -> None:
        """Also where the service's own link leaves it out."""
        stand_in, custom, http = standing(auth="query", token_name="key")
        assert len(listed(custom.each("list_addressed"))) == 7
        assert all(f"key={stand_in.token}" in request.url for request in http.requests)


class TestCredentials:
    """Every way to say who asks."""

    @pytest.mark.parametrize(
        "way",
        [
            {},
            {"auth": "basic", "token": None, "username": "ada", "password": CustomStandIn.token},
            {"auth": "header", "token_name": "X-API-Key"},
            {"auth": "query", "token_name": "key"},
            {"auth": "oauth2", "token": None, "client_id": "acme", "client_secret": CustomStandIn.client_secret, "token_url": "/oauth/token"},
            {"auth": "oauth2", "token": None, "client_id": "acme", "client_secret": CustomStandIn.client_secret, "token_url": "http://stand-in.test/oauth/token", "client_authentication": "post", "scope": "all"},
            {"auth": "none", "token": None, "headers": {"X-API-Key": CustomStandIn.token}},
        ],
    )  # fmt: skip
    def test_it_gets_in(self, way: dict[str, object]) -> None:
        """With operations and with the check, the OAuth token being asked for once."""
        stand_in, custom, _ = standing(**way)
        assert asyncio.run(custom.run("get_item", {"id": 3})) == {"id": 3, "project": "shop"}
        assert asyncio.run(custom.check()).detail == "answers 200"
        assert stand_in.granted == (1 if way.get("auth") == "oauth2" else 0)
        assert stand_in.refused == []

    def test_oauth_credentials_are_encoded_before_they_are_joined(self) -> None:
        """RFC 6749 §2.3.1."""
        http = ScriptedHttp([reply(200, {"access_token": "t"}), reply(200, {})])
        config = {
            "base_url": ROOT,
            "auth": "oauth2",
            "client_id": "a:b",
            "client_secret": "s %",
            "token_url": "/t",
            "operations": {"get": {"path": "/x"}},
        }
        asyncio.run(connect(CustomConnector, config, http).run("get"))
        assert http.requests[0].headers["authorization"] == "Basic YSUzQWI6cyslMjU="

    def test_a_wrong_client_is_an_authentication_error(self) -> None:
        """As is a wrong token."""
        _, custom, _ = standing(
            auth="oauth2", token=None, client_id="acme", client_secret=CANARY, token_url="/oauth/token"
        )
        with pytest.raises(AuthenticationError, match="invalid_client"):
            asyncio.run(custom.run("get_item", {"id": 3}))
        _, custom, _ = standing(token=CANARY, error_message="error.text")
        with pytest.raises(AuthenticationError, match=r"who are you\?"):
            asyncio.run(custom.run("get_item", {"id": 3}))

    def test_urls_of_others_are_held_to_the_guard(self) -> None:
        """A tenant's service must not be inside the operator's network."""
        with IntegrationManagementManager(guard=True) as mgr:
            mgr.custom.create({"base_url": "http://169.254.169.254", "health_path": "/latest/meta-data"})
            assert "169.254.169.254:80 is refused" in str(mgr.custom.check("custom-1").reason)


class TestNotification:
    """How people are told."""

    def test_a_message(self) -> None:
        """Its words are the operation's arguments; the reference is where the operation says."""
        stand_in, custom, _ = standing()
        outcome = asyncio.run(custom.notify(Message(text="It broke.", title="Alert", level=Level.ERROR)))
        assert (outcome.operation, outcome.reference) == ("post_message", "m-1")
        assert stand_in.messages == [
            {"text": Message(text="It broke.", title="Alert").summary, "channel": "#ops", "level": "error"}
        ]

    def test_an_event_brings_its_facts(self) -> None:
        """By name, beside the words; those that are unknown are left out."""
        arguments = {"text": "{type} of {project}: {status?}", "channel": "{branch?}", "level": "{level}"}
        stand_in, custom, _ = standing(notification={"operation": "post_message", "arguments": arguments})
        moment = FakeClock().now()
        event = Event(
            id="1", type="pipeline", source="x", time=moment, project="g/p", status="failed", branch="main"
        )
        assert asyncio.run(custom.handle_event(event))
        assert stand_in.messages[0] == {
            "text": "pipeline of g/p: failed",
            "channel": "main",
            "level": "error",
        }

    def test_without_arguments_the_operations_own_are_filled(self) -> None:
        """By their names."""
        stand_in, custom, _ = standing(notification={"operation": "post_message"})
        asyncio.run(custom.notify(Message(text="Hello")))
        assert stand_in.messages == [{"text": "Hello", "channel": "#ops", "level": "info"}]

    def test_without_a_notification_it_is_skipped(self) -> None:
        """And says why."""
        outcome = asyncio.run(make(ScriptedHttp()).notify(Message(text="x")))
        assert (outcome.status, outcome.detail) == (OutcomeStatus.SKIPPED, "no notification is configured")


def test_without_a_health_path_the_check_says_that_it_knows_nothing() -> None:
    """A warning, rather than good health."""
    http = ScriptedHttp()
    assert "configure health_path" in asyncio.run(make(http).check()).warnings[0]
    assert http.requests == []


class TestConfiguration:
    """Everything wrong is named at once, under its path."""

    def test_of_the_service(self) -> None:
        """Credentials that do not belong to `auth`, and those that are missing."""
        assert refused(auth="basic", token=CANARY, username="ada") == {
            "password": "missing; auth basic needs it", "token": "given, but auth basic does not use it",
        }  # fmt: skip
        assert set(refused(auth="oauth2", client_id="x")) == {"client_secret", "token_url"}
        assert set(refused(auth="header", token=CANARY)) == {"token_name"}
        assert set(refused(token=CANARY)) == {"token"}
        assert set(refused(auth="magic")) == {"auth"}
        assert set(refused(health_path="health", error_message="a..b", token_name="x\n")) == {
            "health_path",
            "error_message",
            "token_name",
        }
        assert set(refused(health_path="/{x}")) == {"health_path"}

    def test_of_operations(self) -> None:
        """Down to the field."""
        wrong = {
            "list items": {"path": "/x"},
            "a": {"path": "x"},
            "b": {"path": "/x/{id", "method": "get", "expect": [99]},
            "c": {"path": "/x", "pth": "/y"},
            "d": {"path": "/x", "body": {"a": "{"}, "form": {"b": 1}, "query": {"q": "}"}},
            "e": {"path": "/x", "headers": {"a b": "x"}},
            "f": {},
        }
        assert set(refused(operations=wrong)) == {
            "operations.list items", "operations.a.path", "operations.b.path", "operations.b.method",
            "operations.b.expect[0]", "operations.c.pth", "operations.d.body", "operations.d.form", "operations.d.query",
            "operations.e.headers.'a b'", "operations.f.path",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("paging", "wrong"),
        [
            ({"kind": "cursor"}, {"next", "parameter"}),
            ({"kind": "next_url"}, {"next"}),
            ({"kind": "page"}, {"parameter"}),
            ({"kind": "offset", "parameter": "o"}, {"size"}),
            ({"kind": "link", "size_parameter": "n"}, {"size"}),
            ({"kind": "link", "size": 0}, {"size"}),
            ({"kind": "scroll"}, {"kind"}),
            ({}, {"kind"}),
        ],
    )
    def test_of_paging(self, paging: dict[str, object], wrong: set[str]) -> None:
        """Each kind needs what it goes on by."""
        found = refused(operations={"get": {"path": "/x", "paging": paging}})
        assert set(found) == {f"operations.get.paging.{name}" for name in wrong}

    def test_of_paging_by_post(self) -> None:
        """Pages are asked for with GET."""
        operation = {"path": "/x", "method": "POST", "paging": {"kind": "link"}}
        assert set(refused(operations={"get": operation})) == {"operations.get.paging"}

    def test_of_the_notification(self) -> None:
        """Its operation is one of them."""
        assert refused(notification={"operation": "tell"}) == {
            "notification.operation": "expected one of the operations"
        }
        assert set(
            refused(
                notification={"operation": "tell", "arguments": {"a": "{"}},
                operations={"tell": {"path": "/x"}},
            )
        ) == {"notification.arguments"}


YAML = """
base_url: {url}
auth: bearer
token: {token}
health_path: /health
operations:
  get_item:
    path: /items/{{id}}
    expect: [200]
    result: item
  post_message:
    method: POST
    path: /messages
    body: {{text: "{{text}}", when: 2026-01-01}}
notification:
  operation: post_message
"""


class TestManager:
    """`mgr.custom`."""

    def test_create_call_and_notify(self) -> None:
        """From a mapping, by keywords or with one mapping; what is kept comes back the same."""
        with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
            made = mgr.custom.create(sandbox.config("custom"))
            assert made["config"]["token"] == "••••"
            assert mgr.custom.call("custom-1", "get_item", {"id": 2}) == {"id": 2, "project": "shop"}
            assert mgr.custom.call("custom-1", "get_item", id=2) == {"id": 2, "project": "shop"}
            assert len(mgr.custom.list_items("custom-1", "list_numbered")) == 7
            assert mgr.custom.list_operations("custom-1")["post_message"] == ["text", "channel", "level"]
            assert mgr.custom.notify("custom-1", "Hello").reference == "m-1"
            assert mgr.custom.check("custom-1").status == "healthy"
            assert mgr.custom.update("custom-1", {"timeout": 5})["version"] == 2
            assert mgr.custom.call("custom-1", "get_item", {"id": 2}) == {"id": 2, "project": "shop"}
            with pytest.raises(ConfigurationError, match="expected one mapping"):
                mgr.custom.call("custom-1", "get_item", 2)

    def test_create_from_yaml(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As text or as a file; dates are text, references are references."""
        monkeypatch.setenv("ACME_TOKEN", CustomStandIn.token)
        with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
            text = YAML.format(url=sandbox.custom.url, token="env:ACME_TOKEN")
            (tmp_path / "acme.yaml").write_text(text)
            assert mgr.custom.create_from_yaml(text, name="Acme").name == "Acme"
            assert mgr.custom.create_from_yaml(tmp_path / "acme.yaml").integration_id == "custom-2"
            assert mgr.custom.call("custom-2", "get_item", id=1) == {"id": 1, "project": "shop"}
            assert mgr.custom.notify("custom-1", "Hello")
            assert sandbox.custom.messages == [{"text": "Hello", "when": "2026-01-01"}]
            with pytest.raises(ConfigurationError, match="cannot be read"):
                mgr.custom.create_from_yaml(tmp_path / "nothing.yaml")
            with pytest.raises(ConfigurationError, match="expected a mapping"):
                mgr.custom.create_from_yaml("- a\n- b\n")
            with pytest.raises(ConfigurationError, match=r"operations\.x\.pth: unknown field"):
                mgr.custom.create_from_yaml(f"base_url: {ROOT}\noperations: {{x: {{pth: /a}}}}")
