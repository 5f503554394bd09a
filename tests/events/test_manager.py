"""`mgr.events`: what comes in once goes out to everybody who subscribed, whatever happens to one of them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import attrs
import pytest

from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    Category,
    Connector,
    ConnectorConfig,
    Message,
    Outcome,
    RateLimitedError,
    RejectedError,
    setting,
    settings,
)
from integrations_sdk.connectors.directory import ConnectorDirectory, document_of, storage_id
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.errors import ConfigurationError, SignatureError, StateError
from integrations_sdk.events.manager import AsyncEventsManager
from integrations_sdk.integrations.actions import act
from integrations_sdk.integrations.sender import IntegrationSender
from integrations_sdk.models import (
    Event,
    EventType,
    Integration,
    IntegrationState,
    OutcomeStatus,
    Scope,
    Secret,
)
from integrations_sdk.models.delivery import Backlog
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.runtime import Runtime
from integrations_sdk.secrets.keys import KeyRing
from integrations_sdk.secrets.references import EnvironmentResolver
from integrations_sdk.secrets.sealed import CONNECTIONS, SealedSecrets
from integrations_sdk.store.base import Insert, Put
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.tasks import Tasks
from integrations_sdk.testing.fakes import ScriptedHttp

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CANARY = "canary-5f1c"
PUSH = {"event_type": "push", "branch": "main"}
Do = Callable[[Message], Coroutine[object, object, Outcome]]


@settings
class TellerConfig(ConnectorConfig):
    """Configures `Teller`."""

    do: str = setting("What to do with a message.", default="tell")
    notify_only_broken_pipelines: bool = setting("Only failures.", default=False)
    token: Secret | None = setting("A secret.", default=None)


class Teller(Connector[TellerConfig]):
    """A notifier that keeps what it was told, or fails in the way its configuration says."""

    provider = "teller"
    title = "Teller"
    category = Category.CUSTOM
    Config = TellerConfig
    default_events = ("push", "pipeline")
    told: ClassVar[list[tuple[str, str]]] = []
    running: ClassVar[int] = 0
    most_running: ClassVar[int] = 0
    hanging: ClassVar[asyncio.Event] = asyncio.Event()

    async def notify(self, message: Message) -> Outcome:
        target = self.context.integration_id or ""
        match self.config.do:
            case "reject":
                raise RejectedError(
                    "channel is archived", provider="teller", operation="post", status=404, attempts=1
                )
            case "limit":
                raise RateLimitedError("slow down", attempts=4)
            case "bug":
                msg = f"https://hooks.example.com/{CANARY}"
                raise KeyError(msg)
            case "cancel":
                raise asyncio.CancelledError
            case "nothing":
                return None  # a bug on purpose
            case "hang":
                self.hanging.set()
                await asyncio.Event().wait()
        kind = type(self)
        kind.running += 1
        kind.most_running = max(kind.most_running, kind.running)
        await asyncio.sleep(0)
        kind.running -= 1
        kind.told.append((target, message.title))
        return Outcome(target=target, provider="teller", operation="post", reference="1")


class Stage:
    """A manager over a memory store, with integrations put there as the tests need them."""

    def __init__(self, environ: Mapping[str, str] | None = None, **options: Any) -> None:
        self.clock = FakeClock(NOW)
        self.store = MemoryStore(self.clock)
        self.bus = MemoryBus()
        self.notices: list[Event] = []
        self.bus.subscribe("*", self.notices.append)
        self.secrets = SealedSecrets(self.store, KeyRing.generate(), [EnvironmentResolver(environ or {})])
        self.runtime = Runtime(
            scope=Scope(project_id=options.pop("project_id", None)),
            store=self.store,
            secrets=self.secrets,
            http=ScriptedHttp(),
            bus=options.pop("bus", self.bus),
            clock=self.clock,
            tasks=Tasks(),
        )
        registry = Registry()
        registry.register(Teller)
        self.directory = ConnectorDirectory(self.runtime, registry)
        self.queue = open_queue(self.store, self.clock)
        self.engine = DeliveryEngine(self.runtime, self.queue)
        self.engine.register("integration", IntegrationSender(self.directory, act))
        self.events = AsyncEventsManager(self.runtime, self.directory, self.engine, **options)
        Teller.told, Teller.hanging = [], asyncio.Event()
        Teller.running = Teller.most_running = 0

    async def add(self, name: str, *, provider: str = "teller", **fields: Any) -> None:
        state, project = fields.pop("state", IntegrationState.ACTIVE), fields.pop("project", None)
        integration = Integration(
            integration_id=name, integration_type=provider, name=name, tenant_id="default", project_id=project,
            config=fields, state=state, created_at=NOW, updated_at=NOW,
        )  # fmt: skip
        await self.store.write(Insert(document_of(integration)))

    async def finish(self) -> None:
        """Return when everything that was stored has been sent."""
        self.engine.start()
        while (await self.queue.backlog()) != Backlog():
            await asyncio.sleep(0.001)


def _run(scenario: Callable[[], Coroutine[object, object, None]]) -> None:
    asyncio.run(scenario())


# --- dispatch -----------------------------------------------------------------


def test_tells_those_who_subscribed_in_their_order() -> None:
    """Filters by event, branch and broken pipelines decide; outcomes are in the order of the integrations."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        await stage.add("teller-2", events=["issue"])
        await stage.add("teller-3", events=["*"], branches=["release/*"])
        await stage.add("teller-4", notify_only_broken_pipelines=True)
        await stage.add("teller-5", state=IntegrationState.DISABLED)

        async def reached(given: Mapping[str, object]) -> list[str]:
            return [outcome.target for outcome in await stage.events.dispatch(given)]

        assert await reached(PUSH) == ["teller-1", "teller-4"]
        assert await reached({"event_type": "push", "branch": "release/2"}) == [
            "teller-1",
            "teller-3",
            "teller-4",
        ]
        assert await reached({"event_type": "pipeline", "status": "success"}) == ["teller-1", "teller-3"]
        assert await reached({"event_type": "pipeline", "status": "failed", "branch": "x"}) == [
            "teller-1",
            "teller-4",
        ]
        assert await reached({"event_type": "issue"}) == ["teller-2", "teller-3"]
        assert Teller.told[0] == ("teller-1", "main updated")

    _run(scenario)


