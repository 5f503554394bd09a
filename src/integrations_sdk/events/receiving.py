"""From what arrived over HTTP to an `Event`: bounded, verified, parsed, normalised, and taken once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final, NoReturn

import attrs

from integrations_sdk import signing
from integrations_sdk.clock import uuid7
from integrations_sdk.codec import MOST_LEVELS, closest, is_deep, load
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, Problem
from integrations_sdk.events import generic, github, gitlab, jenkins, jira
from integrations_sdk.events.reading import STATUSES, Facts, status_word
from integrations_sdk.http.base import Headers
from integrations_sdk.models import Event, JsonValue, Scope, Secret, plain
from integrations_sdk.runtime import Runtime
from integrations_sdk.store.base import Document, Insert

__all__ = ["MAX_BODY_BYTES", "RECEIVED", "authentic", "event_from", "identity_of", "is_taken", "read", "take"]

MAX_BODY_BYTES: Final = 25 * 1024 * 1024
"""The largest body accepted unless told otherwise: what GitLab and GitHub send at most."""

RECEIVED: Final = "received"
"""The collection in which messages are remembered, so that a repeated one is known."""

_REMEMBERED: Final = timedelta(days=7)  # GitLab and GitHub let one redeliver for less than that
_AS_ARRIVED: Final = "pass on the request's body exactly as it arrived"

_NORMALISERS: Final[Mapping[str, Callable[[Mapping[str, str], Mapping[str, JsonValue]], Facts]]] = {
    "gitlab": gitlab.normalise,
    "github": github.normalise,
    "jira": jira.normalise,
    "jenkins": jenkins.normalise,
}


def read(
    source: str,
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    secrets: Sequence[Secret] | None,
    now: datetime,
    limit: int = MAX_BODY_BYTES,
    scheme: signing.HmacScheme | None = None,
    tolerance: timedelta = signing.TOLERANCE,
) -> Event:
    """Verify a message and normalise it. Nothing of it is looked into before it is found authentic.

    Args:
        source: who sent it, one of `signing.SOURCES`; any name at all where nothing is verified.
        headers: names compare without regard to case.
        body: exactly as it arrived.
        secrets: shared with the sender, any one of them will do; None verifies nothing.
        now: the time of arrival.
        limit: bytes; a larger body is refused unread.
        scheme: how a sender signs that is none of `signing.SOURCES`.
        tolerance: how far a signed time may be from `now`.

    Raises:
        SignatureError: it is not authentic, or stale.
        ConfigurationError: too large, not a JSON object in UTF-8, or not of the sender's shape.
    """
    given, content = authentic(
        source, headers, body, secrets=secrets, now=now, limit=limit, scheme=scheme, tolerance=tolerance
    )
    data = _parsed(source, given, content)
    facts = (
        _NORMALISERS[source](given, data)
        if source in _NORMALISERS
        else generic.normalise(given, data, sender=source)
    )
    event = Event(
        id=uuid7(now),
        type=facts.pop("type"),
        source=facts.pop("source"),
        time=facts.pop("time", now),
        provider=source,
        sender_id=signing.sender_id(source, given, data, scheme=scheme),
        data=data,
    )
    return attrs.evolve(event, **facts)


def authentic(
    source: str,
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    secrets: Sequence[Secret] | None,
    now: datetime,
    limit: int = MAX_BODY_BYTES,
    scheme: signing.HmacScheme | None = None,
    tolerance: timedelta = signing.TOLERANCE,
) -> tuple[Headers, bytes]:
    """The headers and the body of a message that `read()` would find authentic; arguments as there.

    Raises:
        SignatureError: it is not authentic, or stale.
        ConfigurationError: too large, or headers or body are of a wrong type.
    """
    given, content = _headers(headers), _content(source, body, limit)
    if secrets is not None:
        signing.verify(source, given, content, secrets, now=now, tolerance=tolerance, scheme=scheme)
    return given, content


async def take(runtime: Runtime, event: Event) -> bool:
    """Remember the message for 7 days; False if it was remembered already, that is, it is a duplicate.

    Of any number of takers at once, in any number of processes, one is told True. A message without a
    sender's id is always new.
    """
    if (identity := identity_of(runtime, event)) is None:
        return True
    document = Document(
        collection=RECEIVED,
        id=identity,
        data={"event_id": event.id, "sender_id": event.sender_id, "type": event.type},
        keys={"tenant_id": runtime.scope.tenant_id, "provider": event.provider},
        expires_at=runtime.clock.now() + _REMEMBERED,
    )
    try:
        await runtime.store.write(Insert(document))
    except AlreadyExistsError:
        return False
    return True


async def is_taken(runtime: Runtime, event: Event) -> bool:
    """Whether the message is remembered."""
    identity = identity_of(runtime, event)
    return identity is not None and await runtime.store.version(RECEIVED, identity) is not None


def identity_of(runtime: Runtime, event: Event) -> str | None:
    """What a message is remembered by: whose it is, its sender, and the sender's id of it; None without one."""
    if event.sender_id is None:
        return None
    scope = runtime.scope
    identity = (scope.tenant_id, scope.project_id or "", event.provider, event.sender_id)
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def event_from(given: Mapping[str, object], *, now: datetime, scope: Scope) -> Event:
    """An event out of a mapping that a person wrote, e.g. `{"event_type": "pipeline", "status": "success"}`.

    `event_type` is another word for `type`; senders' words for `status` (`failure`, `passed`) are
    understood, and what is nearly such a word is taken for a mistake. `id`, `time`, `source` and `project`
    have defaults. Free content goes into `data`.

    Raises:
        ConfigurationError: naming every unknown, missing and wrong field.
    """
    if isinstance(given, Event):
        return given
    if not isinstance(given, Mapping):
        raise ConfigurationError.of("event", "event", "expected a mapping or an Event")
    fields, problems = _prepared(given)
    defaults = {"id": uuid7(now), "time": now, "source": scope.gitlab_url, "project": scope.project_id}
    if scope.project_id is not None:
        defaults["source"] = f"{scope.gitlab_url.rstrip('/')}/{scope.project_id}"
    try:
        event = load(Event, {**defaults, **fields}, subject="event")
    except ConfigurationError as error:
        raise ConfigurationError("event", [*error.problems, *problems]) from error
    if problems:
        raise ConfigurationError("event", problems)
    return event


