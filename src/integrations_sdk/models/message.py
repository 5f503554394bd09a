"""`Message`: what to tell people, before any vendor's format."""

from __future__ import annotations

from enum import StrEnum

import attrs

from integrations_sdk.models.record import Record

__all__ = ["Field", "Level", "Link", "Message"]


class Level(StrEnum):
    """How good or bad the news is; notifiers choose their colour by it."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"

    @property
    def colour(self) -> str:
        """The level's colour as `#rrggbb`."""
        return _COLOURS[self]


_COLOURS = {
    Level.INFO: "#1f75cb",
    Level.SUCCESS: "#108548",
    Level.WARNING: "#c17d10",
    Level.ERROR: "#dd2b0e",
}


@attrs.frozen(kw_only=True)
class Link(Record):
    """A labelled URL."""

    label: str
    url: str


@attrs.frozen(kw_only=True)
class Field(Record):
    """A short fact: `name` and `value`, the value optionally a link."""

    name: str
    value: str
    url: str | None = None


@attrs.frozen(kw_only=True)
class Message(Record):
    """What to tell people: plain text throughout, so every notifier escapes it for its own format.

    Attributes:
        title: one line; empty for none.
        text: the body; may have several lines.
        url: where the title leads.
        mentions: whom to call, in the vendor's own ids (`U012AB3CD`, `@here`).
        key: what the news are about, e.g. `gitlab:group/app:pipeline:main`: news of the same key tell how it
            went on, so that an alert is resolved by them. None: they stand alone.
    """

    text: str = ""
    title: str = ""
    url: str | None = None
    level: Level = Level.INFO
    author: str | None = None
    fields: tuple[Field, ...] = ()
    links: tuple[Link, ...] = ()
    mentions: tuple[str, ...] = ()
    footer: str | None = None
    key: str | None = None

    @property
    def summary(self) -> str:
        """One line: the title, else the first line of the text."""
        return self.title or self.text.partition("\n")[0]
