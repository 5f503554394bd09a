"""Stand-ins: routes, credentials, what is kept, and what a fault changes."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import pytest

from integrations_sdk.http.base import Headers
from integrations_sdk.testing.standin import Received, Reply, StandIn, route
from integrations_sdk.testing.vendors.discord import DiscordStandIn
from integrations_sdk.testing.vendors.telegram import TelegramStandIn


class Acme(StandIn):
    """A vendor for these tests."""

    provider = "acme"

    def authorized(self, request: Received) -> Reply | None:
        """A token in a header."""
        return None if request.headers.get("token") == "right" else Reply(status=401, json={"error": "token"})

    @route("GET", "/things/{name}")
    @route("PUT", "/things/{name}")
    def thing(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Says which one was asked for."""
        return Reply(json={"name": values["name"], "method": request.method})

    @route("GET", "/things/all")
    def everything(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Takes no value, so it wins over the one that does."""
        return Reply(json=["everything"])

    @route("GET", "/job/{rest*}/build")
    def build(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Takes slashes."""
        return Reply(json={"rest": values["rest"]})


def ask(stand_in: StandIn, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
    """A request with the right token unless told otherwise."""
    sent = Headers({"token": "right", **{name.replace("_", "-"): value for name, value in headers.items()}})
    return stand_in.answer(Received.of(method, target, sent, body))[0]


@pytest.mark.parametrize(
    ("method", "target", "answer"),
    [
        ("GET", "/things/a%2Fb?x=1", {"name": "a/b", "method": "GET"}),
        ("PUT", "/things/a", {"name": "a", "method": "PUT"}),
        ("HEAD", "/things/a", {"name": "a", "method": "HEAD"}),
        ("GET", "/things/all", ["everything"]),
        ("GET", "/job/a/job/b/build", {"rest": "a/job/b"}),
        ("GET", "/things", {"message": "Not Found"}),
        ("DELETE", "/things/a", {"message": "Not Found"}),
        ("GET", "/things/a/b", {"message": "Not Found"}),
    ],
)
def test_the_most_specific_route_that_fits_answers(method: str, target: str, answer: object) -> None:
    """Values are percent-decoded and take no slash unless the template says so."""
    assert ask(Acme(), method, target).json == answer


def test_accepted_and_refused_requests_are_kept_apart() -> None:
    """Wrong credentials and unknown paths are refused; both are kept."""
    acme = Acme()
    assert ask(acme, "GET", "/things/a", token="wrong").status == 401
    assert ask(acme, "GET", "/nowhere").status == 404
    assert ask(acme, "GET", "/things/a").status == 200
    assert [request.path for request in acme.received] == ["/things/a"]
    assert [request.path for request in acme.refused] == ["/things/a", "/nowhere"]


@pytest.mark.parametrize(("acts", "received"), [(False, 0), (True, 1)])
def test_a_status_fault_happens_before_or_after_the_vendor_acts(acts: bool, received: int) -> None:
    """The answer is the same either way; whether the request had its effect differs."""
    acme = Acme()
    acme.fail(status=503, retry_after=2, acts=acts)
    answer = ask(acme, "GET", "/things/a")
    assert (answer.status, answer.headers) == (503, {"retry-after": "2"})
    assert len(acme.received) == received
    assert ask(acme, "GET", "/things/a").status == 200


@pytest.mark.parametrize(("wait", "expected"), [(7, 7), ("Thu, 01 Jan 2026 00:00:00 GMT", None)])
def test_a_wait_stands_where_the_vendor_says_it(wait: float | str, expected: float | None) -> None:
    """Discord and Telegram name it in the body; there it is the same as in the header."""
    for vendor, path in (
        (DiscordStandIn(), ("retry_after",)),
        (TelegramStandIn(), ("parameters", "retry_after")),
    ):
        vendor.fail(status=429, retry_after=wait)
        answer = ask(vendor, "GET", "/")
        found: Any = answer.json
        for name in path:
            found = found.get(name)
        assert (answer.headers["retry-after"], found) == (str(wait), expected)


def test_a_fault_can_be_aimed_at_a_route() -> None:
    """Other routes go on working."""
    acme = Acme()
    acme.fail(status=500, path="/things/{name}", method="PUT")
    assert [ask(acme, method, "/things/a").status for method in ("GET", "PUT", "PUT")] == [200, 500, 200]


def test_bodies_are_read_as_json_or_form_and_gzip_is_unpacked() -> None:
    """What is not JSON is None; what is not gzip stays as it came."""
    packed = Received.of(
        "POST", "/?a=&b=1", Headers({"content-encoding": "gzip"}), gzip.compress(b'{"a": 1}')
    )
    assert packed.json() == {"a": 1}
    assert packed.query == {"a": "", "b": "1"}
    broken = Received.of("POST", "/", Headers({"content-encoding": "gzip"}), b"a=1&a=2")
    assert broken.json() is None
    assert broken.form() == {"a": "2"}


def test_a_reply_is_json_or_text() -> None:
    """`json` goes first."""
    assert Reply(json={}).encoded() == ("application/json", b"{}")
    assert Reply(text="ok").encoded() == ("text/plain; charset=utf-8", b"ok")


def test_a_stand_in_without_config_says_so() -> None:
    """It is the subclass's to give."""
    with pytest.raises(NotImplementedError):
        Acme().config()
    assert StandIn().authorized(Received.of("GET", "/", Headers(), b"")) is None


def test_repeated_query_parameters_are_all_there() -> None:
    """`query` has the last of them, `every()` all."""
    received = Received.of("GET", "/x?tag=a&tag=b&n=", Headers(), b"")
    assert (received.query["tag"], received.every("tag")) == ("b", ["a", "b"])
    assert (received.every("n"), received.every("m")) == ([""], [])
