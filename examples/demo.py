"""The main job, end to end: what happens in GitLab reaches every service around it.

    nox -s demo            (or: python examples/demo.py)

Everything runs on this machine: the services are stand-ins that check each request as the real ones do,
and some of them fail on purpose. The demo verifies what it shows, and exits with 1 if a promise is broken;
`--break slack` lets a service refuse everything, to see it notice.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

try:
    from rich.console import Console
    from rich.live import Live
    from rich.markup import escape
except ImportError:
    sys.exit("The demo draws its tables with rich: pip install 'integrations-sdk[demo]'")

from demo_view import event_table, health_table, requests_text, what

from integrations_sdk import ConnectorError, IntegrationManagementManager, SignatureError
from integrations_sdk.models import Event, Outcome, OutcomeList
from integrations_sdk.testing import Arrival, Sandbox
from integrations_sdk.testing.vendors.slack import SlackStandIn

HERE: Final = Path(__file__).parent
SECRET: Final = "shared with GitLab when the webhook was set up"
PATIENCE: Final = 8.0
"""Seconds that what happens in the background is waited for."""

STAND_INS: Final = {  # integration → stand-in
    "slack-1": "slack", "slack-2": "slack_bot", "jira-1": "jira", "jenkins-1": "jenkins", "gitlab-1": "gitlab",
    "datadog-1": "datadog", "sentry-1": "sentry", "prometheus-1": "prometheus", "newrelic-1": "newrelic",
    "webhook-1": "webhook",
}  # fmt: skip
PROVIDERS: Final = {name: name.partition("-")[0] for name in STAND_INS}


class Step(NamedTuple):
    """An event of GitLab's, what goes wrong meanwhile, and what each service must have received in the end."""

    payload: str
    faults: Mapping[str, dict[str, Any]]  # stand-in → arguments of its fail()
    tries: Mapping[str, str]  # integration → its first requests, as the table shows them
    expected: Mapping[str, str]  # integration → words that what it received must contain


STORY: Final = (
    Step(
        payload="merge_request_opened",
        faults={"slack": {"status": 503, "times": 2}},
        tries={"slack-1": "503 503 ●"},
        expected={
            "slack-1": "!23 opened",
            "jira-1": "PROJ-1 linked, commented",
            "datadog-1": "1 metric, 1 log line, 1 event",
            "newrelic-1": "opened",
            "webhook-1": "merge_request as GitLab sent it",
        },
    ),
    Step(
        payload="pipeline_failed",
        faults={"datadog": {"status": 429, "retry_after": 1}, "sentry": {"reset": True}},
        tries={"datadog-1": "429 ●", "sentry-1": "reset ●"},
        expected={
            "slack-1": "#6200 failed",
            "slack-2": "#incidents: @here",
            "datadog-1": "2 metrics, 1 log line, 1 event",
            "sentry-1": "error: Pipeline #6200 failed",
            "prometheus-1": "PipelineFailed",
            "newrelic-1": "failed",
            "webhook-1": "pipeline as GitLab sent it",
        },
    ),
    Step(
        payload="merge_request_merged",
        faults={"jira": {"status": 503}},
        tries={"jira-1": "503 ●"},
        expected={
            "slack-1": "!23 merged",
            "jira-1": "PROJ-1 linked, moved, commented",
            "datadog-1": "1 metric, 1 log line, 1 event",
            "newrelic-1": "merged",
            "webhook-1": "merge_request as GitLab sent it",
        },
    ),
    Step(
        payload="push",
        faults={"jenkins": {"status": 503, "method": "POST"}},
        tries={"jenkins-1": "● 503 ●"},
        expected={
            "slack-1": "3 commits pushed to main",
            "jira-1": "PROJ-1 linked, commented",
            "jenkins-1": "build myapp-build with BRANCH=main",
            "gitlab-1": "pending → running → success",
            "datadog-1": "2 metrics, 1 log line, 1 event",
            "newrelic-1": "updated",
            "webhook-1": "push as GitLab sent it",
        },
    ),
)


