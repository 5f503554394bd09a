"""What Opsgenie is sent, made from the library's records, within its limits. Pure.

Source: https://docs.opsgenie.com/docs/alert-api, section Create Alert.
"""

from __future__ import annotations

import hashlib
from typing import Final

from integrations_sdk.connectors.base import JsonValue, Message, given, sentence
from integrations_sdk.connectors.opsgenie.config import OpsgenieConfig

__all__ = ["alert_body", "alert_of", "alias_of"]

_NAMED_BY: Final = {"user": "username"}
_LONGEST: Final = {"message": 130, "description": 15_000, "entity": 512, "source": 100}


def alias_of(text: str) -> str:
    """An alias of at most 512 characters; a longer text is hashed."""
    return text if len(text) <= 512 else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def alert_body(
    config: OpsgenieConfig, alias: str, message: str, description: str | None, **fields: JsonValue
) -> dict[str, JsonValue]:
    """The body of `POST /v2/alerts`; what of the message is cut off stands in the description."""
    short = sentence(message, _LONGEST["message"]) or "no message"
    said = (
        description
        if short == message or message in (description or "")
        else f"{message}\n\n{description or ''}"
    )
    body = given(
        message=short,
        alias=alias_of(alias),
        description=(said or "").strip()[: _LONGEST["description"]] or None,
        responders=[_responder(one) for one in config.responders] or None,
        tags=list(config.tags) or None,
        source=config.source[: _LONGEST["source"]],
    )
    return body | given(**fields)


def alert_of(message: Message) -> dict[str, JsonValue]:
    """`details` and `entity` of a message."""
    facts: dict[str, JsonValue] = {field.name: field.value for field in message.fields}
    facts |= {link.label: link.url for link in message.links}
    facts |= {"URL": message.url} if message.url else {}
    facts |= {"Author": message.author} if message.author else {}
    entity = message.footer[: _LONGEST["entity"]] if message.footer else None
    return given(details=facts or None, entity=entity)


def _responder(text: str) -> JsonValue:
    kind, _, name = text.partition(":")
    return {"type": kind, _NAMED_BY.get(kind, "name"): name.strip()}
