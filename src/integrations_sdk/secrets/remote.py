"""What resolvers share that ask a service: values kept for a while, and a connection for each question."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from integrations_sdk.clock import Clock
from integrations_sdk.errors import ProviderUnavailableError
from integrations_sdk.http.base import Call, HttpSender, Request, Response
from integrations_sdk.models import JsonValue, Secret

__all__ = ["KEEP", "Keeping", "asked", "json_answer", "text_of", "value_at"]

KEEP: Final = timedelta(minutes=5)
"""How long a value may be used again, unless told otherwise."""

_MOST: Final = 256


class _Kept(NamedTuple):
    values: Mapping[str, Secret]
    until: datetime


class Keeping:
    """Values that services gave, by what was asked for; at most 256, those used least recently going first.

    Args:
        keep: how long each may be used; 0 for not at all.
    """

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep
        self._kept: OrderedDict[tuple[str | None, ...], _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: tuple[str | None, ...], now: datetime) -> Mapping[str, Secret] | None:
        """The values, if they may be used still."""
        kept = self._kept.get(key)
        if kept is None or now >= kept.until:
            return None
        self._kept.move_to_end(key)
        return kept.values

    def keep(self, key: tuple[str | None, ...], values: Mapping[str, Secret], now: datetime) -> None:
        """Keep the values, in place of earlier ones."""
        self._kept[key] = _Kept(values, now + self._keep)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)


async def asked(http: HttpSender | None, clock: Clock, request: Request, call: Call) -> Response:
    """The answer; without a sender over a connection of its own, for loops come and go while a resolver stays.

    Raises:
        TransportError: there is none.
    """
    if http is not None:
        return await http.send(request, call)
    from integrations_sdk.http.opening import open_http

    opened = open_http(None, clock)
    try:
        return await opened.send(request, call)
    finally:
        await opened.close()


def json_answer(response: Response, call: Call, *, hint: str) -> JsonValue:
    """A good answer's JSON.

    Args:
        hint: what to look at when it is none.

    Raises:
        ProviderUnavailableError: it is a refusal, or no JSON.
    """
    words = f"answered with status {response.status}; {hint}"
    if response.ok:
        try:
            return response.json()
        except ValueError:
            words = f"answered with something else than JSON; {hint}"
    raise ProviderUnavailableError(
        words,
        provider=call.provider,
        operation=call.operation,
        status=response.status,
        attempts=response.attempts,
    )


def text_of(value: JsonValue) -> str:
    """A value as text: texts as they are, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def value_at(value: JsonValue, *names: str) -> JsonValue:
    """What is there, along the names of objects within objects; None where they end early."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
