"""Deliveries reach integrations as they are configured now, of every tenant, and tell what the log keeps."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import attrs
import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.connectors.base import (
    Connector,
    ConnectorConfig,
    Message,
    Outcome,
    Secret,
    setting,
    settings,
)
from integrations_sdk.connectors.directory import storage_id
from integrations_sdk.errors import DisabledError, NotFoundError
from integrations_sdk.integrations.actions import act
from integrations_sdk.integrations.sender import IntegrationSender
from integrations_sdk.models import Category, Sent
from integrations_sdk.models.delivery import Delivery, DeliveryState, Target
from integrations_sdk.queue.events import pack
from integrations_sdk.secrets.keys import KeyRing
from integrations_sdk.secrets.references import EnvironmentResolver
from integrations_sdk.secrets.sealed import SealedSecrets
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.testing.fakes import ScriptedHttp, reply
from support.toy import push, toy

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@settings
class CourierConfig(ConnectorConfig):
    """Configures `Courier`."""

    token: Secret = setting("Shown to the vendor.", default=None)
    parts: int = setting("Posts for each message.", default=1)


class Courier(Connector[CourierConfig]):
    """Posts a message, perhaps in several parts."""

    provider = "courier"
    title = "Courier"
    category = Category.CUSTOM
    Config = CourierConfig
    default_events = ("push",)
    base_url = "https://courier.example/secret-path"

    async def authorize(self):
        return {"authorization": f"Bearer {self.config.token.reveal()}"} if self.config.token else {}

    async def notify(self, message: Message) -> Outcome:
        for _ in range(self.config.parts):
            response = await self.call("POST", "/post", operation="post", json={"text": message.text})
        return self.done(response, "post", reference="1")


def delivery(target, **fields):
    return Delivery(
        delivery_id="d", event_id="e1", event_type="push", target=target, state=DeliveryState.LEASED,
        due_at=NOW, created_at=NOW, **fields,
    )  # fmt: skip


@asynccontextmanager
async def sending(*answers, **options):
    """A manager with a courier, and a sender of its own over scripted answers."""
    http = ScriptedHttp(answers or [reply(200, "ok")])
    manager = AsyncIntegrationManagementManager(**options)
    manager.register_connector(Courier)
    manager.register_connector(toy())
    manager._directory.runtime = attrs.evolve(manager._directory.runtime, http=http)
    sender = IntegrationSender(manager._directory, act)
    sender.http = http
    try:
        yield manager, sender
    finally:
        await sender.close()
        await manager.aclose()


def sent(target, *answers, config=None):
    async def main():
        async with sending(*answers) as (manager, sender):
            await manager.integrations.create("courier", config or {})
            return await sender.send(delivery(target), pack(push()))

    return asyncio.run(main())


COURIER = Target("integration", "courier-1")


def test_what_was_sent_is_told():
    """The outcome is the connector's; beside it stand the origin and the beginning of the answer."""
    outcome = sent(COURIER, reply(202, "taken " * 1_000))
    assert isinstance(outcome, Sent)
    assert (outcome.reference, outcome.http_status, outcome.address) == ("1", 202, "https://courier.example")
    assert outcome.excerpt.startswith("taken taken")
    assert len(outcome.excerpt) <= 1024


def test_an_answer_that_repeats_a_credential_is_kept_without_it():
    """Neither the excerpt nor the error shows what was sent as a token."""
    for status in (200, 400):
        outcome = sent(
            COURIER, reply(status, "you sent canary-71f3 as your token"), config={"token": "canary-71f3"}
        )
        assert "you sent" in outcome.excerpt
        assert "canary-71f3" not in repr(outcome)


def test_a_refusal_is_an_outcome():
    """What the vendor refuses is no exception here, and keeps its status and words."""
    outcome = sent(COURIER, reply(404, "no such channel"))
    assert (outcome.status, outcome.http_status, outcome.retryable) == ("failed", 404, False)
    assert (outcome.excerpt, outcome.target) == ("no such channel", "courier-1")


@pytest.mark.parametrize("parts", [1, 2])
def test_what_took_effect_in_part_is_not_begun_again(parts):
    """A limit at the first request is tried again by the schedule; after a part was posted it is not."""
    answers = [reply(200, "ok")] * (parts - 1) + [reply(429, "later", retry_after="3600")]
    outcome = sent(COURIER, *answers, config={"parts": parts})
    assert (outcome.http_status, outcome.retryable) == (429, parts == 1)
    assert ("a part of it took effect" in outcome.error) is (parts == 2)


