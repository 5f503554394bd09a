"""What the tests of scanners share."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import Event, Finding, FindingQuery


async def findings(scanner: Any, **query: Any) -> list[Finding]:
    """Everything that is found."""
    return [finding async for finding in scanner.list_findings(FindingQuery(**query) if query else None)]


async def news(scanner: Any, **query: Any) -> list[Event]:
    """Everything that is new."""
    return [event async for event in scanner.new_findings(FindingQuery(**query) if query else None)]
