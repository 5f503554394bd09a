"""`integrations listen` as a process of its own: real signed calls of every source, and what it says of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from integrations_sdk.cli.command import main
from integrations_sdk.signing import SOURCES, generate_key_pair
from integrations_sdk.testing import sign
from support.incoming import BODIES, TYPES, message

TOKEN, WHSEC = "c4n4ry-of-the-listener", "whsec_QzRuNHJ5LW9mLXRoZS1saXN0ZW5lcg=="
PAIR = generate_key_pair()


class Listener:
    """The command, at work."""

    def __init__(self, *options, **env):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATIONS_SDK_")}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "integrations_sdk.cli", "listen", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            env={**kept, "PYTHONUTF8": "1", "SHARED": TOKEN, **env},
        )  # fmt: skip
        self.said = self.process.stderr.readline()
        self.url = urlsplit(self.said.removeprefix("listening at ").strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def call(self, body=b"", headers=None, *, method="POST", path="/hook"):
        """Status and content of the answer."""
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def end(self, number=None):
        """The exit code, stdout and stderr."""
        if number is not None:
            self.process.send_signal(number)
        # Not `communicate()`, which knows nothing of what the first `readline()` has read ahead.
        out, err = (
            "" if stream.closed else stream.read() for stream in (self.process.stdout, self.process.stderr)
        )
        return self.process.wait(timeout=30), out, self.said + err


KINDS = [
    *((source, TOKEN, TOKEN) for source in SOURCES),
    ("standard_webhooks", WHSEC, WHSEC),
    ("gitlab", WHSEC, WHSEC),
]


@pytest.mark.parametrize(
    ("source", "secret", "known"),
    [*KINDS, ("standard_webhooks", PAIR.private_key.reveal(), PAIR.public_key)],
    ids=lambda value: value if value in SOURCES else "",
)
def test_every_source_is_verified_and_read(source, secret, known):
    """Authentic, forged, changed: answered 200 or 401, told in JSON with the event; the secret shows nowhere."""
    options = ("--source", source, "--secret", "env:SHARED", "--count", "3", "--json")
    with Listener(*options, SHARED=known) as listener:
        body, headers = message(source, secret)
        assert listener.call(body, headers) == (200, "")
        forged = message(source, generate_key_pair().private_key if known == PAIR.public_key else "guess")[1]
        assert listener.call(body, forged) == (401, "not authentic")
        stripped = {name: value for name, value in headers.items() if name == "content-type"}
        assert listener.call(body, stripped)[0] == 401
        code, out, err = listener.end()
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert [record["verified"] for record in records] == [True, False, False]
    assert [record["event"] and record["event"]["type"] for record in records] == [TYPES[source], None, None]
    assert records[0]["body"] == BODIES[source]
    assert all(record["reason"] for record in records[1:])
    assert secret not in out + err
    assert all(value not in out for name, value in headers.items() if "signature" in name or "token" in name)


def test_what_a_person_reads():
    """The call, whether it is authentic, what it tells, headers and body; a second time that it is a repetition."""
    with Listener("--source", "gitlab", "--secret", "env:SHARED", "--count", "2") as listener:
        body, headers = message("gitlab", TOKEN)
        for _ in range(2):
            assert listener.call(body, headers, path="/hook?token=c4n4ry")[0] == 200
        code, out, err = listener.end()
    assert code == 0
    first, second = out.split("\n\n")[:2]
    assert re.match(
        r"\d\d:\d\d:\d\d POST /hook\?token=•••• → 200\n  verified\n  event: push updated g/p main: ", first
    )
    assert "    x-gitlab-token: ••••\n" in first
    assert '\n      "object_kind": "push",\n' in first
    assert "repeated" in second
    assert "c4n4ry" not in out + err


def test_basic_authentication_is_masked():
    """Jenkins' other way to prove itself: base64 of the secret shows as little as the secret."""
    with Listener("--source", "jenkins", "--secret", "env:SHARED", "--once") as listener:
        encoded = "amVua2luczpjNG40cnktb2YtdGhlLWxpc3RlbmVy"
        body = json.dumps({**BODIES["jenkins"], "note": encoded}).encode()
        assert listener.call(body, {"Authorization": f"Basic {encoded}"})[0] == 200
        code, out, _ = listener.end()
    assert code == 0
    assert "verified" in out
    assert "c4n4ry" not in out and encoded not in out and "YzRuNHJ5LW9mLXRoZS1saXN0ZW5lc" not in out


def test_a_secret_can_be_replaced():
    """With several any one will do."""
    with Listener(
        "--source", "stripe", "--secret", "env:NEW", "--secret", "env:SHARED", "--once", NEW="new"
    ) as listener:
        assert listener.call(*message("stripe", TOKEN))[0] == 200
        assert listener.end()[0] == 0


def test_stale_messages_are_refused():
    """By the machine's own clock, as in an application."""
    with Listener("--source", "slack", "--secret", "env:SHARED", "--once") as listener:
        stale = message("slack", TOKEN, now=datetime.now(UTC) - timedelta(minutes=6))
        assert listener.call(*stale)[0] == 401
        code, out, _ = listener.end()
    assert code == 3
    assert "s old" in out


def test_slack_is_answered_what_it_asks():
    """Slack sends no event to a URL that does not answer the challenge."""
    with Listener("--source", "slack", "--secret", "env:SHARED", "--once") as listener:
        body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB10"}).encode()
        assert listener.call(body, sign("slack", body, TOKEN)) == (200, "3eZbrw1aB10")
        assert listener.end()[0] == 0


