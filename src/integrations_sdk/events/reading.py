"""Reading a body that somebody else wrote: every field checked, everything wrong with it said in one error.

A field that is missing or null reads as None, so a sender may leave out what it likes; one of the wrong
type is a problem. The problems are gathered, and raised together when `reading()` ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict, TypeGuard, cast

from integrations_sdk.codec import parse_time
from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.models import Actor, Commit, Job, JsonValue

__all__ = [
    "STATUSES",
    "Facts",
    "Reader",
    "drop_none",
    "header_word",
    "is_null_sha",
    "named",
    "reading",
    "status_word",
]

_MOST_PROBLEMS: Final = 20
_LONGEST_WORD: Final = 200
_MOST_SECONDS: Final = 8e13  # a timedelta holds 999,999,999 days
_REMEDY: Final = "is the source the right one, and the body what the sender sent?"


class Facts(TypedDict, total=False):
    """What a normaliser reads out of a body: fields of `Event`, those it knows."""

    type: str
    source: str
    time: datetime
    subject: str
    action: str
    status: str
    project: str
    project_url: str
    title: str
    text: str
    url: str
    branch: str
    target_branch: str
    tag: str
    sha: str
    number: int
    environment: str
    actor: Actor
    commits: tuple[Commit, ...]
    commit_count: int
    jobs: tuple[Job, ...]
    duration: timedelta


STATUSES: Final[Mapping[str, str]] = {
    # GitLab, docs.gitlab.com/api/pipelines
    "created": "pending", "waiting_for_resource": "pending", "preparing": "pending", "pending": "pending",
    "manual": "pending", "scheduled": "pending", "waiting_for_callback": "pending", "blocked": "pending",
    "running": "running", "canceling": "running", "success": "success", "failed": "failed",
    "canceled": "canceled", "skipped": "skipped",
    # GitHub, status and conclusion of runs, state of deployments
    "queued": "pending", "requested": "pending", "waiting": "pending", "action_required": "pending",
    "in_progress": "running", "neutral": "success", "failure": "failed", "error": "failed",
    "timed_out": "failed", "startup_failure": "failed", "cancelled": "canceled", "stale": "canceled",
    # Jenkins, the build's result; and what people say
    "unstable": "failed", "aborted": "canceled", "not_built": "skipped", "passed": "success",
    "succeeded": "success",
}  # fmt: skip
"""The senders' words for how something stands, and `Event.status` for each."""


def status_word(given: str | None) -> str | None:
    """`Event.status` for a sender's word; an unknown word is passed on in lower case."""
    return None if given is None else STATUSES.get(given.lower(), given.lower())


def is_null_sha(sha: str | None) -> bool:
    """Whether it is git's "no commit" (all zeros), which stands for a ref that is not there."""
    return sha is not None and not sha.strip("0")


def drop_none(**fields: object) -> Facts:
    """The fields that are known."""
    known = {name: value for name, value in fields.items() if value is not None}
    return cast("Facts", known)  # what is left of the type's promise is tested over every payload


def named(kind: str, number: int | str | None) -> str | None:
    """`Event.subject` for a numbered or named thing, e.g. `merge_requests/7`; None if it has neither."""
    return None if number is None else f"{kind}/{number}"


def header_word(headers: Mapping[str, str], name: str) -> str:
    """A header's value, given a `Mapping` whose names are in lower case or compare so; empty if missing.

    Raises:
        ConfigurationError: it is no single word or line of at most 200 characters.
    """
    value = headers.get(name, "").strip()
    if len(value) > _LONGEST_WORD or not value.isprintable():
        wrong = f"expected at most {_LONGEST_WORD} printable characters"
        raise ConfigurationError.of("webhook headers", f"headers.{name}", wrong, _REMEDY)
    return value


@contextmanager
def reading(subject: str, body: Mapping[str, JsonValue]) -> Iterator[Reader]:
    """Read `body`; at the end, raise what was wrong with it.

    Raises:
        ConfigurationError: naming every wrong field that was read (the first 20). No value is quoted.
    """
    problems: list[Problem] = []
    yield Reader(body, problems)
    if problems:
        raise ConfigurationError(subject, problems)


