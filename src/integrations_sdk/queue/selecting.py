"""What a `Selection` is in SQL, for any database. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from integrations_sdk.models.delivery import DeliveryState
from integrations_sdk.queue.base import Selection
from integrations_sdk.store.encoding import microseconds

__all__ = ["STATES", "conditions"]

STATES: Final[Mapping[DeliveryState, str]] = {
    DeliveryState.PENDING: "(d.state = 0 AND t.held_at IS NULL)",
    DeliveryState.WAITING: "(d.state = 1 AND t.held_at IS NULL)",
    DeliveryState.HELD: "(d.state < 2 AND t.held_at IS NOT NULL)",
    DeliveryState.LEASED: "(d.state = 2)",
    DeliveryState.DELIVERED: "(d.state = 3)",
    DeliveryState.FAILED: "(d.state = 4)",
}
"""Conditions of the states, where a target's row says whether it is held."""


def conditions(
    selection: Selection,
    put: Callable[[str | int], str],
    *,
    prefix: str,
    states: Mapping[DeliveryState, str] = STATES,
) -> str:
    """The condition for deliveries `d` with targets `t` and events `e`.

    Args:
        put: takes a value as the next parameter, and says what stands for it in the statement.
        prefix: what the names of tables begin with.
    """
    return " AND ".join(_each(selection, put, prefix, states)) or "TRUE"


def _each(
    selection: Selection, put: Callable[[str | int], str], prefix: str, states: Mapping[DeliveryState, str]
) -> Iterator[str]:
    if selection.delivery_ids:
        yield f"d.id IN ({','.join(map(put, selection.delivery_ids))})"
    if selection.event_id is not None:
        ranges = (
            f"SELECT x.seq FROM {prefix}events o JOIN {prefix}deliveries x"  # noqa: S608  # a constant
            " ON x.seq BETWEEN o.seq AND o.last AND x.event = o.seq"
        )
        yield f"d.seq IN ({ranges} WHERE o.id = {put(selection.event_id)})"
    if selection.event_type is not None:
        yield f"e.type = {put(selection.event_type)}"
    if (target := selection.target) is not None:
        name = f"kind = {put(target.kind)} AND tenant = {put(target.tenant_id)} AND id = {put(target.id)}"
        yield f"d.target = (SELECT seq FROM {prefix}targets WHERE {name})"  # noqa: S608  # constants
    for column, value in (
        ("t.tenant", selection.tenant_id),
        ("t.project", selection.project_id),
        ("t.kind", selection.kind),
        ("d.key", selection.ordering_key),
    ):
        if value is not None:
            yield f"{column} = {put(value)}"
    if selection.since is not None:
        yield f"d.created_at >= {put(microseconds(selection.since))}"
    if selection.until is not None:
        yield f"d.created_at < {put(microseconds(selection.until))}"
    if selection.states:
        chosen = sorted(set(selection.states))
        yield f"({' OR '.join(states[state] for state in chosen)})"
