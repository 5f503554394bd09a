"""What is queued for integrations to do: read when it is queued, done as it was meant."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.errors import ConfigurationError, DisabledError, NotFoundError, StateError
from integrations_sdk.integrations.actions import OPERATIONS, act, action
from integrations_sdk.integrations.providers import AsyncProviderManager
from integrations_sdk.models import BuildRequest, CommitStatus, IssueDraft, LogEntry, Message, Metric
from integrations_sdk.queue.events import EventReader, pack_action
from integrations_sdk.testing import Sandbox
from support.toy import toy

DRAFT = IssueDraft(title="T", labels=("a",), external_id="x#1")
ARGUMENTS = {
    "notify": ({"message": "words"}, [Message(text="words")]),
    "create_issue": ({"draft": {"title": "T", "labels": ["a"], "external_id": "x#1"}}, [DRAFT]),
    "update_issue": ({"reference": "P-1", "changes": DRAFT}, ["P-1", DRAFT]),
    "comment_issue": ({"reference": "P-1", "text": "words"}, ["P-1", "words"]),
    "transition_issue": ({"reference": "P-1", "to": "Done"}, ["P-1", "Done"]),
    "trigger_build": ({"request": {"branch": "main", "parameters": {"A": "1"}}}, [BuildRequest(branch="main", parameters={"A": "1"})]),
    "set_commit_status": ({"status": {"sha": "a" * 40, "status": "success"}}, [CommitStatus(sha="a" * 40, status="success")]),
    "send_metrics": ({"metrics": {"name": "a.b", "value": 1.5}}, [[Metric(name="a.b", value=1.5)]]),
    "send_logs": ({"entries": [{"message": "one"}, LogEntry(message="two")]}, [[LogEntry(message="one"), LogEntry(message="two")]]),
}  # fmt: skip


class Everything:
    """Can do all of it, and keeps what it was given."""

    provider = "everything"

    async def notify(self, *given):
        return list(given)

    async def create_issue(self, *given):
        return list(given)

    async def update_issue(self, *given):
        return list(given)

    async def find_issue(self, *given): ...
    async def comment_issue(self, *given):
        return list(given)

    async def transition_issue(self, *given):
        return list(given)

    async def trigger_build(self, *given):
        return list(given)

    async def get_build(self, *given): ...
    async def set_commit_status(self, *given):
        return list(given)

    async def send_metrics(self, *given):
        return list(given)

    async def send_logs(self, *given): return list(given)  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_action_arrives_as_it_was_given(operation, clock):
    """Through JSON and back: the connector's method gets the very records, in their order."""
    given, expected = ARGUMENTS[operation]
    queued = pack_action(action(Everything, operation, given), clock.now())
    assert queued.event_type == f"action.{operation}"
    assert asyncio.run(act(Everything(), None, EventReader().read(queued))) == expected


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_are_those_of_the_sub_managers(operation):
    """What can be queued can be called directly, under the same name."""
    assert hasattr(AsyncProviderManager, operation)


@pytest.mark.parametrize(
    ("operation", "given", "problems"),
    [
        ("notify", {}, {"message"}),
        ("notify", {"message": {"txt": "x"}}, {"txt"}),
        ("notify", {"message": 5}, {"message"}),
        ("comment_issue", {"reference": "", "texts": "x"}, {"texts", "text"}),
        ("comment_issue", {"reference": "", "text": "x"}, {"reference"}),
        ("comment_issue", {"reference": "P-1", "text": ""}, {"text"}),
        ("send_metrics", {"metrics": "words"}, {"metrics"}),
        ("trigger_build", {"request": {"branch": 5}}, {"branch"}),
    ],
)
def test_what_is_wrong_is_named_before_it_is_queued(operation, given, problems):
    """Each wrong argument by its name."""
    with pytest.raises(ConfigurationError) as caught:
        action(Everything, operation, given)
    assert {problem.path for problem in caught.value.problems} == problems


def test_what_cannot_be_queued():
    """An operation that is none, and one that the provider has no capability for, name what there is."""
    registry = Registry()
    with pytest.raises(NotFoundError, match="notify"):
        action(registry.get("slack"), "notfy", {})
    with pytest.raises(StateError, match="it can: notify"):
        action(registry.get("slack"), "create_issue", {"draft": DRAFT})
    with pytest.raises(StateError, match="nothing of it"):
        action(registry.get("webhook"), "notify", {"message": "x"})


def test_queued_actions_are_done_and_logged():
    """With and without waiting; under a key once; in the log under the integration."""

    async def main():
        with Sandbox() as sandbox:
            async with AsyncIntegrationManagementManager(project_id="g/p") as manager:
                await manager.slack.create(sandbox.config("slack"))
                await manager.jira.create_jira_integration(sandbox.config("jira"))
                waited = await manager.slack.enqueue("slack-1", "notify", message="one", wait=True)
                stored = await manager.jira.enqueue(
                    "jira-1", "create_issue", draft=DRAFT, idempotency_key="k"
                )
                again = await manager.jira.enqueue("jira-1", "create_issue", draft=DRAFT, idempotency_key="k")
                assert (waited.status, stored.status, again.delivery_id) == (
                    "succeeded",
                    "accepted",
                    stored.delivery_id,
                )
                while (await manager.deliveries.backlog()).oldest_due_at or len(sandbox.jira.issues) < 1:
                    await asyncio.sleep(0.01)
                page = await manager.deliveries.list("jira-1", event_type="action.create_issue")
                assert len(page.deliveries) == 1
                assert len(sandbox.jira.issues) == 1

    asyncio.run(main())


def test_a_disabled_integration_takes_no_actions():
    """Nor does one that does not exist."""

    async def main():
        async with AsyncIntegrationManagementManager() as manager:
            manager.register_connector(toy())
            await manager.toy.create({"url": "https://t.example"})
            await manager.toy.disable("toy-1")
            with pytest.raises(DisabledError):
                await manager.toy.enqueue("toy-1", "notify", message="x")
            with pytest.raises(NotFoundError):
                await manager.toy.enqueue("toy-2", "notify", message="x")

    asyncio.run(main())
