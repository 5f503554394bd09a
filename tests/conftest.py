"""Fixtures shared by all tests: the vendors' contracts, and which of their operations were checked."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import json
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.http.base import Request
from support.toy import toy

CONTRACTS = Path(
    os.environ.get("INTEGRATIONS_SDK_CONTRACTS", Path(__file__).parents[2] / "shared" / "contracts")
)
CHECKED: Counter[tuple[str, str]] = Counter()


@functools.cache
def _validator() -> ModuleType:
    path = CONTRACTS / "validate.py"
    if not path.exists():
        if os.environ.get("INTEGRATIONS_SDK_REQUIRE_CONTRACTS"):
            pytest.fail(f"the vendors' contracts are required but not at {CONTRACTS}")
        pytest.skip(f"no vendor contracts at {CONTRACTS} (set INTEGRATIONS_SDK_CONTRACTS)")
    pytest.importorskip("openapi_core", reason="openapi-core is not installed (group `contracts`)")
    spec = importlib.util.spec_from_file_location("contracts_validate", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["contracts_validate"] = module
    spec.loader.exec_module(module)
    return module


class Conformity:
    """Checks requests against a vendor's own API description."""

    def __init__(self, validator: ModuleType) -> None:
        self._validator = validator

    def check(self, provider: str, request: Request, *, base_url: str, operation: str | None = None) -> None:
        """Assert that the request conforms to `provider`'s contract.

        Args:
            provider: the contract's name, which is its file's (`datadog_v2`).
            base_url: the part of the URL that stands for the contract's server URL.
            operation: the templated `METHOD /path/{x}` to book the check under; found by itself if None.
        """
        assert request.url.startswith(base_url), f"{request.url} is not below {base_url}"
        parts = urlsplit(request.url[len(base_url) :])
        kind = {name.lower(): value for name, value in request.headers.items()}.get("content-type", "")
        body: dict[str, Any] = {}
        if request.content:
            if "json" in kind:
                body = {"json": json.loads(request.content), "content_type": kind}
            elif kind.startswith("application/x-www-form-urlencoded"):
                body = {"form": parse_qs(request.content.decode(), keep_blank_values=True)}
            else:
                body = {"text": request.content.decode(), "content_type": kind}
        with warnings.catch_warnings():  # the validator is not ours: it leaves files open, its libraries warn
            warnings.simplefilter("ignore")
            errors = self._validator.request_errors(
                provider,
                request.method,
                parts.path,
                query=parse_qs(parts.query, keep_blank_values=True),
                headers=dict(request.headers),
                **body,
            )
        assert errors == [], "\n".join(errors)
        CHECKED[provider, operation or self._operation(provider, request.method, parts.path)] += 1

    def _operation(self, provider: str, method: str, path: str) -> str:
        """The most specific template of the contract that the path fits."""
        segments = path.strip("/").split("/")
        fitting = [
            template
            for verb, template in self._validator.operations(provider)
            if verb == method
            and len(parts := template.strip("/").split("/")) == len(segments)
            and all("{" in part or part == segment for part, segment in zip(parts, segments, strict=True))
        ]
        best = min(fitting, key=lambda template: template.count("{"), default=path)
        return f"{method} {best}"


@pytest.fixture(scope="session")
def conformity() -> Conformity:
    """The vendors' contracts; skips, saying so, where they are absent."""
    return Conformity(_validator())


@pytest.fixture(scope="session")
def payloads() -> Path:
    """The folder of real webhook payloads; skips, saying so, where it is absent."""
    _validator()
    return CONTRACTS / "payloads"


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
def manager(clock: FakeClock) -> AsyncIntegrationManagementManager:
    """A manager over a store in memory, with the toy provider registered."""
    made = AsyncIntegrationManagementManager(project_id="g/p", clock=clock)
    made.register_connector(toy())
    return made


@pytest.fixture
def run(manager: AsyncIntegrationManagementManager) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs coroutines in one loop, in which the manager is closed at the end."""
    with asyncio.Runner() as runner:
        yield runner.run
        runner.run(manager.aclose())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist, hand what was checked to the process that prints the summary."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["checked"] = [[*key, count] for key, count in CHECKED.items()]


class Gathered:
    """Collects what the workers checked."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for provider, operation, count in getattr(node, "workeroutput", {}).get("checked", []):
            CHECKED[provider, operation] += count


def pytest_configure(config: pytest.Config) -> None:
    """Gather from workers, where there are any."""
    config.pluginmanager.register(Gathered())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the vendors' operations whose requests were checked in this session."""
    if CHECKED:
        terminalreporter.section("vendor operations checked against their contracts")
        for (provider, operation), count in sorted(CHECKED.items()):
            terminalreporter.write_line(f"{provider:16} {operation}  ({count} requests)")
