"""Processes that begin with the same thing at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

__all__ = ["together"]

_TESTS = str(Path(__file__).parents[1])


def together(module: str, arguments: Sequence[object], *, count: int) -> list[str]:
    """What so many processes print that run a module: each says `ready`, then all are let go.

    Each must succeed, and without a word of complaint.
    """
    command = [sys.executable, "-W", "error", "-m", module, *map(str, arguments)]
    path = os.pathsep.join(filter(None, [_TESTS, os.environ.get("PYTHONPATH")]))
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    env={**os.environ, "PYTHONPATH": path},
                )
            )
            for _ in range(count)
        ]  # fmt: skip
        stack.callback(lambda: [process.kill() for process in processes])
        for process in processes:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        printed = [process.communicate(timeout=45) for process in processes]
    assert [
        (process.returncode, errors) for process, (_, errors) in zip(processes, printed, strict=True)
    ] == [(0, "")] * count
    return [output for output, _ in printed]