def _prepared(given: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    fields = dict(given)
    problems: list[Problem] = []
    if "event_type" in fields:
        kind = fields.pop("event_type")
        if fields.setdefault("type", kind) != kind:
            problems.append(Problem("event_type", "differs from type", "leave out one of the two"))
    status = fields.get("status")
    if isinstance(status, str) and status:
        fields["status"] = status_word(status)
        if status.lower() not in STATUSES and get_close_matches(status.lower(), STATUSES, n=1, cutoff=0.8):
            problems.append(Problem("status", "unknown word", closest(status.lower(), STATUSES)))
    time = fields.get("time")
    if isinstance(time, datetime) and time.tzinfo is None:
        problems.append(Problem("time", "expected a time with a time zone", "e.g. datetime.now(UTC)"))
    return fields, [*problems, *_data_problems(fields)]


def _data_problems(fields: dict[str, object]) -> list[Problem]:
    """Put `data` into its JSON form, or say why it has none."""
    data = fields.get("data")
    if isinstance(data, Mapping):
        try:
            fields["data"] = plain(data)
        except (TypeError, RecursionError) as error:
            del fields["data"]
            return [Problem("data", f"expected JSON values; {error}")]
    return []


def _headers(given: object) -> Headers:
    items = getattr(given, "items", None)  # what Flask and http.server hand over is no Mapping, but has them
    pairs: list[tuple[object, object]] = list(items()) if callable(items) else [("", None)]
    good = [(name, value) for name, value in pairs if isinstance(name, str) and isinstance(value, str)]
    if len(good) < len(pairs):
        remedy = "decode header names and values as Latin-1"
        _refuse("webhook", "headers", "expected a mapping of text to text", remedy)
    return Headers(good)


def _content(source: str, body: object, limit: int) -> bytes:
    if isinstance(body, str):
        try:
            body = body.encode()
        except UnicodeEncodeError:
            _refuse(f"{source} webhook", "body", "expected text that UTF-8 can hold", _AS_ARRIVED)
    if not isinstance(body, bytes | bytearray | memoryview):
        _refuse(f"{source} webhook", "body", "expected bytes or text, not something parsed", _AS_ARRIVED)
    content = bytes(body)
    if len(content) > limit:
        _refuse(
            f"{source} webhook",
            "body",
            f"expected at most {limit} bytes",
            "send fewer at a time, or raise the limit",
        )
    return content


def _parsed(source: str, headers: Headers, content: bytes) -> dict[str, JsonValue]:
    subject = f"{source} webhook"
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        _refuse(
            subject, "body", "expected JSON, not a form", "set the webhook's content type to application/json"
        )
    try:
        value: JsonValue = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError:
        _refuse(subject, "body", "expected UTF-8", _AS_ARRIVED)
    except RecursionError:
        _refuse(subject, "body", f"expected at most {MOST_LEVELS} levels of nesting", _AS_ARRIVED)
    except ValueError:
        _refuse(subject, "body", "expected JSON", _AS_ARRIVED)
    if not isinstance(value, dict):
        _refuse(subject, "body", "expected a JSON object", _AS_ARRIVED)
    if b"\\ud" in content.lower() and not _is_unicode(value):
        _refuse(subject, "body", "expected Unicode text, without half of a surrogate pair", _AS_ARRIVED)
    if is_deep(value):
        _refuse(subject, "body", f"expected at most {MOST_LEVELS} levels of nesting", _AS_ARRIVED)
    return value


def _no_number(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are no JSON


def _is_unicode(value: JsonValue) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(subject: str, path: str, wrong: str, remedy: str) -> NoReturn:
    raise ConfigurationError.of(subject, path, wrong, remedy) from None
