"""Metrics of deliveries: counted after the commit, read by the real clients of Prometheus and OpenTelemetry."""

from __future__ import annotations

import asyncio
import builtins
import threading
from datetime import UTC, datetime, timedelta

import prometheus_client
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client.parser import text_string_to_metric_families

from integrations_sdk.clock import FakeClock
from integrations_sdk.delivery.metrics import Fate, Measured, Meters, depths, measured, oldest_due_age
from integrations_sdk.delivery.opentelemetry import OpenTelemetryMetrics
from integrations_sdk.delivery.prometheus import PrometheusMetrics
from integrations_sdk.delivery.worker import Finished
from integrations_sdk.errors import ConfigurationError, MissingExtraError, StateError
from integrations_sdk.models.delivery import (
    At,
    Attempt,
    Backlog,
    Dead,
    Delivery,
    DeliveryState,
    Disable,
    Done,
    Target,
)
from integrations_sdk.queue.base import Claimed, Recorded, Result
from support.deliveries import A, B, Scripted, engine_with, event, failed, sent
from support.telemetry import fresh_providers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
C, LATER = Target("integration", "c"), Target("webhook", "later")
LATE = timedelta(seconds=2)

FATES = [
    (Done(), None, Fate.DELIVERED),
    (At(NOW), "broken", Fate.FAILED),
    (Disable("gone"), "gone", Fate.DISABLED),
    (Dead("given up"), "broken", Fate.EXHAUSTED),
]


class Kept:
    """Metrics that keep what they are told, or fail when they are to."""

    def __init__(self, *, fail=False):
        self.fail = fail
        self.results = []
        self.backlogs = []

    def recorded(self, results):
        if self.fail:
            raise RuntimeError("a secret")
        self.results += results

    def waiting(self, backlog, now):
        if self.fail:
            raise RuntimeError("a secret")
        self.backlogs.append(backlog)


def finished(verdict, error=None, *, attempted=True, started_at=NOW + LATE):
    delivery = Delivery(
        delivery_id="d", event_id="e", event_type="push", target=A, state=DeliveryState.LEASED, due_at=NOW,
        created_at=NOW,
    )  # fmt: skip
    attempt = Attempt(number=1, started_at=started_at, latency=timedelta(seconds=0.25), error=error)
    claimed = Claimed(handle=1, token=1, tries=0, delivery=delivery, event=event())
    result = Result(claimed=claimed, attempt=attempt if attempted else None, verdict=verdict)
    return Finished(result, sent(), Recorded(accepted=True))


@pytest.mark.parametrize(("verdict", "error", "fate"), FATES)
def test_every_result_has_one_fate(verdict, error, fate):
    """By its verdict; with how long the attempt took, and how late it began."""
    assert measured(finished(verdict, error)) == Measured("webhook", fate, error is None, 0.25, 2.0)


@pytest.mark.parametrize(("verdict", "fate"), [(At(NOW), Fate.DEFERRED), (Dead("gone"), Fate.EXHAUSTED)])
def test_what_was_not_sent_is_no_attempt(verdict, fate):
    """It has a fate, and no times."""
    assert measured(finished(verdict, attempted=False)) == Measured("webhook", fate, None)


def test_nothing_is_early():
    """Clocks of two machines may differ: a delivery sent before it was due is not late."""
    assert measured(finished(Done(), started_at=NOW - LATE)).delay == 0


def test_what_waits():
    """The depth of each state, and the age of what is due; what is due later has none."""
    backlog = Backlog(pending=1, waiting=2, leased=3, held=4, oldest_due_at=NOW)
    assert depths(backlog) == {"pending": 1, "waiting": 2, "leased": 3, "held": 4}
    assert oldest_due_age(backlog, NOW + LATE) == 2
    assert oldest_due_age(backlog, NOW - LATE) == oldest_due_age(Backlog(), NOW) == 0


