"""Jira's webhooks as events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.jira import normalise
from integrations_sdk.models import Event

EXPECTED: list[tuple[str, dict[str, object]]] = [
    ("issue_created", {"type": "issue", "subject": "issues/SHOP-41", "action": "opened", "number": 41,
                       "project": "SHOP", "source": "https://shop.atlassian.net/browse/SHOP",
                       "title": "Cart is empty", "text": "Steps.", "url": "https://shop.atlassian.net/browse/SHOP-41",
                       "time": datetime(2026, 2, 3, 10, tzinfo=UTC)}),
    ("issue_resolved", {"type": "issue", "action": "closed"}),
    ("issue_reopened", {"type": "issue", "action": "reopened"}),
    ("comment_created", {"type": "comment_created", "action": None, "text": "Same here", "number": 41}),
    ("rich_text", {"type": "issue", "action": "updated", "text": None, "url": None, "project": "SHOP"}),
    ("sprint_closed", {"type": "sprint_closed", "subject": None, "source": "jira"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), EXPECTED, ids=[name for name, _ in EXPECTED])
def test_reads_every_event(event_of: Callable[..., Event], name: str, expected: dict[str, object]) -> None:
    """Issues become `issue` events with their key; everything else keeps its own name."""
    event = event_of("jira", name)
    assert {field: getattr(event, field) for field in expected} == expected


@pytest.mark.parametrize(
    ("name", "author"), [("issue_created", "Release Bot"), ("comment_created", "Release Bot")]
)
def test_names_who_did_it(event_of: Callable[..., Event], name: str, author: str) -> None:
    """The acting user, or a comment's author, is the actor."""
    actor = event_of("jira", name).actor
    assert actor is not None
    assert (actor.name, actor.username) == (author, "5c")


@pytest.mark.parametrize(
    ("issue", "url"),
    [
        ({"key": "A-1", "self": "https://x.example.com/jira/rest/api/2/issue/1"}, "https://x.example.com/jira/browse/A-1"),
        ({"key": "A-1", "self": "https://x.example.com/issue/1"}, "https://x.example.com/browse/A-1"),
        ({"key": "A-1", "self": "https://[broken/issue/1"}, None),
        ({"self": "https://x.example.com/rest/api/2/issue/1"}, None),
    ],
)  # fmt: skip
def test_finds_the_issue_in_the_browser(issue: dict[str, Any], url: str | None) -> None:
    """The issue's page lies below what precedes `/rest/`, also where Jira has a context path."""
    assert normalise({}, {"webhookEvent": "jira:issue_updated", "issue": issue}).get("url") == url


@pytest.mark.parametrize("key", ["SHOP", "SHOP-", "SHOP-x", "SHOP-" + "9" * 30, "SHOP-²"])
def test_a_key_without_number_has_none(key: str) -> None:
    """Only a key that ends in a number gives one."""
    assert "number" not in normalise({}, {"webhookEvent": "jira:issue_updated", "issue": {"key": key}})


def test_needs_an_event_name() -> None:
    """A body without `webhookEvent` is refused."""
    with pytest.raises(ConfigurationError, match="webhookEvent: missing"):
        normalise({}, {})
