"""The catalogue of event types: the built-in ones, and those that an application adds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Final

from integrations_sdk.codec import closest, is_deep, restore
from integrations_sdk.connectors.directory import storage_id
from integrations_sdk.connectors.wire import json_bytes
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, NotFoundError, Problem
from integrations_sdk.models import SENDER_EVENTS, EventType, JsonValue, RecordList, plain
from integrations_sdk.runtime import Runtime
from integrations_sdk.store.base import Delete, Document, Insert
from integrations_sdk.webhooks.records import WebhookEventType
from integrations_sdk.webhooks.samples import BUILT_IN

__all__ = ["EventTypes", "matching"]

_COLLECTION: Final = "webhook_event_types"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LONGEST_NAME: Final = 128
_LONGEST_DESCRIPTION: Final = 1_000
_LARGEST: Final = 64 * 1024


class EventTypes:
    """The event types of one tenant."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def all(self) -> RecordList[WebhookEventType]:
        """The built-in ones, then the tenant's own, oldest first."""
        found = RecordList(_built_in(name) for name in BUILT_IN)
        cursor: str | None = None
        while True:
            page = await self._runtime.store.query(
                _COLLECTION, where={"tenant_id": self._tenant}, after=cursor, limit=1000
            )
            found += [restore(WebhookEventType, document.data) for document in page.documents]
            if (cursor := page.cursor) is None:
                return found

    async def find(self, name: str) -> WebhookEventType | None:
        """The type of that name; None if there is none."""
        if name in set(EventType):
            return _built_in(EventType(name))
        document = await self._runtime.store.get(_COLLECTION, storage_id(self._tenant, name))
        return restore(WebhookEventType, document.data) if document else None

    async def create(
        self,
        name: str,
        description: str,
        sample: Mapping[str, JsonValue],
        schema: Mapping[str, JsonValue] | None,
    ) -> WebhookEventType:
        """Keep a type; see `AsyncWebhooksManager.create_event_type()`."""
        problems = [*_name_problems(name), *_text_problems(description)]
        problems += [
            *_json_problems("sample", sample),
            *_json_problems("schema", {} if schema is None else schema),
        ]
        if problems:
            raise ConfigurationError("event type", problems)
        if name in set(EventType):
            msg = f"the event type {name!r} is built in"
            raise AlreadyExistsError(msg)
        made = WebhookEventType(
            name=name,
            description=description,
            sample=_copied(sample),
            schema=None if schema is None else _copied(schema),
            created_at=self._runtime.clock.now(),
        )
        key = storage_id(self._tenant, name)
        document = Document(collection=_COLLECTION, id=key, data=dict(made), keys={"tenant_id": self._tenant})
        try:
            await self._runtime.store.write(Insert(document))
        except AlreadyExistsError:
            msg = f"there is an event type {name!r}; delete_event_type() makes room for another"
        else:
            return made
        raise AlreadyExistsError(msg)

    async def delete(self, name: str) -> None:
        """Forget a type; see `AsyncWebhooksManager.delete_event_type()`."""
        found = await self.find(name)
        if found is None:
            own = [known.name for known in await self.all() if not known.built_in]
            msg = f"no event type {name!r}; {closest(name, own)}"
            raise NotFoundError(msg)
        if found.built_in:
            msg = f"the event type {name!r} is built in and cannot be deleted"
            raise NotFoundError(msg)
        await self._runtime.store.write(Delete(_COLLECTION, storage_id(self._tenant, name)))

    @property
    def _tenant(self) -> str:
        return self._runtime.scope.tenant_id


def matching(patterns: Iterable[str], known: Iterable[str]) -> list[str]:
    """The types to test for a subscription: each one that is named, and those that a pattern matches. Pure.

    In the order of the patterns, each once. A pattern that matches nothing known adds nothing.
    """
    names = list(known)
    found: dict[str, None] = {}
    for pattern in patterns:
        matched = [name for name in names if fnmatchcase(name, pattern)] if "*" in pattern else [pattern]
        found.update(dict.fromkeys(matched))
    return list(found)


def _built_in(name: EventType) -> WebhookEventType:
    description, body = BUILT_IN[name]
    return WebhookEventType(name=name.value, description=description, sample=deepcopy(body), built_in=True)


def _name_problems(name: object) -> Iterator[Problem]:
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        yield Problem(
            "name", "expected a name such as order.paid", "letters, digits, _ and -, parted by dots"
        )
    elif "." not in name and name not in {*EventType, *SENDER_EVENTS}:
        yield Problem("name", "expected a dot in the name of a type of your own", f"e.g. shop.{name[:40]}")


def _text_problems(description: object) -> Iterator[Problem]:
    if not isinstance(description, str) or len(description) > _LONGEST_DESCRIPTION:
        yield Problem("description", f"expected a text of at most {_LONGEST_DESCRIPTION} characters")


def _json_problems(path: str, value: object) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, "expected a mapping")
        return
    try:
        large = len(json_bytes(_copied(value))) > _LARGEST
    except (ConfigurationError, TypeError, RecursionError):
        yield Problem(path, "expected what JSON can hold")
        return
    if large or is_deep(_copied(value)):
        yield Problem(path, f"expected at most {_LARGEST // 1024} KiB of JSON, in at most 100 levels")


def _copied(value: Mapping[str, object]) -> dict[str, JsonValue]:
    copy = plain(value)
    assert isinstance(copy, dict)
    return copy
