"""A vendor's OpenAPI description, however large: only what a request concerns is looked at."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations_sdk.http.base import Request
from support.needs import unavailable

__all__ = ["Description"]


class Description:
    """What a vendor says of its API, in OpenAPI 3.0.

    Args:
        content: the whole of it.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        if importlib.util.find_spec("openapi_core") is None:
            unavailable("openapi-core is not installed (group `programs`)")
        self._content = content
        self._core = functools.cache(self._part)

    def complaints(self, request: Request, base_url: str) -> tuple[str, list[str]]:
        """The operation that a request is one of, and what its description has against it.

        Path, query, headers and body are judged; and what the description does not name, it does not allow.
        """
        from openapi_core.exceptions import OpenAPIError
        from openapi_core.testing import MockRequest

        parts = urlsplit(request.url.removeprefix(base_url))
        template = self._template(request.method, parts.path)
        if template is None:
            return f"{request.method} {parts.path}", ["there is no such operation"]
        query = parse_qs(parts.query, keep_blank_values=True)
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = MockRequest(
            "https://vendor.test",
            request.method,
            parts.path,
            args=query,
            headers=headers,
            data=request.content,
            content_type=headers.get("content-type", ""),
        )
        errors = [
            f"unknown parameter {name}" for name in query.keys() - self._query(request.method, template)
        ]
        try:
            self._core(template).validate_request(asked)
        except OpenAPIError as error:
            errors += _words(error)
        if request.content and "requestBody" not in self._content["paths"][template][request.method.lower()]:
            errors.append("it takes no body")
        return f"{request.method} {template}", errors

    def _template(self, method: str, path: str) -> str | None:
        """The most specific path that fits."""
        segments = path.split("/")
        fitting = [
            template
            for template, item in self._content["paths"].items()
            if method.lower() in item
            and template.count("/") == len(segments) - 1
            and all(
                part == segment or (part.startswith("{") and segment)
                for part, segment in zip(template.split("/"), segments, strict=True)
            )
        ]
        return min(fitting, key=lambda template: template.count("{"), default=None)

    def _query(self, method: str, template: str) -> set[str]:
        item = self._content["paths"][template]
        given = [*item.get("parameters", ()), *item[method.lower()].get("parameters", ())]
        known = [self._target(one["$ref"]) if "$ref" in one else one for one in given]
        return {one["name"] for one in known if one["in"] == "query"}

    def _part(self, template: str) -> Any:
        """One path with all that it refers to, for a validator of requests."""
        from openapi_core import OpenAPI

        item = {
            name: _without_answers(one) if isinstance(one, Mapping) else one
            for name, one in self._content["paths"][template].items()
        }
        part: dict[str, Any] = {
            "openapi": self._content["openapi"],
            "info": {"title": "part", "version": "1"},
            "servers": [{"url": "https://vendor.test"}],
            "paths": {template: _closed(item)},
            "components": {},
        }
        for reference in self._references(item):
            _, _, kind, name = reference.split("/")
            part["components"].setdefault(kind, {})[name] = _closed(self._target(reference))
        return OpenAPI.from_dict(part)

    def _target(self, reference: str) -> Any:
        found: Any = self._content
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return found

    def _references(self, part: Any) -> set[str]:
        found: set[str] = set()
        waiting = [part]
        while waiting:
            for reference in set(_references_in(waiting.pop())) - found:
                found.add(reference)
                waiting.append(self._target(reference))
        return found


def _without_answers(operation: Mapping[str, Any]) -> dict[str, Any]:
    return {**operation, "responses": {"default": {"description": "any"}}}


def _closed(part: Any) -> Any:
    """The same, where objects have no fields but those that are described, unless it says what others may be."""
    if isinstance(part, list):
        return [_closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {name: _closed(one) for name, one in part.items() if name not in {"example", "examples"}}
    if isinstance(part.get("properties"), dict) and part.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def _references_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, one in part.items():
            if name == "$ref" and isinstance(one, str):
                yield one
            elif name not in {"example", "examples"}:
                yield from _references_in(one)
    elif isinstance(part, list):
        for one in part:
            yield from _references_in(one)


def _words(error: BaseException | None) -> list[str]:
    words: list[str] = []
    while error is not None:
        words.append(f"{type(error).__name__}: {error}")
        words += [
            f"  {one.json_path}: {one.message[:200]}" for one in getattr(error, "schema_errors", None) or ()
        ]
        error = error.__cause__
    return words
