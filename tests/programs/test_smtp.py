"""Another mail server, npm's `smtp-server`, takes our mail, and `mailparser` reads it as it was meant."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.text import plain_text
from integrations_sdk.errors import AuthenticationError, ConnectorError, TransportError
from integrations_sdk.models import Attachment, Message
from support.coverage import record
from support.messages import CASES, messages
from support.node import program_of
from support.tls import Authority

USER, PASSWORD, TOKEN = "automation@example.com", "pass wörd", "ya29.token"
PROGRAM = "program smtp-server 3.21.6"
FILES = {"report.csv": b"a;b\r\n1;2\r\n", '漢字 "x".bin': bytes(range(256)) * 40}

pytestmark = pytest.mark.timeout(300)


@attrs.frozen
class Server:
    """A mail server that runs."""

    port: int
    security: str
    ca_file: str
    process: subprocess.Popen[str]

    def config(self, **more: object) -> dict[str, object]:
        """How to reach it; what is None is left out."""
        known = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": self.security,
            "ca_file": self.ca_file,
            "username": USER,
            "password": PASSWORD,
            "to": ["Ada <ada@example.com>"],
        }
        return {name: value for name, value in {**known, **more}.items() if value is not None}

    def mail(self) -> dict[str, Any]:
        """The next mail that it took."""
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def serving(packages: Path, folder: Path, security: str, *methods: str) -> Iterator[Server]:
    """A mail server on loopback until the block ends."""
    authority = Authority(folder)
    options = {
        "secure": security == "tls",
        "pem": str(authority.issue("server")),
        "methods": methods or ["PLAIN"],
        "user": USER,
        "password": PASSWORD,
        "token": TOKEN,
    }
    command = [program_of("node"), "mail.mjs", json.dumps(options)]
    with subprocess.Popen(
        command, cwd=packages, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            port = json.loads(process.stdout.readline())["port"]
            yield Server(port, security, str(authority.ca_file), process)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def server(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that wants STARTTLS."""
    with serving(packages, tmp_path_factory.mktemp("mail"), "starttls") as made:
        yield made


def text_of(message: Message) -> str:
    """What people read; a mail says something even for a message that says nothing."""
    return plain_text(message, files=True).rstrip("\n") or "Notification"


@pytest.mark.parametrize(
    ("security", "method"),
    [("starttls", "PLAIN"), ("starttls", "CRAM-MD5"), ("tls", "PLAIN"), ("tls", "LOGIN"), ("tls", "XOAUTH2")],
)
def test_every_way_to_log_in(
    mgr: IntegrationManagementManager, packages: Path, tmp_path: Path, security: str, method: str
) -> None:
    """Over a connection that is encrypted, after STARTTLS or from its first byte; a wrong secret is refused."""
    secret, other = ("oauth_token", "password") if method == "XOAUTH2" else ("password", "oauth_token")
    right = TOKEN if method == "XOAUTH2" else PASSWORD
    with serving(packages, tmp_path, security, method) as server:
        mgr.smtp.create(server.config(**{other: None, secret: right}))
        assert mgr.smtp.check("smtp-1").status == "healthy"
        assert mgr.smtp.notify("smtp-1", "hello")
        mail = server.mail()
        assert (mail["user"], mail["subject"], mail["automatic"]) == (USER, "hello", "auto-generated")
        assert mail["cipher"]
        mgr.smtp.create(server.config(**{other: None, secret: "wrong"}))
        assert mgr.smtp.check("smtp-2").status == "unhealthy"
        with pytest.raises(AuthenticationError):
            mgr.smtp.notify("smtp-2", "hello")
    record("smtp", "check", PROGRAM)
    record("smtp", "notify", PROGRAM)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_who_is_not_trusted_gets_nothing(packages: Path, tmp_path: Path, security: str) -> None:
    """Neither the password nor the mail: what the server takes next is from somebody who trusts it."""
    with (
        serving(packages, tmp_path, security) as server,
        IntegrationManagementManager(clock=FakeClock()) as mgr,
    ):
        mgr.smtp.create(server.config(ca_file=None))
        with pytest.raises(TransportError, match="not trusted"):
            mgr.smtp.notify("smtp-1", "first")
        mgr.smtp.create(server.config())
        mgr.smtp.notify("smtp-2", "second")
        assert server.mail()["subject"] == "second"


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_read_as_it_was_meant(
    mgr: IntegrationManagementManager, server: Server, case: str
) -> None:
    """Its text and its files, whatever they hold; from whom it is, and to whom."""
    message = attrs.evolve(CASES[case], attachments=tuple(map(Attachment.of, FILES, FILES.values())))
    mgr.smtp.create(server.config(sender="Bereitstellung 🚀 <bot@example.com>"))
    outcome = mgr.smtp.notify("smtp-1", message)
    mail = server.mail()
    assert mail["text"].rstrip("\n") == text_of(message)
    assert {name: base64.b64decode(content) for name, _, content in mail["files"]} == FILES
    assert (mail["sender"], mail["recipients"]) == ("bot@example.com", ["ada@example.com"])
    assert mail["from"] == [{"address": "bot@example.com", "name": "Bereitstellung 🚀"}]
    assert mail["to"] == [{"address": "ada@example.com", "name": "Ada"}]
    assert mail["id"] == outcome.reference
    assert mail["html"].startswith("<")


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],  # what fails is shown as it is found: each try is a conversation
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(messages())
def test_any_message_is_read_as_it_was_meant(
    mgr: IntegrationManagementManager, server: Server, message: Message
) -> None:
    """Whatever it holds, its text is what the reader finds."""
    if not mgr.smtp.list():
        mgr.smtp.create(server.config())
    mgr.smtp.notify("smtp-1", message)
    assert server.mail()["text"].rstrip("\n") == text_of(message)


def test_a_mail_in_its_own_fields(mgr: IntegrationManagementManager, server: Server) -> None:
    """Names that are not ASCII, hidden copies, a long subject, HTML; the recipient that is refused is named."""
    mgr.smtp.create(server.config())
    outcome = mgr.smtp.call(
        "smtp-1",
        "send_mail",
        to=["Jürgen Müller <juergen@müller.example>", "nobody@example.com"],
        bcc=["hidden@example.com"],
        subject="Grüße " * 30,
        text="eins\n.zwei\n\n" + "ü" * 2000,
        html="<p>eins &amp; zwei</p>",
    )
    mail = server.mail()
    assert mail["recipients"] == ["juergen@müller.example", "hidden@example.com"]
    assert outcome.data["refused"].keys() == {"nobody@example.com"}
    assert " ".join(mail["subject"].split()) == ("Grüße " * 30).strip()
    assert mail["text"].rstrip("\n") == "eins\n.zwei\n\n" + "ü" * 2000
    assert mail["html"].strip() == "<p>eins &amp; zwei</p>"
    assert mail["to"][0]["name"] == "Jürgen Müller"
    assert mail.get("automatic") is None
    with pytest.raises(ConnectorError, match="No such user here"):
        mgr.smtp.call("smtp-1", "send_mail", to=["nobody@example.com"], subject="x", text="x")
    record("smtp", "send_mail", PROGRAM)
