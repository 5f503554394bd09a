"""Ticket templates: fields of a ticket, with `{placeholders}` in its subject and comment. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Event,
    JsonValue,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["PRIORITIES", "TYPES", "TicketTemplate", "filled", "missing_in", "values_of"]

PRIORITIES: Final = ("low", "normal", "high", "urgent")
TYPES: Final = ("problem", "incident", "question", "task")

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")
_FACTS: Final = (
    "type", "project", "branch", "tag", "sha", "status", "action", "environment", "title", "number", "url", "subject",
)  # fmt: skip


@settings
class TicketTemplate:
    """What tickets of one kind have in common. `{config_key}` in subject and comment is filled in by that name."""

    subject: str = setting("Subject.", validate=not_empty, example="Configuration Change: {config_key}")
    priority: str | None = setting("Priority.", default=None, validate=one_of(*PRIORITIES))
    type: str | None = setting("Zendesk's type of ticket.", default=None, validate=one_of(*TYPES))
    tags: tuple[str, ...] = setting("Tags, beside the configured ones.", default=(), validate=not_empty)
    comment: str | None = setting("Text of the ticket, where nothing else is given.", default=None)
    assignee: str | None = setting(
        "E-mail address of the agent, in place of the default assignee.", default=None
    )
    custom_fields: Mapping[str, str | int | float | bool] = setting(
        "Values of custom fields, by their ids.", factory=dict
    )


def filled(text: str, values: Mapping[str, object]) -> str:
    """The text with each `{name}` replaced; other braces stay, and values are not searched for further ones.

    Raises:
        ConfigurationError: naming every value that is missing.
    """
    if missing := missing_in(text, values):
        names = ", ".join(missing)
        raise ConfigurationError.of(
            "ticket template", "values", f"missing: {names}", "give a value for each placeholder"
        )
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), text)


def missing_in(text: str | None, values: Mapping[str, object]) -> list[str]:
    """The placeholders of a text that have no value, in order, each once."""
    return [name for name in dict.fromkeys(_PLACEHOLDER.findall(text or "")) if values.get(name) is None]


def values_of(event: Event) -> dict[str, JsonValue]:
    """What an event offers to placeholders: what is in its data at the top, and its facts."""
    facts = {name: value for name in _FACTS if (value := getattr(event, name)) is not None}
    return {
        **facts,
        **{name: value for name, value in event.data.items() if not isinstance(value, dict | list)},
    }
