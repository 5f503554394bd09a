"""Where lines go: with colours where `rich` is installed (extra `cli`) and somebody is looking, plain elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol, TextIO, TypeAlias

if TYPE_CHECKING:  # an extra
    from rich.console import Console

__all__ = ["Style", "Writer", "open_writer"]

Style: TypeAlias = Literal["head", "good", "bad", "dim", "json"]
"""What a line is."""

_LOOKS: Final = {"head": "bold", "good": "bold green", "bad": "bold red", "dim": "dim", "json": ""}


class Writer(Protocol):
    """Writes lines."""

    def line(self, style: Style, text: str) -> None:
        """Write a line, at once."""
        ...


class _Plain:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def line(self, _style: Style, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


class _Coloured:
    def __init__(self, console: Console) -> None:
        from rich.highlighter import JSONHighlighter
        from rich.text import Text

        self._console = console
        self._text = Text
        self._highlight = JSONHighlighter()

    def line(self, style: Style, text: str) -> None:
        shown = self._text(
            text, _LOOKS[style]
        )  # no markup: what arrived must not be able to say how it looks
        if style == "json":
            self._highlight.highlight(shown)
        self._console.print(shown, soft_wrap=True)


def open_writer(stream: TextIO, *, plain: bool = False) -> Writer:
    """What writes to a stream.

    Args:
        plain: without colours, whatever the stream is.
    """
    if plain or not stream.isatty():
        return _Plain(stream)
    try:
        from rich.console import Console
    except ImportError:
        return _Plain(stream)
    return _Coloured(Console(file=stream, highlight=False))
