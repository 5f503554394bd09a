"""What is the same with every scanner: what is new, and what closes a gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.base import (
    Category,
    Event,
    Finding,
    FindingQuery,
    Gate,
    GatedConfig,
    ProviderUnavailableError,
    Scanner,
    SecurityScanner,
    Severity,
    gate_of,
    message_for,
)
from integrations_sdk.connectors.capabilities import capabilities_of
from integrations_sdk.testing.fakes import DictMemory, ScriptedHttp, connect

run = asyncio.run


class Toy(Scanner[GatedConfig]):
    """Finds what it is told to find; None breaks off."""

    provider = "toy_scanner"
    title = "Toy"
    category = Category.SECURITY
    Config = GatedConfig

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.found: list[str | None] = []

    async def list_findings(self, query: FindingQuery | None = None) -> AsyncIterator[Finding]:
        for name in self.found:
            if name is None:
                raise ProviderUnavailableError("down")
            yield finding(name)

    async def check_gate(self, query: FindingQuery | None = None) -> Gate:
        return gate_of([finding async for finding in self.list_findings(query)], self.config.fail_on)


def finding(reference: str, severity: Severity = Severity.HIGH) -> Finding:
    return Finding(
        reference=reference,
        title="Open redirect",
        severity=severity,
        project="shop",
        branch="main",
        location="web/login.py:7",
        identifiers=("CWE-601",),
        remedy="check the host",
        url="https://scanner.example/1",
    )


def toy(memory: DictMemory | None = None) -> Toy:
    return connect(Toy, {}, ScriptedHttp(), memory=memory)


async def told(scanner: Toy, *found: str | None, query: FindingQuery | None = None) -> list[str]:
    """What is new when this is found."""
    scanner.found = [*found]
    return [str(event.subject) async for event in scanner.new_findings(query)]


def test_it_is_a_security_scanner() -> None:
    """The catalogue knows it as one."""
    assert SecurityScanner in capabilities_of(Toy)


def test_new_is_what_was_not_there_the_last_time() -> None:
    """At first nothing is; what was gone in between is again; what is listed twice is told once."""

    async def whole() -> None:
        scanner = toy()
        assert await told(scanner, "a", "b") == []
        assert await told(scanner, "a", "b") == []
        assert await told(scanner, "a", "c", "d", "c") == ["c", "d"]
        assert await told(scanner, "d", "b") == ["b"]

    run(whole())


def test_what_was_there_survives_a_restart() -> None:
    """It is kept in the connector's memory."""
    memory = DictMemory()
    run(told(toy(memory), "a"))
    assert run(told(toy(memory), "a", "b")) == ["b"]


def test_each_question_has_a_memory_of_its_own() -> None:
    """Another branch's findings are not new because nobody asked for that branch before."""

    async def whole() -> None:
        scanner = toy()
        await told(scanner, "a")
        assert await told(scanner, "a", "x", query=FindingQuery(branch="dev")) == []
        assert await told(scanner, "a", "x", "y", query=FindingQuery(branch="dev")) == ["y"]
        assert await told(scanner, "a", "x") == ["x"]

    run(whole())


def test_nothing_new_is_lost() -> None:
    """Whoever stops before the end, or whose listing breaks off, is told the same again."""

    async def whole() -> None:
        scanner = toy()
        await told(scanner, "a")
        scanner.found = ["a", "b", "c"]
        async for _ in scanner.new_findings():
            break
        with pytest.raises(ProviderUnavailableError):
            await told(scanner, "a", "b", None)
        assert await told(scanner, "a", "b", "c") == ["b", "c"]

    run(whole())


def test_a_new_finding_reads_as_a_message() -> None:
    """The event says what a person needs, and holds the finding itself."""

    async def whole() -> Event:
        scanner = toy()
        await told(scanner)
        scanner.found = ["a"]
        [event] = [event async for event in scanner.new_findings()]
        return event

    event = run(whole())
    assert (event.type, event.action, event.project, event.branch) == (
        "security.finding",
        "opened",
        "shop",
        "main",
    )
    assert event.data == dict(finding("a"))
    message = message_for(event)
    assert message.title == "Security finding opened: [high] Open redirect"
    assert message.text == "web/login.py:7\nCWE-601\ncheck the host"
    assert message.url == "https://scanner.example/1"


@given(st.lists(st.sampled_from(Severity)), st.sampled_from(Severity))
def test_a_gate_is_closed_by_what_is_bad_enough(found: list[Severity], fail_on: Severity) -> None:
    """One finding of the severity or worse is enough, and each severity is counted, the worst first."""
    gate = gate_of((finding("x", severity) for severity in found), fail_on)
    bad = [severity for severity in found if severity.reaches(fail_on)]
    assert bool(gate) is gate.passed is (not bad)
    assert sum(int(line.split()[0]) for line in gate.failures) == len(bad)
    worst = [Severity(line.split()[1]) for line in gate.failures]
    assert worst == sorted(set(bad), key=list(Severity).index, reverse=True)


def test_a_gate_says_what_closes_it() -> None:
    """In words."""
    found = [finding("a", Severity.CRITICAL), finding("b"), finding("c"), finding("d", Severity.LOW)]
    assert gate_of(found, "high").failures == (
        "1 critical finding, where none may be",
        "2 high findings, where none may be",
    )
