"""Where the next page of a listing is, from an answer's headers or body. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, urlencode

from integrations_sdk.http.base import Headers, Response

__all__ = ["MOST_PAGES", "Following", "changed_query", "linked", "next_query"]

MOST_PAGES: Final = 10_000
"""A listing that goes on after so many pages is taken for one that never ends."""

Following = Callable[[Response, str], str | None]
"""Takes a page and the query that asked for it; gives that of the page after it, None after the last."""

_LINK = re.compile(r"<([^<>]*)>([^<]*)")


def next_query(headers: Headers, query: str) -> str | None:
    """The query of the page after the one that `query` asked for; None after the last.

    Read are `Link: <…>; rel="next"` (RFC 8288; GitHub, GitLab) and `x-next-page` (GitLab). Of a link only
    the query is taken: path and host remain those of the first request, so that credentials follow it
    nowhere else, and a server that does not know its own address (`external_url` behind a proxy) works.
    """
    found = _linked(headers.get("link", "")) or _numbered(headers.get("x-next-page", ""), query)
    return None if found == query else found  # a server that names the same page again would never end


def linked(page: Response, query: str) -> str | None:
    """`Following` for vendors that name the next page in a header (`next_query()`)."""
    return next_query(page.headers, query)


def changed_query(query: str, **parameters: str | int) -> str:
    """The query with these parameters set, each in place of what was given for it."""
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in parameters]
    return urlencode([*kept, *parameters.items()])


def _linked(links: str) -> str | None:
    targets = (target for target, parameters in _LINK.findall(links) if _leads_on(parameters))
    # Cut out rather than parsed: what the vendor wrote may be no URL at all.
    return next((target.partition("#")[0].partition("?")[2] or None for target in targets), None)


def _leads_on(parameters: str) -> bool:
    """Whether the parameters of a link say `rel="next"`, by itself or among other relations."""
    pairs = (parameter.partition("=") for parameter in re.split("[;,]", parameters))
    relations = (
        value.strip(' "\t').lower().split() for name, _, value in pairs if name.strip().lower() == "rel"
    )
    return any("next" in relation for relation in relations)


def _numbered(page: str, query: str) -> str | None:
    if not page.isdecimal():
        return None
    return urlencode({**dict(parse_qsl(query, keep_blank_values=True)), "page": page})
