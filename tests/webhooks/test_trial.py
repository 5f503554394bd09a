"""Test calls: a real one with a sample of each subscribed type, what it shows, and what to do about a failed one."""

from __future__ import annotations

import asyncio
import json

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.errors import (
    BlockedAddressError,
    ConnectorError,
    NotFoundError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    StateError,
    TransportError,
)
from integrations_sdk.models import MASK, EventType, OutcomeStatus
from integrations_sdk.testing import Received, Reply, Sandbox, StandIn, route
from integrations_sdk.webhooks.trial import remedy

ORDER = {"order": 7, "total": "12.50"}


@pytest.fixture
def live():
    """A manager, a receiver in the sandbox, and what creates a webhook between them."""
    with Sandbox() as sandbox, asyncio.Runner() as runner:
        manager = AsyncIntegrationManagementManager(project_id="g/p")

        def create(**given: object) -> str:
            config = {**sandbox.config("webhook"), **given}
            return runner.run(manager.webhooks.create_webhook(config)).webhook_id

        yield manager, sandbox.webhook, runner.run, create
        runner.run(manager.aclose())


def test_each_subscribed_type_is_called_once_with_its_sample(live):
    """In the order of the subscription; marked as a test, signed, and each under an id of its own."""
    manager, receiver, run, create = live
    outcomes = run(manager.webhooks.test_webhook(create(events=["pipeline", "release"])))
    assert [outcome.data["event_type"] for outcome in outcomes] == ["pipeline", "release"]
    assert all(outcomes)
    samples = {one.name: one.sample for one in run(manager.webhooks.list_event_types())}
    arrived = {one.event_type: one for one in receiver.calls}
    assert {name: one.payload for name, one in arrived.items()} == {
        "Pipeline Hook": samples["pipeline"], "Release Hook": samples["release"],
    }  # fmt: skip
    assert all(one.test for one in receiver.calls)
    assert {outcome.reference for outcome in outcomes} == {one.delivery_id for one in receiver.calls}
    assert len(receiver.received) == 2


@pytest.mark.parametrize("events", [None, ["*"]])
def test_without_a_subscription_all_defaults_are_called(live, events):
    """And by `*` all that is known."""
    manager, receiver, run, create = live
    webhook_id = create() if events is None else create(events=events)
    outcomes = run(manager.webhooks.test_webhook(webhook_id))
    assert [outcome.data["event_type"] for outcome in outcomes] == [kind.value for kind in EventType]
    assert len(receiver.calls) == len(EventType)


def test_wildcards_are_called_with_each_known_type_that_they_match(live):
    """Of the application's own too; what is named twice is called once."""
    manager, receiver, run, create = live
    for name in ("order.paid", "order.sent", "invoice.sent"):
        run(manager.webhooks.create_event_type(name, "", {**ORDER, "kind": name}))
    outcomes = run(manager.webhooks.test_webhook(create(events=["order.*", "order.paid", "*push"])))
    assert [outcome.data["event_type"] for outcome in outcomes] == [
        "order.paid",
        "order.sent",
        "push",
        "tag_push",
    ]
    payloads = [one.payload for one in receiver.calls]
    assert {**ORDER, "kind": "order.sent"} in payloads


def test_a_subscription_that_matches_nothing_known_says_so(live):
    """And nothing is called."""
    manager, receiver, run, create = live
    (outcome,) = run(manager.webhooks.test_webhook(create(events=["order.*"])))
    assert (outcome.status, receiver.calls) == (OutcomeStatus.SKIPPED, [])
    assert "create_event_type()" in outcome.detail


@pytest.mark.parametrize("kind", ["order.paid", "job"])
def test_a_type_without_a_sample_is_called_with_words_that_say_so(live, kind):
    """Also one that is asked for without being subscribed to."""
    manager, receiver, run, create = live
    (outcome,) = run(manager.webhooks.test_webhook(create(events=["push"]), event_type=kind))
    assert outcome
    assert (receiver.payloads[0]["event_type"], receiver.payloads[0]["test"]) == (kind, True)


@pytest.mark.parametrize("profile", ["gitlab", "github", "standard"])
def test_a_sample_has_the_form_that_real_events_have(live, profile):
    """GitLab's own words under its profile, the event under any other."""
    manager, receiver, run, create = live
    webhook_id = create(events=["pipeline"], profile=profile)
    run(manager.webhooks.test_webhook(webhook_id))
    sample = run(manager.webhooks.list_event_types())[2].sample
    run(manager.events.dispatch(run(manager.events.receive("gitlab", {}, json.dumps(sample), verify=False))))
    tested, real = receiver.payloads
    if profile == "gitlab":
        assert tested == real == sample
    else:
        assert tested.keys() == real.keys()
        read = tested["data"] if profile == "standard" else tested
        assert (read["status"], read["branch"], read["data"]) == ("success", "main", sample)


def test_a_template_is_shown_at_work(live):
    """What it makes of the sample is what is sent and what is shown."""
    manager, receiver, run, create = live
    webhook_id = create(
        events=["pipeline"], payload_template={"text": "{{ event.project }}: {{ event.status }}"}
    )
    (outcome,) = run(manager.webhooks.test_webhook(webhook_id))
    assert receiver.payloads == [{"text": "shop/web: success"}] == [outcome.data["request"]["body"]]


