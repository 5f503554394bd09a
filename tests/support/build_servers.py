"""What the tests of build servers share: a host that shows statuses, events, the end of what runs in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import CommitStatus, Connector, ConnectorConfig
from integrations_sdk.models import Event, Outcome
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.standin import StandIn
from support.toy import ToyConnector

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHA = "a" * 40

S = TypeVar("S", bound=StandIn)
K = TypeVar("K", bound=Connector[ConnectorConfig])


class Host(ToyConnector):
    """A connector that shows commit statuses; what it is told is kept, what it is to answer is scripted."""

    def __init__(self, *answers: BaseException | None) -> None:
        self.told_statuses: list[CommitStatus] = []
        self.answers = list(answers)

    async def set_commit_status(self, status: CommitStatus) -> Outcome:
        """Keep it, or fail."""
        self.told_statuses.append(status)
        if self.answers and (answer := self.answers.pop(0)) is not None:
            raise answer
        return Outcome(target="gitlab-1", provider="gitlab", operation="status")

    @property
    def shown(self) -> list[str]:
        """The statuses, in words."""
        return [status.status.value for status in self.told_statuses]


class Served(Generic[S, K]):
    """A connector over its stand-in, and what it needs to be looked at."""

    def __init__(
        self, kind: type[K], server: S, *, others: Mapping[str, Any] | None = None, **more: object
    ) -> None:
        self.server = server
        self.http = ScriptedHttp([answered_by(server)])
        self.clock = FakeClock()
        self.connector = connect(
            kind, {**server.config(), **more}, self.http, clock=self.clock, others=others
        )

    def asked(self) -> list[str]:
        """What was asked for, as `GET /path?query`."""
        return [f"{one.method} {one.url.removeprefix(self.server.url)}" for one in self.http.requests]


def event(kind: str = "push", **more: object) -> Event:
    """An event of a project on GitLab."""
    facts = {
        "id": "1", "type": kind, "source": "https://gitlab.com/g/n", "time": NOW, "provider": "gitlab", "project": "g/n",
        "branch": "main", "sha": SHA,
    }  # fmt: skip
    return Event(**{**facts, **more})


async def drained() -> None:
    """Wait for what was left running in the background."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*rest)
