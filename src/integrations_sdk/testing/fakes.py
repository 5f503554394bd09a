"""Fakes at the ports, for testing connectors without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import TypeVar

from integrations_sdk.clock import Clock, FakeClock
from integrations_sdk.codec import load
from integrations_sdk.connectors.base import Connector, ConnectorConfig, ConnectorContext
from integrations_sdk.http.base import Call, Headers, Request, Response
from integrations_sdk.models import JsonValue, Scope
from integrations_sdk.testing.standin import Received, StandIn

__all__ = ["DictMemory", "ScriptedHttp", "answered_by", "connect", "reply"]

K = TypeVar("K", bound=Connector[ConnectorConfig])

Answer = Response | BaseException | Callable[[Request], Response]


def reply(status: int = 200, body: object = None, **headers: str) -> Response:
    """An answer: a `dict` or `list` as JSON, text and bytes as they are; `x_request_id=` sets `x-request-id`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes):
        return Response(status=status, headers=Headers(named), content=body)
    if isinstance(body, str):
        return Response(
            status=status, headers=Headers({"content-type": "text/plain", **named}), content=body.encode()
        )
    content = b"" if body is None else json.dumps(body).encode()
    return Response(
        status=status, headers=Headers({"content-type": "application/json", **named}), content=content
    )


def answered_by(stand_in: StandIn) -> Callable[[Request], Response]:
    """Let a stand-in answer, without a server: `ScriptedHttp([answered_by(SlackStandIn())])`.

    Its `url` is `http://stand-in.test` unless it has one; of injected faults only status and headers show.
    """
    stand_in.url = stand_in.url or "http://stand-in.test"

    def answer(request: Request) -> Response:
        headers = Headers(request.headers)
        target = request.url.removeprefix(stand_in.url)
        replied, _ = stand_in.answer(Received.of(request.method, target, headers, request.content))
        kind, content = replied.encoded()
        return Response(
            status=replied.status, headers=Headers({"content-type": kind, **replied.headers}), content=content
        )

    return answer


class ScriptedHttp:
    """An `HttpSender` that answers from a script and keeps what it was sent.

    Attributes:
        requests: every request, in order; `calls` the context of each.
    """

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.calls: list[Call] = []

    async def send(self, request: Request, call: Call) -> Response:
        """The next answer of the script; its last one again once it is used up.

        Raises:
            AssertionError: the script is empty.
        """
        self.requests.append(request)
        self.calls.append(call)
        assert self.answers, f"unexpected request {request.method} {request.url}"
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Response) else answer(request)

    async def close(self) -> None:
        """Nothing to do."""

    def sent(self, index: int = -1) -> JsonValue:
        """The JSON body of a request."""
        value: JsonValue = json.loads(self.requests[index].content)
        return value


class DictMemory:
    """A `ConnectorMemory` in a dict."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, JsonValue]] = {}

    async def recall(self, key: str) -> dict[str, JsonValue] | None:
        """What was remembered."""
        return self.values.get(key)

    async def remember(self, key: str, value: dict[str, JsonValue]) -> None:
        """Keep it."""
        self.values[key] = value


def connect(
    kind: type[K],
    given: Mapping[str, object],
    http: ScriptedHttp,
    *,
    clock: Clock | None = None,
    memory: DictMemory | None = None,
    others: Mapping[str, Connector[ConnectorConfig]] | None = None,
) -> K:
    """A connector of `kind` configured with `given`, over fakes; its integration id is `<provider>-1`.

    Args:
        others: the integrations that `context.open` finds, by id.

    Raises:
        ConfigurationError: as for a real one.
    """

    async def open_other(integration_id: str) -> Connector[ConnectorConfig]:
        return (others or {})[integration_id]

    def spawn(work: Coroutine[object, object, None], name: str) -> object:
        return asyncio.get_running_loop().create_task(work, name=name)

    context = ConnectorContext(
        integration_id=f"{kind.provider}-1",
        http=http,
        clock=clock or FakeClock(),
        scope=Scope(project_id="myorg/myproject"),
        memory=memory or DictMemory(),
        open=open_other,
        spawn=spawn,
    )
    return kind(load(kind.Config, given, subject=f"{kind.provider} configuration"), context)
