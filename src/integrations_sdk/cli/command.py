"""`main()`: finds the sub-command that is meant, and hands it the rest of the arguments."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Final, NamedTuple

from integrations_sdk.codec import closest

__all__ = ["COMMANDS", "Command", "main"]


class Command(NamedTuple):
    """A sub-command.

    Attributes:
        module: imported when the command is called; its `main(arguments)` returns the exit code.
        summary: one line of help.
    """

    module: str
    summary: str


COMMANDS: Final[Mapping[str, Command]] = {
    "listen": Command("integrations_sdk.cli.listening", "show the webhook calls that arrive here"),
    "worker": Command("integrations_sdk.worker", "deliver what others have queued"),
}
"""By name."""

_USAGE: Final = 2


def main(arguments: Sequence[str] | None = None, *, commands: Mapping[str, Command] = COMMANDS) -> int:
    """Run the command line.

    Args:
        arguments: None takes the process's own.

    Returns:
        The exit code: 0 when it was done, 1 when it could not be, 2 when the arguments are wrong; what else a
        sub-command returns, its help says.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    _tolerate_encodings()
    at = next((at for at, word in enumerate(given) if not word.startswith("-")), len(given))
    try:
        _parser(commands).parse_args(given[:at])
        return _run(given[at:], commands)
    except SystemExit as end:  # how argparse ends, after it has said why
        return end.code if isinstance(end.code, int) else _USAGE
    except BrokenPipeError:  # whoever read this has gone, e.g. `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(given: Sequence[str], commands: Mapping[str, Command]) -> int:
    if not given:
        _parser(commands).print_help(sys.stderr)
        return _USAGE
    name, *rest = given
    if name not in commands:
        sys.stderr.write(f"integrations: there is no command {name!r}; {closest(name, commands)}\n")
        return _USAGE
    code: int = importlib.import_module(commands[name].module).main(rest)
    return code


def _parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    width = max(map(len, commands))
    listed = [f"  {name:{width}}  {command.summary}" for name, command in commands.items()]
    parser = argparse.ArgumentParser(
        prog="integrations",
        usage="integrations [--help] [--version] <command> …",
        description="\n".join(["Commands of integrations_sdk:", "", *listed]),
        epilog="`integrations <command> --help` says what a command takes, and its exit codes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"integrations {version('integrations-sdk')}")
    return parser


def _tolerate_encodings() -> None:
    """What the terminal's encoding lacks is written as an escape, rather than ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")
