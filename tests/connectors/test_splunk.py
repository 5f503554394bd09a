"""Splunk: what the HTTP Event Collector is sent, how events wait for a batch, and what is said when it fails."""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    DeadlineExceededError,
    LogEntry,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Request,
)
from integrations_sdk.connectors.splunk import SplunkConnector
from integrations_sdk.http.base import Call, Response
from integrations_sdk.models import Actor, Event, OutcomeStatus
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.splunk import SplunkStandIn

CANARY = "b7e0CANARY-hec-token"
ROOT = "https://splunk.company.com:8088"
DOCUMENT = {
    "hec_url": "https://splunk.company.com:8088/services/collector",
    "hec_token": "your-hec-token",
    "index": "apg_config",
    "sourcetype": "apg:configuration",
    "source": "central-configuration",
    "ssl_verify": True,
    "batch_size": 100,
    "flush_interval": 30,
}
CONFIG = {**DOCUMENT, "hec_token": CANARY, "flush_interval": 0}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PIPELINE = Event(
    id="0194-1",
    type="pipeline",
    source="https://gitlab.example.com/group/app",
    time=NOW - timedelta(minutes=1),
    provider="gitlab",
    project="group/app",
    branch="main",
    status="failed",
    number=31,
    actor=Actor(name="Ada", username="ada"),
    duration=timedelta(seconds=63),
)
SUCCESS = {"text": "Success", "code": 0}
HEALTHY = {"text": "HEC is healthy", "code": 17}


def make(http: ScriptedHttp, **more: object) -> SplunkConnector:
    return connect(SplunkConnector, {**CONFIG, **more}, http, clock=FakeClock(NOW))


def plain(request: Request) -> Request:
    """The request before compression."""
    if dict(request.headers).get("content-encoding") != "gzip":
        return request
    headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
    return attrs.evolve(request, headers=headers, content=gzip.decompress(request.content))


def lines(request: Request) -> list[dict[str, object]]:
    return [json.loads(line) for line in plain(request).content.splitlines()]


def test_the_enterprise_documents_configuration_loads_unchanged() -> None:
    """`ssl_verify` and `flush_interval` mean what they say there."""
    config = connect(SplunkConnector, DOCUMENT, ScriptedHttp()).config
    assert (config.index, config.batch_size, config.flush_interval) == (
        "apg_config",
        100,
        timedelta(seconds=30),
    )
    assert (
        connect(SplunkConnector, {**DOCUMENT, "ssl_verify": False}, ScriptedHttp()).connection.verify is False
    )


@pytest.mark.contracts
def test_event_conforms(conformity) -> None:
    """An event is one envelope: its own time, what it is filed under, all that is known of it."""
    http = ScriptedHttp([reply(200, SUCCESS)])

    outcome = asyncio.run(make(http).send_event(PIPELINE))

    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{ROOT}/services/collector/event")
    assert request.headers["authorization"] == f"Splunk {CANARY}"
    (sent,) = lines(request)
    event = sent.pop("event")
    assert sent == {
        "time": PIPELINE.time.timestamp(),
        "source": "central-configuration",
        "sourcetype": "apg:configuration",
        "index": "apg_config",
    }
    assert event["project"] == "group/app"
    assert (event["actor"], event["duration"], event["level"]) == ("ada", 63.0, "error")
    assert event["message"]
    assert (bool(outcome), outcome.detail, outcome.reference) == (True, "1 events in 1 requests", None)
    assert not http.calls[0].idempotent
    conformity.check("splunk_hec", plain(request), base_url=ROOT)


@pytest.mark.parametrize(
    "url",
    [
        ROOT,
        f"{ROOT}/",
        f"{ROOT}/services/collector",
        f"{ROOT}/services/collector/event",
        f"{ROOT}/services/collector/raw/1.0/",
    ],
)
def test_the_address_may_name_an_endpoint(url: str) -> None:
    """However much of it was copied, requests go to the endpoints."""
    assert make(ScriptedHttp(), hec_url=url).base_url == ROOT


def test_an_address_below_a_path_is_kept() -> None:
    """A proxy in front of the collector may add one."""
    assert make(ScriptedHttp(), hec_url="https://proxy.example/splunk/services/collector").base_url.endswith(
        "/splunk"
    )


