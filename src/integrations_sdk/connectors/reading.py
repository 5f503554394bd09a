"""Reading vendors' JSON, which may lack anything and have any shape. Pure."""

from __future__ import annotations

from integrations_sdk.models import JsonValue

__all__ = ["at", "objects_at", "text_at", "texts_at"]


def at(value: JsonValue, *path: str) -> JsonValue:
    """What is there, along the names of objects within objects; None where the path ends early."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(value: JsonValue, *path: str) -> str | None:
    """The text or whole number there, as text; None for anything else, and for an empty text."""
    found = at(value, *path)
    return (
        str(found) if isinstance(found, str | int) and not isinstance(found, bool) and found != "" else None
    )


def texts_at(value: JsonValue, *path: str) -> tuple[str, ...]:
    """The texts in the list there; none if it is no list."""
    found = at(value, *path)
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()


def objects_at(value: JsonValue, *path: str) -> list[dict[str, JsonValue]]:
    """The objects in the list there; none if it is no list."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
