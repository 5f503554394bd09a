"""Webhooks of senders of which nothing is known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_sdk.events.generic import normalise
from integrations_sdk.models import Event

WHEN = datetime(2026, 2, 3, 10, tzinfo=UTC)
EXPECTED: list[tuple[str, str, dict[str, object]]] = [
    ("acme", "cloudevent", {"type": "com.acme.order", "source": "/orders", "subject": "order/9", "time": WHEN,
                            "status": "failed", "title": "Order 9"}),
    ("acme", "binary_cloudevent", {"type": "com.acme.order", "source": "/orders", "subject": "order/9", "time": WHEN,
                                   "title": "Order 9"}),
    ("acme", "bare", {"type": "acme", "source": "acme", "title": None}),
    ("standard_webhooks", "contact", {"type": "contact.created", "title": "Anna", "sender_id": "msg_1",
                                      "url": "https://crm.example.com/1"}),
    ("pagerduty", "incident", {"type": "incident.triggered", "status": "triggered", "title": "Disk full",
                               "sender_id": "01X", "url": "https://shop.pagerduty.com/incidents/1"}),
    ("slack", "mention", {"type": "app_mention", "sender_id": "Ev1"}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "name", "expected"), EXPECTED, ids=[name for _, name, _ in EXPECTED])
def test_reads_the_usual_names(
    event_of: Callable[..., Event], source: str, name: str, expected: dict[str, object]
) -> None:
    """CloudEvents in both modes, and the names that most senders use, fill the event."""
    event = event_of(source, name)
    assert {field: getattr(event, field) for field in expected} == expected


@pytest.mark.parametrize(
    "body",
    [
        {
            "type": ["a"],
            "event": 5,
            "title": {"x": 1},
            "url": "javascript:alert(1)",
            "time": "soon",
            "data": "x",
        },
        {"type": "two\nlines", "event_type": "x" * 500, "status": None, "event": {"data": []}},
    ],
)
def test_nothing_can_be_wrong(body: dict[str, Any]) -> None:
    """Whatever is not what its name suggests is passed over."""
    assert normalise({}, body, sender="acme") == {"type": "acme", "source": "acme"}
