"""`TracedHttp`: what came of the requests of one delivery."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from integrations_sdk.errors import TransportError
from integrations_sdk.http.base import Call, Request
from integrations_sdk.http.traced import TracedHttp, traced
from integrations_sdk.testing.fakes import ScriptedHttp, reply

CALL = Call(provider="toy", operation="toy.call")


def sent(*answers, method="POST", call=CALL):
    """The trace of some requests, one for each answer."""

    async def main():
        http = TracedHttp(ScriptedHttp(answers))
        with traced() as trace:
            for number in range(len(answers)):
                request = Request(method=method, url=f"https://u:p@h{number}.example/secret?q=1")
                with contextlib.suppress(TransportError):
                    await http.send(request, call)
        return trace

    return asyncio.run(main())


def test_the_last_answer_and_its_origin():
    """An origin holds no path, query or credentials; of a request without an answer there is none."""
    trace = sent(reply(500), reply(404, {"a": 1}))
    assert (trace.address, trace.answer.status) == ("https://h1.example", 404)
    trace = sent(reply(200), TransportError("reset"))
    assert (trace.address, trace.answer) == ("https://h1.example", None)


@pytest.mark.parametrize(
    ("method", "status", "idempotent", "took_effect"),
    [
        ("POST", 200, False, True),
        ("PATCH", 204, False, True),
        ("DELETE", 200, False, True),
        ("POST", 200, True, False),
        ("GET", 200, False, False),
        ("HEAD", 200, False, False),
        ("POST", 429, False, False),
        ("POST", 500, False, False),
    ],
)
def test_what_takes_effect(method, status, idempotent, took_effect):
    """A request that was accepted, and that repeating would do twice."""
    call = Call(provider="toy", operation="toy.call", idempotent=idempotent)
    assert sent(reply(status), method=method, call=call).took_effect is took_effect


def test_an_effect_is_not_forgotten():
    """A failure after it changes nothing about it."""
    assert sent(reply(200), TransportError("reset"), reply(500)).took_effect


def test_tasks_share_the_trace_and_others_have_their_own():
    """What a connector sends in tasks of its own counts; what another delivery sends meanwhile does not."""

    async def main():
        http = TracedHttp(ScriptedHttp([reply(200) for _ in range(3)]))

        async def one(host):
            with traced() as trace:
                await asyncio.gather(http.send(Request(method="GET", url=f"https://{host}.example/"), CALL))
                await asyncio.sleep(0)
            return trace.address

        untraced = await http.send(Request(method="POST", url="https://x.example/"), CALL)
        assert untraced.status == 200
        return await asyncio.gather(one("a"), one("b"))

    assert asyncio.run(main()) == ["https://a.example", "https://b.example"]
