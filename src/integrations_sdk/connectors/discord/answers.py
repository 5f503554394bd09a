"""What Discord's refusals mean. Pure.

Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json and
https://docs.discord.com/developers/topics/rate-limits#exceeding-a-rate-limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConnectorError,
    Fault,
    JsonValue,
    Pause,
    RejectedError,
    Response,
    fault_of,
    json_of,
    pause_of,
)

__all__ = ["fault_in", "pause_in"]

_NEW_WEBHOOK: Final = "make a new webhook and configure its URL"
_KNOWN: Final[Mapping[int, tuple[type[ConnectorError], str]]] = {
    10015: (AuthenticationError, f"the webhook is gone: {_NEW_WEBHOOK}"),
    50027: (AuthenticationError, f"the webhook's token is wrong: {_NEW_WEBHOOK}"),
    10003: (RejectedError, "no such thread in the webhook's channel: check `thread_id`"),
    50083: (RejectedError, "the thread is archived: post to another one"),
    160005: (RejectedError, "the thread is locked: post to another one"),
    220001: (RejectedError, "the webhook is a forum's: give `thread_id` or `thread_name`"),
    220003: (RejectedError, "only a forum's webhook begins threads: leave out `thread_name`"),
    40005: (RejectedError, "the files are too large for this server: send smaller ones"),
}
_MOST_NAMED: Final = 5


def fault_in(response: Response) -> Fault | None:
    """What is wrong with an answer; Discord's code goes before the status, and wrong fields are named."""
    found = fault_of(response)
    body = json_of(response)
    code = body.get("code") if isinstance(body, dict) else None
    if found is None or not isinstance(body, dict) or not isinstance(code, int) or not code:
        return found
    kind, remedy = _KNOWN.get(code, (found.kind, ""))
    wrong = [f"{path}: {words}" for path, words in _wrong(body.get("errors"), "")][:_MOST_NAMED]
    said = "; ".join([str(body.get("message") or found.message), *wrong])
    return Fault(kind, f"{said}: {remedy}" if remedy else said, str(code))


def pause_in(response: Response) -> Pause | None:
    """How long Discord asks to wait, to the millisecond, and whether everything has to."""
    body = json_of(response)
    if response.status != 429 or not isinstance(body, dict):
        return None
    return pause_of(body.get("retry_after"), everywhere=body.get("global") is True)


def _wrong(errors: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    """Each wrong field: `embeds.0.title`, and Discord's words for it."""
    if not isinstance(errors, dict):
        return
    for name, inner in errors.items():
        if name == "_errors" and isinstance(inner, list):
            yield from ((path, str(item.get("message"))) for item in inner if isinstance(item, dict))
        else:
            yield from _wrong(inner, f"{path}.{name}".removeprefix("."))
