"""A message as HTML for mail: inline styles, no script, no image, everything escaped. Pure.

Mail programs know tables and inline styles and little else (https://www.caniemail.com), so that is what there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from integrations_sdk.connectors.text import left_out, visible, web_url
from integrations_sdk.models import Link, Message

__all__ = ["html_text"]

_FONT = (
    "font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:15px;line-height:1.5;color:#1f1e24"
)
_BUTTON = "display:inline-block;padding:8px 16px;border-radius:4px;color:#ffffff;text-decoration:none"
_QUIET = "color:#626168;font-size:13px"


def html_text(message: Message, *, files: bool = False) -> str:
    """The whole message as an HTML document.

    Args:
        files: whether its attachments go with it; otherwise they are named.
    """
    title = _shown(" ".join(message.title.split()))
    body = "\n".join(part for part in _parts(message, title, files=files) if part)
    bar = f"border-left:4px solid {message.level.colour};padding:4px 16px"
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>'
        f'{title or _shown(message.summary)}</title></head>\n<body dir="auto" style="{_FONT}">\n'
        f'<div style="{bar}">\n{body}\n</div>\n</body></html>\n'
    )


def _parts(message: Message, title: str, *, files: bool) -> Iterator[str]:
    if title:
        yield f'<h1 style="font-size:18px;margin:8px 0">{_linked(title, message.url)}</h1>'
    if text := _shown(message.text.strip()):
        yield f'<p style="white-space:pre-wrap;margin:8px 0">{text}</p>'
    if message.fields:
        rows = (
            f'<tr><td style="padding:2px 16px 2px 0;{_QUIET}">{_shown(field.name)}</td>'
            f"<td>{_linked(_shown(field.value), field.url)}</td></tr>"
            for field in message.fields
        )
        yield '<table role="presentation">\n' + "\n".join(rows) + "\n</table>"
    yield _line((_button(action, message.level.colour) for action in message.actions), " ")
    links = (link for link in message.links if web_url(link.url))
    yield _line((_linked(_shown(link.label) or _shown(link.url), link.url) for link in links), " · ")
    yield _line((_shown(word) for word in (message.author, message.footer) if word), " · ", _QUIET)
    yield _line(("" if files else _shown(left_out(message)),), "", _QUIET)


def _line(pieces: Iterator[str] | tuple[str, ...], between: str, style: str = "") -> str:
    joined = between.join(piece for piece in pieces if piece)
    look = f"margin:8px 0;{style}".rstrip(";")
    return f'<p style="{look}">{joined}</p>' if joined else ""


def _button(action: Link, colour: str) -> str:
    if (target := web_url(action.url)) is None:
        return ""
    look = f"{_BUTTON};background:{colour}"
    return f'<a href="{escape(target)}" style="{look}">{_shown(action.label) or _shown(target)}</a>'


def _linked(shown: str, url: str | None) -> str:
    target = web_url(url)
    return f'<a href="{escape(target)}">{shown}</a>' if target else shown


def _shown(text: str) -> str:
    return escape(visible(text))
