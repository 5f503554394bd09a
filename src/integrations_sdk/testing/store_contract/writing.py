"""The contract of `Store.write`: single writes, transactions, concurrency."""

from __future__ import annotations

import asyncio
from typing import Final

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    IntegrationError,
    NotFoundError,
)
from integrations_sdk.store.base import Delete, Insert, Page, Put, Replace, Store, Write
from integrations_sdk.testing.store_contract.case import C, StoreCase, doc, ids

__all__ = ["TransactionContract", "WritingContract"]

FIRST_WRITES: Final[tuple[Write, ...]] = (
    Insert(doc("new", keys={"k": "new"})),
    Put(doc("a", {"changed": True}, keys={"k": "new"})),
    Replace(doc("a", {"changed": True}, keys={"k": "new"}), 1),
    Delete(C, "a"),
    Delete(C, "a", 1),
)
FAILING_WRITES: Final[tuple[tuple[Write, type[IntegrationError]], ...]] = (
    (Insert(doc("b")), AlreadyExistsError),
    (Replace(doc("missing"), 1), NotFoundError),
    (Replace(doc("b"), 7), ConflictError),
    (Delete(C, "missing", 1), NotFoundError),
    (Delete(C, "b", 7), ConflictError),
    (Put(doc("b", {"x": float("nan")})), ConfigurationError),
)


