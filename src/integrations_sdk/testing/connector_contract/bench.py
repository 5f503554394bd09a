"""`Bench`: a connector, its vendor, and everything that stands between the two and can be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import attrs
import pytest

from integrations_sdk.clock import FakeClock, SystemClock
from integrations_sdk.codec import load
from integrations_sdk.connectors.base import (
    Connector,
    ConnectorConfig,
    ConnectorContext,
    Headers,
    is_loopback,
)
from integrations_sdk.errors import ConnectorError, IntegrationError
from integrations_sdk.http.base import Request, Response, Transport
from integrations_sdk.http.client import HttpClient
from integrations_sdk.models import Scope
from integrations_sdk.testing.connector_contract.samples import Act
from integrations_sdk.testing.fakes import DictMemory
from integrations_sdk.testing.faults import FaultSpec
from integrations_sdk.testing.server import LoopbackServer
from integrations_sdk.testing.standin import Received, Reply, StandIn

__all__ = [
    "CHECK",
    "NOWHERE",
    "Bench",
    "Direct",
    "Exchange",
    "Kept",
    "Spoil",
    "Vendor",
    "came_to",
    "collected",
    "context_of",
    "left_running",
    "opened",
]

CHECK: Final = "check"
NOWHERE: Final = "http://127.0.0.1:9"  # the discard port: nobody is called there
_STATES: Final = ("received", "refused", "faults", "url")

Spoil = Callable[[Received, Reply], Reply]
"""Makes another reply of a vendor's own."""


@attrs.frozen
class Exchange:
    """A request that arrived, and what was answered."""

    request: Received
    reply: Reply
    fault: FaultSpec | None

    @property
    def has_body(self) -> bool:
        """Whether the answer has anything to read after its headers."""
        return self.request.method != "HEAD" and self.reply.status != 204 and bool(self.reply.encoded()[1])


class Vendor:
    """A stand-in as a connector meets it: every exchange is kept, and any answer can be spoiled.

    Attributes:
        exchanges: in order, refused requests included.
        spoil: applied to each reply; None leaves them as they are.
        heard: called with each request before it is answered.
        crashes: what the stand-in itself raised.
    """

    def __init__(self, stand_in: StandIn, server: LoopbackServer | None) -> None:
        self.stand_in = stand_in
        self.exchanges: list[Exchange] = []
        self.spoil: Spoil | None = None
        self.heard: Callable[[], object] = lambda: None
        self.crashes: list[Exception] = []
        if server is None:
            stand_in.url = NOWHERE
        else:
            stand_in.url = stand_in.listen_on(server) or server.serve(self.answer)

    def answer(self, request: Received) -> tuple[Reply, FaultSpec | None]:
        """What the stand-in says, spoiled."""
        self.heard()
        fault = None
        try:
            reply, fault = self.stand_in.answer(request)
        except Exception as error:  # noqa: BLE001  # a stand-in's bug must reach the test, not hang its client
            self.crashes.append(error)
            reply = Reply(status=500, text=f"the stand-in broke: {type(error).__name__}")
        if self.spoil is not None:
            reply = self.spoil(request, reply)
        self.exchanges.append(Exchange(request, reply, fault))
        return reply, fault

    @property
    def requests(self) -> list[Received]:
        """Every request that arrived, in order."""
        return [exchange.request for exchange in self.exchanges]

    def state(self) -> dict[str, object]:
        """What the stand-in keeps beside the requests, e.g. messages."""
        return {
            name: value
            for name, value in vars(self.stand_in).items()
            if not name.startswith("_") and name not in _STATES
        }


class Direct:
    """A `Transport` that hands requests to a vendor without any wire, and keeps them.

    Attributes:
        turns: of how many turns of the loop each answer is late, one after the other; None: of none.
    """

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self.turns: Iterator[int] | None = None
        self.requests: list[Request] = []
        self.under_way = 0

    async def send(self, request: Request) -> Response:
        """The vendor's answer."""
        _stay_here(request)
        self.requests.append(request)
        for _ in range(next(self.turns) if self.turns else 0):
            await asyncio.sleep(0)
        parts = urlsplit(request.url)
        headers = Headers({"host": parts.netloc, **request.headers})
        if parts.username:
            headers = Headers({**headers, "authorization": "of the URL"})
        target = parts._replace(scheme="", netloc="", fragment="").geturl()
        reply, fault = self._vendor.answer(Received.of(request.method, target, headers, request.content))
        for _ in range(next(self.turns) if self.turns else 0):
            await asyncio.sleep(0)
        kind, content = reply.encoded()
        if fault is not None and fault.body is not None:
            content = fault.body
        return Response(
            status=reply.status,
            headers=Headers([("content-type", kind), *reply.headers.items()]),
            content=b"" if request.method == "HEAD" else content,
        )

    async def close(self) -> None:
        """Nothing to do."""