def test_skipped_ones_say_why() -> None:
    """On request those that do not want the event are listed too, in their place, with the reason."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1", events=["issue"])
        await stage.add("teller-2")
        skipped, told = await stage.events.dispatch(PUSH, include_skipped=True)
        assert (skipped.status, skipped.detail) == (OutcomeStatus.SKIPPED, "not subscribed to push")
        assert (skipped.attempts, bool(skipped)) == (0, False)
        assert told

    _run(scenario)


def test_only_the_scope_is_told() -> None:
    """A manager of one project does not reach the integrations of another."""

    async def scenario() -> None:
        stage = Stage(project_id="shop/web")
        await stage.add("teller-1", project="shop/web")
        await stage.add("teller-2", project="shop/api")
        assert [outcome.target for outcome in await stage.events.dispatch(PUSH)] == ["teller-1"]

    _run(scenario)


def test_one_failure_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """Refusals, limits, bugs, wrong configurations and unknown providers each become an outcome."""

    async def scenario() -> None:
        stage = Stage()
        failing = ["reject", "limit", "bug", "cancel", "nothing"]
        for number, do in enumerate(failing, 1):
            await stage.add(f"teller-{number}", do=do)
        await stage.add("teller-6", token="")
        await stage.add("gone-1", provider="gone")
        await stage.add("teller-8")
        outcomes = await stage.events.dispatch(PUSH)
        errors = {outcome.target: outcome.error or "" for outcome in outcomes}
        assert [outcome.status for outcome in outcomes] == [OutcomeStatus.FAILED] * 7 + [
            OutcomeStatus.SUCCEEDED
        ]
        mendable = {"teller-2", "teller-6", "gone-1"}  # a limit, a configuration, a connector not known here
        assert {outcome.target for outcome in outcomes if outcome.retryable} == mendable
        assert (outcomes[0].http_status, outcomes[0].operation, outcomes[1].attempts) == (404, "post", 4)
        assert "channel is archived" in errors["teller-1"]
        assert "KeyError at test_manager.py" in errors["teller-3"]
        assert "CancelledError at test_manager.py" in errors["teller-4"]
        assert "TypeError at sender.py" in errors["teller-5"]
        assert "token: expected" in errors["teller-6"]
        assert "'gone' is not known in this process" in errors["gone-1"]
        assert Teller.told == [("teller-8", "main updated")]
        assert CANARY not in repr(list(outcomes))

    with caplog.at_level(logging.DEBUG, "integrations_sdk"):
        _run(scenario)
    assert CANARY not in caplog.text
    assert caplog.text.count("sender failed") == 3


def test_a_reference_that_leads_nowhere_fails_one_target() -> None:
    """A missing environment variable is that integration's outcome, with what to set."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        key = storage_id("default", "teller-1")
        await stage.store.write(*stage.secrets.put_writes(key, {"token": Secret("env:MISSING_TOKEN")}))
        (outcome,) = await stage.events.dispatch(PUSH)
        assert "MISSING_TOKEN" in (outcome.error or "")

    _run(scenario)


