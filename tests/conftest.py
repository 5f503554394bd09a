"""Fixtures shared by all tests, and the table of what was checked in a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from support import coverage
from support.contracts import CONTRACTS, Conformity, validator
from support.toy import toy


@pytest.fixture(scope="session")
def conformity() -> Conformity:
    """The vendors' contracts; skips, saying so, where they are absent."""
    return Conformity(validator())


@pytest.fixture(scope="session")
def payloads() -> Path:
    """The folder of real webhook payloads; skips, saying so, where it is absent."""
    validator()
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
    """Under xdist, hand what was checked to the process that prints the table."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["checks"] = sorted(coverage.CHECKS)


class Gathered:
    """Collects what the workers checked."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for provider, operation, by in getattr(node, "workeroutput", {}).get("checks", []):
            coverage.record(provider, operation, by)


def pytest_configure(config: pytest.Config) -> None:
    """Gather from workers, where there are any."""
    config.pluginmanager.register(Gathered())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show which operation of which provider was checked against what, unless only a few were."""
    if len(coverage.CHECKS) > coverage.A_FEW:
        terminalreporter.section("operations, and what their requests were checked against")
        for line in coverage.table():
            terminalreporter.write_line(line)