def test_logs_are_split_by_batch_size_and_megabyte() -> None:
    """None is lost, each request stays within both, and its attributes cannot replace a line's text."""
    http = ScriptedHttp([reply(200, SUCCESS)])
    entries = [
        LogEntry(message=str(n), level="warning", attributes={"message": "no", "n": n}) for n in range(250)
    ]
    outcome = asyncio.run(make(http).send_logs(entries))
    assert [len(lines(request)) for request in http.requests] == [100, 100, 50]
    assert lines(http.requests[0])[7]["event"] == {"message": "7", "level": "warning", "n": 7}
    assert outcome.detail == "250 events in 3 requests"

    http = ScriptedHttp([reply(200, SUCCESS)])
    asyncio.run(make(http).send_logs([LogEntry(message="x" * 300_000) for _ in range(7)]))
    assert [len(lines(request)) for request in http.requests] == [3, 3, 1]
    assert all(len(plain(request).content) <= 1_000_000 for request in http.requests)
    assert all(request.headers["content-encoding"] == "gzip" for request in http.requests)


def test_nothing_to_send() -> None:
    """No lines make no request."""
    http = ScriptedHttp()
    assert asyncio.run(make(http).send_logs([])).status is OutcomeStatus.SKIPPED
    assert asyncio.run(make(http, flush_interval=30).send_logs([])).status is OutcomeStatus.SKIPPED


@pytest.mark.contracts
def test_events_of_ones_own_conform(conformity) -> None:
    """The document's log format, with a time, an index and indexed fields of its own."""
    http = ScriptedHttp([reply(200, SUCCESS)])
    event = {
        "action": "config_changed",
        "config_key": "app.database.host",
        "metadata": {"environment": "production"},
    }
    moment = datetime.fromtimestamp(1704067200, UTC)

    asyncio.run(
        make(http).send_events([event, "plain text"], time=moment, index="main", fields={"env": ["a", "b"]})
    )

    first, second = lines(http.requests[0])
    assert first["time"] == 1704067200
    assert first["event"] == event
    assert (second["event"], second["index"], second["fields"]) == ("plain text", "main", {"env": ["a", "b"]})
    for one in (first, second):
        single = attrs.evolve(plain(http.requests[0]), content=json.dumps(one).encode())
        conformity.check("splunk_hec", single, base_url=ROOT)


@pytest.mark.contracts
def test_raw_text_conforms(conformity) -> None:
    """Text goes as it is, with a channel, filed as configured or as said."""
    http = ScriptedHttp([reply(200, SUCCESS)])
    splunk = make(http, channel="FE0ECFAD-13D5-401B-847D-77833BD77131")

    assert asyncio.run(splunk.send_raw("a line\nanother ü", sourcetype="syslog", host="web-1"))

    (request,) = http.requests
    assert request.content.decode() == "a line\nanother ü"
    assert "channel=fe0ecfad-13d5-401b-847d-77833bd77131" in request.url
    assert "sourcetype=syslog" in request.url
    assert "host=web-1" in request.url
    assert "index=apg_config" in request.url
    conformity.check(
        "splunk_hec",
        attrs.evolve(request, headers={**request.headers, "content-type": "text/plain"}),
        base_url=ROOT,
    )


@pytest.mark.contracts
def test_acknowledgements_conform(conformity) -> None:
    """They are asked for on the channel on which the events went, and asking again changes nothing."""
    http = ScriptedHttp([reply(200, {"acks": {"0": True, "7": False}})])
    splunk = make(http)

    assert asyncio.run(splunk.acknowledged(["0", 7, 8])) == {"0": True, "7": False, "8": False}

    (request,) = http.requests
    assert http.sent() == {"acks": [0, 7, 8]}
    assert request.headers["x-splunk-request-channel"] == splunk.channel
    assert http.calls[0].idempotent
    conformity.check("splunk_hec", request, base_url=ROOT, beyond=("?channel",))


def test_an_acknowledgement_has_a_number() -> None:
    """Another reference is refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="expected numbers such as 7"):
        asyncio.run(make(ScriptedHttp()).acknowledged(["x"]))


def test_acknowledge_waits_for_the_indexers() -> None:
    """The outcome comes when they have written it; its reference is the acknowledgement's number."""
    stand_in = SplunkStandIn()
    stand_in.acknowledges, stand_in.indexed = True, False
    clock = FakeClock(NOW)

    def answer(request: Request):
        stand_in.indexed = clock.monotonic() >= 7
        return answered_by(stand_in)(request)

    splunk = connect(
        SplunkConnector,
        {**stand_in.config(), "hec_url": "http://stand-in.test", "acknowledge": True},
        ScriptedHttp([answer]),
        clock=clock,
    )
    assert asyncio.run(splunk.send_event(PIPELINE)).reference == "0"
    assert clock.slept == [1.0, 2.0, 4.0]


