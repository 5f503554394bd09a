"""Sealed credentials: what is stored cannot be read, moved or changed, and keys can be rotated under way."""

from __future__ import annotations

import asyncio
import base64
import os
import pickle
import traceback
from collections.abc import Mapping
from typing import cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ConfigurationError, StateError
from integrations_sdk.models import JsonValue, Secret
from integrations_sdk.secrets.keys import KEY_VARIABLE, KeyRing, SealingKey
from integrations_sdk.secrets.references import EnvironmentResolver
from integrations_sdk.secrets.sealed import CONNECTIONS, SealedSecrets
from integrations_sdk.store.base import Delete, Document, Page, Put, Replace, Write
from integrations_sdk.store.memory import MemoryStore

OLD, NEW = (SealingKey.of(bytes([number]) * 32) for number in (1, 2))
CANARY = "canary-b2f7"


async def keep(secrets: SealedSecrets, store: MemoryStore, key: str, **values: str) -> None:
    """Put values into the store."""
    await store.write(*secrets.put_writes(key, {name: Secret(value) for name, value in values.items()}))


async def stored(store: MemoryStore, key: str = "acme:slack-1") -> Document:
    """The sealed document."""
    document = await store.get(CONNECTIONS, key)
    assert document is not None
    return document


def revealed(values: Mapping[str, Secret]) -> dict[str, str]:
    """Plain values, for comparison."""
    return {name: secret.reveal() for name, secret in values.items()}


@given(values=st.dictionaries(st.text(), st.text(st.characters(exclude_categories=()))))
def test_what_is_put_comes_back(values: dict[str, str]) -> None:
    """Any field names and values, also lone surrogates, come back as they were."""

    async def check() -> dict[str, str]:
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing([NEW]))
        await store.write(*secrets.put_writes("t:i", {name: Secret(value) for name, value in values.items()}))
        return revealed(await secrets.get("t:i"))

    assert asyncio.run(check()) == values


def test_writes_belong_to_the_callers_transaction() -> None:
    """Keeping is one `Put` and forgetting one `Delete`, for the caller to write with its own."""
    secrets = SealedSecrets(MemoryStore(), KeyRing([NEW]))

    (put,) = secrets.put_writes("acme:slack-1", {"token": Secret(CANARY)})
    (delete,) = secrets.delete_writes("acme:slack-1")

    assert isinstance(put, Put)
    assert (put.document.collection, put.document.id) == (CONNECTIONS, "acme:slack-1")
    assert put.document.keys == {"key_id": NEW.id}
    assert delete == Delete(CONNECTIONS, "acme:slack-1")


def test_missing_and_deleted_credentials_are_empty() -> None:
    """There is nothing under an unknown key, nor after deleting; deleting twice does nothing."""

    async def check() -> None:
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing([NEW]))
        assert await secrets.get("acme:slack-1") == {}
        await keep(secrets, store, "acme:slack-1", token=CANARY)
        await keep(secrets, store, "acme:slack-1", other="x")
        assert revealed(await secrets.get("acme:slack-1")) == {"other": "x"}
        await store.write(*secrets.delete_writes("acme:slack-1"))
        await store.write(*secrets.delete_writes("acme:slack-1"))
        assert await secrets.get("acme:slack-1") == {}

    asyncio.run(check())


def test_no_plaintext_and_no_key_in_what_is_stored() -> None:
    """Neither the values, nor their names, nor the key, in any usual encoding, are in the stored document."""

    async def check() -> None:
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing([NEW]))
        await keep(secrets, store, "acme:slack-1", canary_name=CANARY)
        document = await stored(store)
        blob = repr(attrs.asdict(document)).encode()
        blob += b"".join(base64.b64decode(str(document.data[name])) for name in ("nonce", "sealed"))
        for text in (CANARY.encode(), b"canary_name", NEW.reveal(), base64.b64encode(CANARY.encode())):
            assert text not in blob
        assert NEW.secret.reveal() not in repr(document)

    asyncio.run(check())


def test_the_same_values_never_look_the_same() -> None:
    """Every sealing takes a fresh nonce."""
    secrets = SealedSecrets(MemoryStore(), KeyRing([NEW]))
    sealed = [cast("Put", secrets.put_writes("k", {"a": Secret("b")})[0]).document.data for _ in range(20)]

    assert len({str(data["nonce"]) for data in sealed}) == 20
    assert len({str(data["sealed"]) for data in sealed}) == 20


