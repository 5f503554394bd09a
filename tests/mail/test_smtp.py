"""`mail.smtp` against a mail server: encryption, logging in, handing over, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from integrations_sdk.errors import ConfigurationError, MissingExtraError, TransportError
from integrations_sdk.http.base import Connection
from integrations_sdk.mail.base import Envelope, MailServer, RefusedMailError, Security
from integrations_sdk.mail.smtp import SmtpTransport
from integrations_sdk.models import Secret
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.loopback import self_signed
from integrations_sdk.testing.vendors.smtp import SmtpStandIn

BODY = b"Subject: x\r\n\r\n.dotted\nline\r\n"
MAIL = Envelope(sender="automation@example.com", recipients=("a@example.com", "b@example.com"), content=BODY)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox."""
    with Sandbox() as made:
        yield made


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts unless told to."""
    return self_signed(tmp_path_factory.mktemp("tls"))


def at(stand_in: SmtpStandIn, **fields: Any) -> MailServer:
    """The stand-in, as a server to log in at."""
    given = stand_in.config()
    server = MailServer(
        host=str(given["host"]),
        port=int(str(given["port"])),
        security=Security(str(given["security"])),
        username=str(given["username"]),
        password=Secret(str(given["password"])),
    )
    return attrs.evolve(server, **fields)


def serving(sandbox: Sandbox, **options: Any) -> SmtpStandIn:
    """A stand-in that is served."""
    stand_in = SmtpStandIn(**options)
    sandbox.add(stand_in)
    return stand_in


def encrypting(pem: Path, *, implicit: bool, **options: Any) -> SmtpStandIn:
    """A stand-in with that certificate."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    return SmtpStandIn(tls=tls, implicit=implicit, **options)


def test_a_message_is_handed_over(sandbox: Sandbox) -> None:
    """To all its recipients, logged in, with its lines as SMTP has them."""
    stand_in = serving(sandbox)
    found = asyncio.run(SmtpTransport().send(at(stand_in), MAIL))
    (mail,) = stand_in.mails
    assert (found.accepted, found.refused, found.reply.code) == (MAIL.recipients, {}, 250)
    assert (mail.sender, mail.recipients, mail.user) == (
        MAIL.sender,
        MAIL.recipients,
        "automation@example.com",
    )
    assert mail.content == b"Subject: x\r\n\r\n.dotted\r\nline\r\n"
    assert mail.options == ("BODY=8BITMIME", f"SIZE={len(BODY)}")


@pytest.mark.parametrize("implicit", [True, False])
def test_the_connection_is_encrypted(sandbox: Sandbox, pem: Path, implicit: bool) -> None:
    """From its first byte or after STARTTLS, with an authority that is trusted."""
    stand_in = encrypting(pem, implicit=implicit)
    sandbox.add(stand_in)
    trusted = Connection(ca_file=str(pem))
    asyncio.run(SmtpTransport().send(at(stand_in, connection=trusted), MAIL))
    assert stand_in.mails[0].encrypted
    assert (
        asyncio.run(SmtpTransport().probe(at(stand_in, connection=Connection(verify=False))))
        == "mail.stand-in.test"
    )


@pytest.mark.parametrize("implicit", [True, False])
def test_a_certificate_that_is_not_trusted_is_refused(sandbox: Sandbox, pem: Path, implicit: bool) -> None:
    """Before a password or anything else goes there; the error says why."""
    stand_in = encrypting(pem, implicit=implicit)
    sandbox.add(stand_in)
    with pytest.raises(TransportError, match="certificate is not trusted") as caught:
        asyncio.run(SmtpTransport().send(at(stand_in), MAIL))
    assert not caught.value.sent
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert stand_in.mails == []


def test_without_starttls_nothing_is_sent(sandbox: Sandbox) -> None:
    """A server, or somebody on the way, that leaves it out gets no password."""
    stand_in = serving(sandbox)
    with pytest.raises(RefusedMailError) as caught:
        asyncio.run(SmtpTransport().send(at(stand_in, security=Security.STARTTLS), MAIL))
    assert (caught.value.step, stand_in.mails) == ("starttls", [])


def test_tls_where_there_is_none_is_an_error(sandbox: Sandbox) -> None:
    """The wrong port, most likely."""
    stand_in = serving(sandbox)
    server = at(stand_in, security=Security.TLS, connection=Connection(verify=False))
    with pytest.raises(TransportError, match="could not connect") as caught:
        asyncio.run(SmtpTransport().send(server, MAIL))
    assert not caught.value.sent


def test_a_file_of_authorities_that_is_none_is_named(tmp_path: Path) -> None:
    """Before anything is connected to."""
    server = MailServer(
        host="127.0.0.1",
        port=9,
        security=Security.TLS,
        connection=Connection(ca_file=str(tmp_path / "none.pem")),
    )
    with pytest.raises(ConfigurationError, match="ca_file"):
        asyncio.run(SmtpTransport().probe(server))


def test_logging_in_with_a_token(sandbox: Sandbox) -> None:
    """XOAUTH2; a wrong one is refused, where the server explains itself first."""
    stand_in = serving(sandbox)
    good = at(stand_in, password=None, token=Secret(stand_in.token))
    asyncio.run(SmtpTransport().send(good, MAIL))
    assert stand_in.mails[0].user == "automation@example.com"
    with pytest.raises(RefusedMailError) as caught:
        asyncio.run(SmtpTransport().probe(attrs.evolve(good, token=Secret("ya29.wrong"))))
    assert (caught.value.step, caught.value.reply.code) == ("auth", 535)


