"""Whether an integration wants an event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_sdk.connectors.config import ConnectorConfig, setting, settings
from integrations_sdk.connectors.subscription import unwanted
from integrations_sdk.models import Event, EventType


@settings
class Picky(ConnectorConfig):
    """A configuration that can be told to keep quiet about good pipelines."""

    notify_only_broken_pipelines: bool = setting("Only those.", default=False)


def event(type_: str = "push", **given: Any) -> Event:
    """An event."""
    return Event(id="1", type=type_, source="s", time=datetime(2026, 1, 1, tzinfo=UTC), **given)


@pytest.mark.parametrize(
    ("events", "default", "type_", "wanted"),
    [
        (None, ("push",), "push", True),
        (None, ("push",), "issue", False),
        (None, (), "push", False),
        (None, ("*",), "anything", True),
        (("issue",), ("push",), "issue", True),
        (("issue",), ("push",), "push", False),
        ((), ("*",), "push", False),
        (("*",), (), "acme.custom", True),
        (("acme.*",), (), "acme.custom", True),
        (("acme.*",), (), "push", False),
        (("Push",), (), "push", False),
        (("merge_request", "p?sh"), (), "push", True),
    ],
)
def test_event_filter(
    events: tuple[str, ...] | None, default: tuple[str, ...], type_: str, wanted: bool
) -> None:
    """The configured patterns decide, the provider's default where nothing is configured; an empty list wants nothing."""
    reason = unwanted(event(type_), ConnectorConfig(events=events), default)
    assert reason == (None if wanted else f"not subscribed to {type_}")


@pytest.mark.parametrize(
    ("branches", "branch", "target", "wanted"),
    [
        ((), "feature", None, True),
        (("main",), "main", None, True),
        (("main",), "feature", None, False),
        (("release/*",), "release/1.0", None, True),
        (("release/*",), "release", None, False),
        (("main",), None, None, True),
        (("main",), "", None, True),
        (("main",), "feature", "main", True),
        (("feature",), "feature", "main", True),
        (("main",), "feature", "develop", False),
        (("develop", "main"), "main", None, True),
        (("Main",), "main", None, False),
    ],
)
def test_branch_filter(
    branches: tuple[str, ...], branch: str | None, target: str | None, wanted: bool
) -> None:
    """A branch, or a merge request's target, must match a pattern; what has no branch passes."""
    found = unwanted(event(branch=branch, target_branch=target), ConnectorConfig(branches=branches), ("*",))
    assert found == (None if wanted else f"branch {branch} is filtered out")


@pytest.mark.parametrize(
    ("type_", "status", "wanted"),
    [
        (EventType.PIPELINE, "failed", True),
        (EventType.PIPELINE, "success", False),
        (EventType.PIPELINE, "running", False),
        (EventType.PIPELINE, None, False),
        (EventType.PUSH, None, True),
        (EventType.DEPLOYMENT, "success", True),
    ],
)
def test_only_broken_pipelines(type_: str, status: str | None, wanted: bool) -> None:
    """When asked for, good pipelines are kept quiet; other types are unaffected, and so is who did not ask."""
    happened = event(type_, status=status)
    found = unwanted(happened, Picky(notify_only_broken_pipelines=True), ("*",))
    assert found == (None if wanted else "only broken pipelines are wanted")
    assert unwanted(happened, Picky(), ("*",)) is None
    assert unwanted(happened, ConnectorConfig(), ("*",)) is None


def test_the_first_reason_is_given() -> None:
    """An event that fails several filters is told the type first, then the branch."""
    config = Picky(events=("issue",), branches=("main",), notify_only_broken_pipelines=True)
    happened = event("pipeline", branch="x", status="success")
    assert unwanted(happened, config, ()) == "not subscribed to pipeline"
    assert (
        unwanted(happened, Picky(branches=("main",), notify_only_broken_pipelines=True), ("*",))
        == "branch x is filtered out"
    )
