"""E-mail over SMTP: configuration, mails as they arrive, each recipient's result, refusals.

Sources: RFC 5321, RFC 5322, RFC 2047 and RFC 2231 (names that are not ASCII), RFC 3834 (automatic mail), RFC 6531.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from email.headerregistry import BaseHeader
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.addresses import address, is_address, is_international, on_the_wire
from integrations_sdk.connectors.drafting import MailDraft
from integrations_sdk.connectors.html import html_text
from integrations_sdk.connectors.smtp import SmtpConnector
from integrations_sdk.connectors.smtp.render import envelope_of
from integrations_sdk.connectors.text import plain_text, visible
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RejectedError,
    TransportError,
)
from integrations_sdk.models import Attachment, Message
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, connect
from integrations_sdk.testing.vendors.smtp import ReceivedMail, SmtpStandIn
from support.golden import compare
from support.messages import CASES, messages

GIVEN = {
    "host": "smtp.example.com",
    "username": "automation@example.com",
    "password": "canary",
    "to": ["a@example.com"],
}


def smtp(**fields: object) -> SmtpConnector:
    """A connector that is not to send anything."""
    return connect(SmtpConnector, {**GIVEN, **fields}, ScriptedHttp())


@pytest.fixture
def stand_in() -> Iterator[SmtpStandIn]:
    """A mail server that listens."""
    with Sandbox() as sandbox:
        yield sandbox.smtp


def reaching(stand_in: SmtpStandIn, **fields: object) -> SmtpConnector:
    """A connector that reaches it."""
    given = {name: value for name, value in {**stand_in.config(), **fields}.items() if value is not None}
    return connect(SmtpConnector, given, ScriptedHttp(), clock=FakeClock())


def only(stand_in: SmtpStandIn) -> ReceivedMail:
    """The one mail that arrived."""
    (mail,) = stand_in.mails
    return mail


# --- configuration ------------------------------------------------------------------------------------


def test_the_documented_environment_switches_it_on() -> None:
    """Under the names of the lifecycle document, with a port and addresses out of text; the password is a reference."""
    environ = {
        "SMTP_HOST": "smtp.company.com",
        "SMTP_PORT": "587",
        "SMTP_USER": "automation@company.com",
        "SMTP_PASSWORD": "smtp-password",
        "ADMIN_EMAIL": "admins@company.com, second@company.com",
    }

    async def main() -> None:
        async with await AsyncIntegrationManagementManager.from_env(environ) as manager:
            (made,) = await manager.smtp.list()
            assert made.config == {
                "host": "smtp.company.com", "username": "automation@company.com", "password": "••••",
                "to": ["admins@company.com", "second@company.com"],
            }  # fmt: skip

    asyncio.run(main())


@pytest.mark.parametrize(
    ("fields", "security"),
    [
        ({}, "starttls"),
        ({"port": 465}, "tls"),
        ({"port": 25}, "starttls"),
        ({"port": 465, "security": "starttls"}, "starttls"),
    ],
)
def test_encryption_is_as_the_port_is_meant(fields: dict[str, object], security: str) -> None:
    """Unless something is said."""
    assert smtp(**fields).server.security == security


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"port": 0, "host": "a b", "security": "ssl"}, {"port", "host", "security"}),
        ({"username": "automation"}, {"sender"}),
        ({"username": None, "sender": "a@b.example"}, {"username"}),
        ({"password": None}, {"password"}),
        ({"oauth_token": "x"}, {"oauth_token"}),
        ({"security": "none"}, {"security"}),
        ({"proxy": "http://proxy.example:3128"}, {"proxy"}),
        (
            {"to": ["a@b.example", "nobody"], "reply_to": "a@b.example\r\nBcc: c@d.example"},
            {"to[1]", "reply_to"},
        ),
        ({"subject_prefix": "a\nb", "sender": "Ada"}, {"subject_prefix", "sender"}),
    ],
)
def test_every_mistake_is_named_at_once(fields: dict[str, object], paths: set[str]) -> None:
    """Among them a password that would go over the line in the clear."""
    given = {name: value for name, value in {**GIVEN, **fields}.items() if value is not None}
    with pytest.raises(ConfigurationError) as caught:
        connect(SmtpConnector, given, ScriptedHttp())
    assert {problem.path for problem in caught.value.problems} == paths
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("ada@example.com", True),
        ("Ada Lovelace <ada@example.com>", True),
        ('"Lovelace, Ada" <ada@example.com>', True),
        ("ada+tag@mail.example.co.uk", True),
        ("jürgen@müller.example", True),
        ("root@localhost", True),
        ("ada", False),
        ("@example.com", False),
        ("a@b@c", False),
        ("a@b, c@d", False),
        ("a@example.com\nBcc: b@example.com", False),
        ("Ada\r\nX: y <ada@example.com>", False),
        (".a@example.com", False),
        ("a..b@example.com", False),
        ("a@-\ud800.example", False),
        ("a@" + "x" * 64 + ".example", False),
        ("a b@example.com", False),
        ("\x80@example.com", False),
        ("\u202ea@example.com", False),
        ("a@exa mple.com", False),
        ("a@example..com", False),
        ("", False),
    ],
)
def test_what_is_an_address(value: str, good: bool) -> None:
    """One, with or without a name, on one line."""
    assert (address(value) is None) is good


def test_a_domain_has_an_ascii_form_and_a_local_part_has_none() -> None:
    """So only the latter needs SMTPUTF8."""
    assert on_the_wire("Ü <ada@müller.example>") == "ada@xn--mller-kva.example"
    assert [is_international(each) for each in ("ada@müller.example", "jürgen@example.com")] == [False, True]


# --- mails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_rendered_exactly_so(case: str) -> None:
    """As text and as HTML."""
    compare("smtp", f"{case}.txt", plain_text(CASES[case], files=True))
    compare("smtp", f"{case}.html", html_text(CASES[case], files=True))


@given(messages())
def test_the_html_holds_no_markup_but_its_own(message: Message) -> None:
    """Read by a parser: only known elements and attributes, links to pages alone, and all of the text."""
    from html.parser import HTMLParser

    shown: list[str] = []
    elements: set[str] = set()
    attributes: set[str] = set()
    links: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            elements.add(tag)
            attributes.update(name for name, _ in attrs)
            links.extend(value or "" for name, value in attrs if name == "href")

        def handle_data(self, data: str) -> None:
            shown.append(data)

    reader = Reader()
    reader.feed(html_text(message))
    reader.close()
    assert elements <= {"html", "head", "meta", "title", "body", "div", "h1", "p", "table", "tr", "td", "a"}
    assert attributes <= {"charset", "dir", "style", "role", "href"}
    assert all(link.lower().startswith(("http://", "https://")) for link in links)
    assert visible(message.text.strip()).strip() in "".join(shown)


def test_a_notification_arrives_as_text_and_as_html(stand_in: SmtpStandIn) -> None:
    """With its files, marked as automatic, under a Message-ID that is its reference."""
    message = attrs.evolve(
        CASES["full"], attachments=CASES["files"].attachments, mentions=("ada@example.com", "@here")
    )
    connector = reaching(
        stand_in, sender="Deploy Bot <bot@example.com>", subject_prefix="[prod]", reply_to="ops@example.com"
    )
    outcome = asyncio.run(connector.notify(message))
    mail = only(stand_in)
    read = mail.message
    assert (mail.sender, mail.recipients) == ("bot@example.com", ("admins@example.com", "ada@example.com"))
    assert {
        name: read[name] for name in ("From", "To", "Reply-To", "Subject", "Message-ID", "Auto-Submitted")
    } == {
        "From": "Deploy Bot <bot@example.com>",
        "To": "admins@example.com, ada@example.com",
        "Reply-To": "ops@example.com",
        "Subject": "[prod] Pipeline #7 failed on main",
        "Message-ID": outcome.reference,
        "Auto-Submitted": "auto-generated",
    }
    text, html = read.get_body(("plain",)), read.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == plain_text(message, files=True)
    assert "<h1" in html.get_content()
    assert [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in read.iter_attachments()
    ] == [
        ("report.csv", "text/csv", b"a;b\r\n1;2\r\n"),
        ('ä "x".txt', "text/plain", b"x"),
    ]
    assert outcome.data == {"accepted": ["admins@example.com", "ada@example.com"], "refused": {}}
    assert mail.content.isascii()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(messages(), min_size=1, max_size=3))
def test_whatever_a_message_holds_it_arrives(given_messages: list[Message]) -> None:
    """One header for each of ours, none of anybody else's, and lines that SMTP can carry."""
    with Sandbox() as sandbox:
        connector = reaching(sandbox.smtp)
        for message in given_messages:
            assert asyncio.run(connector.notify(message))
        for mail in sandbox.smtp.mails:
            head, _, body = mail.content.partition(b"\r\n\r\n")
            names = [
                line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))
            ]
            assert names == [
                b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"MIME-Version", b"Content-Type",
            ]  # fmt: skip
            assert all(len(line) <= 998 for line in mail.content.split(b"\r\n"))
            assert body