def test_cancelling_the_wait_leaves_the_delivery() -> None:
    """Being cancelled is passed on; what was stored is sent all the same."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1", do="hang")
        task = asyncio.create_task(stage.events.dispatch(PUSH))
        await Teller.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await stage.queue.backlog()).leased == 1
        await stage.engine.stop(grace=timedelta(0))

    _run(scenario)


def test_without_waiting_everything_is_stored() -> None:
    """`wait=False` returns once all is stored: nothing was sent yet, each outcome has its delivery's id."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        await stage.add("teller-2", events=["issue"])
        await stage.add("teller-3")
        outcomes = await stage.events.dispatch(PUSH, wait=False, include_skipped=True)
        assert [outcome.status for outcome in outcomes] == ["accepted", "skipped", "accepted"]
        assert Teller.told == []
        assert (await stage.queue.get(outcomes[0].delivery_id or "")) is not None
        await stage.finish()
        assert [target for target, _ in Teller.told] == ["teller-1", "teller-3"]

    _run(scenario)


def test_the_same_key_is_taken_once() -> None:
    """A second event under the same idempotency key reaches nobody again, and finds the first one's deliveries."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        (first,) = await stage.events.dispatch(PUSH, idempotency_key="push-1")
        (again,) = await stage.events.dispatch(PUSH, idempotency_key="push-1")
        assert (first.delivery_id, len(Teller.told)) == (again.delivery_id, 1)
        assert again
        (stored,) = await stage.events.enqueue(PUSH, idempotency_key="push-1")
        assert (stored.status, stored.detail) == ("accepted", "was accepted before")

    _run(scenario)


def test_what_is_not_wanted_any_more_is_passed_over() -> None:
    """An integration that changed its subscription while an event was waiting for it is not told."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        (stored,) = await stage.events.enqueue(PUSH)
        key = storage_id("default", "teller-1")
        document = await stage.store.get("integrations", key)
        assert document is not None
        data = {**document.data, "config": {"events": ["issue"]}, "version": 2}
        await stage.store.write(Put(attrs.evolve(document, data=data)))
        await stage.finish()
        assert Teller.told == []
        (attempt,) = await stage.queue.attempts(stored.delivery_id or "")
        assert attempt.error is None

    _run(scenario)