class WritingContract(StoreCase):
    """Single writes."""

    def test_insert_stores_version_one(self) -> None:
        """What was inserted reads back whole, as version 1 whatever version it came with."""

        async def scenario(store: Store, _: FakeClock) -> None:
            given = doc("a", {"n": 1, "list": [None, True, 1.5, {"x": "y"}]}, keys={"k": "v", "j": ""})
            (stored,) = await store.write(Insert(attrs.evolve(given, version=9)))
            assert stored == given
            assert await store.get(C, "a") == given

        self.run(scenario)

    def test_insert_refuses_an_id_that_exists(self) -> None:
        """A second insert raises `AlreadyExistsError`, names the document and changes nothing."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a", {"n": 1})))
            with pytest.raises(AlreadyExistsError, match="`a` of `things`"):
                await store.write(Insert(doc("a", {"n": 2})))
            assert await store.get(C, "a") == doc("a", {"n": 1})

        self.run(scenario)

    def test_collections_are_apart(self) -> None:
        """The same id in another collection is another document."""

        async def scenario(store: Store, _: FakeClock) -> None:
            other = attrs.evolve(doc("a", {"n": 2}, keys={"k": "v"}), collection="others")
            await store.write(Insert(doc("a", {"n": 1}, keys={"k": "v"})), Insert(other))
            assert await store.get("others", "a") == other
            assert (await store.query("others", where={"k": "v"})).documents == (other,)
            assert await store.count(C) == await store.count("others", where={"k": "v"}) == 1

        self.run(scenario)

    def test_what_is_missing_is_none(self) -> None:
        """Asking for what is not there answers None, an empty page and 0."""

        async def scenario(store: Store, _: FakeClock) -> None:
            assert await store.get(C, "a") is None
            assert await store.version(C, "a") is None
            assert await store.query(C) == Page(documents=())
            assert await store.count(C, where={"k": "v"}) == await store.count(C) == 0

        self.run(scenario)

    def test_replace_counts_versions(self) -> None:
        """A replacement of the expected version stores data and keys as the next version."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a", {"n": 1}, keys={"k": "v", "same": "s"})))
            changed = doc("a", {"n": 2}, keys={"k": "w", "same": "s"})
            assert await store.write(Replace(changed, 1)) == (attrs.evolve(changed, version=2),)
            assert await store.get(C, "a") == attrs.evolve(changed, version=2)
            (third,) = await store.write(Replace(changed, 2))
            assert third is not None
            assert third.version == 3
            assert await store.version(C, "a") == 3

        self.run(scenario)

    def test_replace_wants_the_expected_version(self) -> None:
        """A missing document raises `NotFoundError`, another version `ConflictError`; nothing changes."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a", {"n": 1})))
            with pytest.raises(NotFoundError, match="`b`"):
                await store.write(Replace(doc("b"), 1))
            for version in (0, 2):
                with pytest.raises(ConflictError, match=f"version 1, not {version}"):
                    await store.write(Replace(doc("a", {"n": 2}), version))
            assert await store.get(C, "a") == doc("a", {"n": 1})
            assert await store.count(C) == 1

        self.run(scenario)

    def test_put_stores_either_way(self) -> None:
        """A put begins at version 1, counts on where there is one, and takes keys and data over."""

        async def scenario(store: Store, _: FakeClock) -> None:
            assert await store.write(Put(doc("a", {"n": 1}, keys={"k": "v"}))) == (
                doc("a", {"n": 1}, keys={"k": "v"}),
            )
            (second,) = await store.write(Put(doc("a", {"n": 2})))
            assert second == attrs.evolve(doc("a", {"n": 2}), version=2) == await store.get(C, "a")
            assert await ids(store, {"k": "v"}) == ""

        self.run(scenario)

    def test_delete_removes(self) -> None:
        """A deletion answers None, is a no-op if there is nothing, and takes the keys along."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a", keys={"k": "v"})))
            assert await store.write(Delete(C, "a"), Delete(C, "a"), Delete("nowhere", "a")) == (None,) * 3
            assert await store.get(C, "a") is None
            assert await ids(store) == await ids(store, {"k": "v"}) == ""

        self.run(scenario)

    def test_delete_may_expect_a_version(self) -> None:
        """With a version, a deletion raises as a replacement does, and otherwise removes."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a")))
            with pytest.raises(ConflictError):
                await store.write(Delete(C, "a", 2))
            assert await store.get(C, "a") is not None
            await store.write(Delete(C, "a", 1))
            with pytest.raises(NotFoundError):
                await store.write(Delete(C, "a", 1))

        self.run(scenario)


class TransactionContract(StoreCase):
    """Several writes at once."""

    def test_a_transaction_sees_itself(self) -> None:
        """Each write sees those before it, and the answers are in their order."""

        async def scenario(store: Store, _: FakeClock) -> None:
            answers = await store.write(
                Insert(doc("a", {"n": 1})),
                Replace(doc("a", {"n": 2}, keys={"k": "v"}), 1),
                Delete(C, "a", 2),
                Insert(doc("a", {"n": 3})),
                Put(doc("a", {"n": 4}, keys={"k": "w"})),
            )
            versions = [None if answer is None else answer.version for answer in answers]
            assert versions == [1, 2, None, 1, 2]
            assert await store.get(C, "a") == answers[-1]
            assert (await ids(store), await ids(store, {"k": "v"}), await ids(store, {"k": "w"})) == (
                "a",
                "",
                "a",
            )
            assert await store.write() == ()

        self.run(scenario)

    @pytest.mark.parametrize("first", FIRST_WRITES, ids=lambda write: type(write).__name__)
    @pytest.mark.parametrize(("second", "error"), FAILING_WRITES)
    def test_a_transaction_is_all_or_nothing(
        self, first: Write, second: Write, error: type[IntegrationError]
    ) -> None:
        """If one write fails, none is done: neither documents, nor versions, order or keys differ."""

        async def scenario(store: Store, _: FakeClock) -> None:
            before = (doc("a", {"n": 1}, keys={"k": "a"}), doc("b", keys={"k": "b"}))
            await store.write(*map(Insert, before))
            for writes in ((first, second), (first, second, Put(doc("later")))):
                with pytest.raises(error):
                    await store.write(*writes)
            assert (await store.query(C)).documents == before
            assert [await ids(store, {"k": value}) for value in ("a", "b", "new")] == ["a", "b", ""]
            assert await store.count(C) == 2

        self.run(scenario)

    def test_one_of_many_replacements_wins(self) -> None:
        """Of 100 concurrent replacements of one version exactly one succeeds; the others conflict."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("a")))
            attempts = (store.write(Replace(doc("a", {"n": n}), 1)) for n in range(100))
            answers = await asyncio.gather(*attempts, return_exceptions=True)
            (won,) = (answer[0] for answer in answers if isinstance(answer, tuple))
            assert sum(isinstance(answer, ConflictError) for answer in answers) == 99
            assert won == await store.get(C, "a")

        self.run(scenario)

    def test_one_of_many_insertions_wins(self) -> None:
        """Of 50 concurrent insertions of one id exactly one succeeds; their neighbours are not disturbed."""

        async def scenario(store: Store, _: FakeClock) -> None:
            same = (store.write(Insert(doc("same", {"n": n}))) for n in range(50))
            others = (store.write(Insert(doc(f"other-{n}")), Put(doc(f"more-{n}"))) for n in range(50))
            answers = await asyncio.gather(*same, *others, return_exceptions=True)
            assert [type(answer) for answer in answers].count(AlreadyExistsError) == 49
            assert await store.count(C) == 101

        self.run(scenario)

    def test_no_update_is_lost(self) -> None:
        """Concurrent read, add one, replace, again on conflict: every addition is there in the end."""

        async def scenario(store: Store, _: FakeClock) -> None:
            await store.write(Insert(doc("sum", {"n": 0})))

            async def add_one() -> None:
                while True:
                    old = await store.get(C, "sum")
                    assert old is not None
                    number = old.data["n"]
                    assert isinstance(number, int)
                    try:
                        await store.write(Replace(doc("sum", {"n": number + 1}), old.version))
                    except ConflictError:
                        continue
                    return

            await asyncio.gather(*(add_one() for _ in range(20)))
            assert await store.get(C, "sum") == attrs.evolve(doc("sum", {"n": 20}), version=21)

        self.run(scenario)