def test_what_is_not_acknowledged_in_time_is_an_error() -> None:
    """It says that Splunk took it, so nobody sends it again without a thought."""
    clock = FakeClock(NOW)
    http = ScriptedHttp([reply(200, {**SUCCESS, "ackId": 3}), reply(200, {"acks": {"3": False}})])
    splunk = connect(
        SplunkConnector, {**CONFIG, "acknowledge": True, "acknowledge_timeout": 20}, http, clock=clock
    )
    with pytest.raises(DeadlineExceededError, match="sending it again may double it"):
        asyncio.run(splunk.send_event(PIPELINE))
    assert clock.slept == [1.0, 2.0, 4.0, 8.0, 5.0]


def test_a_token_without_acknowledgement_is_told() -> None:
    """Waiting for what will not come would look like an outage."""
    with pytest.raises(RejectedError, match="the token has no acknowledgement: enable it there"):
        asyncio.run(make(ScriptedHttp([reply(200, SUCCESS)]), acknowledge=True).send_event(PIPELINE))


@pytest.mark.contracts
def test_check_has_no_effect(conformity) -> None:
    """It asks for health and sends an empty body, which Splunk refuses after it has looked at the token."""
    http = ScriptedHttp([reply(200, HEALTHY), reply(400, {"text": "No data", "code": 5})])

    result = asyncio.run(make(http).check())

    assert [request.url.removeprefix(ROOT) for request in http.requests] == [
        "/services/collector/health",
        "/services/collector/event",
    ]
    assert http.requests[1].content == b""
    assert result.detail == "HEC is healthy; the token is accepted"
    assert result.warnings == ()
    conformity.check("splunk_hec", http.requests[0], base_url=ROOT)


def test_check_finds_a_wrong_token_and_a_collector_that_is_none() -> None:
    """A 403 asks for another token; what takes an event that is none is something else."""
    stand_in = SplunkStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    asyncio.run(connect(SplunkConnector, stand_in.config(), http).check())
    assert stand_in.events == []
    with pytest.raises(AuthenticationError, match="Invalid token") as caught:
        asyncio.run(connect(SplunkConnector, {**stand_in.config(), "hec_token": "other"}, http).check())
    assert (caught.value.code, caught.value.needs_reauth) == ("4", True)
    with pytest.raises(RejectedError, match="is it a HEC"):
        asyncio.run(make(ScriptedHttp([reply(200, SUCCESS)])).check())
    with pytest.raises(ProviderUnavailableError, match="queues are full"):
        asyncio.run(
            make(
                ScriptedHttp([reply(503, {"text": "HEC is unhealthy, queues are full", "code": 18})])
            ).check()
        )


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (400, {"text": "Incorrect index", "code": 7, "invalid-event-number": 1}, RejectedError, "Incorrect index (event 1 of the request)"),
        (400, {"text": "Data channel is missing", "code": 10}, RejectedError, "Data channel is missing"),
        (401, {"text": "Token is required", "code": 2}, AuthenticationError, "Token is required"),
        (403, {"text": "Token disabled", "code": 1}, AuthenticationError, "Token disabled"),
        (413, "too large", RejectedError, "too large"),
        (429, {"text": "Queue at capacity", "code": 26}, RateLimitedError, "Queue at capacity"),
        (500, {"text": "Internal server error", "code": 8}, ProviderUnavailableError, "Internal server error"),
        (503, {"text": "Server is busy", "code": 9}, ProviderUnavailableError, "Server is busy"),
        (302, None, RejectedError, "redirect"),
    ],
)  # fmt: skip
def test_errors_carry_splunks_words(status: int, body: object, kind: type[ConnectorError], says: str) -> None:
    """Each refusal is the error that fits, with Splunk's code and the event it is about.

    Source: "Troubleshoot HTTP Event Collector", "Possible error codes" in Splunk's manual Getting Data In.
    """
    http = ScriptedHttp([reply(status, body, x_request_id=f"r {CANARY}")])
    with pytest.raises(kind) as caught:
        asyncio.run(make(http).send_event(PIPELINE))
    error = caught.value
    assert says in error.message
    assert (error.status, error.operation) == (status, "event")
    assert error.code == (str(body["code"]) if isinstance(body, dict) else None)
    assert CANARY not in "".join(traceback.format_exception(error)) + repr(error) + str(error.request_id)