def test_an_event_may_wait_for_its_time() -> None:
    """`due_at` stores an event that is not sent before then."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        await stage.events.enqueue(PUSH, due_at=NOW + timedelta(hours=1))
        assert await stage.queue.next_due() == NOW + timedelta(hours=1)

    _run(scenario)


def test_dispatching_is_announced() -> None:
    """The bus hears how many wanted the event."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        await stage.add("teller-2", events=["issue"])
        await stage.add("teller-3", do="reject")
        outcomes = await stage.events.dispatch(PUSH)
        assert len(outcomes) == 2
        notice = next(notice for notice in stage.notices if notice.type == "event.dispatched")
        assert notice.data["event_type"] == "push"
        assert [notice.data[name] for name in ("accepted", "unsubscribed")] == [2, 1]

    _run(scenario)


def test_refuses_what_cannot_be_dispatched() -> None:
    """A wrong event is refused before anybody is told anything."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        with pytest.raises(ConfigurationError, match="type: missing"):
            await stage.events.dispatch({"branch": "main"})
        with pytest.raises(ConfigurationError, match="no JSON form"):
            await stage.events.dispatch({**PUSH, "data": {"number": float("nan")}})
        assert Teller.told == []

    _run(scenario)


def test_lists_the_event_types() -> None:
    """All eight types of the documentation can be subscribed to."""

    async def scenario() -> None:
        assert set(await Stage().events.list_event_types()) == {kind.value for kind in EventType}
        assert len(EventType) == 8

    _run(scenario)


# --- receive ------------------------------------------------------------------

BODY = json.dumps({"object_kind": "push", "ref": "refs/heads/main"})


def _headers(token: str, key: str = "k") -> dict[str, str]:
    return {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": token, "Idempotency-Key": key}


def test_receives_verifies_and_dispatches() -> None:
    """With `dispatch=True` an authentic webhook reaches those who subscribed, and the bus hears of both steps."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        event = await stage.events.receive("gitlab", _headers("t"), BODY, secret="t", dispatch=True)
        assert event is not None
        assert {(notice.type, notice.subject) for notice in stage.notices} == {
            ("event.received", event.id),
            ("event.dispatched", event.id),
        }
        await stage.finish()
        assert Teller.told == [("teller-1", "main updated")]

    _run(scenario)


