"""`webhooks`: created, tested, triggered and counted."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    SignatureError,
    StateError,
)
from integrations_sdk.models import Secret
from integrations_sdk.signing import SOURCES, HmacScheme, generate_key_pair, generate_secret, verify
from integrations_sdk.testing import Received, Reply, Sandbox, StandIn, route, sign
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
    """Triggering and dispatching are counted, with the successes among them and the last status; tests are not."""
    manager, receiver, run = live
    assert run(manager.webhooks.test_webhook("webhook-1"))
    assert run(manager.webhooks.trigger_webhook("webhook-1", {"event_type": "push", "n": 1}))
    assert run(manager.events.dispatch(push())).failures == []
    receiver.fail(status=400)
    assert run(manager.webhooks.trigger_webhook("webhook-1", {"n": 2})).http_status == 400
    after = run(manager.webhooks.get_webhook("webhook-1"))
    assert (after.trigger_count, after.success_count, after.last_status) == (3, 2, 400)
    assert after.success_rate == pytest.approx(2 / 3)
    assert timedelta(0) < after.latency_p50 <= after.latency_p99
    assert after.last_triggered_at is not None
    assert len(receiver.received) == 3


def test_concurrent_calls_are_all_counted(live):
    """No count is lost between calls that end at the same moment."""
    manager, _, run = live

    async def many() -> None:
        await asyncio.gather(*(manager.webhooks.trigger_webhook("webhook-1", {"n": n}) for n in range(20)))

    run(many())
    assert run(manager.webhooks.get_webhook("webhook-1")).trigger_count == 20


def test_a_disabled_webhook_is_not_called(live):
    """A disabled webhook refuses to be triggered, saying how to enable it."""
    manager, receiver, run = live
    run(manager.webhooks.disable_webhook("webhook-1"))
    with pytest.raises(StateError, match="enable"):
        run(manager.webhooks.trigger_webhook("webhook-1", {}))
    assert receiver.received == []


# --- secrets replaced -------------------------------------------------------------


def proved(
    request: Received, clock: FakeClock, *secrets: str | Secret, source: str = "standard_webhooks"
) -> bool:
    """Whether who knows these secrets accepts the call."""
    try:
        verify(source, request.headers, request.body, [Secret(item) for item in secrets], now=clock.now())
    except SignatureError:
        return False
    return True


@pytest.fixture
def calls(clock):
    """Creates a webhook, and returns what calls it: each call is the request that arrived."""
    with Sandbox() as sandbox, asyncio.Runner() as runner:
        manager = AsyncIntegrationManagementManager(project_id="g/p", clock=clock)

        class Open(StandIn):
            provider = "open"

            @route("POST", "/hook")
            def take(self, request: Received, path: dict[str, str]) -> Reply:
                return Reply(status=204)

        receiver = sandbox.add(Open())
        runner.run(manager.webhooks.create_webhook({"url": f"{receiver.url}/hook"}))

        def call() -> Received:
            assert runner.run(manager.webhooks.trigger_webhook("webhook-1", {"n": 1}))
            return receiver.received[-1]

        yield manager, runner.run, call
        runner.run(manager.aclose())


def test_a_rotation_signs_with_both_until_it_is_over(calls, clock):
    """The new secret is returned once; the old one signs as well to the end of the overlap, and not after it."""
    manager, run, call = calls
    old = generate_secret()
    run(manager.webhooks.update_webhook("webhook-1", {"secret_token": old}))
    new = run(manager.webhooks.rotate_secret("webhook-1", overlap=timedelta(hours=2)))
    shown = run(manager.webhooks.get_webhook("webhook-1"))

    assert new.reveal().startswith("whsec_")
    assert shown.previous_secret_until == clock.now() + timedelta(hours=2)
    assert old.reveal() not in str(dict(shown)) + str(run(manager.integrations.get("webhook-1")))
    for seconds, both in ((0, True), (7199, True), (1, False), (10**6, False)):
        clock.advance(seconds)
        request = call()
        assert (proved(request, clock, new), proved(request, clock, old)) == (True, both)
    assert run(manager.webhooks.get_webhook("webhook-1")).previous_secret_until is None


@pytest.mark.parametrize("profile", ["gitlab", "github"])
def test_a_rotation_of_plain_text_keeps_what_there_is_one_of(calls, clock, profile):
    """GitLab's token and GitHub's signature stay the old secret's during the overlap, and are the new one's after it."""
    manager, run, call = calls
    run(manager.webhooks.update_webhook("webhook-1", {"secret_token": "old", "profile": profile}))
    new = run(manager.webhooks.rotate_secret("webhook-1"))
    request = call()
    assert proved(request, clock, "old", source=profile)
    assert not proved(request, clock, new, source=profile)
    assert proved(request, clock, new)
    clock.advance(86400)
    request = call()
    assert proved(request, clock, new, source=profile)
    assert not proved(request, clock, "old", source=profile)


def test_a_rotation_without_overlap_ends_the_old_secret(calls, clock):
    """At once; a secret of one's own can be brought, a reference too."""
    manager, run, call = calls
    run(manager.webhooks.update_webhook("webhook-1", {"secret_token": "old"}))
    assert run(manager.webhooks.rotate_secret("webhook-1", overlap=timedelta(), secret="mine")) == Secret(
        "mine"
    )
    request = call()
    assert proved(request, clock, "mine", source="gitlab")
    assert not proved(request, clock, "old", source="gitlab")
    assert run(manager.webhooks.get_webhook("webhook-1")).previous_secret_until is None


