"""One event for many integrations: each is asked whether it wants it, and none can stop another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.errors import ConnectorError, IntegrationError
from integrations_sdk.logs import logger, place_of
from integrations_sdk.models import Event, Integration, Outcome, OutcomeStatus

__all__ = ["OnOutcome", "fan_out", "is_unwanted"]

OnOutcome: TypeAlias = Callable[[Outcome], Awaitable[None]]
"""Is told of an outcome; what it raises is logged."""

_OPERATION: Final = "handle_event"
_UNWANTED: Final = "wants"


async def fan_out(
    directory: ConnectorDirectory,
    event: Event,
    targets: Sequence[Integration],
    *,
    concurrency: int,
    on_outcome: OnOutcome | None = None,
) -> list[Outcome]:
    """Hand the event to each target that wants it, `concurrency` of them at a time.

    Returns:
        One outcome for each target, in their order; that of a target which does not want the event
        `is_unwanted()`. Nothing that a target raises is raised here, but being cancelled is.
    """
    free = asyncio.Semaphore(concurrency)

    async def work(target: Integration) -> Outcome:
        async with free:
            outcome = await _attempt(directory, event, target)
            await _report(on_outcome, outcome)
        return outcome

    async with asyncio.TaskGroup() as group:
        names = [f"dispatch {target.integration_id}" for target in targets]
        tasks = [
            group.create_task(work(target), name=name) for target, name in zip(targets, names, strict=True)
        ]
    return [
        _failed(target, "cancelled by its own connector") if task.cancelled() else task.result()
        for target, task in zip(targets, tasks, strict=True)
    ]


def is_unwanted(outcome: Outcome) -> bool:
    """Whether the target was passed over because it does not want the event."""
    return outcome.status is OutcomeStatus.SKIPPED and outcome.operation == _UNWANTED


async def _attempt(directory: ConnectorDirectory, event: Event, target: Integration) -> Outcome:
    try:
        return await _hand_over(event, target, await directory.open_record(target))
    except ConnectorError as error:
        name, provider = target.integration_id, target.integration_type
        outcome = Outcome.from_error(error, target=name, provider=provider, operation=_OPERATION)
    except IntegrationError as error:
        outcome = _failed(target, str(error))
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
        outcome = _failed(target, _bug(error, target))
    logger().warning(
        "event not handled",
        target=outcome.target,
        event_type=event.type,
        event_id=event.id,
        error=outcome.error,
    )
    return outcome


async def _hand_over(event: Event, target: Integration, connector: Connector[ConnectorConfig]) -> Outcome:
    if (why := connector.wants(event)) is not None:
        return Outcome(
            target=target.integration_id,
            provider=target.integration_type,
            operation=_UNWANTED,
            status=OutcomeStatus.SKIPPED,
            attempts=0,
            detail=why,
        )
    outcome: object = await connector.handle_event(event)
    if not isinstance(outcome, Outcome):
        msg = "handle_event() returned no Outcome"
        raise TypeError(msg)
    return outcome


def _bug(error: Exception, target: Integration) -> str:
    """Say what was raised and where; its words may hold a secret (a URL, a header), so they are left out."""
    where = place_of(error)
    logger().error("connector failed", target=target.integration_id, error=type(error).__name__, where=where)
    return f"{type(error).__name__} at {where}: a bug of the {target.integration_type} connector"


def _failed(target: Integration, error: str) -> Outcome:
    return Outcome(
        target=target.integration_id,
        provider=target.integration_type,
        operation=_OPERATION,
        status=OutcomeStatus.FAILED,
        attempts=0,
        error=error,
    )


async def _report(on_outcome: OnOutcome | None, outcome: Outcome) -> None:
    if on_outcome is None or is_unwanted(outcome):
        return
    try:
        await on_outcome(outcome)
    except Exception as error:  # noqa: BLE001  # a listener's trouble is not the target's, nor the others'
        logger().error("on_outcome failed", target=outcome.target, error=type(error).__name__)
