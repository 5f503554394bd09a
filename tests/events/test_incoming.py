"""Messages of others through the manager: each is handled once, nothing forged gets in, and only two errors get out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError, SignatureError
from integrations_sdk.signing import SOURCES, HmacScheme, generate_key_pair, generate_secret
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.testing import sign
from support.incoming import TYPES, handled, message
from support.processes import together

TEXT, SIGNING = "the secret of these tests", generate_secret().reveal()
PAIR = generate_key_pair()
SCHEMES = (
    HmacScheme(header="X-Sig", prefix="s="),
    HmacScheme(header="X-Sig", timestamp_header="X-Sig", prefix="v1=", separator=","),
    HmacScheme(header="X-Sig", timestamp_header="X-Time", id_header="X-Id", encoding="base64"),
)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_is_received_once(manager, run, clock, source):
    """Verified, read, and known when it comes again; Jenkins alone gives its messages no id."""
    body, headers = message(source, TEXT, now=clock.now())
    event = run(manager.events.receive(source, headers, body, secret=TEXT))
    assert (event.provider, event.type) == (source, TYPES[source])
    again = run(manager.events.receive(source, headers, body, secret=TEXT))
    assert (again is None) == (source != "jenkins")
    with pytest.raises(SignatureError):
        run(manager.events.receive(source, headers, body, secret="another"))


# --- once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stores", [1, 2])
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_of_a_hundred_duplicates_one_is_handled(tmp_path, kind, stores):
    """A hundred calls at once with the same message; on a file also through two stores, as in two processes."""

    async def main():
        opened = [
            SQLiteStore(tmp_path / "s.db") if kind == "sqlite" else MemoryStore() for _ in range(stores)
        ]
        if kind == "memory":
            opened = opened[:1] * stores
        managers = [AsyncIntegrationManagementManager(store=store) for store in opened]
        for number in range(5):
            calls = (handled(manager, number, count=100 // stores) for manager in managers)
            assert sum(await asyncio.gather(*calls)) == 1
            assert await handled(managers[0], number, count=1) == 0
        for item in managers:
            await item.aclose()
        for store in opened:
            await store.close()

    asyncio.run(main())


def test_of_duplicates_to_several_processes_one_is_handled(tmp_path):
    """Four processes on one file take the same 20 messages, each of them 25 times at once."""
    url = f"sqlite:///{tmp_path}/s.db"
    printed = together("support.incoming", [url, 20, 25], count=4)
    found = [[int(number) for number in output.split()] for output in printed]
    assert [sum(numbers) for numbers in zip(*found, strict=True)] == [1] * 20


# --- a source changes its secret --------------------------------------------------------------------


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.torture)])
@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_refused_while_a_source_changes_its_secret(source, count):
    """With the old and the new secret known, it does not matter when the sender changes; then the old one is forgotten."""

    async def main():
        clock = FakeClock()
        async with AsyncIntegrationManagementManager(clock=clock) as manager:
            events, taken = manager.events, 0
            for number in range(count):
                quarter = number * 4 // count
                if number * 4 % count == 0:
                    await events.set_secret(
                        source, [["old"], ["new", "old"], ["new", "old"], ["new"]][quarter]
                    )
                secret = "new" if quarter >= 2 else "old"
                body, headers = message(source, secret, id_=f"m-{number}", now=clock.now())
                await manager.webhooks.verify(source, headers, body)
                taken += 1
                clock.advance(1)
            assert taken == count
            with pytest.raises(SignatureError):
                await manager.webhooks.verify(source, *reversed(message(source, "old", now=clock.now())))

    asyncio.run(main())


# --- rubbish --------------------------------------------------------------------------------------

CASES = [
    *((source, None, TEXT, TEXT) for source in SOURCES),
    ("gitlab", None, SIGNING, SIGNING),
    ("standard_webhooks", None, SIGNING, SIGNING),
    ("standard_webhooks", None, PAIR.private_key.reveal(), PAIR.public_key),
    *(("custom", scheme, TEXT, TEXT) for scheme in SCHEMES),
]
anything = st.text(st.characters(exclude_categories=()), max_size=30)
odd = st.none() | st.integers() | anything | st.binary(max_size=8)
bodies = st.binary(max_size=60) | anything | odd | st.just(b'{"id": ') | st.just("{}")


def test_only_the_two_documented_errors_leave():
    """Whatever headers and body arrive, and of whatever types, `verify()` and `receive()` raise these or nothing.

    What gets in was signed: everything else, the authentic headers over another body too, is a `SignatureError`.
    """
    clock = FakeClock()
    manager = AsyncIntegrationManagementManager(clock=clock)

    @settings(max_examples=500, deadline=None)
    @given(case=st.sampled_from(CASES), data=st.data())
    def rubbish(case, data):
        source, scheme, secret, known = case
        genuine = sign(source, b"{}", secret, id="id-1", now=clock.now(), scheme=scheme)
        names = st.sampled_from(sorted({*genuine, "authorization", "webhook-id", "content-type"})) | anything
        changed = data.draw(st.dictionaries(names, anything, max_size=3))
        headers = {**(genuine if data.draw(st.booleans()) else {}), **changed}
        if data.draw(st.integers(0, 9)) == 0:
            headers = data.draw(st.dictionaries(odd, odd, max_size=3) | odd)
        body = data.draw(bodies)
        for call in (manager.webhooks.verify, manager.events.receive):
            try:
                runner.run(call(source, headers, body, secret=known, scheme=scheme))
            except (SignatureError, ConfigurationError):
                continue
            token = source in {"gitlab", "jenkins"} and secret == TEXT  # proves nothing of the body
            assert token or body in {b"{}", "{}"}
            assert all(headers[name] == value for name, value in genuine.items() if _proves(name))

    with asyncio.Runner() as runner:
        rubbish()
        runner.run(manager.aclose())


def _proves(name):
    return any(word in name for word in ("sig", "token", "time")) or name in {"webhook-id", "x-id"}


def test_a_genuine_message_is_found_genuine():
    """The test above lets in what it should: its own messages."""

    async def main():
        clock = FakeClock()
        async with AsyncIntegrationManagementManager(clock=clock) as manager:
            for source, scheme, secret, known in CASES:
                headers = sign(source, b"{}", secret, id="id-1", now=clock.now(), scheme=scheme)
                await manager.webhooks.verify(source, headers, b"{}", secret=known, scheme=scheme)
                clock.advance(timedelta(minutes=1).total_seconds())

    asyncio.run(main())
