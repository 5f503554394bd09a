"""`http.circuit`: closed, open, half-open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.http.circuit import Circuit, CircuitBreaker, CircuitPolicy, admit, fail

POLICY = CircuitPolicy(failures=3, pause=timedelta(seconds=30))
URL = "https://hooks.example.com/secret"


@pytest.mark.parametrize(
    ("circuit", "now", "after", "wait"),
    [
        (Circuit(), 100, Circuit(), 0),
        (Circuit(2), 100, Circuit(2), 0),
        (Circuit(3, 130), 100, Circuit(3, 130), 30),
        (Circuit(3, 130), 129, Circuit(3, 130), 1),
        (Circuit(3, 130), 130, Circuit(3, 160), 0),
        (Circuit(3, 160), 131, Circuit(3, 160), 29),
    ],
    ids=["closed", "failing", "open", "nearly over", "the probe", "beside the probe"],
)
def test_admission_table(circuit: Circuit, now: float, after: Circuit, wait: float) -> None:
    """Who passes, and what that does to the state."""
    assert admit(circuit, POLICY, now) == (after, wait)


@pytest.mark.parametrize(
    ("circuit", "after"),
    [
        (Circuit(), Circuit(1)),
        (Circuit(1), Circuit(2)),
        (Circuit(2), Circuit(3, 130)),
        (Circuit(3, 99), Circuit(4, 130)),
    ],
)
def test_failure_table(circuit: Circuit, after: Circuit) -> None:
    """The third failure in a row opens; that of a probe keeps it open for one more pause."""
    assert fail(circuit, POLICY, 100) == after


def test_life_of_a_circuit() -> None:
    """Failures open it, a pause later one probe passes, its success closes it for all."""
    clock = FakeClock()
    breaker = CircuitBreaker(clock, POLICY)
    for _ in range(3):
        assert breaker.admit(URL) is None
        breaker.failed(URL)
    assert breaker.admit(URL) == timedelta(seconds=30)
    assert breaker.admit("https://other.example.com/") is None
    clock.advance(30)
    assert breaker.admit(URL) is None
    assert breaker.admit(URL) == timedelta(seconds=30)
    breaker.succeeded(URL)
    assert breaker.admit(URL) is None


def test_success_starts_the_count_again() -> None:
    """Only failures in a row count, over all URLs of one origin."""
    breaker = CircuitBreaker(FakeClock(), POLICY)
    for _ in range(5):
        breaker.failed(URL)
        breaker.failed(URL + "/other")
        breaker.succeeded(URL + "/third")
    assert breaker.admit(URL) is None


def test_lost_probe_blocks_for_one_pause_only() -> None:
    """A probe whose caller was cancelled does not keep the circuit open for good."""
    clock = FakeClock()
    breaker = CircuitBreaker(clock, POLICY)
    for _ in range(3):
        breaker.failed(URL)
    for _ in range(3):
        clock.advance(30)
        assert breaker.admit(URL) is None


def test_memory_is_bounded() -> None:
    """The origin whose last failure is longest ago is forgotten first."""
    breaker = CircuitBreaker(FakeClock(), CircuitPolicy(failures=1), max_origins=2)
    for number in range(3):
        breaker.failed(f"https://{number}.example.com/")
    states = [breaker.admit(f"https://{number}.example.com/") is None for number in range(3)]
    assert states == [True, False, False]


@given(st.lists(st.sampled_from(["fail", "succeed", "wait", "ask"]), max_size=60))
def test_at_most_one_passes_per_pause_while_open(events: list[str]) -> None:
    """In any history: while the last `failures` results are failures, two requests never pass within one pause."""
    clock = FakeClock()
    breaker = CircuitBreaker(clock, POLICY)
    row = 0
    last_pass = -1e9
    for event in events:
        if event == "fail":
            breaker.failed(URL)
            row += 1
            last_pass = clock.monotonic()
        elif event == "succeed":
            breaker.succeeded(URL)
            row = 0
        elif event == "wait":
            clock.advance(7)
        elif breaker.admit(URL) is None and row >= POLICY.failures:
            assert clock.monotonic() - last_pass >= 30
            last_pass = clock.monotonic()
        if row < POLICY.failures:
            assert breaker.admit(URL) is None
