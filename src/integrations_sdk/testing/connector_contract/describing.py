"""The contract of what a connector class says of itself, and of what it offers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from integrations_sdk.codec import load
from integrations_sdk.connectors.capabilities import CAPABILITIES, capabilities_of
from integrations_sdk.connectors.config import event_pattern, fields_of, secret_names
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.integrations.providers import operations_of
from integrations_sdk.models import Category
from integrations_sdk.testing.connector_contract.bench import Bench
from integrations_sdk.testing.connector_contract.case import ConnectorCase
from integrations_sdk.testing.connector_contract.samples import event

__all__ = ["DescriptionContract"]

_BRANCH = "contract/no-such-branch"


class DescriptionContract(ConnectorCase):
    """The class attributes, the capabilities, and which events are wanted."""

    def test_it_has_a_name(self) -> None:
        """`provider` is lower case, a name that an attribute can have, and may be registered; `title` is for people."""
        kind = self.connector
        registry = Registry()
        if kind.provider not in registry:
            assert registry.register(kind) is kind
        assert kind.title.strip() == kind.title != ""
        assert isinstance(kind.category, Category)
        # One of its own: `inspect.getdoc()` would find that of `Connector`.
        assert kind.__doc__, "the class has no docstring"

    def test_it_says_how_it_is_set_up(self) -> None:
        """`docs_url`, `setup`, `permissions` and `limits` are there: https, and sentences, none of them blank."""
        kind = self.connector
        assert urlsplit(kind.docs_url).scheme == "https"
        for name in ("setup", "permissions", "limits"):
            said = getattr(kind, name)
            assert isinstance(said, tuple), f"{name} is a tuple of texts; a comma is missing"
            assert said, f"{name} says nothing"
            assert all(isinstance(text, str) and text.strip() for text in said)

    def test_its_rules_make_sense(self) -> None:
        """Attempts, timeouts, rate and the bound on answers are positive; no read outlasts the deadline."""
        kind = self.connector
        assert kind.retry.attempts >= 1
        assert kind.retry.connect_timeout <= kind.retry.deadline
        assert kind.retry.read_timeout <= kind.retry.deadline
        assert 0 < kind.max_response_bytes <= 100 * 1024 * 1024
        assert kind.rate is None or (kind.rate.calls > 0 and kind.rate.period.total_seconds() > 0)

    def test_its_environment_names_its_fields(self) -> None:
        """Each variable of `environment` is one by its spelling, and sets a field that there is."""
        fields = {field.name for field in fields_of(self.connector.Config)}
        for variable, name in self.connector.environment.items():
            assert re.fullmatch(r"[A-Z][A-Z0-9_]*", variable)
            assert name in fields, f"{variable} sets {name}, which is no field"

    def test_what_it_recommends_is_a_configuration(self) -> None:
        """`recommended` fits beside what the stand-in needs, and holds no secret."""

        async def scenario(bench: Bench) -> None:
            given = self.configuration(bench.vendor.stand_in)
            load(self.connector.Config, {**given, **self.connector.recommended}, subject="recommended")

        self.run(scenario, wire=False)
        assert not secret_names(self.connector.Config) & self.connector.recommended.keys()

    def test_its_capabilities_fit_their_protocols(self) -> None:
        """Each method takes what the protocol says under the same names; whatever else it takes has a default."""
        for protocol in capabilities_of(self.connector):
            for name in (name for name in vars(protocol) if not name.startswith("_")):
                own, asked = getattr(self.connector, name), getattr(protocol, name)
                assert _fits(own, asked), f"{name}{inspect.signature(own)} is not {inspect.signature(asked)}"

    def test_no_capability_is_half_there(self) -> None:
        """A method of a capability without the others would be found by nobody."""
        offered = capabilities_of(self.connector)
        for protocol in CAPABILITIES.values():
            if protocol not in offered:
                half = [
                    name
                    for name in vars(protocol)
                    if not name.startswith("_") and hasattr(self.connector, name)
                ]
                shared = {name for other in offered for name in vars(other)}
                assert set(half) <= shared, f"{half} of {protocol.__name__}, but not all of it"

    def test_its_operations_are_documented(self) -> None:
        """Each that is no capability's has a docstring, and types for what it takes and gives."""
        shared = {name for protocol in CAPABILITIES.values() for name in vars(protocol)}
        for name in set(operations_of(self.connector)) - shared:
            operation = getattr(self.connector, name)
            assert inspect.getdoc(operation), f"{name} has no docstring"
            signature = inspect.signature(operation)
            assert signature.return_annotation is not signature.empty, f"{name} does not say what it gives"
            for parameter in list(signature.parameters.values())[1:]:
                assert parameter.annotation is not parameter.empty, f"{name} does not say what {parameter} is"

    def test_it_wants_what_it_is_subscribed_to(self) -> None:
        """Its default events are event types; of others it wants none; why not is said."""
        kind = self.connector
        assert [event_pattern(name) for name in kind.default_events] == [None] * len(kind.default_events)

        async def scenario(bench: Bench) -> None:
            for name in kind.default_events:  # which a switch of the configuration may turn down
                assert bench.connector.wants(event(name)) != ""
            assert bench.connector.wants(event("acme.unheard_of")) or "*" in kind.default_events

        self.run(scenario, wire=False)

    def test_it_wants_nothing_that_is_filtered_out(self) -> None:
        """`events` and `branches` of the configuration hold, and why not is said."""

        async def silent(bench: Bench) -> None:
            for name in (*self.connector.default_events, "push", "pipeline"):
                assert bench.connector.wants(event(name)), f"{name} is wanted though nothing is"

        async def filtered(bench: Bench) -> None:
            for name in (*self.connector.default_events, "push", "pipeline"):
                assert bench.connector.wants(event(name)), (
                    f"{name} on main is wanted though {_BRANCH} alone is"
                )

        self.run(silent, wire=False, events=[])
        self.run(filtered, wire=False, branches=[_BRANCH], events=["*"])


def _fits(own: Callable[..., object], asked: Callable[..., object]) -> bool:
    """Whether a method can be called as the protocol's, and is awaited or iterated as it."""
    mine = list(inspect.signature(own).parameters.values())[1:]
    theirs = list(inspect.signature(asked).parameters.values())[1:]
    taken, further = mine[: len(theirs)], mine[len(theirs) :]
    return (
        [one.name for one in taken] == [one.name for one in theirs]
        and all(
            one.default is not one.empty
            for one, other in zip(taken, theirs, strict=True)
            if other.default is not other.empty
        )
        and all(one.default is not one.empty or one.kind.value in {2, 4} for one in further)
        and inspect.iscoroutinefunction(own) is inspect.iscoroutinefunction(asked)
    )
