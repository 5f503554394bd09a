"""Paging: the next page is found, never left to a server to send credentials elsewhere."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.base import (
    MOST_PAGES,
    Connector,
    ConnectorConfig,
    RejectedError,
    changed_query,
    json_of,
)
from integrations_sdk.connectors.paging import next_query
from integrations_sdk.http.base import Headers, Request, Response
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from support.toy import ToyConnector


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({}, "page=1", None),
        (
            {"link": '<https://api.x/r/9/issues?page=2&per_page=5>; rel="next"'},
            "per_page=5",
            "page=2&per_page=5",
        ),
        ({"link": '<https://x/?page=1>; rel="prev", <https://x/?page=3>; rel="next"'}, "page=2", "page=3"),
        ({"link": "<https://x/?page=3>; rel=next"}, "page=2", "page=3"),
        ({"link": '<https://x/?page=3>; title="a"; rel="last next"'}, "page=2", "page=3"),
        (
            {"link": '<https://x/?a=1,2&page=3>; rel="next", <https://x/?page=9>; rel="last"'},
            "",
            "a=1,2&page=3",
        ),
        ({"link": '<https://x/?page=1>; rel="first", <https://x/?page=9>; rel="last"'}, "page=9", None),
        ({"link": '<https://x/?page=1>; rel="nextish"'}, "", None),
        ({"link": '<https://x/>; rel="next"'}, "", None),
        ({"link": "nonsense"}, "", None),
        ({"link": '<http://[?page=3#x>; rel = "next"'}, "", "page=3"),
        ({"link": "<https://x/?page=3>; rel=" + " " * 1_000_000 + "x"}, "", None),
        ({"x-next-page": "3"}, "per_page=5&page=2", "per_page=5&page=3"),
        ({"x-next-page": "2"}, "", "page=2"),
        ({"x-next-page": ""}, "page=2", None),
        ({"x-next-page": "next"}, "page=2", None),
        ({"link": '<https://x/?id_after=7>; rel="next"', "x-next-page": ""}, "id_after=3", "id_after=7"),
        ({"link": '<https://x/?page=2>; rel="next"'}, "page=2", None),
    ],
)
def test_the_next_page_is_where_the_headers_say(
    headers: dict[str, str], query: str, expected: str | None
) -> None:
    """RFC 8288 links and GitLab's page numbers are read; a page that names itself is the last."""
    assert next_query(Headers(headers), query) == expected


@given(st.text(), st.text())
def test_no_header_breaks_it(link: str, page: str) -> None:
    """Whatever a server sends, the answer is a query or none, and never one that leads to another host."""
    found = next_query(Headers({"link": link, "x-next-page": page}), "page=1")
    assert found is None or "://" not in found.partition("?")[0] or found in link


class Listing(Connector[ConnectorConfig]):
    """A provider with a listing."""

    provider = "listing"
    title = "Listing"
    Config = ConnectorConfig
    base_url = "https://api.test"


def listed(http: ScriptedHttp) -> list[dict[str, object]]:
    """All records of the listing."""

    async def collect() -> list[dict[str, object]]:
        listing = connect(Listing, {}, http)
        return [
            record async for record in listing.records("/things", operation="list", query={"per_page": "2"})
        ]

    return asyncio.run(collect())


def test_records_come_from_every_page_of_the_same_path() -> None:
    """A link to another host changes the query only, so credentials stay where they belong."""
    pages = [
        reply(
            200, [{"n": 1}, {"n": 2}], link='<https://elsewhere.test/stolen?per_page=2&page=2>; rel="next"'
        ),
        reply(200, [{"n": 3}, "noise"]),
    ]
    http = ScriptedHttp(pages)
    assert listed(http) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [request.url for request in http.requests] == [
        "https://api.test/things?per_page=2",
        "https://api.test/things?per_page=2&page=2",
    ]


