"""`health`: what a check says, what follows from several, and who is told."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import (
    AuthenticationError,
    BlockedAddressError,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    StateError,
    TransportError,
)
from integrations_sdk.health import HealthThresholds, Observation, diagnose, judge
from integrations_sdk.models import Diagnosis, HealthCheck, HealthStatus
from support.toy import toy

OK, DEGRADED, BAD = HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.UNHEALTHY
WORKING, LATER, REAUTH, DEAD = Diagnosis
SECOND = timedelta(seconds=1)


def before(status: HealthStatus, diagnosis: Diagnosis, failures: int = 0, successes: int = 0) -> HealthCheck:
    from datetime import UTC, datetime

    return HealthCheck(
        integration_id="x-1",
        integration_type="x",
        status=status,
        diagnosis=diagnosis,
        response_time_ms=1,
        last_check=datetime(2026, 1, 1, tzinfo=UTC),
        consecutive_failures=failures,
        consecutive_successes=successes,
    )


@pytest.mark.parametrize(
    ("observed", "earlier", "status"),
    [
        (WORKING, None, OK),
        (LATER, None, BAD),
        (REAUTH, None, BAD),
        (LATER, before(OK, WORKING, 0, 5), DEGRADED),
        (LATER, before(DEGRADED, LATER, 1), DEGRADED),
        (LATER, before(DEGRADED, LATER, 2), BAD),
        (LATER, before(BAD, LATER, 3), BAD),
        (REAUTH, before(OK, WORKING, 0, 9), BAD),
        (DEAD, before(OK, WORKING, 0, 9), BAD),
        (WORKING, before(BAD, LATER, 3), DEGRADED),
        (WORKING, before(DEGRADED, WORKING, 0, 1), OK),
        (WORKING, before(DEGRADED, LATER, 1), DEGRADED),
        (WORKING, before(BAD, REAUTH, 4), OK),
        (WORKING, before(BAD, DEAD, 4), OK),
    ],
)
def test_status_follows_from_this_check_and_the_one_before(observed, earlier, status):
    """One passing failure turns nothing red; what waiting does not mend is red at once, and green when mended."""
    assert judge(Observation(diagnosis=observed, elapsed=SECOND), earlier, HealthThresholds()) is status


def test_a_warning_is_degraded():
    """What works but should not stay so is degraded."""
    observed = Observation(diagnosis=WORKING, elapsed=SECOND, reason="plain http")
    assert judge(observed, None, HealthThresholds()) is DEGRADED


@given(st.lists(st.sampled_from([WORKING, LATER]), min_size=1, max_size=60))
def test_a_status_does_not_flap(observations):
    """Between healthy and unhealthy there are always at least as many checks as the thresholds say."""
    thresholds = HealthThresholds()
    check: HealthCheck | None = None
    seen = []
    for diagnosis in observations:
        status = judge(Observation(diagnosis=diagnosis, elapsed=SECOND), check, thresholds)
        worked = diagnosis is WORKING
        check = before(
            status,
            diagnosis,
            0 if worked else 1 + (check.consecutive_failures if check else 0),
            1 + (check.consecutive_successes if check else 0) if worked else 0,
        )
        seen.append(status)
    for earlier, later in itertools.pairwise(seen):
        assert {earlier, later} != {OK, BAD}


@pytest.mark.parametrize(
    ("error", "diagnosis"),
    [
        (AuthenticationError("x"), REAUTH),
        (PermissionDeniedError("x"), REAUTH),
        (RateLimitedError("x"), LATER),
        (TransportError("x"), LATER),
        (ProviderUnavailableError("x"), LATER),
        (BlockedAddressError("x"), DEAD),
        (RejectedError("x"), DEAD),
        (ConfigurationError.of("x", "y", "z"), DEAD),
    ],
)
def test_each_error_says_what_to_do(error, diagnosis):
    """Wait, give new credentials, or repair: the kind of error decides."""
    found, remedy = diagnose(error)
    assert found is diagnosis
    assert remedy


def test_a_check_is_remembered(manager, run, clock):
    """A check returns status, time and moment, and joins the history, newest first."""
    made = run(manager.toy.create(url="https://t.example"))
    check = run(manager.health.check_integration_health(made.integration_id, "toy"))
    assert (check["status"], check["response_time_ms"], check["last_check"]) == (
        "healthy",
        0.0,
        "2026-01-01T00:00:00Z",
    )
    clock.advance(60)
    run(manager.toy.check(made.integration_id))
    history = run(manager.health.get_health_history(made.integration_id))
    assert [entry.last_check.minute for entry in history] == [1, 0]
    clock.advance(timedelta(days=31).total_seconds())
    assert run(manager.health.get_health_history(made.integration_id)) == []


def test_unhealthy_ones_are_named(manager, run):
    """`get_unhealthy_integrations` is the ids whose latest check failed, and asks nobody."""
    kind = manager.registry.get("toy")
    good = run(manager.toy.create(url="https://a.example"))
    run(manager.health.check_all())
    kind.failing = "auth"
    bad = run(manager.toy.create(url="https://b.example"))
    check = run(manager.health.check_integration_health(bad.integration_id))
    assert (check.status, check.diagnosis) == (BAD, REAUTH)
    assert "wrong token" in check.reason
    assert "update()" in check.remedy
    assert run(manager.health.get_unhealthy_integrations()) == [bad.integration_id]
    assert good.integration_id not in run(manager.health.get_unhealthy_integrations())


def test_a_sweep_checks_every_active_one(manager, run):
    """A sweep covers all active integrations, in the order they were made, with any concurrency."""
    made = [run(manager.toy.create(url="https://t.example")).integration_id for _ in range(5)]
    run(manager.toy.disable(made[2]))
    swept = run(manager.health.check_all(concurrency=2))
    assert [check.integration_id for check in swept] == made[:2] + made[3:]
    assert [check.integration_id for check in run(manager.health.latest())] == made[:2] + made[3:]


def test_a_disabled_one_is_not_checked(manager, run):
    """Checking a disabled integration says how to enable it."""
    made = run(manager.toy.create(url="https://t.example"))
    run(manager.toy.disable(made.integration_id))
    with pytest.raises(StateError, match="enable"):
        run(manager.toy.check(made.integration_id))


def test_changes_are_told_once_each(manager, run):
    """`on_change` hears a change of status, not every check; one that raises disturbs nobody."""
    kind = manager.registry.get("toy")
    made = run(manager.toy.create(url="https://t.example"))
    heard, published = [], []

    def broken(check: HealthCheck) -> None:
        raise ValueError(check)

    manager.health.on_change(broken)
    stop = manager.health.on_change(lambda check: heard.append(check.status))
    manager.runtime.bus.subscribe("integration.health_changed", lambda event: published.append(event.status))
    run(manager.health.check_all())
    kind.failing = "auth"
    run(manager.health.check_all())
    run(manager.health.check_all())
    kind.failing = None
    run(manager.health.check_all())
    assert heard == [BAD, OK]
    assert published == ["unhealthy", "healthy"]
    stop()
    stop()
    kind.failing = "down"
    run(manager.health.check_all())
    assert heard == [BAD, OK]
    assert made


def test_a_slow_answer_is_degraded(manager, run, clock):
    """An answer that takes longer than the threshold is degraded, and says how long it took."""
    run(manager.toy.create(url="https://t.example"))

    async def slow(self: object) -> object:
        from integrations_sdk.models import CheckResult

        clock.advance(6)
        return CheckResult()

    manager.registry.get("toy").check = slow
    (check,) = run(manager.health.check_all())
    assert check.status is DEGRADED
    assert "6.0 s" in check.reason


def test_warnings_show_in_the_reason(manager, run):
    """A connector's warnings make it degraded and are its reason."""
    run(manager.toy.create(url="https://t.example"))
    manager.registry.get("toy").warnings = ("certificate is not verified",)
    (check,) = run(manager.health.check_all())
    assert (check.status, check.reason) == (DEGRADED, "certificate is not verified")


