"""`mgr.deliveries`, and what becomes of deliveries when their integrations change."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from integrations_sdk import AsyncIntegrationManagementManager, DeliverySettings
from integrations_sdk.delivery.schedule import DeliveryPolicy
from integrations_sdk.errors import ConfigurationError, DisabledError, NotFoundError
from integrations_sdk.models.delivery import DeliveryState
from integrations_sdk.secrets.keys import KeyRing
from integrations_sdk.secrets.sealed import SealedSecrets
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.testing import Sandbox

NO_WORKER = DeliverySettings(worker=False)
SOON = DeliverySettings(policy=DeliveryPolicy(delays=(timedelta(0), timedelta(milliseconds=20)), jitter=0))


@asynccontextmanager
async def live(**options):
    """A manager with a webhook to a sandbox's receiver."""
    with Sandbox() as sandbox:
        async with AsyncIntegrationManagementManager(**{"project_id": "g/p", **options}) as manager:
            manager.told = []
            manager.runtime.bus.subscribe("*", manager.told.append)
            await manager.webhooks.create_webhook({**sandbox.config("webhook"), "events": ["push"]})
            yield manager, sandbox.webhook


async def state(manager, outcome):
    return (await manager.deliveries.get(outcome.delivery_id)).state


async def until_it_is(manager, outcome, wanted):
    """Return the delivery once it is in a state."""
    while (delivery := await manager.deliveries.get(outcome.delivery_id)).state != wanted:
        await asyncio.sleep(0.005)
    return delivery


def test_the_log_is_filtered_and_paged():
    """Each filter narrows, pages follow one another, and every delivery is seen once."""

    async def main():
        async with live(delivery=NO_WORKER) as (manager, _):
            outcomes = [
                await manager.webhooks.trigger_webhook(
                    "webhook-1", {"event_type": kind}, wait=False, ordering_key=key
                )
                for kind, key in (("push", None), ("issue", "k"), ("push", "k"))
            ]
            ids = [outcome.delivery_id for outcome in outcomes]
            listed = manager.deliveries.list
            assert [one.delivery_id for one in (await listed()).deliveries] == ids[::-1]
            for filters, expected in (
                ({"state": "waiting"}, ids[2:]),
                ({"state": [DeliveryState.PENDING, "waiting"]}, ids),
                ({"state": "failed"}, []),
                ({"event_type": "push"}, [ids[0], ids[2]]),
                ({"ordering_key": "k"}, ids[1:]),
                ({"target": "webhook-1"}, ids),
                ({"target": "webhook-2"}, []),
                ({"until": datetime.now(UTC) - timedelta(hours=1)}, []),
                ({"since": datetime.now(UTC) - timedelta(hours=1)}, ids),
            ):
                page = await listed(**filters, newest_first=False)
                assert [one.delivery_id for one in page.deliveries] == expected, filters
            first = await listed(limit=2)
            second = await listed(limit=2, after=first.cursor)
            assert [one.delivery_id for one in (*first.deliveries, *second.deliveries)] == ids[::-1]
            assert second.cursor is None
            event = (await listed(limit=1)).deliveries[0].event_id
            assert [one.delivery_id for one in (await listed(event_id=event)).deliveries] == ids[2:]

    asyncio.run(main())


def test_wrong_filters_are_refused():
    """A state that is none, a time without a zone, a limit out of range, a cursor that is none."""

    async def main():
        async with live(delivery=NO_WORKER) as (manager, _):
            for filters, path in (
                ({"state": "gone"}, "state"),
                ({"since": datetime(2026, 1, 1)}, "since"),
                ({"limit": 0}, "limit"),
                ({"after": "?"}, "cursor"),
            ):
                with pytest.raises(ConfigurationError, match=path):
                    await manager.deliveries.list(**filters)

    asyncio.run(main())


