"""How much a worker does at a time, and how it sends each kind of delivery."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import attrs

from integrations_sdk.delivery.sending import Sender
from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.models.delivery import Target

__all__ = ["Route", "WorkerLimits"]


@attrs.frozen(kw_only=True)
class WorkerLimits:
    """How much a worker does at a time.

    Attributes:
        concurrency: sends under way at a time. One that lasts longer than `slow_after` gives up its place,
            up to four times as many in all, so that hanging targets do not keep others waiting.
        per_target: sends under way to one target.
        per_host: sends under way to one host, where the sender names it; more than `per_target`, so that one
            target that hangs does not take all of its host's room.
        lease: how long what it holds stays with it after it was last heard of, e.g. killed.
        send_timeout: for one send; then it has failed.
    """

    concurrency: int = 64
    per_target: int = 16
    per_host: int = 32
    lease: timedelta = timedelta(seconds=30)
    send_timeout: timedelta = timedelta(seconds=60)
    slow_after: timedelta = timedelta(seconds=2)

    def __attrs_post_init__(self) -> None:
        problems = [
            Problem(name, "expected 1 or more")
            for name in ("concurrency", "per_target", "per_host")
            if getattr(self, name) < 1
        ]
        problems += [
            Problem(name, "expected more than 0")
            for name in ("lease", "send_timeout", "slow_after")
            if getattr(self, name) <= timedelta(0)
        ]
        if problems:
            raise ConfigurationError("delivery worker", problems)


class Route(NamedTuple):
    """How deliveries of one kind are sent.

    Attributes:
        repeatable: see `failure()`.
        host: names what may be slow as a whole; None: each target by itself.
    """

    sender: Sender
    repeatable: bool = True
    host: Callable[[Target], str] | None = None
