"""`Message`: what to tell people, before any vendor's format."""

from __future__ import annotations

import base64
from enum import StrEnum

import attrs

from integrations_sdk.models.record import Record

__all__ = ["Attachment", "Field", "Level", "Link", "Message"]


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


def _base64(value: str) -> str | None:
    """Validate: content in base64."""
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        return "content in base64; `Attachment.of()` makes it of bytes"
    return None


@attrs.frozen(kw_only=True)
class Attachment(Record):
    """A file that goes with a message.

    Attributes:
        name: a file's name, e.g. `report.csv`.
        data: its content in base64, so that a message has a JSON form; `content` are the bytes.
        media_type: what it is, e.g. `text/csv`.
    """

    name: str
    data: str = attrs.field(repr=False, metadata={"validate": _base64})
    media_type: str = "application/octet-stream"

    @classmethod
    def of(cls, name: str, content: bytes, media_type: str | None = None) -> Attachment:
        """A file out of its content; without a media type, the one its name suggests."""
        from mimetypes import guess_type  # late: it reads tables, and few messages carry files

        kind = media_type or guess_type(name)[0] or "application/octet-stream"
        return cls(name=name, data=base64.b64encode(content).decode(), media_type=kind)

    @property
    def content(self) -> bytes:
        """The file's bytes; what of `data` is no base64 is left out."""
        return base64.b64decode(self.data)


@attrs.frozen(kw_only=True)
class Message(Record):
    """What to tell people: plain text throughout, so every notifier escapes it for its own format.

    Attributes:
        title: one line; empty for none.
        text: the body; may have several lines.
        url: where the title leads.
        links: further pages to read.
        actions: where the reader is asked to go, as buttons where the vendor has them, else as links.
        attachments: files; a vendor that takes none has them named in the message.
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
    actions: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[str, ...] = ()
    footer: str | None = None
    key: str | None = None

    @property
    def summary(self) -> str:
        """One line: the title, else the first line of the text."""
        return self.title or self.text.partition("\n")[0]