class TestBatching:
    """Events wait for one another."""

    def run(
        self,
        work: Callable[[SplunkConnector, FakeClock], Awaitable[None]],
        stand_in: SplunkStandIn,
        **more: object,
    ) -> ScriptedHttp:
        http = SlowHttp([answered_by(stand_in)])
        clock = HeldClock(NOW)
        config = {**stand_in.config(), "batch_size": 3, "flush_interval": 30, **more}

        async def main() -> None:
            splunk = connect(SplunkConnector, config, http, clock=clock)
            await work(splunk, clock)

        asyncio.run(main())
        return http

    def test_a_full_batch_is_sent(self) -> None:
        """Two wait and say so, the third sends all three."""

        async def work(splunk: SplunkConnector, _: FakeClock) -> None:
            outcomes = [await splunk.send_event(PIPELINE) for _ in range(3)]
            assert [outcome.attempts for outcome in outcomes] == [0, 0, 1]
            assert outcomes[0].detail == "waits for its batch: 1 of 3, sent within 30 s"
            assert all(outcomes)

        stand_in = SplunkStandIn()
        assert len(self.run(work, stand_in).requests) == 1
        assert len(stand_in.events) == 3

    def test_the_oldest_waits_no_longer_than_said(self) -> None:
        """A batch that does not fill is sent after `flush_interval`, with its events' own times."""

        async def work(splunk: SplunkConnector, clock: HeldClock) -> None:
            await splunk.send_event(PIPELINE)
            await clock.pass_by()
            await splunk.send_event(PIPELINE)
            assert len(stand_in.events) == 1
            await clock.pass_by()

        stand_in = SplunkStandIn()
        self.run(work, stand_in)
        assert [event["time"] for event in stand_in.events] == [PIPELINE.time.timestamp()] * 2

    def test_a_batch_that_fails_waits_for_the_next_try(self) -> None:
        """Nothing is lost when Splunk is away for a while, and the check says that it was."""

        async def work(splunk: SplunkConnector, clock: HeldClock) -> None:
            stand_in.fail(status=503, path="/services/collector/event")
            await splunk.send_event(PIPELINE)
            await clock.pass_by()
            assert stand_in.events == []
            assert (
                "the last batch was not sent: splunk-1 event: Server is busy"
                in (await splunk.check()).warnings[0]
            )
            await clock.pass_by()
            assert (await splunk.check()).warnings == ()

        stand_in = SplunkStandIn()
        self.run(work, stand_in)
        assert len(stand_in.events) == 1

    def test_who_fills_a_batch_that_fails_is_told(self) -> None:
        """The error reaches the caller, the events wait on."""

        async def work(splunk: SplunkConnector, clock: HeldClock) -> None:
            stand_in.fail(status=503)
            await splunk.send_event(PIPELINE)
            with pytest.raises(ProviderUnavailableError, match="busy"):
                await splunk.send_logs([LogEntry(message="a"), LogEntry(message="b")])
            await clock.pass_by()

        stand_in = SplunkStandIn()
        self.run(work, stand_in)
        assert len(stand_in.events) == 3

    def test_what_splunk_refuses_is_given_up(self) -> None:
        """It would be refused each time, and hold up all others."""

        async def work(splunk: SplunkConnector, _: HeldClock) -> None:
            await splunk.send_events(["x"], index="secret")
            with pytest.raises(RejectedError, match=r"Incorrect index \(event 0"):
                await splunk.flush()
            await splunk.send_event(PIPELINE)
            assert (await splunk.flush()).detail == "1 events in 1 requests"
            assert (await splunk.flush()).status is OutcomeStatus.SKIPPED

        self.run(work, SplunkStandIn())

    def test_not_more_than_a_hundred_batches_wait(self) -> None:
        """Then nothing more is taken, and the caller knows."""

        async def work(splunk: SplunkConnector, _: HeldClock) -> None:
            stand_in.fail(status=503, times=None)
            with pytest.raises(ProviderUnavailableError, match="busy"):
                await splunk.send_logs([LogEntry(message="x")] * 300)
            with pytest.raises(
                ProviderUnavailableError, match="300 events wait already; these were not taken"
            ):
                await splunk.send_event(PIPELINE)
            stand_in.faults.clear()

        stand_in = SplunkStandIn()
        self.run(work, stand_in)

    def test_two_who_fill_a_batch_send_each_event_once(self) -> None:
        """Whoever comes second learns that its events went with the first's."""

        async def work(splunk: SplunkConnector, _: HeldClock) -> None:
            logs = [LogEntry(message="x")] * 3
            first, second = await asyncio.gather(splunk.send_logs(logs), splunk.send_logs(logs))
            assert bool(first) and bool(second)
            assert {first.detail, second.detail} >= {"went with the batch of others"}

        stand_in = SplunkStandIn()
        self.run(work, stand_in)
        assert len(stand_in.events) == 6

    def test_closing_sends_what_waits(self) -> None:
        """And says what is lost when it cannot."""

        async def work(splunk: SplunkConnector, _: HeldClock) -> None:
            await splunk.send_event(PIPELINE)
            await splunk.close()
            assert len(stand_in.events) == 1
            stand_in.fail(status=503)
            await splunk.send_event(PIPELINE)
            with pytest.raises(
                ProviderUnavailableError, match="1 events that waited are lost: Server is busy"
            ):
                await splunk.close()

        stand_in = SplunkStandIn()
        self.run(work, stand_in)

    def test_a_manager_that_is_closed_sends_what_waits(self) -> None:
        """Over the wire, with the document's `flush_interval`."""
        with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
            mgr.splunk.create({**sandbox.config("splunk"), "flush_interval": 30})
            assert mgr.splunk.send_event("splunk-1", PIPELINE).attempts == 0
            assert sandbox.splunk.events == []
            mgr.close()
            assert len(sandbox.splunk.events) == 1


