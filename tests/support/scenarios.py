"""Scenarios: each operation of each provider once against its stand-in, and what its requests are held against.

A module of `tests/operations/scenarios/` is a provider's. Its `Suite` says what its requests follow; where a vendor has
several APIs for the same, there are several. Each of its public coroutine functions is the scenario of the operation of
that name (`check` is one, and `handle_event` where the provider has its own), and gets the connector and the stand-in. It
does what is needed beforehand, calls the operation, and asserts what came of it.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import attrs

from integrations_sdk.clock import FakeClock
from integrations_sdk.codec import load
from integrations_sdk.connectors.base import Connector, ConnectorConfig, Request
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.integrations.providers import operations_of
from integrations_sdk.models import Actor, Commit, Event, Outcome
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.standin import StandIn

__all__ = [
    "NOW",
    "PIPELINE",
    "PUSH",
    "Overruled",
    "Rehearsal",
    "Suite",
    "every",
    "kinds",
    "operations",
    "otherwise",
    "rehearse",
    "scenario_names",
    "suites_of",
    "watched",
]

T = TypeVar("T")
K = TypeVar("K", bound=Connector[ConnectorConfig])

NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""What time it is in every scenario."""

PIPELINE: Final = Event(
    id="e-1", type="pipeline", source="https://gitlab.example.com/shop/web", time=NOW, provider="gitlab",
    project="shop/web", branch="main", sha="a" * 40, status="failed", number=31, environment="production",
    duration=timedelta(seconds=63), actor=Actor(name="Ada", username="ada"),
    url="https://gitlab.example.com/shop/web/-/pipelines/31",
)  # fmt: skip
"""An event that most providers act on."""

PUSH: Final = attrs.evolve(
    PIPELINE, type="push", status=None, number=None, duration=None, url=None,
    commits=(Commit(sha="a" * 40, message="Fixes PROJ-1", url="https://gitlab.example.com/shop/web/-/commit/a"),),
)  # fmt: skip
"""What build servers and issue trackers act on."""

AnyConnector = Connector[ConnectorConfig]


@attrs.frozen
class Overruled:
    """What a contract says wrongly, and the vendor's page that says otherwise.

    Attributes:
        request: `METHOD /path` at the stand-in, `*` for what varies.
        complaint: words of the contract's complaint; others are not overruled.
    """

    request: str
    complaint: str
    page: str


@attrs.frozen(kw_only=True)
class Suite:
    """What the requests of a provider follow, and how it is configured.

    Attributes:
        contracts: the vendor's descriptions by name, each with the path at the stand-in that stands for its server URL.
        cited: for requests that no contract has, the vendor's page, by `METHOD /path` with `*` for what varies. One
            without `*` goes before a contract that takes `/users/delta` for its `/users/{id}`.
        protocol: the page that says what is no HTTP.
        model: the service of AWS whose model, which comes with botocore, has every request.
        now: where stand-ins go by the machine's clock, the same.
        config: beside the stand-in's own.
        served: the stand-in is no HTTP, so it is served on the loopback interface.
    """

    stand_in: Callable[[], StandIn]
    contracts: Mapping[str, str] = attrs.field(factory=dict)
    cited: Mapping[str, str] = attrs.field(factory=dict)
    overruled: tuple[Overruled, ...] = ()
    protocol: str | None = None
    model: str | None = None
    now: Callable[[], datetime] = lambda: NOW
    config: Mapping[str, object] = attrs.field(factory=dict)
    served: bool = False