def test_references_are_rotated_as_references(calls, clock, monkeypatch):
    """What is kept in the environment stays there; the new secret is of the old value's kind."""
    manager, run, call = calls
    monkeypatch.setenv("HOOK_OLD", generate_secret().reveal())
    monkeypatch.setenv("HOOK_NEW", "from the environment")
    run(manager.webhooks.update_webhook("webhook-1", {"secret_token": "env:HOOK_OLD"}))
    first = run(manager.webhooks.rotate_secret("webhook-1"))
    assert first.reveal().startswith("whsec_")
    assert proved(call(), clock, os.environ["HOOK_OLD"])
    assert run(manager.webhooks.rotate_secret("webhook-1", secret="env:HOOK_NEW")).is_reference
    request = call()
    assert proved(request, clock, "from the environment")
    assert proved(request, clock, first)
    assert not proved(request, clock, os.environ["HOOK_OLD"])


def test_a_webhook_without_a_secret_gets_one(calls, clock):
    """There is nothing to overlap with."""
    manager, run, call = calls
    assert "webhook-signature" not in call().headers
    new = run(manager.webhooks.rotate_secret("webhook-1"))
    assert proved(call(), clock, new)
    assert run(manager.webhooks.get_webhook("webhook-1")).previous_secret_until is None


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=91), timedelta.max])
def test_an_overlap_is_bounded(manager, run, overlap):
    """A mistake changes nothing."""
    run(manager.webhooks.create_webhook(HOOK))
    with pytest.raises(ConfigurationError, match="0 to 90 days"):
        run(manager.webhooks.rotate_secret("webhook-1", overlap=overlap))
    with pytest.raises(ConfigurationError, match="secret_token"):
        run(manager.webhooks.rotate_secret("webhook-1", secret="whsec_no base64"))
    with pytest.raises(NotFoundError):
        run(manager.webhooks.rotate_secret("webhook-9"))
    assert run(manager.webhooks.get_webhook("webhook-1")).version == 1


def test_of_two_rotations_at_once_one_is_refused(tmp_path):
    """Nobody is handed a secret that is not used."""

    async def both() -> set[type]:
        async with AsyncIntegrationManagementManager(store=f"sqlite:///{tmp_path}/at-once.db") as manager:
            await manager.webhooks.create_webhook(HOOK)
            rotate = manager.webhooks.rotate_secret
            results = await asyncio.gather(rotate("webhook-1"), rotate("webhook-1"), return_exceptions=True)
            return {type(item) for item in results}

    assert asyncio.run(both()) == {Secret, ConflictError}


def test_a_key_pair_signs_in_place_of_a_secret(calls, clock):
    """The receiver verifies with the public key alone."""
    manager, run, call = calls
    pair = generate_key_pair()
    run(manager.webhooks.update_webhook("webhook-1", {"private_key": pair.private_key}))
    assert proved(call(), clock, pair.public_key)
    assert not proved(call(), clock, generate_key_pair().public_key)


# --- what others send -------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_incoming_messages_are_verified(manager, run, clock, source):
    """With the secret that is given, an old and a new one, or the one that `mgr.events` keeps; never without one."""
    verify_ = manager.webhooks.verify
    headers = sign(source, b"{}", "secret", now=clock.now())
    run(verify_(source, headers, b"{}", secret="secret"))
    run(verify_(source, headers, "{}", secret=["new", "secret"]))
    with pytest.raises(SignatureError):
        run(verify_(source, headers, b"{}", secret="other"))
    with pytest.raises(ConfigurationError, match="messages cannot be verified"):
        run(verify_(source, headers, b"{}"))
    run(manager.events.set_secret(source, "secret"))
    run(verify_(source, headers, b"{}"))
    run(verify_(source, headers, b"{}"))  # nothing is remembered


def test_incoming_messages_have_a_window(manager, run, clock):
    """Five minutes, or what is asked for."""
    headers = sign("slack", b"{}", "secret", now=clock.now())
    clock.advance(301)
    with pytest.raises(SignatureError, match="301 s old"):
        run(manager.webhooks.verify("slack", headers, b"{}", secret="secret"))
    run(manager.webhooks.verify("slack", headers, b"{}", secret="secret", tolerance=timedelta(minutes=6)))


def test_a_custom_sender_is_described(manager, run, clock):
    """By its scheme, here and in `mgr.events.receive()`, which knows a repeated message by the scheme's id."""
    scheme = HmacScheme(header="X-Acme", timestamp_header="X-Time", id_header="X-Id")
    headers = sign("custom", b"{}", "secret", now=clock.now(), scheme=scheme)
    run(manager.webhooks.verify("custom", headers, b"{}", secret="secret", scheme=scheme))
    with pytest.raises(SignatureError, match="x-acme does not fit"):
        run(manager.webhooks.verify("custom", headers, b"[]", secret="secret", scheme=scheme))
    with pytest.raises(ConfigurationError, match="HmacScheme"):
        run(manager.webhooks.verify("custom", headers, b"{}", secret="secret"))
    event = run(manager.events.receive("custom", headers, b"{}", secret="secret", scheme=scheme))
    assert (event.provider, event.sender_id) == ("custom", headers["x-id"])
    assert run(manager.events.receive("custom", headers, b"{}", secret="secret", scheme=scheme)) is None
    clock.advance(301)
    late = {"secret": "secret", "scheme": scheme}
    with pytest.raises(SignatureError, match="old"):
        run(manager.events.receive("custom", headers, b"{}", **late))
    assert run(manager.events.receive("custom", headers, b"{}", tolerance=timedelta(hours=1), **late)) is None
