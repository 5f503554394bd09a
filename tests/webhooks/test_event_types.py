"""The catalogue: built-in types with samples that are read rightly, and those that an application adds."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, NotFoundError
from integrations_sdk.models import EventType
from integrations_sdk.signing.profiles import profile_headers
from integrations_sdk.testing import Received, Sandbox
from integrations_sdk.webhooks.event_types import matching

SAMPLE = {"order": 7, "items": [{"sku": "a", "count": 2}], "note": None}


def test_the_built_in_types_are_known_with_a_sample_each(manager, run):
    """All that are subscribed to without a word, in their order."""
    known = run(manager.webhooks.list_event_types())
    assert [kind.name for kind in known] == [kind.value for kind in EventType]
    assert all(kind.built_in and kind.description.endswith(".") and kind.sample for kind in known)
    assert "merge_request" in known._repr_html_()


@pytest.mark.parametrize("kind", EventType)
def test_each_sample_is_read_as_its_type(manager, run, clock, kind):
    """As GitLab's own, with all that a reading of such an event has."""
    sample = next(known.sample for known in run(manager.webhooks.list_event_types()) if known.name == kind)
    headers = profile_headers("gitlab", b"", event_type=kind, id="d-1", now=clock.now())
    event = run(manager.events.receive("gitlab", headers, json.dumps(sample), verify=False))
    assert (event.type, event.provider, event.project) == (kind, "gitlab", "shop/web")
    assert event.source == event.project_url == "https://gitlab.example.com/shop/web"
    assert event.subject
    assert event.url.startswith("https://gitlab.example.com/shop/web/")
    assert event.actor is not None or kind is EventType.RELEASE  # GitLab names nobody in it
    assert (event.title or event.tag, event.action or event.status) != (None, None)
    facts = {
        EventType.PUSH: (event.branch, event.commit_count, event.sha) == ("main", 1, event.commits[0].sha if event.commits else ""),
        EventType.MERGE_REQUEST: (event.number, event.action, event.target_branch) == (31, "opened", "main"),
        EventType.PIPELINE: (event.status, event.branch, len(event.jobs)) == ("success", "main", 1),
        EventType.ISSUE: (event.number, event.action) == (12, "opened"),
        EventType.DEPLOYMENT: (event.environment, event.status) == ("production", "success"),
        EventType.TAG_PUSH: (event.tag, event.action) == ("v1.4.0", "created"),
        EventType.WIKI_PAGE: (event.title, event.action) == ("Releasing", "updated"),
        EventType.RELEASE: (event.tag, event.action, event.title) == ("v1.4.0", "created", "Prices with tax"),
    }  # fmt: skip
    assert facts[kind]


@pytest.mark.contracts
@pytest.mark.parametrize("kind", EventType)
def test_samples_have_no_field_that_gitlabs_own_have_not(payloads: Path, manager, run, kind):
    """Compared with real bodies; a few fields are newer than these."""
    newer = {
        "": {"ref_protected", "message", "environment_tier", "event_name", "assignees", "user_email"},
        "object_attributes": {"name", "url", "draft", "version_id", "labels", "closed_at", "assignee_id"},
        "project": {"ci_config_path", "homepage", "url", "ssh_url", "http_url"},
        "commit": {"title"},
    }
    real = json.loads((payloads / "gitlab" / f"{kind}.json").read_text())
    sample = next(known.sample for known in run(manager.webhooks.list_event_types()) if known.name == kind)
    for part, allowed in newer.items():
        ours, theirs = (body.get(part) if part else body for body in (sample, real))
        if isinstance(ours, dict) and isinstance(theirs, dict):
            assert ours.keys() - theirs.keys() <= allowed, part


def test_samples_are_copies(manager, run):
    """Changing one changes nothing for others."""
    run(manager.webhooks.list_event_types())[0].sample["project"]["name"] = "changed"
    assert run(manager.webhooks.list_event_types())[0].sample["project"]["name"] == "Web"
    made = run(manager.webhooks.create_event_type("order.paid", "", SAMPLE))
    made.sample["items"].clear()
    assert run(manager.webhooks.list_event_types())[-1].sample == SAMPLE


def test_an_applications_own_types_come_and_go(manager, run, clock):
    """After the built-in ones, oldest first; webhooks can subscribe to them, by wildcards too."""
    hooks = manager.webhooks
    made = run(hooks.create_event_type("order.paid", "An order was paid.", SAMPLE, schema={"type": "object"}))
    run(hooks.create_event_type("Order.refunded-2", "", {}))
    assert (made.name, made.description, made.sample, made.schema, made.built_in, made.created_at) == (
        "order.paid", "An order was paid.", SAMPLE, {"type": "object"}, False, clock.now(),
    )  # fmt: skip
    assert [kind.name for kind in run(hooks.list_event_types())][-2:] == ["order.paid", "Order.refunded-2"]
    assert run(hooks.list_event_types())[-2] == made
    webhook = run(hooks.create_webhook({"url": "https://w.example", "events": ["order.*", "order.paid"]}))
    assert webhook.events == ("order.*", "order.paid")
    run(hooks.delete_event_type("order.paid"))
    assert [kind.name for kind in run(hooks.list_event_types())][8:] == ["Order.refunded-2"]