class Kept:
    """A transport whose requests are kept, and which leads nowhere but to this machine."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.requests: list[Request] = []
        self.under_way = 0

    async def send(self, request: Request) -> Response:
        """What the transport answers."""
        _stay_here(request)
        self.requests.append(request)
        self.under_way += 1
        try:
            return await self._transport.send(request)
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        """It is shared."""


@attrs.define
class Bench:
    """A connector over its vendor, with waits that take no time.

    Attributes:
        through: the transport, with every request that was sent.
        acts: what can be asked for beside the check, by operation.
    """

    vendor: Vendor
    connector: Connector[ConnectorConfig]
    clock: FakeClock
    through: Direct | Kept
    acts: Mapping[str, Act]

    @property
    def requests(self) -> list[Request]:
        """Every request that was sent, each attempt counted."""
        return self.through.requests

    @property
    def under_way(self) -> int:
        """How many requests wait for their answers."""
        return self.through.under_way

    async def do(self, doing: str) -> Any:  # whatever the operation gives
        """Check, or an act; a listing as a list."""
        if doing == CHECK:
            return await self.connector.check()
        act = self.acts[doing]
        return await collected(getattr(self.connector, doing)(*act.arguments))

    async def came(self, doing: str) -> Any:  # as `do()`
        """What it comes to: its result, or the error of the library that it raises."""
        return await came_to(self.do(doing))

    async def failure(self, doing: str) -> ConnectorError:
        """The error it fails with; the test fails if it does not, or with another."""
        came = await self.came(doing)
        assert isinstance(came, ConnectorError), f"{doing} should have failed, but came to {came!r}"
        return came


async def collected(result: object) -> object:
    """The result of an operation; of a listing all that it yields."""
    if isinstance(result, AsyncIterator):
        return [item async for item in result]
    return await cast("Awaitable[object]", result)


async def came_to(work: Awaitable[Any]) -> Any:  # whatever it gives
    """What it comes to: its result, or the error of the library that it raises."""
    try:
        return await work
    except IntegrationError as error:
        return error


async def left_running() -> list[str]:
    """The other tasks of the loop, once what is cancelled and what is left half read had its turns to end."""
    for _ in range(50):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            break
        await asyncio.sleep(0)
    return [repr(task) for task in others]


def context_of(
    kind: type[Connector[ConnectorConfig]], transport: Transport, clock: FakeClock
) -> ConnectorContext:
    """What the connector is given beside its configuration: all rules of HTTP over this transport."""

    async def nobody(integration_id: str) -> Connector[ConnectorConfig]:
        raise LookupError(integration_id)

    return ConnectorContext(
        integration_id=f"{kind.provider}-1",
        http=HttpClient(transport, clock, random=lambda: 0.5, owned=False),
        clock=clock,
        scope=Scope(project_id="shop/web"),
        memory=DictMemory(),
        open=nobody,
        spawn=lambda work, name: asyncio.get_running_loop().create_task(work, name=name),
    )


def opened(
    kind: type[Connector[ConnectorConfig]],
    vendor: Vendor,
    given: Mapping[str, object],
    transport: Transport | None,
    acts: Mapping[str, Act],
) -> Bench:
    """A bench over this transport; None hands requests to the vendor without a wire."""
    clock = FakeClock(SystemClock().now())
    through = Direct(vendor) if transport is None else Kept(transport)
    config = load(kind.Config, given, subject=f"{kind.provider} configuration")
    connector = kind(config, context_of(kind, through, clock))
    return Bench(vendor, connector, clock, through, acts)


def _stay_here(request: Request) -> None:
    if not is_loopback(urlsplit(request.url).hostname):
        pytest.fail(
            f"{request!r} would leave this machine: the stand-in's config() must lead to the stand-in"
        )