@pytest.mark.parametrize("to", ["admins@example.com", "jürgen@example.com"])
def test_a_mail_leaves_no_classes_behind(to: str) -> None:
    """Those of its headers are made once: a new one for each costs more than the rest, and is garbage in cycles."""
    draft = MailDraft(
        to=(to,), subject="Grüße", text="one", html="one", attachments=CASES["files"].attachments
    )

    def make() -> set[type]:
        now = datetime(2026, 11, 28, tzinfo=UTC)
        envelope_of(draft, "bot@example.com", reply_to=None, now=now, message_id="<1@example.com>")
        return set(BaseHeader.__subclasses__())

    known = make()
    assert make() <= known


def test_a_mail_in_its_own_fields(stand_in: SmtpStandIn) -> None:
    """Copies that nobody sees stand in the envelope alone; names that are not ASCII are encoded."""
    outcome = asyncio.run(
        reaching(stand_in).send_mail(
            {"to": ["Jürgen Müller <juergen@müller.example>"]},
            cc=["cc@example.com"],
            bcc=["hidden@example.com", "cc@example.com"],
            subject="Grüße " * 30,
            text="one",
            html="<p>one</p>",
            in_reply_to="<1@example.com>",
            attachments=[{"name": "../a\r\nb.bin", "data": "AAE=", "media_type": "multipart/evil"}],
        )
    )
    mail = only(stand_in)
    assert mail.recipients == ("juergen@xn--mller-kva.example", "cc@example.com", "hidden@example.com")
    assert b"hidden" not in mail.content
    assert mail.content.isascii()
    assert mail.message["To"] == "Jürgen Müller <juergen@xn--mller-kva.example>"
    assert " ".join(mail.message["Subject"].split()) == ("Grüße " * 30).strip()
    assert (mail.message["In-Reply-To"], mail.message["References"]) == ("<1@example.com>", "<1@example.com>")
    assert "Auto-Submitted" not in mail.message
    (file,) = mail.message.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == (".._a b.bin", "application/octet-stream")
    assert outcome.operation == "smtp.send"


