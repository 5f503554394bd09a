"""Node, and packages of npm, for what others wrote in JavaScript."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from support.needs import unavailable

__all__ = ["Node", "Task", "installed", "node_at", "packed_files", "program_of"]

Task = dict[str, Any]
Node = Callable[[Sequence[Task]], list[dict[str, Any]]]


def installed(sources: Path, folder: Path) -> Path:
    """The scripts of `sources` in a folder, with the packages that its `package.json` names."""
    for file in sources.iterdir():
        shutil.copy(file, folder)
    _npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"], folder)
    return folder


def node_at(folder: Path, script: str) -> Node:
    """Does tasks in one process of Node, which runs a script of the folder; each result has a `value` or an `error`."""
    program = program_of("node")

    def do(tasks: Sequence[Task]) -> list[dict[str, Any]]:
        ran = subprocess.run(
            [program, script],
            cwd=folder,
            input=json.dumps(tasks),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=200,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        results: list[dict[str, Any]] = json.loads(ran.stdout)
        assert len(results) == len(tasks)
        return results

    return do


def packed_files(package: str, members: Sequence[str], folder: Path) -> list[bytes]:
    """Some files of a package that is too large to be installed for them."""
    said = _npm(["pack", package, "--silent", "--fetch-retries=1"], folder)
    with tarfile.open(folder / said.split()[-1]) as archive:
        files = [archive.extractfile(f"package/{member}") for member in members]
        return [file.read() for file in files if file is not None]


def program_of(name: str) -> str:
    """Where `node` or `npm` is."""
    return shutil.which(name) or unavailable(f"there is no {name}")


def _npm(arguments: Sequence[str], folder: Path) -> str:
    command = [program_of("npm"), *arguments, "--prefer-offline"]
    try:
        ran = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=150)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        unavailable(f"npm could not {arguments[0]} what is needed ({type(error).__name__})")
    return ran.stdout
