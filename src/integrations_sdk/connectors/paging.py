"""Where the next page of a listing is, from an answer's headers. Pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

from integrations_sdk.http.base import Headers

__all__ = ["next_query"]

_LINK = re.compile(r"<([^<>]*)>([^<]*)")


def next_query(headers: Headers, query: str) -> str | None:
    """The query of the page after the one that `query` asked for; None after the last.

    Read are `Link: <…>; rel="next"` (RFC 8288; GitHub, GitLab) and `x-next-page` (GitLab). Of a link only
    the query is taken: path and host remain those of the first request, so that credentials follow it
    nowhere else, and a server that does not know its own address (`external_url` behind a proxy) works.
    """
    found = _linked(headers.get("link", "")) or _numbered(headers.get("x-next-page", ""), query)
    return None if found == query else found  # a server that names the same page again would never end


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