@attrs.define
class Rehearsal:
    """What a scenario came to.

    Attributes:
        requests: of the whole scenario.
        own: which of them the operation itself made.
        calls: how often it was called.
    """

    suite: Suite
    server: StandIn
    requests: list[Request]
    own: set[int] = attrs.field(factory=set)
    calls: int = 0

    def asked(self, request: Request) -> str:
        """`METHOD /path` at the stand-in."""
        return f"{request.method} {urlsplit(request.url.removeprefix(self.server.url)).path}"

    def cited(self, request: Request) -> dict[str, str]:
        """The pages that are cited for the request, by the form under which they are."""
        asked = self.asked(request)
        return {form: page for form, page in self.suite.cited.items() if fnmatchcase(asked, form)}

    def overruling(self, request: Request, complaints: Sequence[str]) -> set[Overruled]:
        """What overrules a contract's complaints; nothing where one of these is left."""
        asked = self.asked(request)
        fitting = [one for one in self.suite.overruled if fnmatchcase(asked, one.request)]
        found = [{one for one in fitting if one.complaint in complaint} for complaint in complaints]
        return {one for some in found for one in some} if all(found) else set()


@functools.cache
def kinds() -> Mapping[str, type[AnyConnector]]:
    """Every provider that is built in."""
    registry = Registry()
    return {provider: registry.get(provider) for provider in registry}


def operations(provider: str) -> list[str]:
    """What must have a scenario: the provider's operations, its check, and what it does with events of its own accord."""
    kind = kinds()[provider]
    own = {"handle_event"} if kind.handle_event is not Connector.handle_event else set()
    return sorted({*operations_of(kind), "check", *own})


def module_of(provider: str) -> ModuleType:
    """The provider's scenarios."""
    return importlib.import_module(f"operations.scenarios.{provider}")


def suites_of(provider: str) -> list[Suite]:
    """What its requests follow: every `Suite` of its module, for each of which every scenario is run."""
    return [found for found in vars(module_of(provider)).values() if isinstance(found, Suite)]


async def every(items: AsyncIterator[T]) -> list[T]:
    """All that a listing has."""
    return [item async for item in items]


def otherwise(connector: K, given: Mapping[str, object]) -> K:
    """The same connector with another configuration, for what is done otherwise with it."""
    return type(connector)(load(connector.Config, given, subject="scenario"), connector.context)


def scenario_names(provider: str) -> set[str]:
    """The operations that have a scenario."""
    module = module_of(provider)
    return {
        name
        for name, member in vars(module).items()
        if inspect.iscoroutinefunction(member)
        and member.__module__ == module.__name__
        and not name.startswith("_")
    }


async def rehearse(provider: str, operation: str, suite: Suite) -> Rehearsal:
    """Run the scenario of an operation, and keep what it sent.

    Raises:
        AssertionError: it failed, or what an operation came to was no success.
    """
    scenario = getattr(module_of(provider), operation)
    with _serving(suite) as server:
        http = ScriptedHttp([] if suite.served else [answered_by(server)])
        seen = Rehearsal(suite, server, http.requests)
        kind = watched(kinds()[provider], operation, seen)
        given = {**server.config(), **suite.config}
        await scenario(connect(kind, given, http, clock=FakeClock(suite.now())), server)
    return seen


@contextmanager
def _serving(suite: Suite) -> Iterator[StandIn]:
    stand_in = suite.stand_in()
    if not suite.served:
        stand_in.url = "http://127.0.0.1:1"  # where secrets may go by plain HTTP; nothing is sent there
        yield stand_in
        return
    with Sandbox() as sandbox:
        yield sandbox.add(stand_in)


def watched(kind: type[AnyConnector], operation: str, seen: Rehearsal) -> type[AnyConnector]:
    """The connector class, whose operation notes which requests it makes."""
    inner: Callable[..., Any] = getattr(kind, operation)

    def made(begun: int) -> None:
        seen.calls += 1
        seen.own.update(range(begun, len(seen.requests)))

    @functools.wraps(inner)
    async def called(*args: object, **options: object) -> object:
        begun = len(seen.requests)
        result = await inner(*args, **options)
        made(begun)
        assert not isinstance(result, Outcome) or result, f"{operation}: {result.status}, {result.detail}"
        return result

    @functools.wraps(inner)
    async def listed(*args: object, **options: object) -> AsyncIterator[object]:
        begun = len(seen.requests)
        async for item in inner(*args, **options):
            yield item
        made(begun)

    return type(kind.__name__, (kind,), {operation: listed if inspect.isasyncgenfunction(inner) else called})