def test_without_a_source_everything_is_shown():
    """Any method and body, nothing verified; answered as told."""
    with Listener("--status", "503", "--count", "2") as listener:
        assert listener.call(method="GET", path="/a")[0] == 503
        assert listener.call(b"plain text\x1b[2J", {"X-Api-Key": "c4n4ry"}, method="PUT")[0] == 503
        code, out, _ = listener.end()
    assert code == 0
    assert "GET /a → 503" in out and "PUT /hook → 503" in out
    assert "plain text\\x1b[2J" in out
    assert "verified" not in out and "c4n4ry" not in out


def test_a_source_without_a_secret_is_read_with_a_warning():
    """It says at the beginning, and with each call, that nothing was proved; what is none of its messages is a 400."""
    with Listener("--source", "github", "--count", "2") as listener:
        body, headers = message("github", "anything")
        assert listener.call(body, headers)[0] == 200
        assert listener.call(b"no json", headers) == (400, "not understood")
        code, out, err = listener.end()
    assert code == 3
    assert "not verified" in out and "refused: body: expected JSON" in out
    assert "anybody can pretend to be github" in err


@pytest.mark.parametrize(
    ("number", "options", "expected"),
    [(signal.SIGINT, (), 0), (signal.SIGTERM, (), 0), (signal.SIGINT, ("--count", "2"), 130)],
)
def test_it_ends_in_good_order(number, options, expected):
    """With Ctrl-C and with SIGTERM, without a word on stderr; 130 when it had more to wait for."""
    with Listener(*options) as listener:
        assert listener.call()[0] == 200
        code, out, err = listener.end(number)
    assert code == expected
    assert "POST /hook → 200" in out
    assert err == listener.said


def test_whoever_reads_may_go():
    """When the pipe is closed it ends with the next call, without a traceback."""
    with Listener() as listener:
        listener.process.stdout.close()
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            listener.call()
        code, _, err = listener.end()
    assert code == 1
    assert "Traceback" not in err


def here(*options, calls, then=lambda: None):
    """The exit code of the command in this process, which is called from a thread as soon as it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def call():
        for body, headers in calls:
            while True:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                with contextlib.closing(connection), contextlib.suppress(ConnectionRefusedError):
                    connection.request("POST", "/", body, headers)
                    connection.getresponse().read()
                    break
        then()

    calling = threading.Thread(target=call, daemon=True)
    calling.start()
    code = main(["listen", "--port", str(port), *options])
    calling.join(20)
    return code


def test_from_a_program(capsys, monkeypatch):
    """`main()` gives back the exit code, and ends nothing but itself."""
    monkeypatch.setenv("SHARED", TOKEN)
    options = ("--source", "stripe", "--secret", "env:SHARED", "--json", "--count", "2")
    calls = [message("stripe", TOKEN), message("stripe", "guess")]
    assert here(*options, calls=calls) == 3
    assert [json.loads(line)["verified"] for line in capsys.readouterr().out.splitlines()] == [True, False]


def test_after_the_last_call_nothing_is_taken(capsys):
    """Nor shown; and Ctrl-C is not needed any more."""
    assert here("--once", calls=[(b"one", {})]) == 0
    assert "one" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="there a signal ends the process")
def test_a_signal_ends_it_and_nothing_else(capsys):
    """The handlers are those of the command only as long as it runs."""
    before = signal.getsignal(signal.SIGTERM)
    assert here(calls=[(b"", {})], then=lambda: os.kill(os.getpid(), signal.SIGTERM)) == 0
    assert signal.getsignal(signal.SIGTERM) == before
    assert "POST / → 200" in capsys.readouterr().out


def test_a_port_that_is_taken(capsys):
    """Says so, and ends with 1."""
    with Listener() as listener:
        assert main(["listen", "--port", str(listener.url.port)]) == 1
    assert f"cannot listen at 127.0.0.1, port {listener.url.port}" in capsys.readouterr().err


def test_other_machines_are_let_in_by_word_only():
    """With `--host`, and a warning."""
    with Listener("--host", "0.0.0.0") as listener:
        assert listener.call()[0] == 200
        assert "warning: whoever reaches this machine" in listener.end(signal.SIGTERM)[2]


def test_a_secret_that_is_not_to_be_had(capsys, monkeypatch):
    """Says what to set, and ends with 1."""
    monkeypatch.delenv("NOT_SET", raising=False)
    assert main(["listen", "--source", "gitlab", "--secret", "env:NOT_SET"]) == 1
    assert "export NOT_SET=" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--secret", "c4n4ry", "--source", "gitlab"], "--secret: expected a reference such as env:NAME"),
        (["--secret", "env:SHARED"], "--secret needs --source"),
        (["--source", "gitlub"], "--source"),
        (["--port", "65536"], "--port: expected a number from 0 to 65535"),
        (["--status", "101"], "--status: expected a number from 200 to 599"),
        (["--count", "0"], "--count: expected a number, 1 or more"),
        (["--body-limit", "-1"], "--body-limit"),
    ],
)
def test_wrong_arguments_are_named(capsys, options, says):
    """With what was expected; a secret on the command line is refused, and not repeated."""
    assert main(["listen", *options]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "c4n4ry" not in said


def test_it_does_not_load_what_it_does_not_need():
    """Help is at hand at once."""
    code = "import sys; from integrations_sdk.cli.command import main; main(['--help']); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"aiohttp", "httpx2", "rich", "sqlite3"} & set(said.split())
    assert Path(sys.executable).exists()
