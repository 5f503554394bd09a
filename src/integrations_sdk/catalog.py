"""`mgr.catalog`: which providers there are, what each can do, and how to set one up."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from datetime import timedelta
from types import UnionType
from typing import get_args, get_origin

import attrs

from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.capabilities import CAPABILITIES, capabilities_of
from integrations_sdk.connectors.config import default_of, fields_of, secret_names
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Category, JsonValue, Record, RecordList, Secret, plain

__all__ = ["AsyncCatalogManager", "CatalogEntry", "CatalogField"]


@attrs.frozen(kw_only=True)
class CatalogField(Record):
    """One field of a provider's configuration.

    Attributes:
        type: in words, e.g. `text`, `list of text`.
        default: in JSON form; None also when there is none.
        also: other names it is accepted under.
    """

    name: str
    type: str
    required: bool
    secret: bool
    description: str
    default: JsonValue = None
    example: str | None = None
    also: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class CatalogEntry(Record):
    """What is known of a provider without configuring it."""

    overview = ("provider", "title", "category", "capabilities", "default_events", "docs_url")

    provider: str
    title: str
    category: Category
    capabilities: tuple[str, ...]
    docs_url: str
    fields: tuple[CatalogField, ...]
    setup: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    default_events: tuple[str, ...] = ()
    environment: Mapping[str, str] = attrs.field(factory=dict)


class AsyncCatalogManager:
    """The providers that can be configured, third parties' included."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def list(
        self, *, category: Category | str | None = None, capability: str | None = None
    ) -> RecordList[CatalogEntry]:
        """Every provider, or those of one category, or with one capability (`notifier`, `issue_tracker`, …).

        Raises:
            ConfigurationError: no such category or capability; says which there are.
        """
        if category is not None and category not in set(Category):
            raise ConfigurationError.of("catalog", "category", f"expected one of {', '.join(Category)}")
        if capability is not None and capability not in CAPABILITIES:
            raise ConfigurationError.of("catalog", "capability", f"expected one of {', '.join(CAPABILITIES)}")
        entries = [describe(self._registry.get(provider)) for provider in self._registry]
        return RecordList(
            entry
            for entry in entries
            if category in {None, entry.category} and (capability is None or capability in entry.capabilities)
        )

    async def get(self, provider: str) -> CatalogEntry:
        """One provider; `NotFoundError` if it is unknown."""
        return describe(self._registry.get(provider))

    async def schema(self, provider: str) -> dict[str, JsonValue]:
        """JSON Schema (2020-12) of a provider's configuration, for forms and editors."""
        return json_schema(self._registry.get(provider))


def describe(connector: type[Connector[ConnectorConfig]]) -> CatalogEntry:
    """A provider's entry, from its class."""
    offered = capabilities_of(connector)
    return CatalogEntry(
        provider=connector.provider,
        title=connector.title,
        category=connector.category,
        capabilities=tuple(name for name, protocol in CAPABILITIES.items() if protocol in offered),
        docs_url=connector.docs_url,
        fields=tuple(_fields(connector.Config)),
        setup=connector.setup,
        permissions=connector.permissions,
        limits=connector.limits,
        default_events=connector.default_events,
        environment=connector.environment,
    )


def json_schema(connector: type[Connector[ConnectorConfig]]) -> dict[str, JsonValue]:
    """JSON Schema of a provider's configuration class."""
    hints = typing.get_type_hints(connector.Config)
    fields = _fields(connector.Config)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{connector.title} configuration",
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in fields if field.required],
        "properties": {field.name: _property(field, hints[field.name]) for field in fields},
    }


def _fields(config: type[ConnectorConfig]) -> list[CatalogField]:
    hints = typing.get_type_hints(config)
    secrets = secret_names(config)
    kinds = [kind for kind in config.__mro__ if issubclass(kind, ConnectorConfig)]
    names = [{field.name for field in fields_of(kind)} for kind in kinds]
    # Its own fields first, then those of its kind, then everybody's.
    ordered = sorted(fields_of(config), key=lambda field: sum(field.name in known for known in names))
    return [
        CatalogField(
            name=field.name,
            type=_words(hints[field.name]),
            required=field.default is attrs.NOTHING,
            secret=field.name in secrets,
            description=field.metadata.get("doc", ""),
            default=_default(field),
            example=field.metadata.get("example"),
            also=tuple(field.metadata.get("also", ())),
        )
        for field in ordered
    ]


def _default(field: attrs.Attribute[object]) -> JsonValue:
    if field.default is attrs.NOTHING:
        return None
    return plain(default_of(field))


def _property(field: CatalogField, annotation: object) -> dict[str, JsonValue]:
    described: dict[str, JsonValue] = {**_schema(annotation), "description": field.description}
    if field.secret:
        described["writeOnly"] = True
    if field.default not in (None, [], {}):
        described["default"] = field.default
    if field.example is not None:
        described["examples"] = [field.example]
    return described


def _schema(annotation: object) -> dict[str, JsonValue]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {typing.Union, UnionType}:
        return _any_of([_schema(option) for option in arguments if option is not type(None)])
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin in {dict, Mapping}:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    return {"type": word} if (word := _JSON_TYPES.get(annotation)) else {}


def _any_of(schemas: list[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    """The schema of a value of any of these kinds; one that says nothing takes everything."""
    if len(schemas) == 1 or {} in schemas:
        return schemas[0] if len(schemas) == 1 else {}
    return {"anyOf": [*schemas]}


def _words(annotation: object) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {typing.Union, UnionType}:
        kinds = dict.fromkeys(_words(option) for option in arguments if option is not type(None))
        return " or ".join(kinds) if "value" not in kinds else "value"
    if origin is tuple:
        return f"list of {_words(arguments[0])}"
    if origin in {dict, Mapping}:
        return f"mapping to {_words(arguments[1])}"
    return _TYPE_WORDS.get(annotation, "value")


_JSON_TYPES: dict[object, str] = {
    str: "string", Secret: "string", bool: "boolean", int: "integer", float: "number", timedelta: "number",
}  # fmt: skip
_TYPE_WORDS: dict[object, str] = {
    str: "text", Secret: "secret", bool: "true or false", int: "whole number", float: "number", timedelta: "seconds",
}  # fmt: skip