def test_scopes_do_not_see_each_other():
    """Another tenant's, or another project's, deliveries are not there; the tenant's own manager sees its projects'."""

    async def main():
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing.generate())
        common = {"store": store, "secrets": secrets, "delivery": NO_WORKER}
        async with live(**common) as (manager, _):
            outcome = await manager.webhooks.trigger_webhook("webhook-1", {"n": 1}, wait=False)
            # The queue in memory is the manager's own, so others are looked through with its engine.
            from integrations_sdk.delivery.manager import AsyncDeliveriesManager

            for project, tenant, sees in (
                ("g/p", "default", True),
                (None, "default", True),
                ("g/other", "default", False),
                (None, "other", False),
            ):
                other = AsyncIntegrationManagementManager(project, tenant_id=tenant, **common)
                log = AsyncDeliveriesManager(other._directory, manager._engine)
                assert bool((await log.list()).deliveries) is sees
                assert (await log.replay(state=["pending", "delivered"], dry_run=True)).matched == 0
                if sees:
                    assert await log.get(outcome.delivery_id)
                    assert (await log.statistics("webhook-1")).backlog == 1
                else:
                    for call in (
                        log.get(outcome.delivery_id),
                        log.attempts(outcome.delivery_id),
                        log.statistics("webhook-1"),
                        log.hold("webhook-1"),
                        log.release("webhook-1"),
                    ):
                        with pytest.raises(NotFoundError):
                            await call
                await other.aclose()

    asyncio.run(main())


def test_failures_are_tried_again_given_up_and_replayed():
    """The log has every attempt; what was given up says why, and a replay sends it under the same id."""

    async def main():
        async with live(delivery=SOON) as (manager, receiver):
            receiver.fail(status=500, times=2)
            outcome = await manager.webhooks.trigger_webhook("webhook-1", {"n": 1})
            assert (outcome.status, outcome.retryable) == ("failed", True)
            delivery = await until_it_is(manager, outcome, "failed")
            assert "given up after 2 attempts" in delivery.error
            attempts = await manager.deliveries.attempts(outcome.delivery_id)
            assert [(one.number, one.http_status) for one in attempts] == [(1, 500), (2, 500)]
            assert (await manager.deliveries.replay("webhook-1", dry_run=True)).matched == 1
            replay = await manager.deliveries.replay(delivery_ids=[outcome.delivery_id])
            assert (replay.scheduled, replay.finished) == (1, True)
            await until_it_is(manager, outcome, "delivered")
            assert receiver.received[-1].headers["webhook-id"] == outcome.delivery_id
            kinds = [event.type for event in manager.told if event.type.startswith("webhook.")]
            assert kinds == [
                "webhook.failed", "webhook.failed", "webhook.exhausted", "webhook.delivered", "webhook.recovered",
            ]  # fmt: skip

    asyncio.run(main())


def test_a_replay_that_was_limited_goes_on():
    """In steps, to its end; one that is not there is not found."""

    async def main():
        async with live() as (manager, receiver):
            for number in range(5):
                await manager.webhooks.trigger_webhook("webhook-1", {"n": number})
            replay = await manager.deliveries.replay(state="delivered", limit=2)
            assert (replay.matched, replay.scheduled, replay.finished) == (5, 2, False)
            while not replay.finished:
                replay = await manager.deliveries.resume_replay(replay.replay_id, limit=2)
            assert replay.scheduled == 5
            while len(receiver.calls) and sum(call.times for call in receiver.calls) < 10:
                await asyncio.sleep(0.005)
            with pytest.raises(NotFoundError):
                await manager.deliveries.resume_replay("none")

    asyncio.run(main())


def test_gone_disables_and_enabling_sends_what_was_held():
    """HTTP 410 disables: the webhook shows it, what comes is held, and enabling sends all of it."""

    async def main():
        async with live() as (manager, receiver):
            receiver.fail(status=410)
            first = await manager.webhooks.trigger_webhook("webhook-1", {"n": 1})
            hook = await manager.webhooks.get_webhook("webhook-1")
            assert (hook.state, hook.disabled_reason is not None, hook.backlog) == ("disabled", True, 1)
            assert "410" in hook.disabled_reason
            (second,) = await manager.events.dispatch({"type": "push"})
            assert (second.status, await state(manager, second)) == ("accepted", "held")
            assert [hook.state for hook in await manager.webhooks.list_webhooks()] == ["disabled"]
            assert (await manager.webhooks.enable_webhook("webhook-1")).state == "active"
            for outcome in (first, second):
                await until_it_is(manager, outcome, "delivered")
            assert [
                event.type for event in manager.told if event.type in {"webhook.disabled", "webhook.enabled"}
            ] == ["webhook.disabled", "webhook.enabled"]

    asyncio.run(main())