def test_they_are_each_tenants_own_and_outlive_the_process(tmp_path):
    """Two tenants may name alike what means different things."""

    async def names(tenant: str, *add: str) -> list[str]:
        store = f"sqlite:///{tmp_path}/types.db"
        async with AsyncIntegrationManagementManager(tenant_id=tenant, store=store) as manager:
            for name in add:
                await manager.webhooks.create_event_type(name, tenant, {})
            return [kind.name for kind in (await manager.webhooks.list_event_types())[8:]]

    assert asyncio.run(names("a", "order.paid", "order.sent")) == ["order.paid", "order.sent"]
    assert asyncio.run(names("b", "order.paid")) == ["order.paid"]
    assert asyncio.run(names("a")) == ["order.paid", "order.sent"]


@pytest.mark.parametrize("name", ["push", "order.paid"])
def test_a_name_is_taken_once(manager, run, name):
    """By built-in types from the start."""
    if name != "push":
        run(manager.webhooks.create_event_type(name, "", {}))
    with pytest.raises(AlreadyExistsError, match=name):
        run(manager.webhooks.create_event_type(name, "", {}))


@pytest.mark.parametrize(
    ("name", "words"), [("push", "built in"), ("order.payd", "did you mean `order.paid`")]
)
def test_only_ones_own_can_be_deleted(manager, run, name, words):
    """And only those that are there."""
    run(manager.webhooks.create_event_type("order.paid", "", {}))
    with pytest.raises(NotFoundError, match=words):
        run(manager.webhooks.delete_event_type(name))


def test_everything_wrong_with_a_type_is_named(manager, run):
    """In one error, and nothing is kept."""
    with pytest.raises(ConfigurationError) as caught:
        run(manager.webhooks.create_event_type("order*", "x" * 1001, {"a": float("nan")}, schema=[]))
    assert [problem.path for problem in caught.value.problems] == ["name", "description", "sample", "schema"]
    assert len(run(manager.webhooks.list_event_types())) == len(EventType)


DEEP: dict[str, object] = {}
for _ in range(150):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (("", "", {}), "name"),
        (("order", "", {}), "name"),
        (("order..paid", "", {}), "name"),
        (("order.*", "", {}), "name"),
        (("order paid", "", {}), "name"),
        (("a." * 70 + "b", "", {}), "name"),
        ((7, "", {}), "name"),
        (("a.b", 7, {}), "description"),
        (("a.b", "", []), "sample"),
        (("a.b", "", {"a": object()}), "sample"),
        (("a.b", "", {"a": "x" * 70_000}), "sample"),
        (("a.b", "", DEEP), "sample"),
    ],
)
def test_what_cannot_be_a_type_is_refused(manager, run, given, path):
    """Names are what headers and wildcards can hold; samples are JSON of a bounded size."""
    with pytest.raises(ConfigurationError) as caught:
        run(manager.webhooks.create_event_type(*given))
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ([], []),
        (["*"], ["push", "tag_push", "order.paid", "order.sent"]),
        (["order.*", "push"], ["order.paid", "order.sent", "push"]),
        (["*push"], ["push", "tag_push"]),
        (["order.sent", "*", "order.sent"], ["order.sent", "push", "tag_push", "order.paid"]),
        (["job"], ["job"]),
        (["billing.*"], []),
    ],
)
def test_what_a_subscription_comes_to(patterns, names):
    """What is named is tested whether it is known or not; wildcards find what is known."""
    assert matching(patterns, ["push", "tag_push", "order.paid", "order.sent"]) == names


def test_dispatched_events_of_ones_own_reach_who_subscribed(run):
    """By name and by wildcard, and nobody else."""
    with Sandbox() as sandbox:
        manager = AsyncIntegrationManagementManager()
        for events in (["order.paid"], ["order.*"], ["invoice.*"], None):
            given = {**sandbox.config("webhook"), **({} if events is None else {"events": events})}
            run(manager.webhooks.create_webhook(given))
        outcomes = run(manager.events.dispatch({"type": "order.paid", "data": SAMPLE}))
        assert [outcome.target for outcome in outcomes] == ["webhook-1", "webhook-2"]
        arrived: list[Received] = sandbox.webhook.received
        assert {request.headers["x-gitlab-event"] for request in arrived} == {"Order Paid Hook"}
        run(manager.aclose())
