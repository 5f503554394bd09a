"""`ConnectorCase`: what the parts of the contract share: who is tested against whom, and how."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from typing import ClassVar, Final, TypeVar
from uuid import uuid4

import pytest

from integrations_sdk.codec import load
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.config import secret_names, secret_values
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.http.base import Transport
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.testing.connector_contract.bench import (
    CHECK,
    NOWHERE,
    Bench,
    Vendor,
    left_running,
    opened,
)
from integrations_sdk.testing.connector_contract.samples import Act, acts_of
from integrations_sdk.testing.server import LoopbackServer
from integrations_sdk.testing.standin import Received, StandIn

__all__ = ["ConnectorCase"]

T = TypeVar("T")

_SHORTEST: Final = 8
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ConnectorCase:
    """Name a subclass `Test…`, and say which connector is tested against which stand-in.

    ```python
    class TestPager(ConnectorContract, connector=PagerConnector, stand_in=PagerStandIn): ...
    ```

    A subclass may override what does not fit it:

    Attributes:
        extra: configuration beside the stand-in's own `config()`.
        acts: what is tried beside the check; None: one operation of each capability, with samples.
        reads: requests other than GET that change nothing, e.g. `POST /oauth/token` (`*` as a wildcard).
        always_wired: the vendor is no HTTP, so that its stand-in listens by itself (`MailConnectorContract`).
        unseen: what a check does not look at: `contents` (of a good answer), `refusals` (it asks without credentials).
    """

    connector: ClassVar[type[Connector[ConnectorConfig]]]
    extra: ClassVar[Mapping[str, object]] = {}
    acts: ClassVar[tuple[Act, ...] | None] = None
    reads: ClassVar[tuple[str, ...]] = ()
    unseen: ClassVar[frozenset[str]] = frozenset()
    always_wired: ClassVar[bool] = False

    _stand_in: ClassVar[list[Callable[[], StandIn]]]
    _runner: ClassVar[asyncio.Runner]
    _server: ClassVar[LoopbackServer]
    _transport: ClassVar[Transport]

    def __init_subclass__(
        cls,
        *,
        connector: type[Connector[ConnectorConfig]] | None = None,
        stand_in: Callable[[], StandIn] | None = None,
        **options: object,
    ) -> None:
        super().__init_subclass__(**options)
        if connector is not None:
            cls.connector = connector
        if stand_in is not None:
            cls._stand_in = [stand_in]  # in a list, or a function would become a method

    # --- may be overridden ----------------------------------------------------------------------

    def make_stand_in(self) -> StandIn:
        """A new stand-in, for one test."""
        return self._stand_in[0]()

    def configuration(self, stand_in: StandIn) -> dict[str, object]:
        """What reaches the stand-in; without a wire it is nowhere, but on loopback."""
        return {**stand_in.config(), **self.extra}

    def is_read(self, request: Received) -> bool:
        """Whether the request changes nothing at the vendor."""
        asked = f"{request.method} {request.path}"
        return request.method in _READS or any(fnmatchcase(asked, pattern) for pattern in self.reads)

    def effect(self, vendor: Vendor) -> object:
        """How much has happened at the vendor; by default how many things the stand-in keeps."""
        return {name: _size(value) for name, value in vendor.state().items()}

    # --- for the parts --------------------------------------------------------------------------

    def doings(self) -> list[str]:
        """The operations that are tried: the check, and the acts."""
        return [CHECK, *self._acts()]

    def run(
        self,
        scenario: Callable[[Bench], Awaitable[T]],
        *,
        wire: bool = True,
        kind: type[Connector[ConnectorConfig]] | None = None,
        **changes: object,
    ) -> T:
        """Run a scenario on a new connector and its vendor; nothing of it may be left running.

        Args:
            wire: over loopback; otherwise the vendor answers at once, and faults of the wire do not show.
            kind: in place of the connector under test.
            changes: fields in place of those of the configuration.
        """
        return self._runner.run(self._run(scenario, wire=wire, kind=kind or self.connector, changes=changes))

    async def _run(
        self,
        scenario: Callable[[Bench], Awaitable[T]],
        *,
        wire: bool,
        kind: type[Connector[ConnectorConfig]],
        changes: Mapping[str, object],
    ) -> T:
        vendor = Vendor(self.make_stand_in(), self._server if wire or self.always_wired else None)
        given = {**self.configuration(vendor.stand_in), **changes}
        bench = opened(kind, vendor, given, self._transport if wire else None, self._acts())
        try:
            result = await scenario(bench)
        finally:
            await bench.connector.close()
        assert not (left := await left_running()), f"closing the connector leaves tasks behind: {left}"
        if vendor.crashes:
            raise vendor.crashes[0]
        return result

    def rehearsed(self, doing: str) -> tuple[Received, Callable[[Vendor], object]]:
        """What an operation is about, and how to see how often it was done.

        The last request that changes something, or else the last; and `effect()`, or, where that does not see what
        the operation does, how many such requests were accepted.
        """

        async def scenario(bench: Bench) -> tuple[Received, bool]:
            before = self.effect(bench.vendor)
            await bench.do(doing)
            requests = bench.vendor.requests
            deeds = [request for request in requests if not self.is_read(request)]
            return (deeds or requests)[-1], not deeds or self.effect(bench.vendor) != before

        request, seen = self.run(scenario, wire=False)
        return request, self.effect if seen else self._accepted

    def _accepted(self, vendor: Vendor) -> object:
        return sum(not self.is_read(request) for request in vendor.stand_in.received)

    def secrets(self, config: ConnectorConfig) -> list[str]:
        """The secrets of a configuration that are long enough to be told from other words."""
        return [secret for secret in secret_values(config) if len(secret) >= _SHORTEST]

    def configured(self) -> dict[str, object]:
        """A configuration that reaches nobody."""
        stand_in = self.make_stand_in()
        stand_in.url = NOWHERE
        return self.configuration(stand_in)

    def canaries(self) -> dict[str, object]:
        """Unmistakable words for the secrets of that configuration, where the fields take them."""
        given = self.configured()
        found: dict[str, object] = {}
        for name in secret_names(self.connector.Config) & given.keys():
            tried = {**found, name: f"canary{uuid4().hex}"}
            if isinstance(given[name], str) and _is_good(self.connector, {**given, **tried}):
                found = tried
        return found

    def _acts(self) -> dict[str, Act]:
        acts = acts_of(self.connector) if self.acts is None else self.acts
        return {act.operation: act for act in acts}

    # --- pytest's own ---------------------------------------------------------------------------

    @classmethod
    def setup_class(cls) -> None:
        """One loop, one server and one transport serve all tests of a class."""
        cls._runner = asyncio.Runner()
        cls._server = LoopbackServer()
        cls._transport = HttpxTransport()

    @classmethod
    def teardown_class(cls) -> None:
        """And end with it."""
        cls._runner.run(cls._transport.close())
        cls._runner.close()
        cls._server.close()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that takes a `doing` is run for each of them."""
        if "doing" in metafunc.fixturenames:
            metafunc.parametrize("doing", self.doings())


def _is_good(kind: type[Connector[ConnectorConfig]], given: Mapping[str, object]) -> bool:
    try:
        load(kind.Config, given, subject=kind.provider)
    except ConfigurationError:
        return False
    return True


def _size(value: object) -> int:
    """How many things there are in something, at every depth."""
    match value:
        case Mapping():
            return 1 + sum(_size(item) for item in value.values())
        case list() | tuple() | set() | frozenset():
            return 1 + sum(_size(item) for item in value)
        case bool() | int() | float() | None:
            return 0  # a setting, or the number of a token: what happened is kept as things
    return 1
