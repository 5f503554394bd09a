"""The contract of answers that are none: cut off, of another kind, too large, of the wrong shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final, cast

import attrs

from integrations_sdk.errors import ConnectorError, IntegrationError, ResponseTooLargeError, TransportError
from integrations_sdk.models import JsonValue
from integrations_sdk.testing.connector_contract.bench import CHECK, Bench, Exchange
from integrations_sdk.testing.connector_contract.case import ConnectorCase
from integrations_sdk.testing.standin import Reply

__all__ = ["AnswerContract"]

_PAGE: Final = "<!DOCTYPE html><html><title>Sign in</title><body>Sign in to go on</body></html>"
_MOST: Final = 400
_SHAPES: Final = (
    "", " ", "null", "[]", "{}", "0", "-1.5e300", '"text"', "true", "[null]", "[[[]]]", "[{}]", '[{"id": null}]',
    '{"id": {}, "name": [], "errors": 7, "ok": "yes", "data": null, "result": []}',
    '{"data": [1, "x", null], "items": {}, "values": "x", "results": 0, "issues": false}',
    "[" * 2000, "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900, "NaN", "9" * 5000, '"\\ud800"', "{", "ok",
)  # fmt: skip
"""Bodies that no vendor's documentation has, and that something in between, or a bug, may send."""


class AnswerContract(ConnectorCase):
    """What becomes of an answer that says yes, and is not the vendor's."""

    def test_half_an_answer_is_no_answer(self, doing: str) -> None:
        """A body that ends too early is a `TransportError`, whatever its beginning says."""

        async def scenario(bench: Bench) -> None:
            bench.connector.retry = attrs.evolve(bench.connector.retry, attempts=1)
            bench.vendor.stand_in.fail(truncate=True, times=None)
            came = await bench.came(doing)
            if any(exchange.has_body for exchange in bench.vendor.exchanges):
                assert isinstance(came, TransportError), f"half an answer came to {came!r}"

        self.run(scenario)

    def test_a_sign_in_page_is_no_answer(self, doing: str) -> None:
        """A page of HTML under status 200 breaks nothing, and no check takes it for a vendor that works."""
        page = Reply(text=_PAGE, headers={"content-type": "text/html; charset=utf-8"})
        answers = self.run(lambda bench: _watched(bench, doing), wire=False)
        for where, answer in enumerate(answers):

            async def scenario(bench: Bench, where: int = where) -> Any:  # whatever it gives
                bench.vendor.spoil = lambda _, reply: page if len(bench.vendor.exchanges) == where else reply
                return await bench.came(doing)

            came = self.run(scenario, wire=False)
            if doing == CHECK and answer.has_body and "contents" not in self.unseen:
                assert isinstance(came, ConnectorError), f"a page as answer {where + 1} came to {came!r}"

    def test_too_large_an_answer_is_given_up(self, doing: str) -> None:
        """More than `max_response_bytes` is not read further: `ResponseTooLargeError`."""
        bounded = type("Bounded", (self.connector,), {"max_response_bytes": 2000})

        async def scenario(bench: Bench) -> None:
            bench.vendor.spoil = lambda _, reply: attrs.evolve(reply, status=200, json=None, text="x" * 2001)
            came = await bench.came(doing)
            if any(exchange.has_body for exchange in bench.vendor.exchanges):
                assert isinstance(came, ResponseTooLargeError), f"too large an answer came to {came!r}"

        self.run(scenario, kind=bounded)

    def test_bytes_that_are_no_text_break_nothing(self, doing: str) -> None:
        """Invalid UTF-8, in a good answer and in a refusal."""
        for status in (None, 400):

            async def scenario(bench: Bench, status: int | None = status) -> None:
                body = b'{"message": "\xff\xfe\xc3(", "id": "\xed\xa0\x80"}'
                bench.vendor.stand_in.fail(body=body, status=status, times=None)
                await bench.came(doing)

            self.run(scenario, wire=False)

    def test_any_shape_of_json_breaks_nothing(self, doing: str) -> None:
        """`null`, `[]`, numbers, wrong fields, a thousand brackets: a result or an `IntegrationError`."""
        for shape in _SHAPES:

            async def scenario(bench: Bench, shape: str = shape) -> None:
                bench.vendor.stand_in.fail(body=shape.encode(), times=None)
                await bench.came(doing)

            self._named(f"the answer was {shape[:80]!r}", scenario)

    def test_any_field_may_be_of_another_kind(self, doing: str) -> None:
        """Each part of the vendor's real answers once of the wrong type, once missing: as with any shape."""
        answers = self.run(lambda bench: _watched(bench, doing), wire=False)
        spoiled = list(_spoiled(answers))
        for where, what, wrong in spoiled[:: max(1, len(spoiled) // _MOST)]:

            async def scenario(bench: Bench, where: int = where, wrong: Reply = wrong) -> None:
                bench.vendor.spoil = lambda _, reply: wrong if len(bench.vendor.exchanges) == where else reply
                await bench.came(doing)

            self._named(f"in answer {where + 1}, {what}", scenario)

    def _named(self, what: str, scenario: Any) -> None:  # as `run()`
        """Run it; say what the answer was if it breaks."""
        try:
            self.run(scenario, wire=False)
        except IntegrationError:
            raise
        except Exception as error:  # whatever broke, it is said by which answer
            error.add_note(what)
            raise


async def _watched(bench: Bench, doing: str) -> list[Exchange]:
    await bench.do(doing)
    return bench.vendor.exchanges


def _spoiled(exchanges: list[Exchange]) -> Iterator[tuple[int, str, Reply]]:
    """Every reply with something in it replaced: which, what, and what it then is."""
    for where, exchange in enumerate(exchanges):
        reply = exchange.reply
        for path in _paths(reply.json):
            for wrong in _others(_at(reply.json, path)):
                yield (
                    where,
                    f"{list(path)} was {json.dumps(wrong)}",
                    attrs.evolve(reply, json=_put(reply.json, path, wrong)),
                )
        for name in reply.headers:
            for value in ("", "-1", "\xff %zz", "https://["):
                yield (
                    where,
                    f"{name} was {value!r}",
                    attrs.evolve(reply, headers={**reply.headers, name: value}),
                )
        if reply.headers:
            yield where, "no headers came", attrs.evolve(reply, headers={})
        if reply.text:
            for text in ("", "<", "{}", "\x00"):
                yield where, f"the text was {text!r}", attrs.evolve(reply, text=text)


def _paths(value: JsonValue, before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if value is None and not before:
        return
    yield before
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in items:
        yield from _paths(item, (*before, key))


def _at(value: Any, path: tuple[str | int, ...]) -> JsonValue:
    for key in path:
        value = value[key]
    return cast("JsonValue", value)


def _put(value: JsonValue, path: tuple[str | int, ...], wrong: JsonValue) -> JsonValue:
    if not path:
        return wrong
    changed = deepcopy(value)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = wrong
    return changed


def _others(value: JsonValue) -> tuple[JsonValue, ...]:
    """Values of other kinds; None also stands for a field that is missing."""
    match value:
        case dict():
            return (None, [1], "text")
        case list():
            return (None, {"0": 1}, [None, 1, "text", [], {}])
        case str():
            return (None, 7, {}, "")
        case bool() | int() | float():
            return (None, "text", [], -1)
    return (7, {}, "text")
