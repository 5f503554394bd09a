"""What Grafana is sent, and what it answers. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl

from integrations_sdk.connectors.base import (
    Event,
    Fault,
    JsonValue,
    RejectedError,
    Response,
    at,
    changed_query,
    fault_of,
    given,
    json_of,
    message_for,
    text_at,
    words_of,
)

__all__ = [
    "annotation_of",
    "failed_queries",
    "grafana_fault",
    "milliseconds",
    "numbered",
    "shortened",
    "tags_of",
]

_LONGEST_TAG = 100
_TAGGED = ("type", "status", "project", "branch", "environment", "provider")


def annotation_of(event: Event) -> dict[str, JsonValue]:
    """Text and time of an event; with a duration it is a region, from its beginning to its end.

    Grafana shows the text as HTML, so it is escaped.
    """
    message = message_for(event)
    links = [(link.label, link.url) for link in message.links]
    links += [("Details", message.url)] if message.url and not links else []
    shown = [f'<a href="{html.escape(url)}">{html.escape(label)}</a>' for label, url in links]
    begun = event.time - event.duration if event.duration else event.time
    return given(
        text="\n".join([html.escape(message.summary), *shown]),
        time=milliseconds(begun),
        timeEnd=milliseconds(event.time) if event.duration else None,
    )


def tags_of(event: Event) -> list[str]:
    """The facts of an event that have few values, as `name:value`."""
    return [f"{name}:{value}" for name in _TAGGED if (value := getattr(event, name))]


def milliseconds(moment: datetime) -> int:
    """A time as Grafana counts it: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def numbered(queries: Sequence[Mapping[str, JsonValue]], datasource: str | None) -> list[JsonValue]:
    """Queries with what Grafana demands of each: a `refId` (A, B, …) and a data source."""
    usual: dict[str, JsonValue] = {"datasource": {"uid": datasource}} if datasource else {}
    return [{"refId": _ref_id(index), **usual, **query} for index, query in enumerate(queries)]


def failed_queries(answer: JsonValue) -> str:
    """What is said of the queries that failed, each with its `refId`; empty when none did."""
    results = at(answer, "results")
    found = results.items() if isinstance(results, dict) else ()
    return "; ".join(f"{ref}: {words}" for ref, result in found if (words := text_at(result, "error")))


def grafana_fault(response: Response) -> Fault | None:
    """The fault in Grafana's words, with its `messageId`; of queries what each one failed with."""
    found = fault_of(response)
    if found is None or 300 <= response.status < 400:
        failed = failed_queries(json_of(response)) if response.status == 207 else ""  # some failed
        return Fault(RejectedError, failed) if failed else found
    body = json_of(response)
    words = failed_queries(body) or words_of(response) or found.message
    return Fault(found.kind, words, text_at(body, "messageId"))


def shortened(tags: Iterable[str]) -> list[str]:
    """Tags each once, cut to what Grafana keeps."""
    return list(dict.fromkeys(tag[:_LONGEST_TAG] for tag in tags))


def following_page(page: Response, query: str) -> str | None:
    """`Following` for Grafana, whose pages are numbered, and of which the last is not full."""
    asked, found = dict(parse_qsl(query)), json_of(page)
    full = isinstance(found, list) and len(found) >= int(asked["limit"])
    return changed_query(query, page=int(asked["page"]) + 1) if full else None


def _ref_id(index: int) -> str:
    return f"{chr(ord('A') + index % 26)}{index // 26 or ''}"