def test_a_hundred_duplicates_are_handled_once() -> None:
    """The same message a hundred times at once, and once more later, tells people once."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        receive = stage.events.receive
        results = await asyncio.gather(
            *(receive("gitlab", _headers("t"), BODY, secret="t", dispatch=True) for _ in range(100))
        )
        assert sum(result is not None for result in results) == 1
        assert await receive("gitlab", _headers("t"), BODY, secret="t", dispatch=True) is None
        await stage.finish()
        assert len(Teller.told) == 1
        assert await receive("gitlab", _headers("t", "k2"), BODY, secret="t", dispatch=True) is not None
        await stage.finish()
        assert len(Teller.told) == 2

    _run(scenario)


def test_what_is_refused_may_come_again() -> None:
    """A forged or malformed message does not use up the id of the genuine one."""

    async def scenario() -> None:
        receive = Stage().events.receive
        with pytest.raises(SignatureError):
            await receive("gitlab", _headers("guess"), BODY, secret="t")
        with pytest.raises(ConfigurationError):
            await receive("gitlab", _headers("t"), "{", secret="t")
        assert await receive("gitlab", _headers("t"), BODY, secret="t") is not None

    _run(scenario)


def test_secrets_come_from_four_places() -> None:
    """The argument goes before the constructor, that before what was set; references are resolved."""

    async def scenario() -> None:
        stage = Stage({"HOOK_TOKEN": "from-env"}, secrets={"gitlab": ["old", Secret("built-in")]})
        ways = [
            ("built-in", None),
            ("old", None),
            ("given", "given"),
            ("from-env", "env:HOOK_TOKEN"),
            ("b", ("a", "b")),
        ]
        for number, (token, secret) in enumerate(ways):
            assert await stage.events.receive("gitlab", _headers(token, f"k{number}"), BODY, secret=secret)
        with pytest.raises(SignatureError):
            await stage.events.receive("gitlab", _headers("built-in"), BODY, secret="given")

    _run(scenario)


def test_a_set_secret_is_sealed_replaced_and_forgotten() -> None:
    """`set_secret()` keeps it for every manager on the store, never in plain text, until it is taken back."""

    async def scenario() -> None:
        stage = Stage({"HOOK_TOKEN": "from-env"})
        await stage.events.set_secret("gitlab", CANARY)
        other = AsyncEventsManager(stage.runtime, stage.directory, stage.engine)
        assert await other.receive("gitlab", _headers(CANARY), BODY)
        page = await stage.store.query(CONNECTIONS)
        assert len(page.documents) == 1
        assert CANARY not in repr(page)
        await stage.events.set_secret("gitlab", ["env:HOOK_TOKEN", "new"])
        assert await other.receive("gitlab", _headers("from-env", "k2"), BODY)
        with pytest.raises(SignatureError):
            await other.receive("gitlab", _headers(CANARY, "k3"), BODY)
        await stage.events.set_secret("gitlab", None)
        with pytest.raises(ConfigurationError, match="secret: missing"):
            await other.receive("gitlab", _headers("new", "k3"), BODY)

    _run(scenario)


def test_nothing_is_believed_by_default() -> None:
    """Without a secret a message is refused, with the ways to set one; `verify=False` has to be said."""

    async def scenario() -> None:
        receive = Stage().events.receive
        with pytest.raises(ConfigurationError, match=r"set_secret\('gitlab', …\)"):
            await receive("gitlab", _headers("t"), BODY)
        assert await receive("gitlab", _headers("t"), BODY, verify=False) is not None
        assert await receive("acme", {}, "{}", verify=False) is not None
        with pytest.raises(ConfigurationError, match="unknown source"):
            await receive("acme", {}, "{}", secret="t")

    _run(scenario)


@pytest.mark.parametrize("secret", ["", [], [""], ["a", 5], 5, b"bytes", {"a": "b"}])
def test_refuses_what_is_no_secret(secret: Any) -> None:
    """An empty or odd secret would verify nothing, or everything."""

    async def scenario() -> None:
        stage = Stage()
        with pytest.raises(ConfigurationError, match="secret: expected some text"):
            await stage.events.receive("gitlab", _headers("t"), BODY, secret=secret)
        with pytest.raises(ConfigurationError, match="secret: expected some text"):
            await stage.events.set_secret("gitlab", secret)
        with pytest.raises(ConfigurationError, match="secret: expected some text"):
            AsyncEventsManager(stage.runtime, stage.directory, stage.engine, secrets={"gitlab": secret})

    _run(scenario)


def test_a_smaller_limit_holds() -> None:
    """A body above the configured limit is refused."""

    async def scenario() -> None:
        stage = Stage(max_body_bytes=10)
        with pytest.raises(ConfigurationError, match="at most 10 bytes"):
            await stage.events.receive("gitlab", _headers("t"), BODY, secret="t")

    _run(scenario)


class _ClosedBus(MemoryBus):
    async def publish(self, event: Event) -> None:
        raise StateError(event.type)


def test_a_bus_in_trouble_loses_no_event(caplog: pytest.LogCaptureFixture) -> None:
    """The event is received all the same, or its sender would repeat it and be dropped as a duplicate."""

    async def scenario() -> None:
        stage = Stage(bus=_ClosedBus())
        assert await stage.events.receive("gitlab", _headers("t"), BODY, secret="t", dispatch=True)

    with caplog.at_level(logging.DEBUG, "integrations_sdk"):
        _run(scenario)
    assert caplog.text.count("bus refused a notice") == 2


def test_an_event_at_hand_is_dispatched_as_it_is() -> None:
    """An `Event` needs no reading."""

    async def scenario() -> None:
        stage = Stage()
        await stage.add("teller-1")
        event = await stage.events.receive("gitlab", _headers("t"), BODY, secret="t")
        assert event is not None
        assert len(await stage.events.dispatch(attrs.evolve(event, branch="x"))) == 1
        assert Teller.told == [("teller-1", "x updated")]

    _run(scenario)