def test_disabling_holds_and_takes_nothing_in():
    """A webhook that is disabled on purpose refuses calls; what was queued before is sent when it is enabled."""

    async def main():
        async with live(delivery=NO_WORKER) as (manager, receiver):
            outcome = await manager.webhooks.trigger_webhook("webhook-1", {"n": 1}, wait=False)
            await manager.integrations.disable("webhook-1")
            assert await state(manager, outcome) == "held"
            with pytest.raises(DisabledError):
                await manager.webhooks.trigger_webhook("webhook-1", {"n": 2})
            assert await manager.events.dispatch({"type": "push"}) == []
            manager._engine.start()
            await asyncio.sleep(0.05)
            assert receiver.received == []
            await manager.webhooks.enable_webhook("webhook-1")
            await until_it_is(manager, outcome, "delivered")

    asyncio.run(main())


def test_what_was_disabled_elsewhere_is_held_when_it_is_about_to_be_sent():
    """A record that says disabled is enough: nothing is sent, no attempt is made, nothing is lost."""

    async def main():
        async with live(delivery=NO_WORKER) as (manager, receiver):
            outcome = await manager.webhooks.trigger_webhook("webhook-1", {"n": 1}, wait=False)
            await manager.integrations.disable("webhook-1")
            await manager.deliveries.release("webhook-1")  # as if the process had ended before it held them
            manager._engine.start()
            await until_it_is(manager, outcome, "held")
            assert await manager.deliveries.attempts(outcome.delivery_id) == []
            assert receiver.received == []

    asyncio.run(main())


def test_deliveries_of_what_was_deleted_are_given_up():
    """Also those that were held; the log says why."""

    async def main():
        async with live() as (manager, receiver):
            await manager.deliveries.hold("webhook-1")
            outcome = await manager.webhooks.trigger_webhook("webhook-1", {"n": 1})
            assert outcome.status == "accepted"
            await manager.webhooks.delete_webhook("webhook-1")
            delivery = await until_it_is(manager, outcome, "failed")
            assert "no integration 'webhook-1'" in delivery.error
            assert receiver.received == []

    asyncio.run(main())


def test_holding_goes_on_taking_in():
    """`hold()` stops sending only; twice is once."""

    async def main():
        async with live() as (manager, receiver):
            assert await manager.deliveries.hold("webhook-1", "for a while")
            assert not await manager.deliveries.hold("webhook-1")
            outcome = await manager.webhooks.trigger_webhook("webhook-1", {"n": 1})
            assert (outcome.status, "disabled" in outcome.detail) == ("accepted", True)
            assert (await manager.deliveries.statistics("webhook-1")).held_reason == "for a while"
            assert await manager.deliveries.release("webhook-1")
            await until_it_is(manager, outcome, "delivered")
            assert len(receiver.received) == 1

    asyncio.run(main())


def test_a_rate_limit_follows_the_configuration():
    """Set, changed and taken away: with the next claim, also for what is queued already."""

    async def main():
        async with live(delivery=NO_WORKER) as (manager, _):
            queue = manager._engine.queue
            for number in range(4):
                await manager.webhooks.trigger_webhook("webhook-1", {"n": number}, wait=False)

            async def slots():
                batch = await queue.claim("w", limit=2, lease=timedelta(seconds=30), per_target=2)
                await queue.release(batch.claimed)
                return [one.slot is not None for one in batch.claimed]

            assert await slots() == [False, False]
            await manager.webhooks.update_webhook("webhook-1", {"rate_limit": 1})
            assert True in await slots()
            await manager.integrations.update("webhook-1", rate_limit=None)
            assert await slots() == [False, False]
            assert (await manager.webhooks.get_webhook("webhook-1")).rate_limit is None

    asyncio.run(main())


def test_closing_waits_for_what_is_being_sent_but_not_for_ever(tmp_path):
    """What is answered within the grace is recorded; the rest is given back, and sent by the next manager."""

    async def main():
        store = SQLiteStore(tmp_path / "i.db")
        secrets = SealedSecrets(store, KeyRing.generate())
        grace = DeliverySettings(grace=timedelta(milliseconds=100))
        async with live(store=store, secrets=secrets, delivery=grace) as (manager, receiver):
            receiver.fail(delay=20)
            hanging = await manager.webhooks.trigger_webhook("webhook-1", {"n": 1}, wait=False)
            while not receiver.received:
                await asyncio.sleep(0.005)
        async with AsyncIntegrationManagementManager(
            project_id="g/p", store=store, secrets=secrets, delivery=NO_WORKER
        ) as after:
            delivery = await after.deliveries.get(hanging.delivery_id)
            assert (delivery.state, delivery.attempts) == ("pending", 0)
        await store.close()

    asyncio.run(main())
