"""Snyk's JSON:API documents. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from integrations_sdk.connectors.base import (
    Finding,
    JsonValue,
    Response,
    Severity,
    at,
    json_of,
    objects_at,
    text_at,
    time_of,
)

__all__ = ["finding_of", "next_page"]


def next_page(page: Response, _query: str) -> str | None:
    """The query in `links.next`, which is a URL or an object with one as `href`; host and path stay ours."""
    link = at(json_of(page), "links", "next")
    url = text_at(link, "href") if isinstance(link, dict) else link
    return str(url or "").partition("?")[2] or None


def finding_of(issue: dict[str, JsonValue], branch: str | None = None) -> Finding:
    """An issue as the API shows it."""
    attributes = at(issue, "attributes")
    word = text_at(attributes, "effective_severity_level")
    key = text_at(attributes, "key") or ""
    problems = [*objects_at(attributes, "problems"), *objects_at(attributes, "classes")]
    names = (text_at(problem, "id") for problem in problems)
    addresses = (text_at(problem, "url") for problem in problems)
    return Finding(
        reference=text_at(issue, "id") or key,
        title=text_at(attributes, "title") or key,
        severity=Severity(word) if word in set(Severity) else Severity.MEDIUM,
        kind=text_at(attributes, "type") or "",
        status=text_at(attributes, "status") or "open",
        project=text_at(issue, "relationships", "scan_item", "data", "id"),
        branch=branch,
        location=next(_places(attributes), None),
        identifiers=tuple(dict.fromkeys(name for name in (*names, key) if name)),
        remedy=next(_remedies(attributes), None),
        url=next((url for url in addresses if url), None),
        created_at=time_of(at(attributes, "created_at")),
    )


def _places(attributes: JsonValue) -> Iterator[str]:
    """Where an issue is: a package, a file with its line, or a resource."""
    for coordinate in objects_at(attributes, "coordinates"):
        for place in objects_at(coordinate, "representations"):
            name = text_at(place, "dependency", "package_name")
            file, line = text_at(place, "sourceLocation", "file"), _line(place)
            if name:
                yield f"{name}@{text_at(place, 'dependency', 'package_version')}"
            elif file:
                yield f"{file}:{line}" if line else file
            elif resource := text_at(place, "resourcePath") or text_at(place, "resource_path"):
                yield resource


def _line(place: JsonValue) -> str | None:
    return text_at(place, "sourceLocation", "region", "start", "line")


def _remedies(attributes: JsonValue) -> Iterator[str]:
    for coordinate in objects_at(attributes, "coordinates"):
        for remedy in objects_at(coordinate, "remedies"):
            if said := text_at(remedy, "description"):
                yield said