def flipped(text: JsonValue) -> str:
    """The base64 text with one bit of its first byte changed."""
    raw = base64.b64decode(str(text))
    return base64.b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: {**data, "sealed": flipped(data["sealed"])},
        lambda data: {**data, "nonce": flipped(data["nonce"])},
        lambda data: {**data, "key_id": OLD.id},
        lambda data: {**data, "sealed": "not base64!"},
        lambda data: {**data, "sealed": ""},
        lambda data: {**data, "nonce": ""},
        lambda data: {**data, "nonce": 5},
        lambda data: {name: value for name, value in data.items() if name != "sealed"},
        lambda data: {name: value for name, value in data.items() if name != "nonce"},
    ],
)
def test_what_was_changed_does_not_open(change: object) -> None:
    """A changed, truncated or malformed document is refused by a named error that says what to do."""

    async def check() -> None:
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing([NEW, OLD]))
        await keep(secrets, store, "acme:slack-1", token=CANARY)
        document = await stored(store)
        await store.write(Put(attrs.evolve(document, data=change(document.data))))
        with pytest.raises(
            StateError, match=r"acme:slack-1 were damaged or changed: enter them again"
        ) as caught:
            await secrets.get("acme:slack-1")
        assert CANARY not in "".join(traceback.format_exception(caught.value))

    asyncio.run(check())


def test_what_was_moved_does_not_open() -> None:
    """Credentials copied to another integration's key do not open there."""

    async def check() -> None:
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing([NEW]))
        await keep(secrets, store, "acme:slack-1", token=CANARY)
        await store.write(Put(attrs.evolve(await stored(store), id="evil:slack-1")))
        with pytest.raises(StateError, match="evil:slack-1"):
            await secrets.get("evil:slack-1")

    asyncio.run(check())


def test_key_that_is_not_at_hand_is_named() -> None:
    """The error names the missing key by its id and says where to add it."""

    async def check() -> None:
        store = MemoryStore()
        await keep(SealedSecrets(store, KeyRing([OLD])), store, "acme:slack-1", token=CANARY)
        with pytest.raises(
            ConfigurationError, match=f"{KEY_VARIABLE}: sealed with key {OLD.id}.*after a comma"
        ):
            await SealedSecrets(store, KeyRing([NEW])).get("acme:slack-1")

    asyncio.run(check())


def test_references_are_kept_as_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """`get()` gives the reference, `resolve()` the value it leads to at that moment."""
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-1")

    async def check() -> None:
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing([NEW]))
        await keep(secrets, store, "acme:slack-1", token="env:SLACK_TOKEN")
        kept = (await secrets.get("acme:slack-1"))["token"]
        assert kept.reveal() == "env:SLACK_TOKEN"
        assert (await secrets.resolve(kept)).reveal() == "xoxb-1"
        assert (await secrets.resolve(Secret("plain"))).reveal() == "plain"

    asyncio.run(check())


def test_resolvers_are_the_ones_passed_in() -> None:
    """Given resolvers take the place of the default ones; an empty list allows no reference at all."""
    store, ring = MemoryStore(), KeyRing([NEW])
    own = SealedSecrets(store, ring, [EnvironmentResolver({"NAME": "mine"})])

    assert asyncio.run(own.resolve(Secret("env:NAME"))).reveal() == "mine"
    for secrets, reference in ((own, "file:/etc/hostname"), (SealedSecrets(store, ring, []), "env:HOME")):
        with pytest.raises(ConfigurationError, match="no resolver"):
            asyncio.run(secrets.resolve(Secret(reference)))


async def sealed_with_old(store: MemoryStore, count: int) -> None:
    """Credentials of that many integrations, sealed with the old key."""
    secrets = SealedSecrets(store, KeyRing([OLD]))
    for number in range(count):
        await keep(secrets, store, f"acme:slack-{number}", token=f"token {number}")


def test_rotation_reseals_everything_and_the_old_key_can_go() -> None:
    """After `reseal()`, which counts, every document opens with the new key alone; a second run finds nothing to do."""

    async def check() -> None:
        store = MemoryStore()
        await sealed_with_old(store, 7)
        both = SealedSecrets(store, KeyRing([NEW, OLD]))
        assert revealed(await both.get("acme:slack-3")) == {"token": "token 3"}

        assert await both.reseal(page=3) == 7

        assert await both.reseal() == 0
        assert await store.count(CONNECTIONS, where={"key_id": OLD.id}) == 0
        alone = SealedSecrets(store, KeyRing([NEW]))
        for number in range(7):
            assert revealed(await alone.get(f"acme:slack-{number}")) == {"token": f"token {number}"}

    asyncio.run(check())


