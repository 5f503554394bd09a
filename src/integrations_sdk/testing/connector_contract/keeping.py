"""The contract of a connector's life: checks without effect, many calls at once, events, and the end."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from itertools import count, cycle
from typing import Any, Final

import attrs
import pytest

from integrations_sdk.errors import IntegrationError
from integrations_sdk.models import CheckResult, EventType, Outcome, plain
from integrations_sdk.testing.connector_contract.bench import CHECK, Bench, Direct, came_to
from integrations_sdk.testing.connector_contract.case import ConnectorCase
from integrations_sdk.testing.connector_contract.samples import Act, event, odd_acts
from integrations_sdk.testing.standin import Received, Reply

__all__ = ["LifeContract"]

_AT_ONCE: Final = 20
_DAY: Final = timedelta(days=1)
_LEFT_OUT: Final = ("project", "branch", "sha", "number", "title", "status", "action", "environment", "url")
_TEXTS: Final = {
    "markup": "<b>*_~`[x](javascript:alert(1))`~_*</b> {{template}} ${jndi:x} <!channel> @here & \\ \" ' |",
    "scripts": "ﷺ 🦄👩‍👩‍👧‍👦 Z̴̧̛ \u202eright to left\u202c 世界 ß İ \u0130 \U0010ffff",
    "control": "a\x00b\x07c\x1b[31md\r\ne\u2028f\u0085g\ufeff",
    "surrogate": "half \ud83d of a pair",
    "long": "long " * 20_000,
    "blank": " \n\t",
}


class LifeContract(ConnectorCase):
    """What holds from a connector's first call to its last."""

    def test_a_check_that_works_says_so(self) -> None:
        """It comes to a `CheckResult`, with one line for people."""
        result = self.run(lambda bench: bench.do(CHECK))
        assert isinstance(result, CheckResult)
        assert "\n" not in result.detail
        json.dumps(plain(result))

    def test_a_check_leaves_nothing_behind(self) -> None:
        """It only reads: what else it asks for, `reads` declares; and the vendor keeps nothing of it."""

        async def scenario(bench: Bench) -> None:
            await bench.do(CHECK)  # it may get a token, which is kept
            before = deepcopy(_things(bench.vendor.state()))
            await bench.do(CHECK)
            assert _things(bench.vendor.state()) == before, "the vendor keeps something of a check"
            odd = [
                f"{request.method} {request.path}"
                for request in bench.vendor.requests
                if not self.is_read(request)
            ]
            assert odd == [], "a check sends what is no read; declare it in `reads` if it has no effect"

        self.run(scenario)

    def test_an_operation_comes_to_something(self, doing: str) -> None:
        """It succeeds at the stand-in; an outcome names provider and integration, pickles, and has a JSON form."""
        came = self.run(lambda bench: bench.do(doing))
        if isinstance(came, Outcome):
            assert came, f"{doing} came to {came!r}"
            assert (came.provider, came.target) == (
                self.connector.provider,
                f"{self.connector.provider}-1",
            )
            assert came.operation
            assert came.attempts == 1
        json.dumps(plain(came), allow_nan=False)
        pickle.loads(pickle.dumps(came))  # noqa: S301  # our own

    def test_many_at_once_are_told_apart(self, doing: str) -> None:
        """Twenty calls together all succeed, each with the answer to its own request."""

        async def scenario(bench: Bench) -> None:
            self._number_answers(bench)
            if isinstance(bench.through, Direct):
                bench.through.turns = cycle((7, 0, 4, 1, 2))
            bench.connector.retry = attrs.evolve(bench.connector.retry, deadline=_DAY)
            came = await asyncio.gather(*(bench.do(doing) for _ in range(_AT_ONCE)))
            told = [one.request_id for one in came if isinstance(one, Outcome) and one.request_id]
            assert len(set(told)) == len(told), "two outcomes have the same answer's request id"

        self.run(scenario, wire=False)

    def test_events_of_any_type_are_acted_on_or_left(self) -> None:
        """What it wants it acts on, a full one and one that says next to nothing: an outcome, or an error of ours."""

        async def scenario(bench: Bench) -> None:
            for kind in EventType:
                for given in (event(kind), event(kind, **dict.fromkeys(_LEFT_OUT))):
                    if bench.connector.wants(given) is not None:
                        continue
                    came = await came_to(bench.connector.handle_event(given))
                    assert isinstance(came, Outcome | IntegrationError)

        self.run(scenario, wire=False, events=["*"])

    @pytest.mark.parametrize("text", _TEXTS.values(), ids=_TEXTS)
    def test_any_text_arrives_or_is_refused(self, text: str) -> None:
        """Markup, control characters, half a surrogate, 100,000 characters: sent in some form, or an error of ours."""
        for act in odd_acts(self.connector, text):

            async def scenario(bench: Bench, act: Act = act) -> None:
                bench.acts = {act.operation: act}
                await bench.came(act.operation)

            self.run(scenario, wire=False)

    def test_closing_twice_is_closing(self) -> None:
        """After use and unused; a second `close()` does nothing."""

        async def scenario(bench: Bench) -> None:
            await bench.do(CHECK)
            await bench.connector.close()
            await bench.connector.close()

        self.run(scenario)
        self.run(lambda bench: bench.connector.close(), wire=False)

    def test_it_shows_no_secret_of_itself(self) -> None:
        """Neither the connector nor its configuration, in any of their forms."""

        async def scenario(bench: Bench) -> None:
            config = bench.connector.config
            shown = [repr(bench.connector), repr(vars(bench.connector)), repr(config), str(config)]
            shown.append(json.dumps(plain(config)))
            for secret in self.secrets(config):
                assert not any(secret in text for text in shown)

        changes: dict[str, Any] = self.canaries()  # Any: fields of the configuration
        self.run(scenario, wire=False, **changes)

    def _number_answers(self, bench: Bench) -> None:
        numbers = count(1)

        def numbered(_: Received, reply: Reply) -> Reply:
            return attrs.evolve(reply, headers={**reply.headers, "x-request-id": f"r-{next(numbers)}"})

        bench.vendor.spoil = numbered


def _things(state: dict[str, object]) -> dict[str, object]:
    """What is kept, without the numbers of connections, tokens and the like."""
    return {name: value for name, value in state.items() if isinstance(value, Mapping | list | tuple | set)}