class Reader:
    """One JSON object of the body, read field by field."""

    __slots__ = ("_path", "_problems", "_value")

    def __init__(self, value: Mapping[str, JsonValue], problems: list[Problem], path: str = "") -> None:
        self._value = value
        self._problems = problems
        self._path = path

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._value)

    def text(self, name: str) -> str | None:
        """Some text; None if missing, null or empty."""
        value = self._value.get(name)
        if value is None or isinstance(value, str):
            return value or None
        self._wrong(name, "expected text")
        return None

    def needed(self, name: str) -> str:
        """Text that must be there; an empty string, and a problem, if it is not."""
        value = self.text(name)
        if value is None and self._value.get(name) in (None, ""):
            self._wrong(name, "missing; expected text")
        return value or ""

    def word(self, name: str) -> str | None:
        """Text of one line and at most 200 characters, such as a kind, an action or a status."""
        value = self.text(name)
        if value is not None and (len(value) > _LONGEST_WORD or not value.isprintable()):
            self._wrong(name, f"expected at most {_LONGEST_WORD} printable characters")
            return None
        return value

    def url(self, name: str) -> str | None:
        """An http or https URL; None for text that is none, so nobody is led to `javascript:`."""
        value = self.text(name)
        return value if value and value.startswith(("http://", "https://")) else None

    def whole(self, name: str) -> int | None:
        """A whole number of at most 63 bits."""
        value = self._value.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63):
            return value
        self._wrong(name, "expected a whole number")
        return None

    def truth(self, name: str) -> bool:
        """True or false; false if missing."""
        value = self._value.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self._wrong(name, "expected true or false")
        return False

    def seconds(self, name: str, *, unit: float = 1.0) -> timedelta | None:
        """A duration given as a number, each one of them `unit` seconds."""
        value = self._value.get(name)
        if _is_count(value):
            return timedelta(seconds=value * unit)
        if value is not None:
            self._wrong(name, "expected a number, 0 or more")
        return None

    def time(self, name: str) -> datetime | None:
        """A time in UTC, from text or from milliseconds since 1970.

        Text that is no time reads as None: when an event happened is not worth losing it for.
        """
        value = self._value.get(name)
        if _is_count(value):
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
        try:
            # GitLab's deployments have a space before the offset: `2021-04-28 21:50:00 +0200`
            return parse_time(re.sub(r" (?=[+-]\d)", "", self.text(name) or "", count=1))
        except (ValueError, OverflowError):
            return None

    def child(self, name: str) -> Reader:
        """An object; an empty one if missing."""
        value = self._value.get(name)
        if value is not None and not isinstance(value, dict):
            self._wrong(name, "expected an object")
        return Reader(value if isinstance(value, dict) else {}, self._problems, f"{self._path}{name}.")

    def peek(self, name: str) -> Reader:
        """An object if it is one, an empty one otherwise: for bodies of which nothing is known beforehand."""
        value = self._value.get(name)
        return Reader(value if isinstance(value, dict) else {}, self._problems, f"{self._path}{name}.")

    def children(self, name: str) -> list[Reader]:
        """The objects of a list; none if missing."""
        value = self._value.get(name)
        if value is not None and not isinstance(value, list):
            self._wrong(name, "expected a list")
        found = []
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, dict):
                found.append(Reader(item, self._problems, f"{self._path}{name}[{index}]."))
            else:
                self._wrong(f"{name}[{index}]", "expected an object")
        return found

    def first_word(self, *names: str) -> str | None:
        """The first of these that is one line of text; whatever else they may be is passed over."""
        found = (value for name in names if isinstance(value := self._value.get(name), str) and value)
        return next((value for value in found if value.isprintable() and len(value) <= _LONGEST_WORD), None)

    def _wrong(self, name: str, expected: str) -> None:
        problem = Problem(f"{self._path}{name}", expected, _REMEDY)
        if len(self._problems) < _MOST_PROBLEMS and problem not in self._problems:
            self._problems.append(problem)


def _is_count(value: JsonValue) -> TypeGuard[float]:
    """Whether it is a number that a `timedelta` of as many seconds can hold (NaN compares false)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MOST_SECONDS