def test_rotation_can_be_interrupted() -> None:
    """Whatever was resealed before an interruption stays so, everything stays readable, and the next run finishes."""

    class Failing(MemoryStore):
        left = 3

        async def write(self, *writes: Write) -> tuple[Document | None, ...]:
            if isinstance(writes[0], Replace):
                self.left -= 1
                if self.left < 0:
                    raise OSError
            return await super().write(*writes)

    async def check() -> None:
        store = Failing()
        await sealed_with_old(store, 5)
        both = SealedSecrets(store, KeyRing([NEW, OLD]))
        with pytest.raises(OSError):  # only the type matters
            await both.reseal()
        assert await store.count(CONNECTIONS, where={"key_id": NEW.id}) == 3
        assert [revealed(await both.get(f"acme:slack-{n}")) for n in range(5)] == [
            {"token": f"token {n}"} for n in range(5)
        ]
        store.left = 100
        assert await both.reseal() == 2

    asyncio.run(check())


class Meddling(MemoryStore):
    """Somebody else changes a document between its being read and being replaced, once."""

    def __init__(self, *meanwhile: Write) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    async def write(self, *writes: Write) -> tuple[Document | None, ...]:
        """Do the other's writes first."""
        if isinstance(writes[0], Replace) and self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, ()
            await super().write(*meanwhile)
        return await super().write(*writes)


@pytest.mark.parametrize(
    ("meanwhile", "resealed", "expected"),
    [
        (
            SealedSecrets(MemoryStore(), KeyRing([OLD])).put_writes(
                "acme:slack-0", {"token": Secret("newer")}
            ),
            1,
            "newer",
        ),
        (
            SealedSecrets(MemoryStore(), KeyRing([NEW])).put_writes(
                "acme:slack-0", {"token": Secret("newer")}
            ),
            0,
            "newer",
        ),
        ((Delete(CONNECTIONS, "acme:slack-0"),), 0, None),
    ],
    ids=["with the old key", "with the new key", "deleted"],
)
def test_rotation_loses_no_update(meanwhile: tuple[Write, ...], resealed: int, expected: str | None) -> None:
    """What somebody else stores or deletes meanwhile is neither overwritten nor brought back."""

    async def check() -> None:
        store = Meddling(*meanwhile)
        await sealed_with_old(store, 1)
        secrets = SealedSecrets(store, KeyRing([NEW, OLD]))
        assert await secrets.reseal() == resealed
        assert revealed(await secrets.get("acme:slack-0")).get("token") == expected

    asyncio.run(check())


def test_rotation_of_what_was_deleted_under_it() -> None:
    """A document that is gone when its conflict is looked at afresh is passed over."""

    class Vanishing(Meddling):
        async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002  # the port's name
            await super().write(Delete(collection, id))
            return await super().get(collection, id)

    async def check() -> None:
        store = Vanishing(*SealedSecrets(MemoryStore(), KeyRing([OLD])).put_writes("acme:slack-0", {}))
        await sealed_with_old(store, 1)
        assert await SealedSecrets(store, KeyRing([NEW, OLD])).reseal() == 0

    asyncio.run(check())


def test_rotation_goes_on_past_what_does_not_open() -> None:
    """Documents that do not open are all named in one error, after the others were resealed."""
    lost = SealingKey.of(os.urandom(32))

    async def check() -> None:
        store = MemoryStore()
        await keep(SealedSecrets(store, KeyRing([lost])), store, "acme:jira-1", token=CANARY)
        await sealed_with_old(store, 2)
        document = await stored(store, "acme:slack-0")
        await store.write(Put(attrs.evolve(document, data={**document.data, "sealed": "AAAA"})))
        both = SealedSecrets(store, KeyRing([NEW, OLD]))

        with pytest.raises(ConfigurationError) as caught:
            await both.reseal()

        assert [problem.path for problem in caught.value.problems] == ["acme:jira-1", "acme:slack-0"]
        assert lost.id in caught.value.problems[0].wrong
        assert (await stored(store, "acme:slack-1")).data["key_id"] == NEW.id

    asyncio.run(check())


def test_nothing_of_it_shows_or_pickles_a_secret() -> None:
    """The values handed out show nothing and their pickle carries nothing."""

    async def check() -> dict[str, Secret]:
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing([NEW]))
        await keep(secrets, store, "acme:slack-1", token=CANARY)
        assert CANARY not in repr(vars(secrets))
        assert isinstance(await store.query(CONNECTIONS), Page)
        return await secrets.get("acme:slack-1")

    values = asyncio.run(check())
    assert CANARY not in repr(values)
    assert CANARY.encode() not in pickle.dumps(values)