class Demo:
    """The story on one console; `broken` collects the promises that were not kept."""

    def __init__(self, console: Console, sandbox: Sandbox, manager: IntegrationManagementManager) -> None:
        self.console = console
        self.sandbox = sandbox
        self.manager = manager
        self.promises = 0
        self.broken: list[str] = []

    def promise(self, what: str, *, kept: bool) -> None:
        """Count a promise, and remember it if it was not kept."""
        self.promises += 1
        if not kept:
            self.broken.append(what)

    def set_up(self) -> None:
        """One integration for each service; each configuration leads to its stand-in."""
        config, mgr = self.sandbox.config, self.manager
        self.sandbox.add(bot := SlackStandIn(), "slack_bot")
        mgr.slack.create(
            config("slack"),
            events=["push", "merge_request", "pipeline"],
            notify_only_broken_pipelines=True,
            messages_per_second=5,  # with 1, which is the default and Slack's limit, the demo would wait
        )
        mgr.slack.create(
            bot.bot_config(), channel="#incidents", events=["pipeline"], mention_groups=["@here"]
        )
        mgr.jira.create(config("jira"), enable_commit_sync=True, enable_merge_request_sync=True)
        mgr.jenkins.create(
            config("jenkins"), trigger_on_push=True, report_status_to="gitlab-1", poll_interval=0.05
        )
        mgr.gitlab.create(config("gitlab"))
        mgr.datadog.create(config("datadog"), env="production", enable_logs=True)
        for provider in ("sentry", "prometheus", "newrelic", "webhook"):
            mgr.integrations.create(provider, config(provider))
        issue = {"iid": 17, "title": "Carts with two discount codes are a cent off"}
        synced = mgr.jira.sync_issue("jira-1", issue)
        self.promise("an issue is brought to Jira", kept=synced.reference == "PROJ-1")

    def play(self, step: Step) -> None:
        """Receive one event while things go wrong, dispatch it, and check what arrived."""
        for stand_in, fault in step.faults.items():
            self.sandbox[stand_in].fail(**fault)
        arrivals, outcomes = self.watch(self.receive(step.payload), later=step.expected.get("gitlab-1", ""))
        for name, words in step.expected.items():
            received = what(PROVIDERS[name], arrivals[name])
            self.promise(f"{name} receives “{words}” of {step.payload}", kept=words in received)
            fine = name == "gitlab-1" or bool(outcomes[name])
            self.promise(f"the outcome of {name} for {step.payload} is success", kept=fine)
        for name, words in step.tries.items():
            begins = requests_text(arrivals[name]).startswith(words)
            self.promise(f"{name} is asked again until it works: {words}", kept=begins)

    def watch(self, event: Event, later: str) -> tuple[dict[str, list[Arrival]], dict[str, Outcome]]:
        """Dispatch an event and show what arrives, until all has.

        Args:
            event: what happened.
            later: what GitLab is told in the background once the dispatch is over; empty for nothing.
        """
        first, until = len(self.sandbox.received), time.monotonic() + PATIENCE
        self.console.print()
        with ThreadPoolExecutor(1) as pool, Live(console=self.console, transient=True) as live:
            future = pool.submit(self.manager.events.dispatch, event, include_skipped=True)
            while True:
                outcomes, arrivals = _outcomes(future), self._arrivals(first)
                table = event_table(event, arrivals, outcomes, PROVIDERS)
                live.update(table)
                told = later in what("gitlab", arrivals["gitlab-1"]) or time.monotonic() > until
                if outcomes and told:
                    break
                time.sleep(0.05)  # between two looks; the work goes on in the manager's own loop
        self.console.print(table)
        return arrivals, outcomes

    def receive(self, payload: str, token: str = SECRET, delivery: str | None = None) -> Event:
        """Hand a request of GitLab's to the library, as a web application does that GitLab calls."""
        body = _fresh((HERE / "payloads" / f"{payload}.json").read_text("utf-8"))
        kind = re.sub(r"_(opened|merged|failed)$", "", payload).replace("_", " ").title()
        headers = {
            "Content-Type": "application/json",
            "X-Gitlab-Event": f"{kind} Hook",
            "X-Gitlab-Token": token,
            "Idempotency-Key": delivery or str(uuid.uuid4()),
        }
        event = self.manager.events.receive("gitlab", headers, body.encode(), secret=SECRET)
        if event is None:
            raise _Duplicate
        return event

    def health(self) -> None:
        """Every integration's health; one of them has a wrong token, and is then repaired."""
        mgr, config = self.manager, self.sandbox.config("gitlab")
        mgr.gitlab.create(config, token="glpat-expired-0000000000", name="GitLab with an expired token")
        checks = mgr.health.check_all()
        self.console.print("", health_table(checks), sep="\n")
        bad = [check.integration_id for check in checks if check.status != "healthy"]
        self.promise(f"of all integrations only gitlab-2 is unhealthy, not {bad}", kept=bad == ["gitlab-2"])
        mgr.gitlab.update("gitlab-2", token=config["token"])
        again = mgr.health.check_integration_health("gitlab-2")
        self.promise("with the right token it is healthy again", kept=again.status == "healthy")
        self.console.print(f'[dim]and after update("gitlab-2", token=…):[/] {again.status}\n')

    def refusals(self) -> None:
        """What is refused, and what is not done twice."""
        said = self.console.print
        try:
            self.receive("push", token="a guess")
            self.promise("a forged event is refused", kept=False)
        except SignatureError as error:
            self.promise("a forged event is refused", kept=True)
            said(
                f"\n[green]✓[/] A forged push is refused with SignatureError\n  [dim]{escape(str(error))}[/]"
            )
        self.receive("push", delivery="sent-twice")
        try:
            self.receive("push", delivery="sent-twice")
            self.promise("a repeated event is dropped", kept=False)
        except _Duplicate:
            self.promise("a repeated event is dropped", kept=True)
            said("[green]✓[/] GitLab sends the same event again: receive() drops it and returns None")
        bot = self.sandbox["slack_bot"]
        before = len(bot.received)
        bot.fail(reset=True, acts=True)
        try:
            self.manager.slack.notify("slack-2", "The answer to this gets lost.")
            self.promise("an answer that is lost is an error", kept=False)
        except ConnectorError as error:
            once = len(bot.received) == before + 1 and error.attempts == 1
            self.promise("what may have been posted is not posted again", kept=once)
            said("[green]✓[/] Slack posts a message, but its answer gets lost: it is not posted twice")
            said(f"  [dim]{type(error).__name__}: {escape(str(error))}[/]\n")

    def _arrivals(self, first: int) -> dict[str, list[Arrival]]:
        new = self.sandbox.received[first:]
        return {name: [one for one in new if one.provider == service] for name, service in STAND_INS.items()}