class SlowHttp(ScriptedHttp):
    """Lets others run before it answers, as a network does."""

    async def send(self, request: Request, call: Call) -> Response:
        await asyncio.sleep(0)
        return await super().send(request, call)


class HeldClock(FakeClock):
    """A clock whose sleepers wait until time passes by."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._gate: asyncio.Event | None = None

    async def sleep(self, seconds: float) -> None:
        self._gate = self._gate or asyncio.Event()
        gate = self._gate
        await gate.wait()
        self.advance(seconds)

    async def pass_by(self) -> None:
        """Let everybody who sleeps now wake, and do what they do then."""
        for _ in range(5):
            await asyncio.sleep(0)
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.set()
        for _ in range(20):
            await asyncio.sleep(0)


def test_configuration_mistakes_are_named_at_once() -> None:
    """Every wrong field is named, and no value of a secret."""
    with pytest.raises(ConfigurationError) as caught:
        connect(
            SplunkConnector,
            {
                "hec_url": "https://splunk.example.com/?token=x", "hec_token": f"{CANARY}\n", "batch_size": 0,
                "flush_interval": -1, "channel": "7", "acknowledge": True, "acknowledge_timeout": 0, "idx": "main",
            },
            ScriptedHttp(),
        )  # fmt: skip
    assert {problem.path for problem in caught.value.problems} == {
        "hec_url", "hec_token", "batch_size", "flush_interval", "channel", "acknowledge_timeout", "idx",
    }  # fmt: skip
    assert CANARY not in str(caught.value)
    with pytest.raises(ConfigurationError, match="hec_url: expected an absolute URL"):
        connect(SplunkConnector, {"hec_url": "https://[x", "hec_token": CANARY}, ScriptedHttp())


def test_stand_in_refuses_what_splunk_refuses() -> None:
    """With its own codes."""
    stand_in = SplunkStandIn()
    answer = answered_by(stand_in)
    channel = {"x-splunk-request-channel": "fe0ecfad-13d5-401b-847d-77833bd77131"}

    def code(path: str, content: bytes, **headers: str) -> object:
        given = {
            "authorization": f"Splunk {stand_in.token}",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        request = Request(
            method="POST", url=f"{stand_in.url}/services/collector/{path}", headers=given, content=content
        )
        return answer(request).json()["code"]

    assert code("event", b"{}", authorization="") == 2
    assert code("event", b"{}", authorization="Bearer x") == 3
    assert code("event", b"{}", authorization="Splunk x") == 4
    assert code("event", b"[1]") == 6
    assert code("event", b'{"event":1}{"event"') == 6
    assert code("event", b'{"event":1,"more":2}') == 6
    assert code("event", b'{"time":1}') == 12
    assert code("event", b'{"event":""}') == 13
    assert code("event", b'{"event":1,"index":"x"}') == 7
    assert code("raw", b"") == 5
    assert code("raw", b"x") == 10
    assert code("raw?index=x&channel=fe0ecfad-13d5-401b-847d-77833bd77131", b"x") == 7
    assert code("ack", b'{"acks":[1]}', **channel) == 14
    stand_in.acknowledges = True
    assert code("event", b'{"event":1}') == 10
    assert code("ack", b'{"acks":[1]}') == 10
    assert code("ack", b'{"acks":["1"]}', **channel) == 6
    assert len(stand_in.events) == 1
