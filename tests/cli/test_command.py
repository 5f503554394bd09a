"""The `integrations` command: it finds what is meant, says what is wrong, and hands on the rest."""

from __future__ import annotations

import importlib
import runpy
import sys
import types
from importlib.metadata import entry_points, version

import pytest

from integrations_sdk.cli.command import COMMANDS, Command, main


@pytest.fixture
def fake(monkeypatch):
    """A command that keeps its arguments, and ends with 7."""
    module = types.ModuleType("fake_command")
    module.calls = []
    module.main = lambda arguments: module.calls.append(arguments) or 7
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def run(*arguments):
    return main(
        arguments, commands={"worker": Command("fake_command", "deliver"), "listen": COMMANDS["listen"]}
    )


def test_a_command_gets_the_rest_of_the_arguments(fake):
    """Whatever they look like; its exit code is the command's."""
    assert run("worker", "--store", "sqlite:///x.db", "--help", "worker") == 7
    assert fake.calls == [["--store", "sqlite:///x.db", "--help", "worker"]]


def test_a_command_is_imported_when_it_is_called(capsys):
    """So the others cost nothing, and may need what is not installed."""
    assert main(["--help"], commands={"broken": Command("no.such.module", "never called")}) == 0
    assert "broken  never called" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "says"), [("lisen", "did you mean `listen`?"), ("zzz", "known: listen, worker")]
)
def test_an_unknown_command_names_the_nearest(capsys, word, says):
    """And ends with 2, as every wrong argument does."""
    assert run(word) == 2
    assert says in capsys.readouterr().err


def test_no_command_shows_the_help(capsys):
    """On stderr, for it is a mistake."""
    assert run() == 2
    assert "listen  show the webhook calls" in capsys.readouterr().err


def test_a_wrong_option_is_refused(capsys):
    """Before the command."""
    assert run("--vresion") == 2
    assert "--vresion" in capsys.readouterr().err


def test_the_version(capsys):
    """That of the installed distribution."""
    assert run("--version") == 0
    assert capsys.readouterr().out == f"integrations {version('integrations-sdk')}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_has_help(capsys, name):
    """With its exit codes."""
    assert callable(importlib.import_module(COMMANDS[name].module).main)
    assert main([name, "--help"]) == 0
    assert "exit codes:" in capsys.readouterr().out


def test_it_runs_as_a_module(monkeypatch):
    """`python -m integrations_sdk.cli`."""
    monkeypatch.setattr(sys, "argv", ["integrations", "lisen"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("integrations_sdk.cli", run_name="__main__")
    assert caught.value.code == 2


def test_the_script_is_the_command():
    """What `pip` puts on the path, where it was installed since."""
    for script in entry_points(group="console_scripts", name="integrations"):
        if script.value.startswith("integrations_sdk."):
            assert script.load() is main