class _Duplicate(Exception):  # noqa: N818  # no error: it is what should happen
    """The event was received before."""


def _outcomes(future: Future[OutcomeList]) -> dict[str, Outcome]:
    return {outcome.target: outcome for outcome in future.result()} if future.done() else {}


def _fresh(body: str) -> str:
    """The payload as if its last moment were now; services refuse or misplace what is months old."""
    moments = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
    times = [datetime.fromisoformat(found).replace(tzinfo=UTC) for found in moments.findall(body)]
    late = datetime.now(UTC) - max(times)

    def moved(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0]) + late
        return moment.isoformat(sep=found[0][10], timespec="seconds")

    return moments.sub(moved, body)


def tell(console: Console, broken_service: str | None = None) -> list[str]:
    """The whole story.

    Args:
        broken_service: a stand-in that is to refuse everything.

    Returns:
        The promises that were not kept.
    """
    with Sandbox() as sandbox, IntegrationManagementManager("myorg/myproject") as manager:
        demo = Demo(console, sandbox, manager)
        console.rule("[bold]GitLab tells of four things; nine services hear of them")
        console.print("[dim]● answered   503 429 reset: failed on purpose, and tried again   ✓ reference")
        demo.set_up()
        if broken_service is not None:
            sandbox[broken_service].fail(status=400, times=None)
        for step in STORY:
            demo.play(step)
        console.print()
        console.rule("[bold]Is everything healthy?")
        demo.health()
        console.rule("[bold]What is refused, and what is not done twice")
        demo.refusals()
        kept = demo.promises - len(demo.broken)
        console.rule(f"[bold]{kept} of {demo.promises} promises of this demo were checked and kept")
        return demo.broken


def where_next(console: Console) -> None:
    """What to read and to try after this."""
    for command, why in {
        "README.md": "install it, and send a first message",
        "docs/tutorial.md": "the same with your own services, step by step",
        "docs/guides/": "one page for each thing: events, health, secrets, …",
        "docs/reference/": "every provider, every field, every class",
        "python examples/quickstart.py": "the shortest program; its neighbours show one thing each",
        "examples/jupyter_tour.ipynb": "the same in a notebook",
        "nox -s tests": "prove it all on this machine",
    }.items():
        console.print(f"  [cyan]{command:30}[/] {why}", soft_wrap=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if every promise was kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--break", dest="service", choices=sorted(STAND_INS.values()), help="let it refuse everything"
    )
    options = parser.parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console that has no “✓” shows “?”
    console = Console(width=min(shutil.get_terminal_size((100, 24)).columns, 120), highlight=False)
    broken = tell(console, options.service)
    if broken:
        console.print(f"[bold red]{len(broken)} promises were not kept:[/]")
        for promise in broken:
            console.print(f"  [red]✗[/] {promise}", soft_wrap=True)
        return 1
    where_next(console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
