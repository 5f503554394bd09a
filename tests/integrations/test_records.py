"""`integrations`: create, read, update, delete; all or nothing, and no credential in a record."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.errors import ConfigurationError, ConflictError, NotFoundError, StateError
from integrations_sdk.models import IntegrationState, Secret
from support.toy import ToyConfig, toy

URL = "https://t.example"


def test_created_integrations_get_readable_ids(manager, run):
    """Ids count up per provider; the name defaults to the title and the number."""
    first = run(manager.integrations.create("toy", {"url": URL}))
    second = run(manager.toy.create(url=URL, name="Second"))
    assert (first.integration_id, first.name, second.integration_id, second.name) == (
        "toy-1",
        "Toy 1",
        "toy-2",
        "Second",
    )
    assert first["integration_id"] == "toy-1"
    assert (first.project_id, first.tenant_id, first.provider, first.version) == ("g/p", "default", "toy", 1)


def test_what_is_default_is_not_stored(manager, run):
    """`config` holds what differs from the defaults, in JSON form, with secrets masked."""
    made = run(manager.toy.create({"url": URL, "token": "s3cret", "size": 3, "pause": 5, "events": ["push"]}))
    assert made.config == {"url": URL, "token": "••••", "pause": 5.0, "events": ["push"]}


def test_a_config_object_is_taken_as_it_is(manager, run):
    """An object of the config class does as well as a mapping."""
    config = ToyConfig(url=URL, token=Secret("s3cret"))
    made = run(manager.toy.create(config, name="typed"))
    connector = run(manager._directory.open(made.integration_id))
    assert connector.config == config


def test_every_mistake_is_in_one_error_and_nothing_is_stored(manager, run):
    """One error names everything wrong, the name included; no number is used up, nothing is stored."""
    with pytest.raises(ConfigurationError) as caught:
        run(manager.toy.create({"name": "", "urll": URL, "size": "3"}))
    assert {problem.path for problem in caught.value.problems} == {"name", "urll", "url", "size"}
    assert "did you mean `url`?" in str(caught.value)
    assert run(manager.integrations.list()) == []
    with pytest.raises(ConfigurationError, match="name"):
        run(manager.toy.create({"name": 5, "url": URL}))
    with pytest.raises(ConfigurationError, match="expected a mapping"):
        run(manager.toy.create("url"))


def test_unknown_providers_are_named(manager, run):
    """An unknown provider is answered with the nearest one."""
    with pytest.raises(NotFoundError, match="slack"):
        run(manager.integrations.create("slak", {}))
    with pytest.raises(NotFoundError):
        run(manager.integrations.list(provider="slak"))


def test_lists_are_filtered_and_ordered(manager, run):
    """Lists come oldest first, by provider and by state."""
    for _ in range(3):
        run(manager.toy.create(url=URL))
    run(manager.integrations.create("webhook", {"url": "https://w.example"}))
    run(manager.toy.disable("toy-2"))
    assert [item.integration_id for item in run(manager.integrations.list())] == [
        "toy-1",
        "toy-2",
        "toy-3",
        "webhook-1",
    ]
    assert [item.integration_id for item in run(manager.toy.list(state="active"))] == ["toy-1", "toy-3"]
    with pytest.raises(ConfigurationError, match="active, disabled"):
        run(manager.integrations.list(state="on"))


def test_update_changes_what_is_named_and_keeps_the_rest(manager, run):
    """An update merges; None takes a field back to its default; secrets stay unless they are named."""
    run(manager.toy.create(url=URL, token="old", size=7))
    changed = run(manager.toy.update("toy-1", {"size": None, "pause": 1}, name="Renamed"))
    assert (changed.config, changed.name, changed.version) == (
        {"url": URL, "token": "••••", "pause": 1.0},
        "Renamed",
        2,
    )
    assert run(manager._directory.open("toy-1")).config.token == Secret("old")
    run(manager.toy.update("toy-1", api_token="new"))
    assert run(manager._directory.open("toy-1")).config.token == Secret("new")
    run(manager.toy.update("toy-1", token=None))
    assert run(manager._directory.open("toy-1")).config.token is None
    assert run(manager.runtime.secrets.get("default:toy-1")) == {}


def test_an_update_is_all_or_nothing(manager, run):
    """A wrong update changes nothing; one for another version is a conflict."""
    run(manager.toy.create(url=URL))
    with pytest.raises(ConfigurationError, match=r"size[\s\S]*name|name[\s\S]*size"):
        run(manager.toy.update("toy-1", {"size": "big", "name": " "}))
    with pytest.raises(ConflictError):
        run(manager.toy.update("toy-1", size=1, version=9))
    assert run(manager.toy.get("toy-1")).version == 1


def test_of_concurrent_updates_one_wins_at_a_time(manager, run):
    """Concurrent updates never lose one another silently: the loser gets a conflict."""
    run(manager.toy.create(url=URL))

    async def many() -> list[object]:
        tries = (manager.toy.update("toy-1", size=size, version=1) for size in range(10))
        return await asyncio.gather(*tries, return_exceptions=True)

    results = run(many())
    assert sum(isinstance(result, ConflictError) for result in results) == 9
    assert run(manager.toy.get("toy-1")).version == 2


def test_disabled_ones_are_used_for_nothing(manager, run):
    """A disabled integration refuses operations, saying how to enable it; enabling is idempotent."""
    run(manager.toy.create(url=URL))
    assert run(manager.toy.disable("toy-1")).state is IntegrationState.DISABLED
    with pytest.raises(StateError, match="enable it first"):
        run(manager.toy.notify("toy-1", "hello"))
    version = run(manager.toy.enable("toy-1")).version
    assert run(manager.toy.enable("toy-1")).version == version
    assert run(manager.toy.notify("toy-1", "hello"))


def test_deleting_forgets_credentials(manager, run):
    """After a delete neither record nor credentials nor connector are there."""
    run(manager.toy.create(url=URL, token="s3cret"))
    run(manager.toy.notify("toy-1", "hello"))
    run(manager.toy.delete("toy-1"))
    assert manager.registry.get("toy").closed == 1
    assert run(manager.runtime.secrets.get("default:toy-1")) == {}
    with pytest.raises(NotFoundError):
        run(manager.toy.get("toy-1"))
    with pytest.raises(NotFoundError):
        run(manager.toy.delete("toy-1"))


def test_changes_are_published(manager, run):
    """Each change is on the bus after it is stored, without credentials."""
    heard = []
    manager.runtime.bus.subscribe("integration.*", heard.append)
    run(manager.toy.create(url=URL, token="s3cret"))
    run(manager.toy.update("toy-1", size=1))
    run(manager.toy.delete("toy-1"))
    assert [event.type for event in heard] == [
        "integration.created",
        "integration.updated",
        "integration.deleted",
    ]
    assert "s3cret" not in str(heard)


def test_tenants_and_projects_do_not_see_each_other(manager, run):
    """Another tenant's or project's integration is not found; a manager of the whole tenant sees all of its own."""
    run(manager.toy.create(url=URL))
    store = manager.runtime.store
    kind = toy()

    def other(**scope: str) -> AsyncIntegrationManagementManager:
        made = AsyncIntegrationManagementManager(store=store, secrets=manager.runtime.secrets, **scope)
        made.register_connector(kind)
        return made

    for stranger in (other(tenant_id="acme", project_id="g/p"), other(project_id="g/q")):
        assert run(stranger.integrations.list()) == []
        with pytest.raises(NotFoundError):
            run(stranger.integrations.get("toy-1"))
    assert run(other().integrations.get("toy-1")).name == "Toy 1"
    assert run(other(tenant_id="acme").toy.create(url=URL)).integration_id == "toy-1"


def test_no_id_leads_to_another_tenant(manager, run):
    """Whatever a tenant is called and whatever id is asked for, records of other tenants are out of reach."""
    store, secrets, kind = manager.runtime.store, manager.runtime.secrets, toy()

    def of(tenant: str) -> AsyncIntegrationManagementManager:
        made = AsyncIntegrationManagementManager(tenant_id=tenant, store=store, secrets=secrets)
        made.register_connector(kind)
        return made

    for tenant in ("a:b", "a%3Ab", "a%", "a:"):
        run(of(tenant).toy.create(url=URL, token="s3cret", name=tenant))
    for tenant, integration_id in (("a", "b:toy-1"), ("a", ":toy-1"), ("a%3Ab", "x"), ("a", "\udcff")):
        with pytest.raises(NotFoundError):
            run(of(tenant).integrations.get(integration_id))
    assert run(of("a%3Ab").integrations.get("toy-1")).name == "a%3Ab"


def test_references_are_kept_and_resolved_at_use(manager, run, monkeypatch):
    """A reference is stored as such; its value is read when the connector opens, and named when it is missing."""
    run(manager.toy.create(url=URL, token="env:TOY_SECRET"))
    with pytest.raises(ConfigurationError, match="TOY_SECRET"):
        run(manager._directory.open("toy-1"))
    monkeypatch.setenv("TOY_SECRET", "s3cret")
    assert run(manager._directory.open("toy-1")).config.token == Secret("s3cret")
