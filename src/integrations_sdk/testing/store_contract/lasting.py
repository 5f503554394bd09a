"""The contract of everything else: expiry, copies, what can be stored, counters, closing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta, timezone
from typing import Any, Final

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import (
    AlreadyExistsError,
    ConfigurationError,
    NotFoundError,
    StateError,
)
from integrations_sdk.store.base import Delete, Document, Insert, Put, Replace, Store
from integrations_sdk.testing.store_contract.case import START, C, StoreCase, after, doc, ids

__all__ = ["ContentContract", "ExpiryContract", "LifeContract"]


def wrong(**changes: Any) -> Document:
    """A document with something in it that does not belong there, also what its types forbid."""
    return attrs.evolve(doc("x"), **changes)


UNSTORABLE: Final[tuple[tuple[Document, str], ...]] = (
    (wrong(id=""), "id"),
    (wrong(id=7), "id"),
    (wrong(id="\ud800"), "id"),
    (wrong(collection=""), "collection"),
    (wrong(keys={"k": "\ud800"}), "keys.k"),
    (wrong(keys={"": "v"}), "keys (a name)"),
    (wrong(keys={"k": 1}), "keys.k"),
    (wrong(data={"x": float("inf")}), "data"),
    (wrong(data={"x": object()}), "data"),
    (wrong(data=[1]), "data"),
    (wrong(data={"x": "y" * (16 * 1024 * 1024)}), "data"),
    (wrong(expires_at=START.replace(tzinfo=None)), "expires_at"),
)


class ExpiryContract(StoreCase):
    """Documents that do not last."""

    def test_what_expired_reads_as_absent(self) -> None:
        """Until the very moment it is there; from then on neither get, query nor count finds it."""

        async def scenario(store: Store, clock: FakeClock) -> None:
            keys = {"k": "v", "j": "w"}
            await store.write(
                Insert(doc("a", keys=keys, expires_at=after(10))),
                Insert(doc("b", keys=keys)),
                Insert(doc("c", keys=keys, expires_at=after(20))),
            )
            clock.advance(9.999999)
            assert await store.get(C, "a") is not None
            for moment, left in ((0.000001, "bc"), (10, "b")):
                clock.advance(moment)
                for where in ({}, {"k": "v"}, keys):
                    assert await ids(store, where) == left
                    assert await ids(store, where, newest_first=True) == left[::-1]
                    assert await store.count(C, where=where) == len(left)
                assert await store.get(C, "a") is None

        self.run(scenario)

    def test_what_expired_may_come_again(self) -> None:
        """An insert or put over an expired document stores a new one: version 1, at the end."""

        async def scenario(store: Store, clock: FakeClock) -> None:
            old = {"k": "old"}
            await store.write(
                *(Insert(doc(id_, keys=old, expires_at=after(1))) for id_ in "abc"), Insert(doc("d"))
            )
            await store.write(Replace(doc("b", keys=old, expires_at=after(1)), 1))
            clock.advance(1)
            answers = await store.write(
                Insert(doc("b", {"n": 1})), Put(doc("a", {"n": 1}, keys={"k": "new"}))
            )
            assert [answer and answer.version for answer in answers] == [1, 1]
            assert await ids(store) == "dba"
            assert (await ids(store, old), await ids(store, {"k": "new"})) == ("", "a")
            with pytest.raises(AlreadyExistsError):
                await store.write(Insert(doc("a")))

        self.run(scenario)

    def test_what_expired_cannot_be_replaced(self) -> None:
        """Replacing, or deleting a version of, an expired document raises `NotFoundError`."""

        async def scenario(store: Store, clock: FakeClock) -> None:
            await store.write(Insert(doc("a", expires_at=after(1))))
            clock.advance(1)
            for write in (Replace(doc("a"), 1), Delete(C, "a", 1)):
                with pytest.raises(NotFoundError):
                    await store.write(write)
            assert await store.write(Delete(C, "a")) == (None,)

        self.run(scenario)

    def test_expiry_belongs_to_the_content(self) -> None:
        """Each replacement sets the expiry anew, or lifts it; a moment in the past is expired at once."""

        async def scenario(store: Store, clock: FakeClock) -> None:
            await store.write(Insert(doc("a", expires_at=after(5))), Insert(doc("b")), Insert(doc("c")))
            await store.write(Replace(doc("a"), 1), Put(doc("b", expires_at=after(5))))
            assert await store.write(Put(doc("c", expires_at=after(-1)))) != ()
            assert await ids(store) == "ab"
            clock.advance(5)
            assert await ids(store) == "a"
            assert await store.count(C) == 1

        self.run(scenario)

    def test_expiry_is_exact(self) -> None:
        """The moment reads back to the microsecond, in UTC, also far ahead and from another time zone."""

        async def scenario(store: Store, _: FakeClock) -> None:
            elsewhere = timezone(timedelta(hours=5, minutes=45))
            for moment in (after(0.000001), after(1.999999).astimezone(elsewhere), START.replace(year=9999)):
                await store.write(Put(doc("a", expires_at=moment)))
                found = await store.get(C, "a")
                assert found is not None
                assert found.expires_at == moment
                assert found.expires_at.utcoffset() == timedelta(0)

        self.run(scenario)

    def test_purge_counts_what_expired(self) -> None:
        """Purging answers how many expired documents there were and touches no other."""

        async def scenario(store: Store, clock: FakeClock) -> None:
            mortal = (Insert(doc(f"m{n}", keys={"k": str(n)}, expires_at=after(1))) for n in range(1201))
            other = attrs.evolve(doc("x", expires_at=after(1)), collection="others")
            await store.write(*mortal, Insert(doc("a")), Insert(doc("b", expires_at=after(9))), Insert(other))
            assert await store.purge() == 0
            clock.advance(1)
            assert await store.purge() == 1202
            assert await store.purge() == 0
            assert await ids(store) == "ab"
            (again,) = await store.write(Insert(doc("m0", keys={"k": "0"})))
            assert again is not None
            assert await ids(store, {"k": "0"}) == "m0"

        self.run(scenario)


class ContentContract(StoreCase):
    """What is stored, and what cannot be."""

    def test_what_is_handed_out_is_a_copy(self) -> None:
        """Changing what was given, or what was answered, changes nothing stored and no other answer."""

        async def scenario(store: Store, _: FakeClock) -> None:
            given = doc("a", {"list": [1]}, keys={"k": "v"})
            expected = doc("a", {"list": [1]}, keys={"k": "v"})
            answers = [*await store.write(Insert(given)), given]
            answers += [await store.get(C, "a"), *(await store.query(C)).documents]
            for answer in answers:
                assert answer == expected
                content = answer.data["list"]
                assert isinstance(content, list)
                content.append(2)
                answer.data["x"] = "y"
            assert await store.get(C, "a") == expected

        self.run(scenario)

    def test_any_json_survives(self) -> None:
        """Unicode of every kind, large and deep documents, big and small numbers read back as they were."""

        async def scenario(store: Store, _: FakeClock) -> None:
            deep: Any = "x"
            for _level in range(200):
                deep = [deep, {"d": None}]
            contents: tuple[dict[str, Any], ...] = (
                {"🦄": "Grüße, 世界 \u0000 \ud800 \u2028 \\ \" '", "": ""},
                {"large": "é" * 1_000_000},
                {"deep": deep},
                {"n": [0, -1, 2**63, -(2**70), 0.1, 1e308, 5e-324, True, False, None]},
                {},
            )
            for content in contents:
                stored = (await store.write(Put(doc("a", content))))[0]
                found = await store.get(C, "a")
                assert stored is not None
                assert found is not None
                assert found.data == stored.data == content

        self.run(scenario)

    @pytest.mark.parametrize(("document", "path"), UNSTORABLE, ids=lambda value: str(value)[:20])
    def test_what_cannot_be_stored_is_refused(self, document: Document, path: str) -> None:
        """`ConfigurationError` names the wrong part, and nothing of the transaction is done."""

        async def scenario(store: Store, _: FakeClock) -> None:
            for write in (Insert(document), Put(document), Replace(document, 1)):
                with pytest.raises(ConfigurationError) as caught:
                    await store.write(Insert(doc("before")), write)
                assert [problem.path for problem in caught.value.problems] == [path]
            assert await store.count(C) == 0

        self.run(scenario)

    def test_random_histories_agree_with_a_dict(self) -> None:
        """After any sequence of operations, answers and contents are those of the plainest model."""
        from hypothesis import given, settings

        from integrations_sdk.testing.store_contract import model

        @settings(max_examples=60, deadline=None, database=None)
        @given(model.operations(START))
        def compare(history: list[model.Operation]) -> None:
            async def scenario(store: Store, clock: FakeClock) -> None:
                plain = model.ModelStore(clock)
                for step in history:
                    found, expected = await model.outcome(store, plain, step)
                    assert found == expected
                found, expected = await model.everything(store, plain)
                assert found == expected

            self.run(scenario)

        compare()


class LifeContract(StoreCase):
    """Counters, and the end."""

    def test_numbers_count_up(self) -> None:
        """Each counter gives 1, 2, 3, …, apart from the others and never one twice."""

        async def scenario(store: Store, _: FakeClock) -> None:
            assert [await store.next_number("slack") for _ in range(3)] == [1, 2, 3]
            assert await store.next_number("jira") == 1
            numbers = await asyncio.gather(*(store.next_number("many") for _ in range(200)))
            assert sorted(set(numbers)) == sorted(numbers)
            assert min(numbers) == 1

        self.run(scenario)

    def test_a_closed_store_answers_nothing(self) -> None:
        """After closing every method raises `StateError`; closing again does nothing."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a")))
            await asyncio.gather(store.close(), store.close())
            await store.close()
            calls: tuple[Callable[[], Awaitable[object]], ...] = (
                lambda: store.write(Insert(doc("b"))),
                store.write,
                lambda: store.get(C, "a"),
                lambda: store.version(C, "a"),
                lambda: store.query(C),
                lambda: store.count(C),
                lambda: store.next_number("n"),
                store.purge,
            )
            for call in calls:
                with pytest.raises(StateError, match="closed"):
                    await call()

        self.run(scenario)

    def test_closing_finishes_what_was_begun(self) -> None:
        """Writes and reads begun before closing end as if there were no closing."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a")))
            begun = [asyncio.ensure_future(store.write(Insert(doc(f"b{n}")))) for n in range(20)]
            read = asyncio.ensure_future(store.get(C, "a"))
            await asyncio.sleep(0)
            await store.close()
            assert all(answer[0] is not None for answer in await asyncio.gather(*begun))
            assert await read == doc("a")

        self.run(scenario)

    def test_closing_an_unused_store(self) -> None:
        """A store that was never used closes as well."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.close()
            with pytest.raises(StateError):
                await store.get(C, "a")

        self.run(scenario)

    def test_a_cancelled_write_is_whole(self) -> None:
        """Of a cancelled transaction either everything is stored or nothing, and the store goes on."""

        async def scenario(store: Store, _: FakeClock) -> None:
            begun = asyncio.ensure_future(store.write(Insert(doc("a")), Insert(doc("b"))))
            await asyncio.sleep(0)
            begun.cancel()
            await asyncio.gather(begun, return_exceptions=True)
            await store.write(Put(doc("c")))
            assert "".join(sorted(await ids(store))) in {"abc", "c"}  # which was first is not promised

        self.run(scenario)
