"""Faults as data: what they befall, how often, and which make no sense."""

from __future__ import annotations

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.testing.faults import FaultQueue, FaultSpec


@pytest.mark.parametrize(
    ("fault", "befalls"),
    [
        (FaultSpec(status=503), True),
        (FaultSpec(status=503, method="post"), True),
        (FaultSpec(status=503, method="GET"), False),
        (FaultSpec(status=503, path="/issue/*"), True),
        (FaultSpec(status=503, path="/issue/{key}"), True),
        (FaultSpec(status=503, path="/issue"), False),
        (FaultSpec(status=503, path="/issue/*", method="DELETE"), False),
    ],
)
def test_a_fault_befalls_the_requests_it_is_meant_for(fault: FaultSpec, befalls: bool) -> None:
    """Method and path both have to fit; a path is a pattern or a route's template."""
    assert fault.befalls("POST", "/issue/A-1", "/issue/{key}") is befalls


def test_faults_are_used_up_in_order_and_those_for_other_requests_wait() -> None:
    """`times` counts only requests that the fault is meant for."""
    queue = FaultQueue()
    first, second = FaultSpec(status=500, path="/a", times=2), FaultSpec(status=503)
    queue.add(first)
    queue.add(second)
    taken = [queue.take("GET", path, None) for path in ("/b", "/a", "/b", "/a", "/a")]
    assert taken == [second, first, None, first, None]
    assert len(queue) == 0


def test_a_fault_without_a_count_lasts_until_it_is_cleared() -> None:
    """`times=None` is for ever."""
    queue = FaultQueue()
    queue.add(FaultSpec(reset=True, times=None))
    assert all(queue.take("GET", "/", None) for _ in range(5))
    queue.clear()
    assert queue.take("GET", "/", None) is None


def test_every_mistake_in_a_fault_is_named() -> None:
    """One error for all of them."""
    with pytest.raises(ConfigurationError) as caught:
        FaultSpec(status=200, times=0, delay=-1)
    assert {problem.path for problem in caught.value.problems} == {"status", "times", "delay"}
    with pytest.raises(ConfigurationError, match="something that fails"):
        FaultSpec(retry_after=1)


@pytest.mark.parametrize(
    ("fault", "prevents"),
    [
        (FaultSpec(status=503), True),
        (FaultSpec(reset=True), True),
        (FaultSpec(reset=True, acts=True), False),
        (FaultSpec(delay=1), False),
        (FaultSpec(body=b""), False),
        (FaultSpec(truncate=True), False),
    ],
)
def test_only_a_status_or_a_reset_keeps_the_vendor_from_acting(fault: FaultSpec, prevents: bool) -> None:
    """After every other fault the request has had its effect."""
    assert fault.prevents is prevents


def test_retry_after_is_a_header_of_the_answer() -> None:
    """Seconds and HTTP dates are written as they are."""
    assert FaultSpec(status=429, retry_after=1, headers={"x": "y"}).added == {"retry-after": "1", "x": "y"}
    assert (
        FaultSpec(status=429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
        .added["retry-after"]
        .startswith("Wed")
    )
    assert FaultSpec(status=429).added == {}