def test_failing_metrics_disturb_nobody(caplog):
    """They are named in the log once until they work again, without their words; others are told all the same."""
    broken, good = Kept(fail=True), Kept()
    meters = Meters([broken, good])
    for _ in range(3):
        meters.recorded([finished(Done())])
    assert len(good.results) == 3
    broken.fail = False
    meters.recorded([finished(Done())])
    broken.fail = True
    meters.recorded([finished(Done())])
    lines = [record.getMessage() for record in caplog.records]
    assert [("metrics='Kept' error='RuntimeError'" in line, "a secret" in line) for line in lines] == [
        (True, False)
    ] * 2
    assert (len(broken.results), len(good.results)) == (1, 5)


class Faulty:
    """A queue whose backlog cannot be read for once, and takes its time."""

    def __init__(self, clock, seconds=0.0):
        self.clock, self.seconds, self.faults = clock, seconds, 1

    async def backlog(self):
        self.clock.advance(self.seconds)
        self.faults -= 1
        if self.faults == 0:
            raise StateError("locked")
        return Backlog(pending=1)


def watched(queue, clock, looks):
    """What metrics are told of a queue that is watched for so many looks, and then no more."""
    kept = Kept()

    async def main():
        watching = asyncio.create_task(Meters([kept]).watch(queue, clock))
        while len(kept.backlogs) < looks:
            await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(main())
    return kept.backlogs


def test_an_unknown_backlog_is_said_to_be():
    """While the queue cannot be read, and from the end of the watch on."""
    clock = FakeClock()
    assert watched(Faulty(clock), clock, 3)[:3] == [None, Backlog(pending=1), Backlog(pending=1)]
    assert watched(Faulty(clock), clock, 3)[-1] is None


def test_looking_takes_a_small_share_of_the_time():
    """Every 15 seconds, or less often where counting takes long."""
    quick, slow = FakeClock(), FakeClock()
    watched(Faulty(quick), quick, 2)
    watched(Faulty(slow, seconds=3.0), slow, 2)
    assert (quick.slept[0], slow.slept[0]) == (15, 60)


# --- through the engine ---------------------------------------------------------------------------


def answer(delivery, _):
    """A answers, B is tried again until it is given up, C is gone."""
    return {A: sent(), B: failed(), C: failed(status=410)}[delivery.target]


async def worked(metrics, *, look=lambda: None):
    """An engine that has tried everything it can, once stopped; `look` is called while it is at work."""
    kept = Kept()
    async with engine_with(Scripted(answer), metrics=[metrics, kept]) as engine:
        engine.register(C.kind, Scripted(answer))
        await engine.disable(LATER, "asked to")
        await engine.enqueue(event("later"), [LATER, LATER])
        engine.start()
        await engine.enqueue_and_wait(event(), [A, B, C])
        while len(kept.results) < 5:
            await asyncio.sleep(0.005)
        while not kept.backlogs:
            await asyncio.sleep(0.005)
        metrics.waiting(BACKLOG, NOW + LATE)
        looked = look()
        await engine.stop()
        return looked


BACKLOG = Backlog(pending=7, held=3, oldest_due_at=NOW)