def test_request_and_response_are_shown(live):
    """As they went over the wire; the token and the URL's parameters are not."""
    manager, receiver, run, create = live
    url = f"{receiver.config()['url']}?key=canary-query"
    webhook_id = create(
        events=["push"], url=url, secret_token="canary-token", auth_value="Bearer canary-auth"
    )
    receiver.secret = "canary-token"
    (outcome,) = run(manager.webhooks.test_webhook(webhook_id))
    assert outcome, outcome.error
    request, response = outcome.data["request"], outcome.data["response"]
    arrived = receiver.received[0]
    assert (request["method"], request["url"]) == ("POST", f"{url.partition('?')[0]}?{MASK}")
    assert request["body"] == arrived.json()
    for name, value in request["headers"].items():
        assert value in {arrived.headers[name], MASK}
    assert request["headers"]["x-gitlab-token"] == request["headers"]["authorization"] == MASK
    assert response["status"] == outcome.http_status == 202
    assert json.loads(response["excerpt"]) == {"received": True}
    assert "canary" not in str(dict(outcome))


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "secret token"), (404, "path"), (410, "path"), (429, "fewer calls"), (500, "its own log"),
     (422, "its answer")],
)  # fmt: skip
def test_a_failed_call_says_what_to_do_and_is_not_repeated(live, status, words):
    """Nothing is raised for what the target does; the detail is the remedy."""
    manager, receiver, run, create = live
    receiver.fail(status=status, times=None, retry_after=0)
    (outcome,) = run(manager.webhooks.test_webhook(create(events=["push"])))
    assert (outcome.status, outcome.http_status) == (OutcomeStatus.FAILED, status)
    assert words in outcome.detail
    assert outcome.data["response"]["status"] == status
    assert (len(receiver.refused), outcome.attempts) == (1, 1)


def test_one_failure_stops_no_other(live):
    """Each type has its own outcome."""
    manager, receiver, run, create = live
    receiver.fail(status=500)
    outcomes = run(manager.webhooks.test_webhook(create(events=["push", "issue", "release"])))
    assert (len(outcomes.successes), len(outcomes.failures)) == (2, 1)


def test_a_redirect_is_explained(manager, run):
    """Configure where it leads."""

    class Moved(StandIn):
        provider = "moved"

        @route("POST", "/old")
        def move(self, request: Received, path: dict[str, str]) -> Reply:
            return Reply(status=302, headers={"location": "/new"})

    with Sandbox() as sandbox:
        moved = sandbox.add(Moved())
        run(manager.webhooks.create_webhook({"url": f"{moved.url}/old", "events": ["push"]}))
        assert "redirects" in run(manager.webhooks.test_webhook("webhook-1"))[0].detail


def test_no_answer_is_explained(manager, run):
    """The request is shown; there is no response."""
    run(manager.webhooks.create_webhook({"url": "http://127.0.0.1:9/"}))
    (outcome,) = run(manager.webhooks.test_webhook("webhook-1", event_type="release"))
    assert not outcome
    assert "check the URL" in outcome.detail
    assert outcome.data["response"] is None
    assert outcome.data["request"]["headers"]["x-gitlab-event"] == "Release Hook"


def test_only_a_few_calls_are_made_at_a_time(manager, run):
    """However many types there are, the target is not flooded."""
    running, most = 0, 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        while (head := await reader.readuntil(b"\r\n\r\n")) if not reader.at_eof() else b"":
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            running -= 1
            writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
            break
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await manager.webhooks.create_webhook({"url": f"http://127.0.0.1:{port}/"})
            assert len((await manager.webhooks.test_webhook("webhook-1")).successes) == len(EventType)

    run(main())
    assert 1 < most <= 4


def test_what_is_not_there_or_disabled_is_not_tested(live):
    """With an error that says so."""
    manager, receiver, run, create = live
    webhook_id = create(events=["push"])
    run(manager.webhooks.disable_webhook(webhook_id))
    with pytest.raises(StateError, match="enable"):
        run(manager.webhooks.test_webhook(webhook_id))
    with pytest.raises(NotFoundError):
        run(manager.webhooks.test_webhook("webhook-9"))
    assert receiver.received == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BlockedAddressError("10.0.0.1 is refused: it is private", sent=False), "10.0.0.1 is refused"),
        (TransportError("reset"), "no answer"),
        (ProviderUnavailableError("left alone"), "nothing was sent"),
        (RateLimitedError("no room"), "nothing was sent"),
        (RejectedError("no", status=403), "secret token"),
        (RejectedError("no", status=307), "redirects"),
        (ProviderUnavailableError("no", status=503), "its own log"),
        (RejectedError("no", status=415), "its answer"),
    ],
)
def test_each_failure_has_its_remedy(error: ConnectorError, words: str):
    """Pure, so that what shows failures elsewhere can say the same."""
    assert words in remedy(error)
