"""Events enqueued within a transaction of a host on PostgreSQL: over psycopg from any thread, over asyncpg in its loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from integrations_sdk import AsyncIntegrationManagementManager, DeliverySettings, IntegrationManagementManager
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.testing import Sandbox
from support.toy import toy

asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed (extra `postgres`)")
psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
PUSH = {"type": "push"}
IDLE = DeliverySettings(worker=False)


def test_a_blocking_host(place):
    """The connection is used in the thread that it belongs to, which is not the manager's; also in other threads."""
    with Sandbox() as sandbox, IntegrationManagementManager(store=place.url, delivery=IDLE) as mgr:
        mgr.webhooks.create_webhook({**sandbox.config("webhook"), "events": ["push"]})
        outcomes, used_in = [], []

        class Watched(psycopg.Connection):
            """Knows the threads in which it waits for the server."""

            def wait(self, *arguments, **options):
                used_in.append(threading.current_thread())
                return super().wait(*arguments, **options)

        def transaction(*, commit):
            with Watched.connect(place.server.url) as host:
                outcomes.append(mgr.events.enqueue(PUSH, connection=host)[0])
                (host.commit if commit else host.rollback)()

        transaction(commit=True)
        thread = threading.Thread(target=transaction, kwargs={"commit": False})
        thread.start()
        thread.join()
        assert set(used_in) == {threading.main_thread(), thread}
        logged = [one.delivery_id for one in mgr.deliveries.list().deliveries]
        assert logged == [outcomes[0].delivery_id]
        assert [outcome.status for outcome in outcomes] == ["accepted", "accepted"]


def test_a_host_in_the_loop(place):
    """Over asyncpg, in the asynchronous manager; what is committed is sent."""

    async def main():
        async with AsyncIntegrationManagementManager(store=place.url) as mgr:
            kind = toy()
            mgr.register_connector(kind)
            await mgr.toy.create({"url": "https://t.example"})
            host = await asyncpg.connect(place.server.url)
            for end in ("rollback", "commit"):
                transaction = host.transaction()
                await transaction.start()
                (outcome,) = await mgr.events.enqueue(PUSH, connection=host)
                await getattr(transaction, end)()
            await host.close()
            while not kind.told:
                await asyncio.sleep(0.01)
            logged = [one.delivery_id for one in (await mgr.deliveries.list()).deliveries]
            assert logged == [outcome.delivery_id]

    asyncio.run(main())


def test_a_connection_of_a_loop_is_none_for_a_blocking_manager(place):
    """It says which kind it takes."""
    with IntegrationManagementManager(store=place.url, delivery=IDLE) as mgr:
        kind = toy()
        mgr.register_connector(kind)
        mgr.toy.create({"url": "https://t.example"})
        loop = asyncio.new_event_loop()
        host = loop.run_until_complete(asyncpg.connect(place.server.url))
        loop.run_until_complete(host.execute("BEGIN"))
        with pytest.raises(
            ConfigurationError, match=r"expected a connection that blocks, a psycopg\.Connection"
        ):
            mgr.events.enqueue(PUSH, connection=host)
        loop.run_until_complete(host.close())
        loop.close()