def exposed(registry):
    """Every sample of the exposition, as a scraper reads it; not when a series was created."""
    text = prometheus_client.generate_latest(registry).decode()
    return {
        (sample.name.removeprefix("integrations_sdk_delivery_"), *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_prometheus_counts_and_measures():
    """Attempts and results by kind and outcome, durations and delays as histograms; nothing of a single target."""
    registry = prometheus_client.CollectorRegistry()
    asyncio.run(worked(PrometheusMetrics(registry)))
    samples = exposed(registry)

    def of(name, **labels):
        return samples[(name, *sorted(labels.items()))]

    assert of("attempts_total", kind="webhook", outcome="succeeded") == 1
    assert of("attempts_total", kind="webhook", outcome="failed") == 3
    results = {key[1:]: value for key, value in samples.items() if key[0] == "results_total"}
    assert results == {
        (("kind", "webhook"), ("outcome", "delivered")): 1,
        (("kind", "webhook"), ("outcome", "failed")): 2,
        (("kind", "webhook"), ("outcome", "exhausted")): 1,
        (("kind", "integration"), ("outcome", "disabled")): 1,
    }
    assert of("attempt_duration_seconds_count", kind="webhook", outcome="failed") == 3
    assert of("attempt_duration_seconds_bucket", kind="webhook", outcome="failed", le="60.0") == 3
    assert of("attempt_duration_seconds_sum", kind="webhook", outcome="failed") > 0
    assert of("delay_seconds_count", kind="webhook") == 4
    assert of("delay_seconds_bucket", kind="webhook", le="60.0") == 4
    labels = {name for key in samples for name, _ in key[1:]}
    assert labels <= {"kind", "outcome", "le", "state"}


def test_prometheus_shows_the_backlog_while_it_is_known():
    """Before the engine starts and after it stops there is none, rather than an old one."""
    registry = prometheus_client.CollectorRegistry()
    metrics = PrometheusMetrics(registry)
    assert exposed(registry) == {}
    samples = asyncio.run(worked(metrics, look=lambda: exposed(registry)))
    found = {key: value for key, value in samples.items() if key[0].startswith(("queue", "oldest"))}
    assert found == {
        ("queue_depth", ("state", "pending")): 7,
        ("queue_depth", ("state", "waiting")): 0,
        ("queue_depth", ("state", "leased")): 0,
        ("queue_depth", ("state", "held")): 3,
        ("oldest_due_age_seconds",): 2,
    }
    assert not [key for key in exposed(registry) if key[0].startswith(("queue", "oldest"))]


def test_the_backlog_is_that_of_the_queue():
    """What a started engine tells of is what its queue says."""
    kept = Kept()
    asyncio.run(worked(kept))
    assert (kept.backlogs[0].held, kept.backlogs[-1]) == (2, None)


def test_prometheus_is_scraped_while_it_counts():
    """From other threads, each time a whole answer; no count is lost."""
    registry = prometheus_client.CollectorRegistry()
    metrics, counts = PrometheusMetrics(registry), []

    def count():
        for _ in range(500):
            metrics.recorded([Measured("webhook", Fate.DELIVERED, True, 0.1, 0.1)])

    counting = [threading.Thread(target=count) for _ in range(2)]
    for thread in counting:
        thread.start()
    while any(thread.is_alive() for thread in counting):
        samples = exposed(registry)
        counts.append(samples.get(("results_total", ("kind", "webhook"), ("outcome", "delivered")), 0))
    for thread in counting:
        thread.join()
    assert counts == sorted(counts)
    assert exposed(registry)["results_total", ("kind", "webhook"), ("outcome", "delivered")] == 1_000


def test_prometheus_metrics_are_there_once():
    """A second object would count into the void, or shadow the first: it is refused, saying what to do."""
    registry = prometheus_client.CollectorRegistry()
    PrometheusMetrics(registry)
    with pytest.raises(ConfigurationError, match="registry of its own"):
        PrometheusMetrics(registry)


def test_prometheus_takes_the_default_registry():
    """Which is what `start_http_server()` and the frameworks' middlewares expose."""
    metrics = PrometheusMetrics()
    try:
        metrics.recorded([Measured("webhook", Fate.DEFERRED, None)])
        samples = exposed(prometheus_client.REGISTRY)
        assert samples["results_total", ("kind", "webhook"), ("outcome", "deferred")] == 1
        assert not [key for key in samples if key[0] == "attempts_total"]
    finally:
        prometheus_client.REGISTRY.unregister(metrics)


def read(reader):
    """Every point by metric, unit and attributes; of a histogram its count."""
    data = reader.get_metrics_data()
    scopes = data.resource_metrics[0].scope_metrics if data is not None else []
    return {
        (metric.name, metric.unit, *sorted((point.attributes or {}).items())): point
        for scope in scopes
        for metric in scope.metrics
        for point in metric.data.data_points
    }


def test_opentelemetry_counts_and_measures():
    """The same, under OpenTelemetry's kind of names and units."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    points = asyncio.run(worked(OpenTelemetryMetrics(provider), look=lambda: read(reader)))
    kind = ("integrations_sdk.delivery.target.kind", "webhook")

    def of(name, unit, *attributes):
        return points[f"integrations_sdk.delivery.{name}", unit, *sorted(attributes)]

    def outcome(word):
        return ("integrations_sdk.delivery.outcome", word)

    def state(word):
        return ("integrations_sdk.delivery.state", word)

    assert of("attempts", "{attempt}", kind, outcome("failed")).value == 3
    assert of("results", "{delivery}", kind, outcome("exhausted")).value == 1
    duration = of("attempt.duration", "s", kind, outcome("failed"))
    assert (duration.count, duration.explicit_bounds[-1]) == (3, 60)
    assert of("delay", "s", kind).count == 4
    assert of("queue.depth", "{delivery}", state("pending")).value == 7
    assert of("oldest_due.age", "s").value == 2
    assert {name for key in points for name, _ in key[2:]} == {kind[0], outcome("")[0], state("")[0]}
    assert not [key for key in read(reader) if "queue" in key[0] or "oldest" in key[0]]


def test_opentelemetry_speaks_for_the_manager_that_is_open():
    """Of several objects, e.g. of a manager that was closed and of its successor, those that know the backlog tell it."""
    reader, other = InMemoryMetricReader(), InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    closed, opened = OpenTelemetryMetrics(provider), OpenTelemetryMetrics(provider)
    elsewhere = OpenTelemetryMetrics(MeterProvider([other], shutdown_on_exit=False))
    closed.waiting(BACKLOG, NOW)
    closed.waiting(None, NOW)
    opened.waiting(BACKLOG, NOW + LATE)
    elsewhere.waiting(Backlog(pending=1), NOW)
    depth = (
        "integrations_sdk.delivery.queue.depth",
        "{delivery}",
        ("integrations_sdk.delivery.state", "pending"),
    )
    assert (read(reader)[depth].value, read(other)[depth].value) == (7, 1)
    assert read(reader)["integrations_sdk.delivery.oldest_due.age", "s"].value == 2


def test_opentelemetry_gauges_follow_a_provider_that_is_set_late():
    """Metrics that were made before the application set its provider, and such as were made after it."""
    for before in (True, False):
        reader = InMemoryMetricReader()
        with fresh_providers():
            from opentelemetry import metrics as api

            early = OpenTelemetryMetrics()
            api.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
            late = OpenTelemetryMetrics()
            (early if before else late).waiting(BACKLOG, NOW + LATE)
            assert read(reader)["integrations_sdk.delivery.oldest_due.age", "s"].value == 2


def test_opentelemetry_takes_the_global_provider():
    """What the application has set; what was not sent is counted as no attempt."""
    reader = InMemoryMetricReader()
    with fresh_providers():
        from opentelemetry import metrics as api

        api.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
        OpenTelemetryMetrics().recorded([Measured("webhook", Fate.DEFERRED, None)])
    assert [key[0] for key in read(reader)] == ["integrations_sdk.delivery.results"]


@pytest.mark.parametrize(
    ("metrics", "package", "extra"),
    [(PrometheusMetrics, "prometheus_client", "prometheus"), (OpenTelemetryMetrics, "opentelemetry", "otel")],
)
def test_a_missing_extra_is_named(monkeypatch, metrics, package, extra):
    """Where the package is not installed, the error says what to install."""
    real = builtins.__import__

    def without(name, *rest):
        if name == package:
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=rf"integrations-sdk\[{extra}\]"):
        metrics()
