"""What another process does to a store, for the tests that need one: `process.py <task> <url> [arguments]`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

import attrs

from integrations_sdk.errors import ConflictError
from integrations_sdk.store.base import Document, Insert, Put, Replace
from integrations_sdk.store.postgres import PostgresStore

C = "things"


def document(id_: str, number: int = 0) -> Document:
    return Document(collection=C, id=id_, data={"n": number}, keys={"k": "v"})


async def increment(url: str, times: str) -> None:
    """Count up the counter and the document `sum`, and say which numbers the counter gave."""
    store = PostgresStore(url)
    numbers = []
    for _ in range(int(times)):
        numbers.append(await store.next_number("n"))
        await _add_one(store)
    await store.close()
    sys.stdout.write(" ".join(map(str, numbers)))


async def _add_one(store: PostgresStore) -> None:
    while True:
        old = await store.get(C, "sum")
        assert old is not None
        number = old.data["n"]
        assert isinstance(number, int)
        try:
            await store.write(
                Replace(attrs.evolve(old, data={"n": number + 1}), old.version), Put(document("seen"))
            )
        except ConflictError:
            continue
        return


async def write_for_ever(url: str) -> None:
    """Write pairs of documents, several at a time, and say of each pair when it was acknowledged."""
    store = PostgresStore(url)

    async def write(worker: int) -> None:
        number = 0
        while True:
            number += 1
            await store.write(
                Insert(document(f"a-{worker}-{number}")), Insert(document(f"b-{worker}-{number}"))
            )
            os.write(1, f"{worker}-{number}\n".encode())

    await asyncio.gather(*(write(worker) for worker in range(4)))


async def leave_open(url: str) -> None:
    """Write, and end without closing, amid another write."""
    store = PostgresStore(url)
    globals()["kept"] = store  # alive until the interpreter ends
    await store.write(Insert(document("first")))
    asyncio.ensure_future(store.write(Insert(document("second"))))  # noqa: RUF006  # the loop ends amid it
    await asyncio.sleep(0)


def fork(url: str) -> None:
    """Use one store on both sides of a fork, the parent's being open, amid a transaction."""
    store = PostgresStore(url)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(store.write(Insert(document("before"))))
    session = loop.run_until_complete(store.database.session())
    connection = loop.run_until_complete(session.connect())
    loop.run_until_complete(connection.execute("BEGIN"))
    child = os.fork()
    name = "parent" if child else "child"

    async def use() -> None:
        for number in range(50):
            await store.write(Insert(document(f"{name}-{number}")))
        assert await store.get(C, "before") is not None

    if not child:
        asyncio.run(use())
        asyncio.run(store.close())
        os._exit(0)
    loop.run_until_complete(use())
    assert os.waitpid(child, 0)[1] == 0
    loop.run_until_complete(connection.execute("COMMIT"))  # the child has not touched it
    loop.run_until_complete(connection.close())
    loop.run_until_complete(store.close())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def manage(url: str) -> None:
    """Use one blocking manager on both sides of a fork."""
    from integrations_sdk import IntegrationManagementManager
    from support.toy import toy

    mgr = IntegrationManagementManager(project_id="g/p", store=url)
    mgr.register_connector(toy())
    mgr.toy.create(name="first", url="https://toy.example", token="canary-token")
    child = os.fork()
    name = "parent" if child else "child"
    mgr.toy.create(name=name, url="https://toy.example", token="canary-token")
    assert {"first", name} <= {each.name for each in mgr.integrations.list()}
    mgr.close()
    if child:
        assert os.waitpid(child, 0)[1] == 0
    else:
        os._exit(0)


TASKS: dict[str, Callable[..., object]] = {
    "increment": lambda *arguments: asyncio.run(increment(*arguments)),
    "write_for_ever": lambda *arguments: asyncio.run(write_for_ever(*arguments)),
    "leave_open": lambda *arguments: asyncio.run(leave_open(*arguments)),
    "fork": fork,
    "manage": manage,
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
