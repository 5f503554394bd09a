"""Names that a request has and its description has not: a parameter or field that is misspelt is passed over otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from integrations_sdk.http.base import Request

__all__ = ["Spec", "closed", "content_of", "properties", "undescribed"]

Spec = Mapping[str, Any]
_COMBINED = ("allOf", "oneOf", "anyOf")


def undescribed(spec: Spec, operation: str, request: Request) -> list[str]:
    """Each parameter of the query, and each field of the body, that an operation of an OpenAPI document lacks."""
    method, _, path = operation.partition(" ")
    item = spec["paths"][path]
    described = item[method.lower()]
    parameters = [_at(spec, one) for one in (*item.get("parameters", ()), *described.get("parameters", ()))]
    known = {one["name"] for one in parameters if one["in"] == "query"}
    query = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
    lines = [f"  ?{name}: the contract has no such parameter" for name in query if name not in known]
    kind = request.headers.get("content-type", "").partition(";")[0]
    schema = content_of(spec, operation).get(kind, {}).get("schema")
    if schema is not None:
        lines += [
            f"  {at}: the contract has no such field" for at in _fields(spec, schema, _value(request, kind))
        ]
    return lines


def closed(spec: Spec) -> Spec:
    """The same document, where of several schemas that an object may follow none takes fields that it lacks.

    Discord's message is like a new one or like a changed one, which has no `tts`: by that it might be anything.
    """

    def made(node: Any) -> Any:
        if isinstance(node, list):
            return [made(one) for one in node]
        if not isinstance(node, dict):
            return node
        copy = {name: made(one) for name, one in node.items()}
        if isinstance(choice := node.get("anyOf"), list):
            copy["anyOf"] = [_closed(spec, one) for one in choice]
        return copy

    return cast("Spec", made(spec))


def _closed(spec: Spec, schema: Spec) -> Spec:
    own = _at(spec, schema)
    return {"additionalProperties": False, **own} if "properties" in own and "allOf" not in own else schema


def content_of(spec: Spec, operation: str) -> Mapping[str, Any]:
    """What an operation may be sent, by content type."""
    method, _, path = operation.partition(" ")
    found: Mapping[str, Any] = _at(spec, spec["paths"][path][method.lower()].get("requestBody", {}))
    return found.get("content", {})


def properties(spec: Spec, schema: Spec) -> dict[str, Spec] | None:
    """What an object may have; None when it may have anything."""
    variants = _variants(spec, schema)
    known = {name: one for variant in variants for name, one in variant.get("properties", {}).items()}
    is_open = any(variant.get("additionalProperties", False) is not False for variant in variants)
    return None if is_open or not known else known


def _value(request: Request, kind: str) -> Any:
    if kind.endswith("json") and request.content:
        return json.loads(request.content)
    form = parse_qs(request.content.decode()) if kind == "application/x-www-form-urlencoded" else {}
    return {name: values[0] for name, values in form.items()}


def _fields(spec: Spec, schema: Spec, value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, list):
        items = [one["items"] for one in _variants(spec, schema) if "items" in one]
        for one in value if items else ():
            yield from _fields(spec, items[0], one, path)
    if isinstance(value, dict) and (known := properties(spec, schema)) is not None:
        for name, one in value.items():
            if name in known:
                yield from _fields(spec, known[name], one, f"{path}/{name}")
            else:
                yield f"{path}/{name}"


def _variants(spec: Spec, schema: Spec) -> list[Spec]:
    """A schema and all that it combines."""
    own = _at(spec, schema)
    return [own, *(one for word in _COMBINED for part in own.get(word, ()) for one in _variants(spec, part))]


def _at(spec: Spec, node: Spec) -> Any:
    """A node, or what it refers to."""
    while "$ref" in node:
        found: Any = spec
        for part in node["$ref"].removeprefix("#/").split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found[int(name) if isinstance(found, list) else name]
        node = found
    return node
