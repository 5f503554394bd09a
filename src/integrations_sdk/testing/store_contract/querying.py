"""The contract of `Store.query` and `Store.count`: order, keys, pages, cursors, limits."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.store.base import Delete, Insert, Put, Replace, Store
from integrations_sdk.testing.store_contract.case import C, StoreCase, doc, ids, pages

__all__ = ["QueryContract"]

CURSORS: Final = (
    "",
    "c",
    "nonsense",
    "c-1",
    "c+1",
    "c 1",
    "c1_0",
    "C1",
    "1",
    "cg",
    "c01",
    "c" + "f" * 20,
    "č1",
)
LIMITS: Final[tuple[Any, ...]] = (0, -1, 1001, True, 1.0, "5", None)
PECULIAR: Final = (
    "'; DROP TABLE documents; --",
    "%",
    "_",
    "a\x00b",
    "🦄",
    "Ä",
    "a ",
    "A",
    "a\nb",
    '"',
    "\\\\",
    "\u00e9",
    "e\u0301",
)


class QueryContract(StoreCase):
    """Queries and counts."""

    def test_order_is_that_of_insertion(self) -> None:
        """Replacing and putting keep a document's place; deleting and inserting again makes it the last."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(*(Insert(doc(id_, keys={"k": "v"})) for id_ in "dbac"))
            await store.write(Replace(doc("d", keys={"k": "v", "x": "y"}), 1), Put(doc("b", {"n": 1})))
            await store.write(Replace(doc("b", keys={"k": "v"}), 2))
            assert await ids(store) == await ids(store, {"k": "v"}) == "dbac"
            assert (
                await ids(store, newest_first=True)
                == await ids(store, {"k": "v"}, newest_first=True)
                == "cabd"
            )
            await store.write(Delete(C, "b"), Insert(doc("b", keys={"k": "v"})))
            assert await ids(store) == await ids(store, {"k": "v"}) == "dacb"

        self.run(scenario)

    def test_query_matches_all_keys(self) -> None:
        """Only documents with all of the keys are found and counted; an empty `where` finds all."""

        async def scenario(store: Store, _: FakeClock) -> None:
            for number in range(12):
                keys = {"two": str(number % 2), "three": str(number % 3), "n": str(number)}
                await store.write(Insert(doc("abcdefghijkl"[number], keys=keys)))
            wheres: dict[str, dict[str, str]] = {
                "abcdefghijkl": {},
                "acegik": {"two": "0"},
                "bh": {"two": "1", "three": "1"},
                "f": {"n": "5", "three": "2", "two": "1"},
                "": {"two": "0", "n": "5"},
            }
            for found, where in wheres.items():
                assert await ids(store, where) == found
                assert await ids(store, where, newest_first=True) == found[::-1]
                assert await store.count(C, where=where) == len(found)
            assert await ids(store, {"two": "2"}) == await ids(store, {"four": "0"}) == ""
            assert await ids(store, {"two": "0", "unknown": "1"}) == ""

        self.run(scenario)

    def test_pages_cover_everything_once(self) -> None:
        """From cursor to cursor each document appears once, in order; only the last page has no cursor."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(*(Insert(doc(id_)) for id_ in "abcdef"))
            for limit, sizes in ((1, [1] * 6), (2, [2, 2, 2]), (4, [4, 2]), (6, [6]), (1000, [6])):
                for newest_first in (False, True):
                    found = await pages(store, limit, newest_first=newest_first)
                    word = "".join(document.id for page in found for document in page.documents)
                    assert word == ("fedcba" if newest_first else "abcdef")
                    assert [len(page.documents) for page in found] == sizes

        self.run(scenario)

    def test_pages_stay_true_while_documents_change(self) -> None:
        """Whatever happens between two pages, a document that is there throughout is seen exactly once."""
        from hypothesis import given, settings
        from hypothesis import strategies as st

        changes = st.lists(
            st.tuples(st.sampled_from(["insert", "replace", "delete"]), st.integers(0, 99)), max_size=8
        )

        @settings(max_examples=40, deadline=None, database=None)
        @given(st.lists(changes, max_size=6), st.integers(1, 4), st.booleans())
        def walk(between: list[list[tuple[str, int]]], limit: int, newest_first: bool) -> None:  # noqa: FBT001  # Hypothesis passes it
            async def scenario(store: Store, _: FakeClock) -> None:
                there = [f"d{number}" for number in range(10)]
                await store.write(*(Insert(doc(id_, keys={"k": "v"})) for id_ in there))
                throughout, seen, cursor = set(there), list[str](), None
                for changes_now in [*between, *[[] for _ in range(100)]]:
                    page = await store.query(
                        C, where={"k": "v"}, after=cursor, limit=limit, newest_first=newest_first
                    )
                    seen += [document.id for document in page.documents]
                    cursor = page.cursor
                    if cursor is None:
                        break
                    for kind, number in changes_now:
                        await self._change(store, kind, there, number, throughout)
                assert cursor is None
                assert len(seen) == len(set(seen))
                assert throughout <= set(seen)

            self.run(scenario)

        walk()

    @staticmethod
    async def _change(store: Store, kind: str, there: list[str], number: int, throughout: set[str]) -> None:
        if kind == "insert":
            # Never an id twice: one that comes back is another document, which may be seen again.
            there.append(f"n{len(there)}-{number}-{len(throughout)}")
            await store.write(Put(doc(there[-1], keys={"k": "v"})))
        elif there:
            id_ = there[number % len(there)]
            if kind == "replace":
                await store.write(Put(doc(id_, {"n": number}, keys={"k": "v", "n": str(number)})))
            else:
                there.remove(id_)
                throughout.discard(id_)
                await store.write(Delete(C, id_))

    def test_a_cursor_outlives_its_document(self) -> None:
        """A page continues where it was although the document at its edge, the last of all, is gone."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(*(Insert(doc(id_)) for id_ in "abcd"))
            cursor = (await store.query(C, limit=2)).cursor
            last = (await store.query(C, limit=3)).cursor
            await store.write(*(Delete(C, id_) for id_ in "bcd"), Insert(doc("e")))
            for place in (cursor, last):
                assert [found.id for found in (await store.query(C, after=place)).documents] == ["e"]
            backwards = await store.query(C, after=cursor, newest_first=True)
            assert [found.id for found in backwards.documents] == ["a"]

        self.run(scenario)

    def test_no_place_is_given_twice(self) -> None:
        """What is inserted after the last document was deleted lies behind every cursor given out."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a")), Insert(doc("b")), Insert(doc("c")))
            cursor = (await store.query(C, limit=2)).cursor
            await store.write(Delete(C, "b"), Delete(C, "c"))
            await store.write(Insert(doc("d")))
            assert [found.id for found in (await store.query(C, after=cursor)).documents] == ["d"]

        self.run(scenario)

    @pytest.mark.parametrize("cursor", CURSORS)
    def test_garbage_is_no_cursor(self, cursor: str) -> None:
        """Anything but a cursor as it was given raises `ConfigurationError` about `after`."""

        async def scenario(store: Store, _: FakeClock) -> None:
            with pytest.raises(ConfigurationError, match="after: not a cursor"):
                await store.query(C, after=cursor)

        self.run(scenario)

    @pytest.mark.parametrize("limit", LIMITS)
    def test_limit_is_bounded(self, limit: Any) -> None:
        """A page size that is not a whole number from 1 to 1,000 raises `ConfigurationError`."""

        async def scenario(store: Store, _: FakeClock) -> None:
            with pytest.raises(ConfigurationError, match="limit"):
                await store.query(C, limit=limit)

        self.run(scenario)

    def test_limit_defaults_to_a_hundred(self) -> None:
        """Without a limit a page has 100 documents; the largest has 1,000."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(*(Insert(doc(f"{number}")) for number in range(1002)))
            assert len((await store.query(C)).documents) == 100
            page = await store.query(C, limit=1000)
            assert len(page.documents) == 1000
            assert [found.id for found in (await store.query(C, after=page.cursor)).documents] == [
                "1000",
                "1001",
            ]

        self.run(scenario)

    @pytest.mark.parametrize("text", PECULIAR)
    def test_text_is_only_text(self, text: str) -> None:
        """Ids, key names and key values match themselves and nothing else, whatever is in them."""

        async def scenario(store: Store, _: FakeClock) -> None:
            for other in PECULIAR:
                await store.write(Insert(doc(other, {other: other}, keys={other: "name", "value": other})))
            expected = doc(text, {text: text}, keys={text: "name", "value": text})
            assert await store.get(C, text) == expected
            for where in ({text: "name"}, {"value": text}, {"value": text, text: "name"}):
                assert (await store.query(C, where=where)).documents == (expected,)
                assert await store.count(C, where=where) == 1

        self.run(scenario)

    def test_many_keys(self) -> None:
        """A document may have a hundred keys, and be found by all of them together."""

        async def scenario(store: Store, _: FakeClock) -> None:
            keys = {f"key-{number}": str(number) for number in range(100)}
            await store.write(Insert(doc("a", keys=keys)), Insert(doc("b", keys={**keys, "key-50": "x"})))
            assert await ids(store, keys) == "a"
            assert await store.count(C, where=keys) == 1

        self.run(scenario)

    def test_reading_goes_on_beside_writing(self) -> None:
        """Queries while others write see whole transactions only."""

        async def scenario(store: Store, _: FakeClock) -> None:
            async def write() -> None:
                for number in range(20):
                    await store.write(Insert(doc(f"a{number}")), Insert(doc(f"b{number}")))

            async def read() -> None:
                for _ in range(20):
                    assert await store.count(C) % 2 == 0
                    assert len((await store.query(C)).documents) % 2 == 0

            await asyncio.gather(write(), read(), read())

        self.run(scenario)
