"""Every example runs as it stands, says what it promises, and shows no secret; so does the demo."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.secrets_shown import stand_in_secrets

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TERMINAL = importlib.util.find_spec("pty") is not None

SAID = {
    "quickstart": (
        "configured: slack-1 Team notifications {'webhook_url': '••••', 'channel': '#deployments'}",
        "sent: succeeded HTTP 200, attempts: 1",
        "Slack received: Deployed :rocket:",
        "health: healthy",
        "did you mean `webhook_url`?",
    ),
    "async_fastapi_like_receiver": (
        "genuine → 200",
        "slack-1: succeeded",
        "jenkins-1: succeeded queue:1@myapp-build",
        "repeated → 200",
        "forged → 401",
        "Slack received 1 message",
    ),
    "deploy_notifications": (
        "slack: slack-1",
        "jira: jira configuration: 3 problems",
        "Slack received: *Deployment of v1.2.3 to production succeeded*",
        "Slack received: *Deployment of v1.2.3 to production failed*",
    ),
    "jira_sync": (
        "first: created PROJ-1",
        "again: updated PROJ-1",
        "after the local store was lost: updated PROJ-1",
        "issues in Jira: PROJ-1\n",
        "is In Progress",
        "PROJ-1: linked, commented, moved to Done",
        "moved by the commit: PROJ-1 “A cent too much (after the local store was lost)” is Done",
    ),
    "jenkins_build_with_status": (
        "myapp-build #1 ended: success",
        "jenkins/myapp-build, myapp-build #1: success",
        "myapp-build #2 ended: failed",
        "jenkins/myapp-build, myapp-build #2: failed",
        "refused: RejectedError",
    ),
    "health_monitor": (
        "slack-1 is unhealthy now (reauthorise)",
        "→ replace its credentials with update()",
        "unhealthy now: ['slack-1']",
        "slack-1 is healthy now (working)",
        "history, newest first: healthy, unhealthy, healthy",
        "messages in Slack: 0",
    ),
    "custom_connector": (
        "catalogue: ('notifier',)",
        "configured: pager-1 ••••",
        "paged: succeeded, page 1, attempts: 2",
        "the pager received: {'text': 'Pipeline #7 failed on main'}",
        "[HTTP 401]",
    ),
    "own_http_client": (
        "AsyncClient: succeeded, attempts: 2",
        "your hook saw: [503, 200]",
        "your client is still yours, and open: True",
        "recorded: POST",
        "Slack received 1 message; the recording sent none",
    ),
    "sqlite_store_and_key_rotation": (
        "a credential is readable in the file: False",
        "after a restart: succeeded, succeeded",
        "resealed: 2",
        "with the new key alone: succeeded, succeeded",
        "with the old key alone: refused",
    ),
    "errors_and_retries": (
        "unavailable twice, then fine:\n  succeeded, attempts: 3\n  Slack has the message 1 time(s)",
        "asked to wait a second:\n  succeeded, attempts: 2",
        "RateLimitedError",
        "retry_after=1:00:00",
        "ProviderUnavailableError",
        "sent=True",
        "RejectedError",
        "webhook-1: succeeded",
        "to be given new credentials: ['slack-1']",
    ),
}


def environment(**more: str) -> dict[str, str]:
    """The tests' own, without what would configure the library or the console."""
    named = re.compile(r"INTEGRATIONS_SDK_|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|PYTHONIOENCODING|SLACK_|JIRA_")
    kept = {name: value for name, value in os.environ.items() if not named.match(name)}
    return {**kept, "PYTHONUTF8": "1", **more}


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run Python on a script, where every warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=ROOT,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )


def assert_no_secret(text: str) -> None:
    """None of the stand-ins' secrets is in the text."""
    assert [secret for secret in stand_in_secrets() if secret in text] == []


def test_every_example_is_tested() -> None:
    """A script that is added is run here as well; each is short enough to be read at once."""
    scripts = {path.stem: path for path in EXAMPLES.glob("*.py")}
    assert set(scripts) == {*SAID, "demo", "demo_view"}
    for name in SAID:
        text = scripts[name].read_text("utf-8")
        assert text.count("\n") <= 80, f"{name}.py is longer than 80 lines"
        assert f"\nRun it: `python examples/{name}.py`.\n" in text, f"{name}.py does not say how to run it"


