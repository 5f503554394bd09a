"""`MemoryStore`: documents in this process's memory, gone with it: for tests and scripts.

Built to be small. A document is its JSON text and a few words beside it; each order (that of a collection,
and that of each key value) is a sorted array of 8-byte sequence numbers, so a page is a bisection and a
slice, and equal keys are kept once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from integrations_sdk.clock import Clock, SystemClock
from integrations_sdk.errors import StateError
from integrations_sdk.store.base import Delete, Document, Page, Write
from integrations_sdk.store.encoding import (
    Encoded,
    check_limit,
    decode,
    decode_cursor,
    encode,
    encode_cursor,
    microseconds,
)
from integrations_sdk.store.plan import plan, target

__all__ = ["MemoryStore"]


class MemoryStore:
    """A `Store` that forgets everything when it is closed.

    Args:
        clock: decides what has expired.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._collections: dict[str, _Collection] = {}
        self._counters: dict[str, int] = {}
        self._sequence = 0
        self._closed = False

    async def write(self, *writes: Write) -> tuple[Document | None, ...]:
        """See `Store.write`."""
        now = self._now()
        encoded = [None if isinstance(write, Delete) else encode(write.document) for write in writes]
        versions = plan(writes, encoded, now, lambda name, id_: self._collection(name).version(id_, now))
        # From here on nothing can fail, so the transaction is whole.
        for write, kept, version in zip(writes, encoded, versions, strict=True):
            self._apply(*target(write), kept, version or 0, now)
        return tuple(
            None if kept is None else decode(kept, version or 0)
            for kept, version in zip(encoded, versions, strict=True)
        )

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002  # the port's name
        """See `Store.get`."""
        now = self._now()
        entry = self._collection(collection).live(id, now)
        return None if entry is None else entry.document(collection)

    async def version(self, collection: str, id: str) -> int | None:  # noqa: A002  # the port's name
        """See `Store.version`."""
        return self._collection(collection).version(id, self._now())

    async def query(
        self,
        collection: str,
        *,
        where: Mapping[str, str] | None = None,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page:
        """See `Store.query`."""
        now = self._now()
        check_limit(limit)
        start = None if after is None else decode_cursor(after)
        found = self._collection(collection).walk(where or {}, start, now, newest_first=newest_first)
        entries = list(islice(found, limit + 1))
        more = len(entries) > limit
        return Page(
            documents=tuple(entry.document(collection) for entry in entries[:limit]),
            cursor=encode_cursor(entries[limit - 1].sequence) if more else None,
        )

    async def count(self, collection: str, *, where: Mapping[str, str] | None = None) -> int:
        """See `Store.count`."""
        now = self._now()
        return self._collection(collection).count(where or {}, now)

    async def next_number(self, counter: str) -> int:
        """See `Store.next_number`."""
        self._now()
        number = self._counters.get(counter, 0) + 1
        self._counters[counter] = number
        return number

    async def purge(self) -> int:
        """See `Store.purge`."""
        now = self._now()
        return sum(collection.purge(now) for collection in self._collections.values())

    async def close(self) -> None:
        """See `Store.close`."""
        self._closed = True
        self._collections.clear()
        self._counters.clear()

    def _now(self) -> int:
        if self._closed:
            raise StateError("the store is closed: open another one")
        return microseconds(self._clock.now())

    def _collection(self, name: str) -> _Collection:
        return self._collections.get(name) or _Collection()

    def _apply(self, name: str, id_: str, kept: Encoded | None, version: int, now: int) -> None:
        collection = self._collections.setdefault(name, _Collection())
        if kept is not None and collection.version(id_, now) is not None:
            collection.change(kept, version)
            return
        collection.remove(id_)
        if kept is not None:
            self._sequence += 1
            collection.add(kept, version, self._sequence)


class _Posting:
    """One value of one key: which documents have it, in the order they were inserted."""

    __slots__ = ("name", "sequences", "value")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value
        self.sequences = array("q")


class _Entry:
    """One document."""

    __slots__ = ("data", "expires_at", "id", "postings", "sequence", "version")

    def __init__(self, kept: Encoded, version: int, sequence: int, postings: tuple[_Posting, ...]) -> None:
        self.id = kept.id
        self.sequence = sequence
        self.fill(kept, version, postings)

    def fill(self, kept: Encoded, version: int, postings: tuple[_Posting, ...]) -> None:
        self.data = kept.data
        self.expires_at = kept.expires_at
        self.version = version
        self.postings = postings

    def is_live(self, now: int) -> bool:
        return self.expires_at is None or self.expires_at > now

    def document(self, collection: str) -> Document:
        keys = tuple((posting.name, posting.value) for posting in self.postings)
        return decode(Encoded(collection, self.id, self.data, keys, self.expires_at), self.version)


class _Collection:
    """The documents of one collection, by id, by place in the order, and by each key."""

    __slots__ = ("_by_id", "_entries", "_mortal", "_postings", "_sequences")

    def __init__(self) -> None:
        self._by_id: dict[str, _Entry] = {}
        self._sequences = array("q")
        self._entries: list[_Entry] = []  # beside `_sequences`
        self._postings: dict[str, dict[str, _Posting]] = {}
        self._mortal: dict[str, _Entry] = {}  # those that can expire

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def live(self, id_: str, now: int) -> _Entry | None:
        entry = self._by_id.get(id_)
        return entry if entry is not None and entry.is_live(now) else None

    def version(self, id_: str, now: int) -> int | None:
        entry = self.live(id_, now)
        return None if entry is None else entry.version

    def add(self, kept: Encoded, version: int, sequence: int) -> None:
        entry = _Entry(kept, version, sequence, self._enlist(kept.keys, sequence))
        self._by_id[kept.id] = entry
        self._sequences.append(sequence)
        self._entries.append(entry)
        self._note_expiry(entry)

    def change(self, kept: Encoded, version: int) -> None:
        entry = self._by_id[kept.id]
        postings = entry.postings
        if kept.keys != tuple((posting.name, posting.value) for posting in postings):
            self._delist(postings, entry.sequence)
            postings = self._enlist(kept.keys, entry.sequence)
        entry.fill(kept, version, postings)
        self._note_expiry(entry)

    def remove(self, id_: str) -> None:
        entry = self._by_id.pop(id_, None)
        if entry is None:
            return
        self._delist(entry.postings, entry.sequence)
        place = bisect_left(self._sequences, entry.sequence)
        del self._sequences[place], self._entries[place]
        self._mortal.pop(id_, None)

    def purge(self, now: int) -> int:
        gone = [entry.id for entry in self._mortal.values() if not entry.is_live(now)]
        for id_ in gone:
            self.remove(id_)
        return len(gone)

    def count(self, where: Mapping[str, str], now: int) -> int:
        postings = self._wanted(where)
        if postings is None:
            return 0
        if len(postings) > 1:
            return sum(1 for _ in self.walk(where, None, now, newest_first=False))
        sequences = postings[0].sequences if postings else self._sequences
        expired = (entry for entry in self._mortal.values() if not entry.is_live(now))
        return len(sequences) - sum(1 for entry in expired if not postings or postings[0] in entry.postings)

    def walk(
        self, where: Mapping[str, str], after: int | None, now: int, *, newest_first: bool
    ) -> Iterator[_Entry]:
        """Live entries that match, from behind `after`; only documents with the rarest key are looked at."""
        postings = self._wanted(where)
        if postings is None:
            return
        rarest, others = (postings[0], postings[1:]) if postings else (None, [])
        sequences = self._sequences if rarest is None else rarest.sequences
        for place in _places(sequences, after, newest_first=newest_first):
            at = place if rarest is None else bisect_left(self._sequences, sequences[place])
            entry = self._entries[at]
            if entry.is_live(now) and all(other in entry.postings for other in others):
                yield entry

    def _wanted(self, where: Mapping[str, str]) -> list[_Posting] | None:
        """The postings of `where`, the rarest first; None if nothing can match."""
        found = [self._postings.get(name, {}).get(value) for name, value in where.items()]
        present = [posting for posting in found if posting is not None]
        return (
            sorted(present, key=lambda posting: len(posting.sequences))
            if len(present) == len(found)
            else None
        )

    def _enlist(self, keys: Sequence[tuple[str, str]], sequence: int) -> tuple[_Posting, ...]:
        postings = []
        for name, value in keys:
            values = self._postings.setdefault(name, {})
            posting = values.get(value) or values.setdefault(value, _Posting(name, value))
            # A new document is the last; one whose keys changed goes back to its place.
            posting.sequences.insert(bisect_left(posting.sequences, sequence), sequence)
            postings.append(posting)
        return tuple(postings)

    def _delist(self, postings: Sequence[_Posting], sequence: int) -> None:
        for posting in postings:
            del posting.sequences[bisect_left(posting.sequences, sequence)]
            if not posting.sequences:
                del self._postings[posting.name][posting.value]
                if not self._postings[posting.name]:
                    del self._postings[posting.name]

    def _note_expiry(self, entry: _Entry) -> None:
        if entry.expires_at is None:
            self._mortal.pop(entry.id, None)
        else:
            self._mortal[entry.id] = entry


def _places(sequences: Sequence[int], after: int | None, *, newest_first: bool) -> range:
    """Which places of a sorted sequence lie behind `after`, in the order to visit them."""
    if newest_first:
        return range((len(sequences) if after is None else bisect_left(sequences, after)) - 1, -1, -1)
    return range(0 if after is None else bisect_right(sequences, after), len(sequences))