def test_deleted_and_disabled():
    """A deleted integration and a disabled one are told apart, for one is given up and the other held."""

    async def main():
        async with sending() as (manager, sender):
            await manager.integrations.create("courier", {})
            await manager.integrations.disable("courier-1")
            with pytest.raises(DisabledError):
                await sender.send(delivery(COURIER), pack(push()))
            with pytest.raises(NotFoundError):
                await sender.send(delivery(Target("integration", "courier-9")), pack(push()))
            with pytest.raises(NotFoundError):
                await sender.send(delivery(Target("integration", "courier-1", "other")), pack(push()))

    asyncio.run(main())


def test_what_can_be_mended_is_tried_again():
    """A reference that leads nowhere and a provider that is not known here are failures to be tried again."""

    async def main():
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing.generate(), [EnvironmentResolver({})])
        async with sending(store=store, secrets=secrets) as (manager, sender):
            await manager.integrations.create("courier", {"token": "env:NOWHERE"})
            missing = await sender.send(delivery(COURIER), pack(push()))
            other = AsyncIntegrationManagementManager(store=store, secrets=secrets)
            unknown = await IntegrationSender(other._directory, act).send(delivery(COURIER), pack(push()))
            await other.aclose()
        return missing, unknown

    for outcome, words in zip(asyncio.run(main()), ("NOWHERE", "register its connector"), strict=True):
        assert (outcome.status, outcome.attempts, outcome.retryable) == ("failed", 0, True)
        assert words in outcome.error


def test_tenants_and_projects_are_told_apart():
    """One sender serves all: each delivery opens the integration of its own tenant, in its own project's name."""
    scopes = []

    class Seer(Courier):
        provider = "seer"

        async def notify(self, message):
            scopes.append((self.context.scope.tenant_id, self.context.scope.project_id, self.config.parts))
            return self.skipped("notify", "seen")

    async def main():
        store = MemoryStore()
        secrets = SealedSecrets(store, KeyRing.generate())
        managers = [
            AsyncIntegrationManagementManager(project, tenant_id=tenant, store=store, secrets=secrets)
            for tenant, project in (("one", "web"), ("two", None))
        ]
        for number, manager in enumerate(managers, 1):
            manager.register_connector(Seer)
            await manager.integrations.create("seer", {"parts": number})
        sender = IntegrationSender(managers[0]._directory, act)
        for target in (
            Target("integration", "seer-1", "one", "web"),
            Target("integration", "seer-1", "two"),
        ):
            await sender.send(delivery(target), pack(push()))
        await sender.close()
        for manager in managers:
            await manager.aclose()

    asyncio.run(main())
    assert scopes == [("one", "web", 1), ("two", None, 2)]


def test_a_change_is_seen():
    """What this process changed at once, what another did after a second at the most."""

    async def main():
        async with sending() as (manager, sender):
            await manager.integrations.create("courier", {"events": ["push"]})
            assert (await sender.send(delivery(COURIER), pack(push()))).status == "succeeded"
            changed = await manager.integrations.update("courier-1", events=["issue"])
            assert (await sender.send(delivery(COURIER), pack(push()))).status == "succeeded"  # not told yet
            sender.forget(changed)
            skipped = await sender.send(delivery(COURIER), pack(push()))
            assert (skipped.status, skipped.detail) == ("skipped", "not subscribed to push")
            await manager.integrations.update("courier-1", events=["push"])
            key = storage_id("default", "courier-1")
            opened, connector = sender._fresh[key]
            sender._fresh[key] = opened - 1, connector  # a second later
            assert (await sender.send(delivery(COURIER), pack(push()))).status == "succeeded"

    asyncio.run(main())


def test_a_host_is_known_once_it_was_sent_to():
    """Until then each target is its own."""

    async def main():
        async with sending() as (manager, sender):
            await manager.integrations.create("courier", {})
            before = sender.host(COURIER), sender.host(Target("integration", "courier-1", "other"))
            await sender.send(delivery(COURIER), pack(push()))
            return before, sender.host(COURIER)

    (ours, theirs), after = asyncio.run(main())
    assert ours != theirs
    assert after == "https://courier.example"
