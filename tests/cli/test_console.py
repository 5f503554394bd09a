"""`cli.console`: colours only where somebody sees them, and nothing that arrives can give itself some."""

from __future__ import annotations

import builtins
import io

from integrations_sdk.cli.console import open_writer


class Terminal(io.StringIO):
    """A stream that says that somebody is looking."""

    def isatty(self):
        return True


def written(stream, *lines, **options):
    writer = open_writer(stream, **options)
    for line in lines:
        writer.line(*line)
    return stream.getvalue()


def test_plain_where_nobody_looks(monkeypatch):
    """A file, a pipe, and wherever plain text is asked for."""
    monkeypatch.setenv("TERM", "xterm-256color")
    assert written(io.StringIO(), ("bad", "[red]x[/]")) == "[red]x[/]\n"
    assert written(Terminal(), ("json", "{}"), plain=True) == "{}\n"


def test_colours_on_a_terminal(monkeypatch):
    """With `rich`; markup in what arrived stays text, and long lines stay one line."""
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = written(Terminal(), ("bad", "[red]x[/]"), ("json", '"a": 1'), ("dim", "y" * 300))
    assert "\x1b[1;31m[red]x[/]\x1b[0m\n" in shown
    assert "y" * 300 in shown
    assert shown.count("\n") == 3


def test_plain_without_rich(monkeypatch):
    """It is an extra."""
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("rich"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert written(Terminal(), ("good", "x")) == "x\n"