def test_only_hidden_recipients_and_only_html(stand_in: SmtpStandIn) -> None:
    """The header says that there are some."""
    asyncio.run(reaching(stand_in).send_mail(bcc=["a@example.com"], subject="x", html="<p>x</p>"))
    mail = only(stand_in)
    assert (mail.message["To"], mail.message.get_content_type()) == ("undisclosed-recipients:;", "text/html")


def test_international_addresses_are_sent_as_they_are(stand_in: SmtpStandIn) -> None:
    """Where the server takes them."""
    asyncio.run(reaching(stand_in).send_mail(to=["jürgen@example.com"], subject="ä", text="x"))
    mail = only(stand_in)
    assert (mail.recipients, "SMTPUTF8" in mail.options) == (("jürgen@example.com",), True)
    assert "To: jürgen@example.com".encode() in mail.content


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({}, {"subject", "to", "text"}),
        ({"to": ["a@b.example"], "subject": "x\r\nBcc: c@d.example", "text": "x"}, {"subject"}),
        ({"to": ["a@b.example\r\nBcc: c@d.example"], "subject": "x", "text": "x"}, {"to[0]"}),
        (
            {"cc": ["a@b.example"], "subject": "x", "txt": "x", "in_reply_to": "1"},
            {"txt", "text", "in_reply_to"},
        ),
    ],
)
def test_a_malformed_mail_is_not_sent(
    stand_in: SmtpStandIn, fields: dict[str, object], paths: set[str]
) -> None:
    """Least of all one with a line break in a header."""
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(reaching(stand_in).send_mail(fields))
    assert {problem.path for problem in caught.value.problems} == paths
    assert stand_in.connections == 0


def test_a_notification_for_nobody_is_a_mistake_of_configuration(stand_in: SmtpStandIn) -> None:
    """Which says what to configure."""
    with pytest.raises(ConfigurationError, match="configure `to`"):
        asyncio.run(reaching(stand_in, to=None).notify(Message(text="x")))


# --- results ------------------------------------------------------------------------------------------


def test_each_recipient_has_a_result(stand_in: SmtpStandIn) -> None:
    """Some may be refused; the outcome says who, and why."""
    stand_in.rejected = {"gone@example.com": "550 5.1.1 nobody here"}
    connector = reaching(stand_in, to=["admins@example.com", "gone@example.com"])
    outcome = asyncio.run(connector.notify(Message(text="x")))
    assert outcome
    assert outcome.data == {
        "accepted": ["admins@example.com"],
        "refused": {"gone@example.com": "550 5.1.1 nobody here"},
    }
    assert outcome.detail is not None
    assert outcome.detail.startswith("taken for 1 of 2 recipients: 250 2.0.0 Ok")


