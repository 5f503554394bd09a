"""Sphinx extension: the reference page of each provider, rendered from its connector class at build time.

A page in `docs/reference/providers/` holds a title, the mark `<!-- provider: NAME -->`, and a word to those who
read the file itself; from the mark on everything is made here, so nothing can be out of date.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from integrations_sdk.catalog import CatalogEntry, CatalogField, describe
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.capabilities import CAPABILITIES
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.integrations.providers import operations_of

__all__ = ["Operation", "entry", "operations", "page", "setup"]

_MARK = re.compile(r"<!-- provider: (?P<provider>[a-z][a-z0-9_]*) -->.*", re.DOTALL)


class Operation(NamedTuple):
    """A public coroutine method of a connector: its name, its parameters, and what it promises."""

    name: str
    signature: str
    sentence: str
    capability: str | None


def entry(provider: str) -> CatalogEntry:
    """What the catalogue says of a provider."""
    return describe(Registry().get(provider))


def operations(connector: type[Connector[ConnectorConfig]]) -> list[Operation]:
    """What a connector offers, capabilities first."""
    owners = {
        method: name
        for name, protocol in CAPABILITIES.items()
        for method in vars(protocol)
        if not method.startswith("_")
    }
    found = [_operation(connector, name, owners.get(name)) for name in operations_of(connector)]
    return sorted(found, key=lambda operation: (operation.capability is None, operation.name))


def page(provider: str) -> str:
    """A provider's reference page as Markdown, without its title."""
    connector, found = Registry().get(provider), entry(provider)
    return "\n\n".join(part for part in _parts(connector, found) if part) + "\n"


def _parts(connector: type[Connector[ConnectorConfig]], found: CatalogEntry) -> Iterator[str]:
    yield _paragraph(inspect.getdoc(connector))
    yield _facts(found)
    yield _section("Set up", _numbered(found.setup))
    yield _section("Permissions", _bullets(found.permissions))
    yield _section("Limits", _bullets(found.limits))
    yield _section("Configuration", _fields_table(found.fields))
    if found.environment:
        rows = ((f"`{variable}`", f"`{field}`") for variable, field in found.environment.items())
        yield _section("Environment variables", _table(("variable", "field"), rows))
    yield _section("Operations", _operations_table(found.provider, operations(connector)))


def _facts(found: CatalogEntry) -> str:
    events = ", ".join(f"`{kind}`" for kind in found.default_events)
    rows = [
        ("Provider", f"`{found.provider}`"),
        ("Category", f"`{found.category}`"),
        ("Capabilities", ", ".join(f"`{name}`" for name in found.capabilities)),
        ("Acts without `events` on", events or "nothing"),
        ("The vendor's documentation", f"<{found.docs_url}>" if found.docs_url else ""),
    ]
    return _table(("", ""), (row for row in rows if row[1]))


def _fields_table(fields: Iterable[CatalogField]) -> str:
    rows = (
        (
            f"`{field.name}`" + "".join(f", `{alias}`" for alias in field.also),
            field.type,
            "required" if field.required else _default(field),
            field.description + (f" Example: `{field.example}`" if field.example else ""),
        )
        for field in fields
    )
    return _table(("field, other names", "type", "default", "meaning"), rows)


def _default(field: CatalogField) -> str:
    return "" if field.default in (None, [], {}) else f"`{json.dumps(field.default, ensure_ascii=False)}`"


def _operations_table(provider: str, found: Iterable[Operation]) -> str:
    rows = (
        (f"`{each.name}({each.signature})`", f"`{each.capability}`" if each.capability else "", each.sentence)
        for each in found
    )
    how = (
        f"Those of a capability are methods of `mgr.{provider}`, with the integration's id as first argument; "
        f'any of them is called with `mgr.{provider}.call(integration_id, "operation", …)`.'
    )
    return how + "\n\n" + _table(("operation", "capability", "what it does"), rows)


def _operation(connector: type[Connector[ConnectorConfig]], name: str, capability: str | None) -> Operation:
    method = getattr(connector, name)
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return Operation(name, _parameters(parameters), _paragraph(inspect.getdoc(method)), capability)


def _parameters(parameters: Iterable[inspect.Parameter]) -> str:
    """Names and defaults as in a call; types are in the API reference."""
    words: list[str] = []
    keyword_only = False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            words.append("*")
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        keyword_only |= parameter.kind is parameter.VAR_POSITIONAL
        optional = parameter.default is not parameter.empty
        words.append(f"{stars}{parameter.name}" + ("=…" if optional else ""))
    return ", ".join(words)


def _paragraph(doc: str | None) -> str:
    return " ".join((doc or "").strip().partition("\n\n")[0].split())


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _numbered(items: Iterable[str]) -> str:
    return "\n".join(f"{number}. {_linked(item)}" for number, item in enumerate(items, start=1))


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {_linked(item)}" for item in items)


def _linked(text: str) -> str:
    """URLs as links, without the full stop or comma behind them."""
    return re.sub(r"(?<![<(`])(https?://[^\s<>`]*[^\s<>`.,;:)])", r"<\1>", text)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    body = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    if not body:
        return ""
    lines = [header, ["---"] * len(header), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _render(_app: Any, _docname: str, source: list[str]) -> None:  # Sphinx's application
    source[0] = _MARK.sub(lambda mark: page(mark["provider"]), source[0])


def setup(app: Any) -> dict[str, bool]:  # as above
    """Register with Sphinx."""
    app.connect("source-read", _render)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
