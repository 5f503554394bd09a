"""Sentry's event payloads and envelopes, made from exceptions and the library's events. Pure.

Source: https://develop.sentry.dev/sdk/data-model/event-payloads/ and …/envelopes/.
"""

from __future__ import annotations

import re
import sysconfig
import traceback
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Final

from integrations_sdk.connectors.base import Event, JsonValue, event_facts, json_bytes, message_for

__all__ = [
    "CLIENT",
    "envelope",
    "environment_name",
    "event_of",
    "exception_values",
    "in_app",
    "limited_for",
    "release_name",
    "tags_of",
]

CLIENT: Final = "integrations-sdk/1"
"""How this client names itself and the version of what it sends."""

_LONGEST_TEXT: Final = 8192
_LONGEST_NAME: Final = 200
_MOST_FRAMES: Final = 250
_MOST_CAUSES: Final = 20
_OURS: Final = frozenset({"", "default", "error"})  # categories of rate limits that concern what is sent here
_LIBRARIES: Final = tuple(
    path for name in ("stdlib", "platstdlib", "purelib", "platlib") if (path := sysconfig.get_path(name))
)


def envelope(event_id: str, payload: Mapping[str, JsonValue] | None, sent_at: datetime) -> bytes:
    """An envelope with one event, or (payload None) an empty one, which Sentry accepts and discards."""
    name, _, version = CLIENT.partition("/")
    header: dict[str, JsonValue] = {
        "event_id": event_id,
        "sent_at": sent_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "sdk": {"name": name, "version": version},
    }
    if payload is None:
        return json_bytes(header) + b"\n"
    body = json_bytes(payload)
    item = {"type": "event", "length": len(body), "content_type": "application/json"}
    return b"\n".join([json_bytes(header), json_bytes(item), body, b""])


def event_of(event: Event) -> tuple[str, dict[str, JsonValue]]:
    """The id and payload of the error event that stands for a failed pipeline or deployment.

    The id follows from the event's, so Sentry knows a repetition. Failures of the same branch (or
    environment) of a project are one issue.
    """
    message = message_for(event)
    event_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{event.source}#{event.id}").hex
    where = event.environment or event.branch or event.tag or ""
    known = {
        "project": event.project,
        "branch": event.branch,
        "event.type": event.type,
        "source": event.provider,
    }
    payload: dict[str, JsonValue] = {
        "message": {"formatted": f"{message.summary}\n{message.text}".strip()[:_LONGEST_TEXT]},
        "level": "error",
        "logger": f"integrations_sdk.{event.type}",
        "timestamp": event.time.timestamp(),
        "transaction": " ".join(f"{event.type} {event.project or ''} {where}".split())[
            :_LONGEST_NAME
        ].rstrip(),
        "fingerprint": [event.type, event.project or event.source, where],
        "tags": {name: value for name, value in known.items() if value},
        "contexts": {"event": event_facts(event)},
    }
    environment = environment_name(event.environment or "")
    return event_id, payload | ({"environment": environment} if environment else {})


def exception_values(error: BaseException) -> list[JsonValue]:
    """The exception and what it was raised from, the oldest first.

    Frames name files, functions and lines. Neither local variables nor source text is sent: nobody
    could tell whether there are secrets in them.
    """
    return [_exception(item) for item in reversed(list(_causes(error)))]


def in_app(path: str) -> bool:
    """Whether a file is the application's own: neither the standard library's nor an installed package's."""
    return not (path.startswith(("<", *_LIBRARIES)) or "site-packages" in path or "dist-packages" in path)


def release_name(text: str) -> str | None:
    """Text as a version that Sentry accepts: at most 200 bytes, no slashes, backslashes or white space.

    Returns:
        None when nothing is left of it.
    """
    name = re.sub(r"[\s/\\\x00-\x1f\x7f]+", "-", text.strip())
    name = _shortened(name, _LONGEST_NAME)
    return None if name.lower() in {"", ".", "..", "latest"} else name


def environment_name(text: str) -> str | None:
    """Text as an environment that Sentry accepts: at most 64 bytes, no slashes, backslashes or control characters.

    Sentry takes an event with another one, without its environment.

    Returns:
        None when nothing is left of it.
    """
    name = _shortened(re.sub(r"[/\\\x00-\x1f\x7f]+", "-", text.strip()), 64).strip()
    return None if name.lower() in {"", ".", "..", "none"} else name


def tags_of(tags: Mapping[str, object]) -> dict[str, JsonValue]:
    """Tags as Sentry keeps them: names of letters, digits and `_.:-`, values of one line, neither empty.

    Source: https://docs.sentry.io/platforms/python/enriching-events/tags/.
    """
    known = {
        re.sub(r"[^a-zA-Z0-9_.:-]+", "-", name)[:_LONGEST_NAME]: " ".join(str(value).split())[:_LONGEST_NAME]
        for name, value in tags.items()
    }
    return {name: value for name, value in known.items() if name and value}


def limited_for(header: str) -> float:
    """Seconds for which `X-Sentry-Rate-Limits` forbids errors; 0 for none, and for other kinds of data.

    Source: https://develop.sentry.dev/sdk/expected-features/rate-limiting/.
    """
    longest = 0.0
    for limit in header.replace(" ", "").split(","):
        seconds, _, rest = limit.partition(":")
        categories = rest.partition(":")[0].split(";")
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", seconds) and not _OURS.isdisjoint(categories):
            longest = max(longest, float(seconds))
    return longest


def _shortened(text: str, size: int) -> str:
    """As much of it as fits into so many bytes, which is what Sentry counts."""
    return text.encode("utf-8", "ignore")[:size].decode("utf-8", "ignore")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < _MOST_CAUSES:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _exception(error: BaseException) -> JsonValue:
    kind = type(error)
    value: dict[str, JsonValue] = {
        "type": kind.__qualname__,
        **({} if kind.__module__ == "builtins" else {"module": kind.__module__}),
        "value": str(error)[:_LONGEST_TEXT],
        "mechanism": {"type": "generic", "handled": True},
    }
    frames = _frames(error.__traceback__)
    return value | ({"stacktrace": {"frames": frames}} if frames else {})


def _frames(trace: TracebackType | None) -> list[JsonValue]:
    frames: list[JsonValue] = []
    for frame, line in traceback.walk_tb(trace):
        path, module = frame.f_code.co_filename, str(frame.f_globals.get("__name__", ""))
        frames.append({
            "filename": "/".join(PurePath(path).parts[-1 - module.count(".") :]),
            "abs_path": path,
            "module": module,
            "function": frame.f_code.co_qualname,
            "lineno": line,
            "in_app": in_app(path),
        })  # fmt: skip
    return frames[-_MOST_FRAMES:]