@pytest.mark.parametrize(
    ("prepare", "kind", "says"),
    [
        ({"rejected": {"admins@example.com": "550 5.1.1 nobody"}}, RejectedError, "admins@example.com: 550"),
        (
            {"replies": [("MAIL", "550 5.7.60 not as this sender")]},
            PermissionDeniedError,
            "not as this sender",
        ),
        ({"replies": [("DATA", "552 5.3.4 too large")]}, RejectedError, "too large"),
        ({"replies": [("DATA", "451 4.7.1 greylisted")] * 9}, ProviderUnavailableError, "greylisted"),
        ({"drop_at": "."}, TransportError, "connection was lost"),
    ],
)
def test_refusals_become_the_error_that_fits(
    stand_in: SmtpStandIn, prepare: dict[str, Any], kind: type[ConnectorError], says: str
) -> None:
    """With the server's words and the integration it was for."""
    for name, value in prepare.items():
        setattr(stand_in, name, value)
    with pytest.raises(kind, match=says) as caught:
        asyncio.run(reaching(stand_in).notify(Message(text="x")))
    assert (caught.value.provider, caught.value.operation, caught.value.integration_id) == (
        "smtp", "smtp.notify", "smtp-1",
    )  # fmt: skip


def test_a_refusal_for_now_is_tried_again(stand_in: SmtpStandIn) -> None:
    """And one message arrives."""
    stand_in.replies = [("RCPT", "450 4.2.1 later"), ("DATA", "451 4.7.1 later")]
    assert asyncio.run(reaching(stand_in).notify(Message(text="x"))).attempts == 3
    assert len(stand_in.mails) == 1


def test_a_message_that_may_have_been_taken_is_not_sent_again(stand_in: SmtpStandIn) -> None:
    """It was, here."""
    stand_in.drop_at = "."
    with pytest.raises(TransportError) as caught:
        asyncio.run(reaching(stand_in).notify(Message(text="x")))
    assert (caught.value.retryable, len(stand_in.mails), stand_in.connections) == (False, 1, 1)


def test_a_server_that_repeats_the_password_shows_nothing(stand_in: SmtpStandIn) -> None:
    """Neither in the error nor in what it came from."""
    stand_in.replies = [("MAIL", f"550 5.7.1 not with {stand_in.password}")]
    with pytest.raises(PermissionDeniedError) as caught:
        asyncio.run(reaching(stand_in).notify(Message(text="x")))
    error: BaseException | None = caught.value
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    while error is not None:
        shown += repr(error) + repr(error.args)
        error = error.__cause__ or error.__context__
    assert "not with ••••" in shown
    assert stand_in.password not in shown


def test_the_check_logs_in_and_sends_nothing(stand_in: SmtpStandIn) -> None:
    """A wrong password, or none where one is needed, is found; a connection in the clear is a warning."""
    found = asyncio.run(reaching(stand_in).check())
    assert (found.detail, len(found.warnings)) == ("mail.stand-in.test lets us in", 1)
    with pytest.raises(AuthenticationError):
        asyncio.run(reaching(stand_in, password="wrong").check())
    token = reaching(stand_in, password=None, oauth_token=stand_in.token)
    assert asyncio.run(token.check()).detail
    assert stand_in.mails == []


def test_attachments_of_any_name_and_kind_arrive(stand_in: SmtpStandIn) -> None:
    """Whatever they claim to be."""
    files = (
        Attachment.of("", b"\x00\xff"),
        Attachment.of("a.eml", b"Subject: x\r\n\r\ny", "message/rfc822"),
        Attachment.of("\u202egpj.exe", b"x", "image/jpeg; x=y"),
        Attachment.of("漢字.txt", b"x" * 3_000, "no media type"),
    )
    asyncio.run(reaching(stand_in).notify(Message(title="files", attachments=files)))
    got = [
        (part.get_filename(), part.get_payload(decode=True))
        for part in only(stand_in).message.iter_attachments()
    ]
    assert got == [
        ("file", b"\x00\xff"), ("a.eml", b"Subject: x\r\n\r\ny"), ("gpj.exe", b"x"), ("漢字.txt", b"x" * 3_000),
    ]  # fmt: skip


@given(st.emails())
def test_usual_addresses_are_addresses(value: str) -> None:
    """Whatever of RFC 5322 needs no quotes."""
    assert is_address(value) or value.partition("@")[0].startswith('"')
