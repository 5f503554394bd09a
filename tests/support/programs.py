"""Programs of others, each started for the tests on a port of its own, with a folder of its own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import attrs
import pytest

from support.coverage import record
from support.needs import unavailable

__all__ = ["Program", "ask", "eventually", "running"]

T = TypeVar("T")

_DIRECT = build_opener(ProxyHandler({}))
_PATIENCE = 20.0
_TRIES = 3  # another process may take the port in between


@attrs.frozen
class Program:
    """A program that runs: its name with its version, and its address."""

    name: str
    url: str

    def checked(self, provider: str, *operations: str) -> None:
        """The program took operations of a provider, and what came of them was looked at."""
        for operation in operations:
            record(provider, operation, f"program {self.name}")


def ask(
    url: str, *, method: str | None = None, body: bytes | None = None, content_type: str = "application/json"
) -> bytes:
    """What a program answers to somebody other than the library; `OSError` when it refuses."""
    request = Request(url, method=method, data=body, headers={"content-type": content_type} if body else {})
    try:
        with _DIRECT.open(request, timeout=5) as answer:
            content: bytes = answer.read()
    except HTTPError as error:
        error.close()
        raise
    return content


def eventually(look: Callable[[], T], *, what: str) -> T:
    """What is found in the end, as programs take their time; fails when it is not there after a while."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    return pytest.fail(f"in vain: {what}")


@contextmanager
def running(
    program: str, arguments: Callable[[str], Sequence[str]], *, ready: str, folder: Path
) -> Iterator[Program]:
    """A program until the block ends; skips, saying so, where there is none and none is required.

    Args:
        arguments: for the address (`127.0.0.1:1234`) that it listens at.
        ready: the path that it answers once it works.
        folder: where it runs.
    """
    path = _find(program)
    with (folder / "log").open("ab") as log:
        for _ in range(_TRIES):
            address = f"127.0.0.1:{_free_port()}"
            process = subprocess.Popen([path, *arguments(address)], cwd=folder, stdout=log, stderr=log)
            try:
                if _answers(process, f"http://{address}{ready}"):
                    yield Program(_named(program, path), f"http://{address}")
                    return
            finally:
                _stop(process)
    words = (folder / "log").read_text(errors="replace")
    pytest.fail(f"{program} does not start: {words[-2000:]}")


def _find(program: str) -> str:
    """In the folder INTEGRATIONS_SDK_PROGRAMS, or on the path."""
    own = os.environ.get("INTEGRATIONS_SDK_PROGRAMS")
    found = (own and shutil.which(program, path=own)) or shutil.which(program)
    return found or unavailable(f"there is no {program} (Debian's package of that name)")


def _named(program: str, path: str) -> str:
    ran = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    version = re.search(r"version (\d[\d.]*\d)", ran.stdout + ran.stderr)
    return f"{program} {version[1]}" if version else program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            ask(url)
        except OSError:
            time.sleep(0.05)
        else:
            return process.poll() is None
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
