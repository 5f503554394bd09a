"""Webhook requests in the shapes that the senders document, read into events."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations_sdk.events.receiving import read
from integrations_sdk.models import Event

PAYLOADS = Path(__file__).parent / "payloads"
ARRIVAL = datetime(2026, 3, 1, 12, tzinfo=UTC)


@functools.cache
def _requests(source: str) -> str:
    return (PAYLOADS / f"{source}.json").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def request_of() -> Callable[[str, str], tuple[dict[str, str], dict[str, Any]]]:
    """The headers and the body of one of our own sample requests; fresh, so a test may change them."""

    def find(source: str, name: str) -> tuple[dict[str, str], dict[str, Any]]:
        found = json.loads(_requests(source))[name]
        return found["headers"], found["body"]

    return find


@pytest.fixture(scope="session")
def event_of(request_of: Callable[[str, str], tuple[dict[str, str], dict[str, Any]]]) -> Callable[..., Event]:
    """The event that a sample request becomes; keywords replace fields of its body."""

    def build(source: str, name: str, **changes: object) -> Event:
        headers, body = request_of(source, name)
        return read(source, headers, json.dumps({**body, **changes}), secrets=None, now=ARRIVAL)

    return build
