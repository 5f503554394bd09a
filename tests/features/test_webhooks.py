"""`webhooks`: created, tested, triggered and counted."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.errors import ConfigurationError, NotFoundError, RejectedError, StateError
from integrations_sdk.models import Outcome, OutcomeStatus
from integrations_sdk.testing import Received, Reply, Sandbox, StandIn, route
from support.toy import push

HOOK = {"name": "Hook", "url": "https://w.example/hook", "events": ["pipeline"], "secret_token": "my-secret"}


@pytest.fixture
def live():
    """A manager, a receiver in the sandbox, and one webhook between them."""
    with Sandbox() as sandbox, asyncio.Runner() as runner:
        manager = AsyncIntegrationManagementManager(project_id="g/p")
        runner.run(manager.webhooks.create_webhook({"events": ["push"], **sandbox.config("webhook")}))
        yield manager, sandbox.webhook, runner.run
        runner.run(manager.aclose())


def test_what_is_created_is_shown_without_its_secret(manager, run):
    """A webhook has the document's fields, no call yet, and no secret."""
    made = run(manager.webhooks.create_webhook(HOOK))
    assert (made["webhook_id"], made["events"], made["enable_ssl_verification"]) == (
        "webhook-1",
        ["pipeline"],
        True,
    )
    assert (made.trigger_count, made.last_triggered_at, made.last_status) == (0, None, None)
    assert "my-secret" not in str(dict(made)) + made._repr_html_()


def test_they_are_kept_changed_and_removed(manager, run):
    """Get, list, update, switch off and on, delete."""
    hooks = manager.webhooks
    run(hooks.create_webhook(HOOK))
    run(hooks.create_webhook({**HOOK, "name": "Other"}))
    changed = run(hooks.update_webhook("webhook-1", {"enable_ssl_verification": False}, version=1))
    assert (changed.enable_ssl_verification, changed.version, changed.events) == (False, 2, ("pipeline",))
    assert run(hooks.disable_webhook("webhook-2")).state == "disabled"
    assert [hook.name for hook in run(hooks.list_webhooks())] == ["Hook", "Other"]
    assert [hook.name for hook in run(hooks.list_webhooks(state="active"))] == ["Hook"]
    assert run(hooks.enable_webhook("webhook-2")).state == "active"
    run(hooks.delete_webhook("webhook-1"))
    for gone in (hooks.get_webhook, hooks.delete_webhook, hooks.test_webhook, hooks.enable_webhook):
        with pytest.raises(NotFoundError):
            run(gone("webhook-1"))


def test_every_mistake_is_named(manager, run):
    """A wrong webhook is one error, and nothing is stored."""
    with pytest.raises(ConfigurationError) as caught:
        run(
            manager.webhooks.create_webhook(
                {"url": "ftp://x", "event": ["push"], "enable_ssl_verification": "yes"}
            )
        )
    assert {"url", "event", "verify_ssl"} <= {problem.path for problem in caught.value.problems}
    assert run(manager.webhooks.list_webhooks()) == []


def test_calls_are_counted(live):
    """Triggering, testing and dispatching are counted, with the successes among them and the last status."""
    manager, receiver, run = live
    assert run(manager.webhooks.test_webhook("webhook-1"))
    assert run(manager.webhooks.trigger_webhook("webhook-1", {"event_type": "push", "n": 1}))
    assert run(manager.events.dispatch(push())).failures == []
    receiver.fail(status=400)
    with pytest.raises(RejectedError):
        run(manager.webhooks.trigger_webhook("webhook-1", {"n": 2}))
    after = run(manager.webhooks.get_webhook("webhook-1"))
    assert (after.trigger_count, after.success_count, after.last_status) == (4, 3, 400)
    assert after.last_triggered_at is not None
    assert len(receiver.received) == 3


def test_concurrent_calls_are_all_counted(live):
    """No count is lost between calls that end at the same moment."""
    manager, _, run = live

    async def many() -> None:
        await asyncio.gather(*(manager.webhooks.trigger_webhook("webhook-1", {"n": n}) for n in range(20)))

    run(many())
    assert run(manager.webhooks.get_webhook("webhook-1")).trigger_count == 20


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "secret token"), (404, "path"), (500, "its own log"), (422, "its answer")],
)
def test_a_failed_test_says_what_to_do(live, status, remedy):
    """`test_webhook` never raises for what the target does; the detail is the remedy."""
    manager, receiver, run = live
    receiver.fail(status=status, times=None)
    outcome = run(manager.webhooks.test_webhook("webhook-1"))
    assert (outcome.status, outcome.http_status) == (OutcomeStatus.FAILED, status)
    assert remedy in outcome.detail


def test_a_redirect_is_explained(manager, run):
    """A target that redirects is a failed outcome that says to configure where it leads."""

    class Moved(StandIn):
        provider = "moved"

        @route("POST", "/old")
        def move(self, request: Received, path: dict[str, str]) -> Reply:
            return Reply(status=302, headers={"location": "/new"})

    with Sandbox() as sandbox:
        moved = sandbox.add(Moved())
        run(manager.webhooks.create_webhook({"url": f"{moved.url}/old"}))
        assert "redirects" in run(manager.webhooks.test_webhook("webhook-1")).detail


def test_no_answer_is_explained(manager, run):
    """A target that nobody listens at is a failed outcome with a remedy."""
    run(manager.webhooks.create_webhook({"url": "http://127.0.0.1:9/"}))
    outcome = run(manager.webhooks.test_webhook("webhook-1", event_type="release"))
    assert not outcome
    assert "check the URL" in outcome.detail


def test_a_sample_is_of_the_subscribed_type(live):
    """A test call carries the first subscribed type, or the one asked for, and says that it is a test."""
    manager, receiver, run = live
    run(manager.webhooks.test_webhook("webhook-1"))
    run(manager.webhooks.test_webhook("webhook-1", event_type="release"))
    bodies = [request.json() for request in receiver.received]
    assert [(body["event_type"], body["test"]) for body in bodies] == [("push", True), ("release", True)]


def test_a_disabled_webhook_is_not_called(live):
    """A disabled webhook refuses to be triggered, saying how to enable it."""
    manager, receiver, run = live
    run(manager.webhooks.disable_webhook("webhook-1"))
    with pytest.raises(StateError, match="enable"):
        run(manager.webhooks.trigger_webhook("webhook-1", {}))
    assert receiver.received == []


def test_only_calls_of_webhooks_are_counted(manager, run):
    """Outcomes of others, of calls that were not made, and of webhooks that are gone are ignored."""
    run(manager.webhooks.create_webhook(HOOK))
    for outcome in (
        Outcome(target="webhook-1", provider="slack", operation="x"),
        Outcome(target="webhook-1", provider="webhook", operation="x", attempts=0),
        Outcome(target="webhook-9", provider="webhook", operation="x"),
    ):
        run(manager.webhooks.record(outcome))
    assert run(manager.webhooks.get_webhook("webhook-1")).trigger_count == 0