def test_a_wrong_password_is_refused(sandbox: Sandbox) -> None:
    """With the server's own code; without a name nobody logs in."""
    stand_in = serving(sandbox)
    with pytest.raises(RefusedMailError) as caught:
        asyncio.run(SmtpTransport().probe(at(stand_in, password=Secret("wrong"))))
    assert (caught.value.step, caught.value.reply.code) == ("auth", 535)
    asyncio.run(SmtpTransport().send(at(stand_in, username=None), MAIL))
    assert stand_in.mails[0].user is None


def test_some_recipients_may_be_refused(sandbox: Sandbox) -> None:
    """The others get the message; each refusal keeps its reply."""
    stand_in = serving(sandbox)
    stand_in.rejected = {"a@example.com": "550 5.1.1 nobody here"}
    found = asyncio.run(SmtpTransport().send(at(stand_in), MAIL))
    assert found.accepted == stand_in.mails[0].recipients == ("b@example.com",)
    assert str(found.refused["a@example.com"]) == "550 5.1.1 nobody here"


def test_all_recipients_may_be_refused(sandbox: Sandbox) -> None:
    """Then nothing is sent, and a final refusal weighs more than one for now."""
    stand_in = serving(sandbox)
    stand_in.rejected = {"a@example.com": "450 4.2.1 later", "b@example.com": "550 5.1.1 nobody"}
    with pytest.raises(RefusedMailError) as caught:
        asyncio.run(SmtpTransport().send(at(stand_in), MAIL))
    assert (caught.value.step, caught.value.reply.code, len(caught.value.recipients)) == ("rcpt", 550, 2)
    assert stand_in.mails == []


@pytest.mark.parametrize(("command", "step"), [("MAIL", "mail"), ("DATA", "data")])
def test_a_refusal_names_its_step(sandbox: Sandbox, command: str, step: str) -> None:
    """And what the server said."""
    stand_in = serving(sandbox)
    stand_in.replies = [(command, "451 4.7.1 greylisted")]
    with pytest.raises(RefusedMailError) as caught:
        asyncio.run(SmtpTransport().send(at(stand_in), MAIL))
    assert (caught.value.step, str(caught.value.reply)) == (step, "451 4.7.1 greylisted")


@pytest.mark.parametrize(
    ("drop", "sent", "taken"), [("MAIL", False, 0), ("RCPT", False, 0), ("DATA", True, 0), (".", True, 1)]
)
def test_a_lost_connection_says_whether_the_message_may_have_been_taken(
    sandbox: Sandbox, drop: str, sent: bool, taken: int
) -> None:
    """Only once the data are under way."""
    stand_in = serving(sandbox)
    stand_in.drop_at = drop
    with pytest.raises(TransportError, match="connection was lost") as caught:
        asyncio.run(SmtpTransport().send(at(stand_in), MAIL))
    assert (caught.value.sent, len(stand_in.mails)) == (sent, taken)


def test_international_addresses_need_a_server_that_takes_them(sandbox: Sandbox) -> None:
    """SMTPUTF8, where it is offered; otherwise a refusal that says so."""
    mail = attrs.evolve(MAIL, recipients=("jürgen@example.com",), international=True)
    stand_in = serving(sandbox)
    asyncio.run(SmtpTransport().send(at(stand_in), mail))
    assert (stand_in.mails[0].recipients, "SMTPUTF8" in stand_in.mails[0].options) == (
        ("jürgen@example.com",),
        True,
    )
    old = SmtpStandIn(utf8=False)
    sandbox.add(old, "old")
    with pytest.raises(RefusedMailError) as caught:
        asyncio.run(SmtpTransport().send(at(old), mail))
    assert "SMTPUTF8" in caught.value.reply.words


@pytest.mark.parametrize(
    ("greeting", "kind", "says"),
    [
        (b"554 5.7.1 no\r\n", RefusedMailError, "554"),
        (b"421 busy\r\n", RefusedMailError, "421"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TransportError, "no SMTP"),
        (b"", TransportError, "could not connect"),
    ],
)
def test_who_greets_otherwise_is_not_sent_anything(greeting: bytes, kind: type[Exception], says: str) -> None:
    """A server that refuses at once, one that is no mail server, and one that hangs up."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()
        heard.append(await reader.read(100))

    async def main() -> None:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        server = MailServer(host="127.0.0.1", port=port, security=Security.NONE)
        with pytest.raises(kind) as caught:
            await SmtpTransport().send(server, MAIL)
        error: Any = caught.value
        assert says in str(getattr(error, "reply", error))
        assert not getattr(error, "sent", False)
        listener.close()

    asyncio.run(main())
    assert b"".join(heard) == b""


def test_nobody_there_is_an_error() -> None:
    """With the system's words."""
    server = MailServer(host="127.0.0.1", port=9, security=Security.NONE)
    with pytest.raises(TransportError, match="could not connect: ") as caught:
        asyncio.run(SmtpTransport().probe(server))
    assert not caught.value.sent


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    server = MailServer(host="127.0.0.1", port=9, security=Security.NONE)
    with pytest.raises(MissingExtraError, match=r"integrations-sdk\[smtp\]"):
        asyncio.run(SmtpTransport().probe(server))


def test_a_server_shows_no_credentials() -> None:
    """Nor does an envelope show whom it is for."""
    server = MailServer(host="::1", port=25, security=Security.NONE, username="u", password=Secret("canary"))
    assert server.origin == "smtp://[::1]:25"
    assert "canary" not in repr(server)
    assert repr(MAIL) == f"<Envelope for 2, {len(BODY)} bytes>"
