"""Our connector and a vendor's client, each against a stand-in of its own that is in the same state."""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import os
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, TypeVar

import attrs
import pytest

from integrations_sdk.clock import SystemClock
from integrations_sdk.codec import load
from integrations_sdk.connectors.base import Connector, ConnectorConfig, ConnectorContext
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.models import Scope
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import DictMemory
from integrations_sdk.testing.standin import Received
from support.coverage import record
from support.recording import Explanation, Extra, compare

__all__ = ["Versus", "against", "every"]

REQUIRED = os.environ.get("INTEGRATIONS_SDK_REQUIRE_SERVICES") == "1"

T = TypeVar("T")
Given = Callable[[Any], Mapping[str, object]]


@attrs.frozen
class Versus:
    """One provider's connector beside one client."""

    provider: str
    distribution: str
    module: ModuleType

    def __call__(
        self,
        operation: str,
        *explained: Explanation,
        ours: Callable[[Any], Awaitable[object]],
        theirs: Callable[[Any], object],
        given: Given | None = None,
        bare: bool = False,
        prepare: Callable[[Any], object] = lambda _: None,
        headers: tuple[str, ...] = (),
    ) -> tuple[Any, Any]:
        """Do the same on both sides, compare what arrived, and record the operation as checked.

        Args:
            explained: each difference, with its reason.
            ours: is given the connector; or, where it is none that is compared, with `bare` the stand-in.
            theirs: is given the stand-in, whose `url` it must reach.
            given: the connector's configuration, from the stand-in; None: its `config()`.
            prepare: brings each stand-in into the state from which both sides start.

        Returns:
            What each side came to.
        """
        __tracebackhide__ = True
        with Sandbox() as left, Sandbox() as right:
            prepare(left[self.provider])
            prepare(right[self.provider])
            before = len(left.received), len(right.received)
            config = left.config(self.provider) if given is None else given(left[self.provider])
            stand_in = left[self.provider]
            outcome = asyncio.run(ours(stand_in) if bare else _ours(self.provider, config, ours))
            answer = theirs(right[self.provider])
            arrived = (_accepted(left, before[0], explained), _accepted(right, before[1], explained))
            compare(*arrived, explained, headers)
        version = importlib.metadata.version(self.distribution)
        record(self.provider, operation, f"client {self.distribution} {version}")
        return outcome, answer


def against(provider: str, distribution: str, module: str) -> Any:
    """A fixture: the provider beside a client."""

    @pytest.fixture
    def versus() -> Versus:
        return Versus(provider, distribution, imported(distribution, module))

    return versus


def imported(distribution: str, module: str) -> ModuleType:
    """A client; without it the test is skipped, or fails where services are required."""
    try:
        with warnings.catch_warnings():  # what a client's import warns of is not ours to mend
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        reason = f"{distribution} is not installed (group `clients`): {error}"
    if REQUIRED:
        pytest.fail(f"the vendors' clients are required: {reason}")
    pytest.skip(reason)


async def every(records: AsyncIterator[T]) -> list[T]:
    """All that comes."""
    return [one async for one in records]


def _accepted(sandbox: Sandbox, start: int, explained: Iterable[Explanation]) -> list[Received]:
    """What arrived from `start` on, of which the vendor refused nothing but what is explained."""
    extras = [one for one in explained if isinstance(one, Extra)]
    refused = [
        f"{one.request.method} {one.request.path} {one.status}"
        for one in sandbox.received[start:]
        if not one.accepted and not any(extra.matches(one.request) for extra in extras)
    ]
    assert not refused, f"the stand-in refused {refused}"
    return [one.request for one in sandbox.received[start:]]


async def _ours(
    provider: str, config: Mapping[str, object], work: Callable[[Any], Awaitable[object]]
) -> object:
    """The work of a connector, through the real client."""
    clock = SystemClock()
    http = HttpClient(HttpxTransport(), clock)
    kind = Registry().get(provider)

    async def nowhere(integration_id: str) -> Connector[ConnectorConfig]:
        raise LookupError(integration_id)

    context = ConnectorContext(
        integration_id=f"{provider}-1",
        http=http,
        clock=clock,
        scope=Scope(),
        memory=DictMemory(),
        open=nowhere,
        spawn=lambda job, name: asyncio.get_running_loop().create_task(job, name=name),
    )
    connector = kind(load(kind.Config, config, subject=provider), context)
    try:
        return await work(connector)
    finally:
        await connector.close()
        await http.close()
