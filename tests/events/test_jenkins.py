"""Jenkins' notifications as pipeline events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.jenkins import normalise
from integrations_sdk.models import Event

EXPECTED: list[tuple[str, dict[str, object]]] = [
    ("completed", {"type": "pipeline", "subject": "job/web/18", "status": "failed", "number": 18, "branch": "main",
                   "sha": "b2" * 20, "project": "web", "source": "https://ci.example.com/job/web/",
                   "url": "https://ci.example.com/job/web/18/", "duration": timedelta(seconds=63)}),
    ("started", {"type": "pipeline", "status": "running", "duration": None}),
    ("finalized", {"type": "build_finalized", "status": "failed"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), EXPECTED, ids=[name for name, _ in EXPECTED])
def test_reads_every_phase(event_of: Callable[..., Event], name: str, expected: dict[str, object]) -> None:
    """A build is one pipeline: its last phase, which repeats the result, has a type of its own."""
    event = event_of("jenkins", name)
    assert {field: getattr(event, field) for field in expected} == expected


def test_needs_name_and_phase() -> None:
    """Both missing fields are told at once."""
    with pytest.raises(ConfigurationError) as caught:
        normalise({}, {"build": {"phase": ""}})
    assert [problem.path for problem in caught.value.problems] == ["name", "build.phase"]


def test_a_build_without_url_or_branch(event_of: Callable[..., Event]) -> None:
    """An old plugin that sends a number only still makes an event."""
    event = event_of("jenkins", "completed", build={"number": 1, "phase": "QUEUED", "status": "FAILED"})
    assert (event.source, event.status, event.branch, event.url) == ("jenkins", "pending", None, None)