def test_a_vendors_words_show_no_credential(manager, run):
    """What a warning repeats of the credentials is masked before it is kept."""
    run(manager.toy.create(url="https://t.example", token="canary-0815"))
    manager.registry.get("toy").warnings = ("canary-0815 is old\n\x1b[2J",)
    (check,) = run(manager.health.check_all())
    assert check.reason == "•••• is old [2J"


def test_a_connectors_bug_does_not_end_the_sweep(manager, run):
    """Any exception is a failed check that says where it was raised, not in its words, which may hold a secret."""
    run(manager.toy.create(url="https://t.example"))

    async def check(_: object) -> None:
        raise ValueError("https://canary@t.example")

    kind = toy()
    kind.provider, kind.check = "broken", check
    manager.register_connector(kind)
    run(manager.integrations.create("broken", url="https://b.example"))
    good, bad = run(manager.health.check_all())
    assert (good.status, bad.status, bad.diagnosis) == (OK, BAD, DEAD)
    assert "ValueError at test_health.py" in bad.reason
    assert "broken connector" in bad.remedy
    assert "canary" not in str(bad)


def test_the_monitor_sweeps_until_it_is_stopped(manager, run, clock):
    """`start_monitor` checks at once and again after each interval; `stop_monitor` ends it."""
    import asyncio

    made = run(manager.toy.create(url="https://t.example"))

    async def watched() -> int:
        await manager.health.start_monitor(interval=timedelta(seconds=30))
        while len(await manager.health.get_health_history(made.integration_id)) < 3:
            await asyncio.sleep(0)
        await manager.health.stop_monitor()
        await manager.health.stop_monitor()
        return len(await manager.health.get_health_history(made.integration_id))

    assert run(watched()) >= 3
    assert clock.slept[0] == 30


def test_a_broken_store_does_not_end_the_monitor(manager, run):
    """A sweep that fails as a whole is logged, and the next one comes."""
    import asyncio

    tries = []

    async def failing(**_: object) -> None:
        tries.append(1)
        raise StateError("the store is locked")

    async def watched() -> None:
        manager.health.check_all = failing
        await manager.health.start_monitor(interval=timedelta(seconds=1))
        while len(tries) < 2:
            await asyncio.sleep(0)

    run(watched())
    assert len(tries) >= 2


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda health: health.check_all(concurrency=0), ConfigurationError),
        (lambda health: health.start_monitor(interval=timedelta(milliseconds=1)), ConfigurationError),
        (lambda health: health.check_integration_health("toy-9"), NotFoundError),
        (lambda health: health.get_health_history("toy-9"), NotFoundError),
    ],
)
def test_wrong_questions_are_refused(manager, run, ask, error):
    """Bad arguments get a named error."""
    with pytest.raises(error):
        run(ask(manager.health))
