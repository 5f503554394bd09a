"""The bus within one process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.models import Event


def event(type_: str = "integration.created") -> Event:
    """An event of that type."""
    return Event(id="1", type=type_, source="test", time=datetime(2026, 1, 1, tzinfo=UTC))


def published(bus: MemoryBus, *types: str) -> None:
    """Publish events of these types."""

    async def publish() -> None:
        for type_ in types:
            await bus.publish(event(type_))

    asyncio.run(publish())


@pytest.mark.parametrize(
    ("pattern", "type_", "matches"),
    [
        ("*", "integration.created", True),
        ("integration.*", "integration.created", True),
        ("integration.*", "health.changed", False),
        ("integration.created", "integration.created", True),
        ("integration.created", "integration.created.twice", False),
        ("Integration.*", "integration.created", False),
        ("integration.?reated", "integration.created", True),
        ("health.[ab]", "health.b", True),
    ],
)
def test_patterns(pattern: str, type_: str, matches: bool) -> None:
    """A handler gets the events whose type its pattern matches, with case."""
    bus, seen = MemoryBus(), []
    bus.subscribe(pattern, lambda event: seen.append(event.type))

    published(bus, type_)

    assert seen == ([type_] if matches else [])


def test_plain_and_coroutine_handlers_in_order_of_subscription() -> None:
    """Both kinds are called with the event itself, in the order in which they subscribed, before `publish()` returns."""
    bus, seen, sent = MemoryBus(), [], event()

    async def later(event: Event) -> None:
        await asyncio.sleep(0)
        seen.append(("coroutine", event))

    bus.subscribe("*", later)
    bus.subscribe("*", lambda event: seen.append(("plain", event)))
    asyncio.run(bus.publish(sent))

    assert seen == [("coroutine", sent), ("plain", sent)]
    assert all(event is sent for _, event in seen)


def fails(_: Event) -> None:
    """Raise at once."""
    msg = "broken"
    raise RuntimeError(msg)


async def fails_later(_: Event) -> None:
    """Raise when awaited."""
    msg = "broken"
    raise RuntimeError(msg)


class Broken:
    """A handler without a name."""

    __call__ = staticmethod(fails)


@pytest.mark.parametrize(
    ("handler", "name"), [(fails, "fails"), (fails_later, "fails_later"), (Broken(), "Broken")]
)
def test_a_handler_that_raises_is_logged_and_disturbs_nobody(
    handler: Callable[[Event], None], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The others get the event, and one line says which handler failed on what and where, not in its words."""
    bus, seen = MemoryBus(), []
    bus.subscribe("integration.*", handler)
    bus.subscribe("*", lambda event: seen.append(event.type))

    with caplog.at_level(logging.ERROR, "integrations_sdk"):
        published(bus, "integration.created")

    assert seen == ["integration.created"]
    (record,) = caplog.records
    for part in (
        f"handler='{name}'",
        "pattern='integration.*'",
        "integration.created",
        "RuntimeError",
        "in fails",
    ):
        assert part in record.getMessage()
    assert "broken" not in record.getMessage()


def test_cancellation_is_not_swallowed() -> None:
    """Cancelling `publish()` cancels the handler it waits for, and `publish()` with it."""
    bus, seen = MemoryBus(), []

    async def waits(_: Event) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def check() -> None:
        bus.subscribe("*", waits)
        publishing = asyncio.create_task(bus.publish(event()))
        await asyncio.sleep(0)
        publishing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await publishing

    asyncio.run(check())
    assert seen == ["cancelled"]


def test_unsubscribing_ends_it_and_twice_does_nothing() -> None:
    """Only the one subscription ends, also where one handler subscribed twice."""
    bus, seen = MemoryBus(), []

    def handler(event: Event) -> None:
        seen.append(event.type)

    first = bus.subscribe("*", handler)
    bus.subscribe("*", handler)
    first()
    first()
    published(bus, "a")

    assert seen == ["a"]


def test_subscriptions_may_change_during_publish() -> None:
    """Who is unsubscribed meanwhile is not called any more, who subscribes meanwhile not yet."""
    bus, seen = MemoryBus(), []

    def changes(_: Event) -> None:
        seen.append("first")
        end_first()
        end_second()
        bus.subscribe("*", lambda _: seen.append("third"))

    end_first = bus.subscribe("*", changes)
    end_second = bus.subscribe("*", lambda _: seen.append("second"))

    published(bus, "a")
    assert seen == ["first"]
    published(bus, "b")
    assert seen == ["first", "third"]


def test_a_handler_may_publish() -> None:
    """An event published by a handler reaches its own listeners."""
    bus, seen = MemoryBus(), []
    bus.subscribe("a", lambda _: bus.publish(event("b")))
    bus.subscribe("b", lambda event: seen.append(event.type))

    published(bus, "a")

    assert seen == ["b"]


def test_nothing_is_handed_on_after_close() -> None:
    """After closing, which can be done twice, events go nowhere, also for who subscribes late."""
    bus, seen = MemoryBus(), []
    bus.subscribe("*", lambda event: seen.append(event.type))

    asyncio.run(bus.close())
    asyncio.run(bus.close())
    bus.subscribe("*", lambda event: seen.append(event.type))()
    bus.subscribe("*", lambda event: seen.append(event.type))
    published(bus, "a")

    assert seen == []


def test_closing_while_publishing() -> None:
    """A handler may close the bus: those after it are not called."""
    bus, seen = MemoryBus(), []
    bus.subscribe("*", lambda _: bus.close())
    bus.subscribe("*", lambda event: seen.append(event.type))

    published(bus, "a")

    assert seen == []