@pytest.mark.parametrize("name", SAID)
def test_examples_run_and_say_what_happened(name: str) -> None:
    """Exit status 0, the promised lines in this order, nothing on stderr, no secret."""
    done = run(f"examples/{name}.py")
    assert (done.returncode, done.stderr) == (0, "")
    place = 0
    for line in SAID[name]:
        place = done.stdout.find(line, place)
        assert place >= 0, f"{line!r} is missing, or in the wrong place, in:\n{done.stdout}"
    assert_no_secret(done.stdout)


def test_the_demo_without_a_terminal() -> None:
    """Plain text of 100 columns; every service, every fault, what came of them; what is named exists."""
    done = run("examples/demo.py")
    assert (done.returncode, done.stderr) == (0, "")
    out = done.stdout
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 100
    for row in (
        r"slack-1 +Merge request !23 opened: Round discounts per line +503 503 ● +✓ 200",
        r"slack-2 +#incidents: @here Pipeline #6200 failed",
        r"jira-1 +PROJ-1 linked, moved, commented +503 ●+ +✓ PROJ-1\s+http://127\.0\.0\.1:\d+/browse/PROJ-1",
        r"jenkins-1 +build myapp-build with BRANCH=main COMMIT_SHA=\w{8} +● 503 ●+ +✓ queue:1@",
        r"gitlab-1 +status of commit \w{8}: pending → running → success",
        r"datadog-1 +2 metrics, 1 log line, 1 event +429 ●●● +✓",
        r"sentry-1 +error: Pipeline #6200 failed on discount-rounding +reset ● +✓",
        r"prometheus-1 +3 metrics pushed, alert PipelineFailed raised",
        r"newrelic-1 +IntegrationPipeline: failed",
        r"webhook-1 +pipeline as GitLab sent it, [\d,]+ bytes, signed",
        r"gitlab-2 +unhealthy .*401 Unauthorized[^→]*→ replace its credentials",
        r"✓ A forged push is refused with SignatureError",
        r"✓ GitLab sends the same event again",
        r"it is not posted twice\n  TransportError",
    ):
        assert re.search(row, out), f"no {row} in:\n{out}"
    kept, promised = re.findall(r"(\d+) of (\d+) promises", out)[0]
    assert kept == promised
    assert int(promised) > 50
    assert_no_secret(out)
    paths = re.findall(r"^  (?:python )?((?:README|docs|examples)[\w./-]*)", out, re.MULTILINE)
    assert len(paths) >= 4
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.skipif(not TERMINAL, reason="there are no pseudo-terminals here")
def test_the_demo_in_a_terminal() -> None:
    """The same in colour, drawn while it happens."""
    script = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-W', 'error', 'examples/demo.py']) >> 8)"
    done = run("-c", script, TERM="xterm-256color", COLUMNS="100", LINES="40")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "\x1b[32m" in done.stdout
    assert "promises of this demo were checked and kept" in done.stdout


@pytest.mark.parametrize(
    ("service", "missing"),
    [("slack", "slack-1 receives “!23 opened”"), ("prometheus", "prometheus-1 receives “PipelineFailed”")],
)
def test_the_demo_notices_what_does_not_arrive(service: str, missing: str) -> None:
    """With a service that takes nothing it exits with 1, and says which promises were not kept."""
    done = run("examples/demo.py", "--break", service)
    assert (done.returncode, done.stderr) == (1, "")
    assert "promises were not kept" in done.stdout
    assert f"✗ {missing}" in done.stdout
    assert "✗ webhook-1" not in done.stdout


def test_the_demo_says_what_it_needs() -> None:
    """Without rich: one line, exit status 1, no traceback."""
    script = "import runpy, sys; sys.modules['rich'] = None; runpy.run_path('examples/demo.py', run_name='__main__')"
    done = run("-c", script)
    assert done.returncode == 1
    assert done.stdout == ""
    assert (
        done.stderr
        == "The demo draws its tables with rich: pip install 'integrations-sdk[demo]'" + os.linesep
    )


def test_the_demo_on_a_console_that_has_no_such_characters() -> None:
    """It shows question marks rather than to fail."""
    done = run("examples/demo.py", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "503 503 ?" in done.stdout
