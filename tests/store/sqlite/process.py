"""What another process does to a store, for the tests that need one: `process.py <task> <file> [arguments]`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

import attrs

from integrations_sdk.errors import ConflictError
from integrations_sdk.store.base import Document, Insert, Replace
from integrations_sdk.store.sqlite import SQLiteStore

C = "things"


def document(id_: str, number: int = 0) -> Document:
    return Document(collection=C, id=id_, data={"n": number}, keys={"k": "v"})


async def increment(path: str, times: str) -> None:
    """Count up the counter and the document `sum`, and say which numbers the counter gave."""
    store = SQLiteStore(path)
    numbers = []
    for _ in range(int(times)):
        numbers.append(await store.next_number("n"))
        await _add_one(store)
    await store.close()
    sys.stdout.write(" ".join(map(str, numbers)))


async def _add_one(store: SQLiteStore) -> None:
    while True:
        old = await store.get(C, "sum")
        assert old is not None
        number = old.data["n"]
        assert isinstance(number, int)
        try:
            await store.write(Replace(attrs.evolve(old, data={"n": number + 1}), old.version))
        except ConflictError:
            continue
        return


async def create(folder: str, files: str) -> None:
    """At the word, open files that are new to everybody; of each read and count at once, from two threads."""
    sys.stdin.readline()
    for name in range(int(files)):
        store = SQLiteStore(f"{folder}/{name}.db")
        _, number = await asyncio.gather(store.get(C, "a"), store.next_number("n"))
        await store.close()
        sys.stdout.write(f"{number} ")


async def write_for_ever(path: str) -> None:
    """Write pairs of documents, several at a time, and say of each pair when it was acknowledged."""
    store = SQLiteStore(path)

    async def write(worker: int) -> None:
        number = 0
        while True:
            number += 1
            await store.write(
                Insert(document(f"a-{worker}-{number}")), Insert(document(f"b-{worker}-{number}"))
            )
            os.write(1, f"{worker}-{number}\n".encode())

    await asyncio.gather(*(write(worker) for worker in range(4)))


async def leave_open(path: str) -> None:
    """Begin writes, wait for the first only, and end without closing."""
    store = SQLiteStore(path)
    globals()["kept"] = store  # alive until the interpreter ends
    await store.write(Insert(document("first")))
    for number in range(100):
        asyncio.ensure_future(store.write(Insert(document(f"d{number}"))))  # noqa: RUF006  # the loop ends amid it
    await asyncio.sleep(0)


def fork(path: str) -> None:
    """Use one store on both sides of a fork, the parent's being open."""
    store = SQLiteStore(path)
    asyncio.run(store.write(Insert(document("before"))))
    assert asyncio.run(store.count(C)) == 1
    child = os.fork()
    name = "parent" if child else "child"

    async def use() -> None:
        for number in range(50):
            await store.write(Insert(document(f"{name}-{number}")))
        assert await store.get(C, "before") is not None
        await store.close()

    asyncio.run(use())
    if child:
        assert os.waitpid(child, 0)[1] == 0
    else:
        os._exit(0)


TASKS: dict[str, Callable[..., object]] = {
    "create": lambda *arguments: asyncio.run(create(*arguments)),
    "increment": lambda *arguments: asyncio.run(increment(*arguments)),
    "write_for_ever": lambda *arguments: asyncio.run(write_for_ever(*arguments)),
    "leave_open": lambda *arguments: asyncio.run(leave_open(*arguments)),
    "fork": fork,
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