def test_a_listing_that_never_ends_is_given_up() -> None:
    """A server that names one page after another for ever is not followed for ever."""

    def another(request: Request) -> Response:
        page = int(request.url.rpartition("=")[2]) + 1
        return reply(200, [], link=f'<https://x/?page={page}>; rel="next"')

    http = ScriptedHttp([another])
    with pytest.raises(RejectedError, match="does not end"):
        listed(http)
    assert len(http.requests) == MOST_PAGES + 1


def counted(page: Response, query: str) -> str | None:
    """The next page as the body counts it."""
    body = json_of(page)
    return changed_query(query, offset=2) if isinstance(body, dict) and body.get("more") else None


def test_pages_may_be_objects_that_say_what_follows() -> None:
    """The objects under `items` come from every page; where the next one is, the vendor's own rule tells."""
    http = ScriptedHttp(
        [reply(200, {"more": True, "things": [{"n": 1}, {"n": 2}]}), reply(200, {"things": [{"n": 3}]})]
    )
    listing = connect(Listing, {}, http)

    async def collect() -> list[object]:
        found = listing.records(
            "/things", operation="list", query={"a": ["1", "2"]}, items="things", following=counted
        )
        return [record["n"] async for record in found]

    assert asyncio.run(collect()) == [1, 2, 3]
    assert [request.url.partition("?")[2] for request in http.requests] == ["a=1&a=2", "a=1&a=2&offset=2"]


def test_a_rule_that_names_the_same_page_again_ends_the_listing() -> None:
    """Offset 2 follows offset 2: the server counts wrongly, and is not asked for ever."""
    http = ScriptedHttp([reply(200, {"more": True, "things": [{"n": 1}]})])
    listing = connect(Listing, {}, http)

    async def collect() -> int:
        found = listing.records("/things", operation="list", items="things", following=counted)
        return len([record async for record in found])

    assert asyncio.run(collect()) == 2


def test_a_page_without_its_list_is_refused() -> None:
    """An object that lacks the list raises instead of looking empty."""

    async def collect() -> None:
        async for _ in connect(Listing, {}, ScriptedHttp([reply(200, {"error": "x"})])).records(
            "/things", operation="list", items="things"
        ):
            raise AssertionError

    with pytest.raises(RejectedError, match="instead of a JSON array"):
        asyncio.run(collect())


@pytest.mark.parametrize(
    ("query", "changes", "expected"),
    [
        ("", {"page": 2}, "page=2"),
        ("page=1&per_page=5", {"page": 2}, "per_page=5&page=2"),
        ("s=a&s=b&empty=", {"offset": "x y"}, "s=a&s=b&empty=&offset=x+y"),
    ],
)
def test_a_query_is_changed_in_place(query: str, changes: dict[str, str | int], expected: str) -> None:
    """Repeated and empty parameters stay; what is changed is there once."""
    assert changed_query(query, **changes) == expected


def test_a_query_is_no_address() -> None:
    """A link whose query holds a URL leads nowhere but to the same path."""
    http = ScriptedHttp(
        [reply(200, [], link='<https://x/?next=https://evil.test/>; rel="next"'), reply(200, [])]
    )
    assert listed(http) == []
    assert http.requests[1].url == "https://api.test/things?next=https://evil.test/"


def test_a_page_that_is_no_list_is_refused() -> None:
    """An HTML page, a word or an object in place of a listing raises instead of looking empty."""
    for body in ({"message": "hello"}, "hello", "<html>"):
        with pytest.raises(RejectedError, match=r"instead of (a JSON array|the API's answer)"):
            listed(ScriptedHttp([reply(200, body)]))


def test_headers_go_with_every_page() -> None:
    """Graph asks for some on each request of a filtered listing."""
    http = ScriptedHttp([reply(200, [{"n": 1}], link='<https://x?page=2>; rel="next"'), reply(200, [])])
    toy = connect(ToyConnector, {"url": "https://t.example"}, http)

    async def main() -> list[object]:
        found = toy.records("https://t.example/x", operation="list", headers={"consistencylevel": "eventual"})
        return [one async for one in found]

    assert asyncio.run(main()) == [{"n": 1}]
    assert [request.headers["consistencylevel"] for request in http.requests] == ["eventual", "eventual"]
