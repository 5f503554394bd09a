"""`python -m integrations_sdk.worker`: a process of its own that delivers what others enqueue."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

import integrations_sdk
from integrations_sdk import IntegrationManagementManager
from integrations_sdk.delivery.schedule import DeliveryPolicy
from integrations_sdk.delivery.settings import DeliverySettings
from integrations_sdk.process import new_event_loop
from integrations_sdk.secrets.keys import KeyRing
from integrations_sdk.testing import Sandbox
from integrations_sdk.worker import main

KEY = KeyRing.generate().first.secret.reveal()
TAKES_IN = DeliverySettings(worker=False)


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("INTEGRATIONS_SDK_KEY", KEY)


@contextmanager
def worker(*arguments):
    """A worker process, killed at the end if it still runs."""
    environment = {
        **os.environ,
        "INTEGRATIONS_SDK_KEY": KEY,
        "PYTHONPATH": str(Path(integrations_sdk.__file__).parents[1]),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "integrations_sdk.worker", *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stopped(process, number=signal.SIGTERM):
    """Its exit status and log, after a signal."""
    process.send_signal(number)
    _, log = process.communicate(timeout=20)
    return process.returncode, log


def until(condition):
    """Return when the condition holds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def test_it_delivers_what_others_stored(tmp_path, key):
    """Every tenant's and project's webhooks and actions are sent by one worker, with the credentials of the store."""
    store = f"sqlite:///{tmp_path}/i.db"
    with Sandbox() as sandbox:
        for tenant, project in (("one", "one/web"), ("two", None)):
            with IntegrationManagementManager(
                project, tenant_id=tenant, store=store, delivery=TAKES_IN
            ) as mgr:
                mgr.webhooks.create_webhook({**sandbox.config("webhook"), "events": ["push"]})
                mgr.slack.create(sandbox.config("slack"))
                outcome = mgr.webhooks.trigger_webhook("webhook-1", {"tenant": tenant}, wait=False)
                assert outcome.status == "accepted"
                mgr.slack.enqueue("slack-1", "notify", message=f"from {tenant}")
        assert sandbox.webhook.received == []
        with worker("--store", store) as process:
            until(lambda: len(sandbox.webhook.received) == 2 and len(sandbox.slack.messages) == 2)
            status, log = stopped(process)
        assert (status, "stopped" in log) == (0, True)
        assert sorted(request.json()["tenant"] for request in sandbox.webhook.received) == ["one", "two"]
        said = json.dumps(sandbox.slack.messages)
        assert ("from one" in said, "from two" in said) == (True, True)
        with IntegrationManagementManager(tenant_id="two", store=store, delivery=TAKES_IN) as mgr:
            assert {one.state for one in mgr.deliveries.list().deliveries} == {"delivered"}


def test_what_a_killed_worker_held_is_taken_over(tmp_path, key):
    """Killed while it waits for an answer: the next one sends again within the lease, under the same id."""
    store = f"sqlite:///{tmp_path}/i.db"
    with Sandbox() as sandbox:
        sandbox.webhook.fail(delay=30)
        with IntegrationManagementManager(store=store, delivery=TAKES_IN) as mgr:
            mgr.webhooks.create_webhook({**sandbox.config("webhook"), "timeout": 60})
            mgr.webhooks.trigger_webhook("webhook-1", {"n": 1}, wait=False)
        with worker("--store", store, "--lease", "1") as process:
            until(lambda: len(sandbox.webhook.received) == 1)
            process.kill()
            process.communicate()
        with worker("--store", store, "--lease", "1") as process:
            until(lambda: len(sandbox.webhook.received) == 2)
            assert stopped(process, signal.SIGINT)[0] == 0
        assert len({request.headers["webhook-id"] for request in sandbox.webhook.received}) == 1


def test_metrics_are_served(tmp_path):
    """With a port, Prometheus reads there how much is waiting."""
    with worker("--store", f"sqlite:///{tmp_path}/i.db", "--metrics-port", "0") as process:
        log = ""
        while "port=" not in log:
            log = process.stderr.readline()
        port = log.rpartition("port=")[2].strip()
        while "delivering" not in log:
            log = process.stderr.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b"integrations_sdk_delivery" in answer.read()
        assert stopped(process)[0] == 0


def test_it_is_made_for_many_sends(tmp_path, monkeypatch):
    """Its loop is uvloop's where that is installed, the garbage collector comes seldom, a thread's turn comes soon."""
    seen = []

    def first_signal():
        seen.append(type(asyncio.get_running_loop()))
        seen.append((gc.get_threshold()[0], gc.get_freeze_count() > 0, sys.getswitchinterval()))
        came = asyncio.Event()
        came.set()
        return came

    monkeypatch.setattr("integrations_sdk.worker._first_signal", first_signal)
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    try:
        assert main(["--store", f"sqlite:///{tmp_path}/i.db"]) == 0
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
        sys.setswitchinterval(interval)
    with closing(new_event_loop()) as loop:
        assert seen == [type(loop), (10_000, True, pytest.approx(20e-6))]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "INTEGRATIONS_SDK_STORE"),
        (["--store", "memory:"], "a store that others share"),
        (["--store", "sqlite:///{folder}/i.db", "--concurrency", "0"], "concurrency: expected 1 or more"),
        (
            ["--store", "sqlite:///{folder}/i.db", "--connector", "nowhere:X"],
            "'nowhere:X' cannot be imported",
        ),
        (["--store", "sqlite:///{folder}/i.db", "--connector", "json:dumps"], "is no connector class"),
    ],
)
def test_what_cannot_work_is_said(tmp_path, monkeypatch, capsys, arguments, said):
    """A wrong option ends it with status 2 and what to do, before anything is sent."""
    monkeypatch.delenv("INTEGRATIONS_SDK_STORE", raising=False)
    monkeypatch.setenv("INTEGRATIONS_SDK_KEY", KEY)
    assert main([argument.format(folder=tmp_path) for argument in arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_manager_may_leave_sending_to_others(tmp_path, key):
    """With `worker=False` a call that waits sees what another process's worker did."""
    store = f"sqlite:///{tmp_path}/i.db"
    policy = DeliveryPolicy(delays=(timedelta(0),))
    with (
        Sandbox() as sandbox,
        IntegrationManagementManager(
            store=store, delivery=DeliverySettings(worker=False, policy=policy)
        ) as mgr,
        worker("--store", store),
    ):
        mgr.webhooks.create_webhook(sandbox.config("webhook"))
        outcome = mgr.webhooks.trigger_webhook("webhook-1", {"n": 1}, timeout=timedelta(seconds=20))
        assert (outcome.status, outcome.http_status) == ("succeeded", 202)
