"""Where the next page of a described listing is. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl

from integrations_sdk.connectors.base import JsonValue, Response, at, changed_query, linked, text_at
from integrations_sdk.connectors.custom.operations import Paging

__all__ = ["first_query", "following_query", "items_of"]


def first_query(paging: Paging, query: str) -> str:
    """The query of the first page."""
    sized = {paging.size_parameter: paging.size} if paging.size_parameter and paging.size else {}
    if paging.kind == "page" and paging.parameter:
        return changed_query(query, **{**sized, paging.parameter: paging.start})
    if paging.kind == "offset" and paging.parameter:
        return changed_query(query, **{**sized, paging.parameter: 0})
    return changed_query(query, **sized) if sized else query


def items_of(paging: Paging, body: JsonValue) -> list[JsonValue] | None:
    """The items of a page; None when there is no list where they should be."""
    found = at(body, *paging.items.split(".")) if paging.items else body
    return found if isinstance(found, list) else None


def following_query(paging: Paging, page: Response, body: JsonValue, query: str, count: int) -> str | None:
    """The query of the page after the one that `query` asked for; None after the last.

    Of a URL only the query is taken: path and host remain those of the first request, so that credentials follow it
    nowhere else.

    Args:
        count: how many items the page had.
    """
    told = text_at(body, *paging.next.split(".")) if paging.next else None
    if paging.kind == "link":
        return linked(page, query)
    if paging.kind == "next_url":
        return (told or "").partition("#")[0].partition("?")[2] or None
    if paging.kind == "cursor":
        return changed_query(query, **{paging.parameter or "": told}) if told else None
    if count < (paging.size or 1):
        return None
    number = int(dict(parse_qsl(query)).get(paging.parameter or "", "0"))
    return changed_query(query, **{paging.parameter or "": number + (1 if paging.kind == "page" else count)})
