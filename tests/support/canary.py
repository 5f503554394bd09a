"""What the canary test is made of: canaries that pass validation, a vendor that repeats what it is sent, evidence."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import pickle
import socket
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from integrations_sdk.codec import load
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.config import fields_of
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Secret, plain
from integrations_sdk.testing import FaultSpec, Received, Reply, Sandbox
from integrations_sdk.testing.server import LoopbackServer
from support.telemetry import fresh_providers

AnyConnector = type[Connector[ConnectorConfig]]


def spelled(canary: str) -> list[bytes]:
    """The forms in which a canary of ASCII letters and digits can stand in any output.

    Percent-encoding, JSON and HTML leave it as it is. In base64 it looks different at each place within a
    group of three bytes, but its inner part depends on nothing around it.
    """
    raw = canary.encode()
    inner = {
        encode(bytes(before) + raw)[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        for before in range(3)
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    }
    return [raw, raw.lower(), raw.upper(), raw.hex().encode(), raw.hex().upper().encode(), *inner]


class Evidence:
    """Everything that was shown or stored, under the name of where it was found."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, bytes]] = []

    def add(self, where: str, *shown: object) -> None:
        for item in shown:
            content = item if isinstance(item, bytes) else str(item).encode("utf-8", "surrogatepass")
            self.texts.append((where, content))

    def found(self, canary: str) -> set[str]:
        """Where the canary is seen, in any spelling."""
        forms = spelled(canary)
        return {where for where, content in self.texts if any(form in content for form in forms)}

    def excerpts(self, canary: str) -> str:
        """For people who have to find the leak."""
        lines = []
        for where, content in self.texts:
            for form in spelled(canary):
                at = content.find(form)
                if at >= 0:
                    lines.append(f"{where}: …{content[max(0, at - 150) : at + len(form) + 30]!r}…")
        return "\n".join(dict.fromkeys(lines[:20]))

    def thing(self, where: str, thing: object) -> None:
        """Whatever a value shows of itself."""
        self.add(where, repr(thing), str(thing), f"{thing}")
        self.add(f"{where} in a pickle", pickle.dumps(thing))
        if hasattr(thing, "_repr_html_"):
            self.add(f"{where} in HTML", thing._repr_html_())
        if isinstance(thing, Mapping):
            self.add(f"{where} in JSON", json.dumps(dict(thing)), json.dumps(dict(thing), ensure_ascii=False))
        if isinstance(thing, list):
            for item in thing:
                self.thing(where, item)

    def error(self, error: BaseException) -> None:
        """The error with everything that it came from, hidden contexts included."""
        self.add("traceback", "".join(traceback.format_exception(error)))
        seen: set[int] = set()
        waiting: list[BaseException | None] = [error]
        while waiting:
            current = waiting.pop()
            if current is None or id(current) in seen:
                continue
            seen.add(id(current))
            self.add("error", repr(current), str(current), repr(current.args), repr(vars(current)))
            waiting += [current.__cause__, current.__context__]
        self.add("error in a pickle", pickle.dumps(error))

    def connector(self, connector: Connector[ConnectorConfig]) -> None:
        """A running connector and its configuration."""
        self.add("connector", repr(connector), str(connector), repr(vars(connector)), repr(connector.context))
        self.thing("config", connector.config)
        self.add("config in JSON", json.dumps(plain(connector.config)))
        for field in fields_of(type(connector.config)):
            if isinstance(value := getattr(connector.config, field.name), Secret):
                self.thing("secret", value)
                self.add("secret", f"{value:>40} {value!a}", "%s %r" % (value, value))  # noqa: UP031  # this very operator

    def files(self, store: Path) -> None:
        """The store's file, and what SQLite keeps beside it."""
        for path in sorted(store.parent.glob(f"{store.name}*")):
            self.add(f"file {path.name.removeprefix(store.name) or 'store'}", path.read_bytes())


class Memory(logging.Handler):
    """Keeps every record of every logger, as text and as what it was made of."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(logging.DEBUG)
        self._evidence = evidence
        self._format = logging.Formatter("%(name)s %(levelname)s %(threadName)s %(message)s").format

    def emit(self, record: logging.LogRecord) -> None:
        self._evidence.add(f"log {record.name}", self._format(record), repr(record.msg), repr(record.args))


SPANS: Final = InMemorySpanExporter()
METRICS: Final = InMemoryMetricReader()
_TRACING: Final = TracerProvider(shutdown_on_exit=False)
_TRACING.add_span_processor(SimpleSpanProcessor(SPANS))
_METERING: Final = MeterProvider([METRICS], shutdown_on_exit=False)


@contextmanager
def observed(evidence: Evidence) -> Iterator[None]:
    """All loggers at DEBUG, warnings, spans and metrics: as evidence."""
    SPANS.clear()
    handler, names = Memory(evidence), ["", *logging.root.manager.loggerDict]
    levels = {name: logging.getLogger(name).level for name in names}
    logging.getLogger().addHandler(handler)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as caught, fresh_providers():
            trace.set_tracer_provider(_TRACING)
            metrics.set_meter_provider(_METERING)
            warnings.simplefilter("always")
            yield
    finally:
        logging.getLogger().removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    evidence.add("warning", *(f"{warning.message!r} {warning}" for warning in caught))
    evidence.add("span", *(span.to_json() for span in SPANS.get_finished_spans()))
    found = METRICS.get_metrics_data()
    evidence.add("metric", "" if found is None else found.to_json())


class QuickClock:
    """The machine's clock, which waits for nothing: a wait of up to ten minutes is over at once."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    async def sleep(self, seconds: float) -> None:
        if seconds <= 600:
            self.skip(seconds)
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(seconds)

    def skip(self, seconds: float) -> None:
        self._ahead += max(seconds, 0)


# --- a vendor that repeats what it is sent ----------------------------------------------------------

_TAKEN_OVER: Final = (
    "message", "error", "errors", "errorMessages", "detail", "details", "title", "reason", "code", "key", "id",
    "iid", "number", "ts", "channel", "user", "team", "login", "name", "displayName", "full_name", "version",
    "uuid", "requestId", "silenceID", "status", "state", "html_url", "web_url", "url", "target_url", "self",
    "path_with_namespace", "id_str", "crumb", "crumbRequestField", "needed", "provided", "errorType", "_class",
)  # fmt: skip


class Parrot:
    """Answers every request with what it was sent of the canary: in headers, in every usual field, encoded."""

    def __init__(self, canary: str) -> None:
        self._forms = spelled(canary)
        self.heard = 0

    def knows(self, content: bytes) -> bool:
        """Whether the canary is in it."""
        return any(form in content for form in self._forms)

    def answers(self, status: int) -> Callable[[Received], tuple[Reply, FaultSpec | None]]:
        """A handler that answers with the status."""
        return lambda request: (self._reply(request, status), None)

    def _reply(self, request: Received, status: int) -> Reply:
        said = " ".join(self._repeated(request)) or "nothing of the kind"
        line = said.encode("ascii", "backslashreplace").decode().replace("\n", "\\n")
        encoded = base64.b64encode(line.encode()).decode()
        body: dict[str, Any] = dict.fromkeys(_TAKEN_OVER, line)
        body |= {"ok": status == 200, "valid": True, "total": 1, "event": body.copy(), "data": body.copy()}
        body |= {"response_metadata": {"messages": [line, encoded, line.encode().hex()]}}
        words = {
            "x-request-id": line,
            "x-error": encoded,
            "x-required-permission": line,
            "location": f"/{line}",
        }
        # Text of its own each time: some read only JSON, some only plain text.
        if request.headers.get("accept", "") != "application/json" or self.heard % 2:
            return Reply(status=status, text=line, headers=words)
        return Reply(status=status, json=body, headers=words)

    def _repeated(self, request: Received) -> Iterator[str]:
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        parts = [
            f"{request.method} {request.path}?{query}",
            *(f"{name}: {value}" for name, value in request.headers.items()),
            request.body.decode("utf-8", "replace"),
        ]
        for part in parts:
            if self.knows(part.encode()):
                self.heard += 1
                yield part[:2000]


_MAIL_PARROTS: Final = {
    **{f"echoes with {status}": status for status in (200, 400, 401, 500)}, "resets": 0,
}  # fmt: skip


class MailParrot(asyncio.Protocol):
    """A mail server that lets everybody in, and repeats in each reply what it was sent."""

    def __init__(self, parrot: Parrot, status: int) -> None:
        self._parrot = parrot
        self._status = status
        self._data = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        if self._status:
            transport.write(b"220 parrot.example ESMTP\r\n")
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        for line in data.split(b"\r\n")[:-1]:
            if not self._data or line == b".":
                self._transport.write(self._reply(line) + b"\r\n")

    def _reply(self, line: bytes) -> bytes:
        command = line.upper()[:4]
        if command == b"EHLO":
            return b"250-parrot.example\r\n250 AUTH PLAIN LOGIN XOAUTH2"
        self._parrot.heard += self._parrot.knows(line)
        self._data = command == b"DATA" and self._status == 200
        if self._data:
            return b"354 go on"
        code = {b"AUTH": b"235", b"QUIT": b"221"}.get(command, b"250")
        refused = {400: b"550", 401: b"535", 500: b"451"}.get(self._status, code)
        return (code if command == b"QUIT" else refused) + b" 2.0.0 " + line[:400]


class Vendors:
    """The servers that a canary meets, each at an address of its own.

    Attributes:
        addresses: by what becomes of a request there.
    """

    def __init__(self, canary: str, server: LoopbackServer, provider: str = "") -> None:
        self.parrot = Parrot(canary)
        if provider == "smtp":
            self.addresses = {
                what: f"smtp://127.0.0.1:{server.listen(partial(MailParrot, self.parrot, status))}"
                for what, status in _MAIL_PARROTS.items()
            }
        else:
            self.addresses = {
                f"echoes with {status}": server.serve(self.parrot.answers(status))
                for status in (200, 400, 401, 500)
            }
            self.addresses["resets"] = server.serve(lambda _: (Reply(), FaultSpec(reset=True)))
        self._closed = socket.socket()
        self._closed.bind(("127.0.0.1", 0))  # nobody listens
        self.addresses["refuses"] = f"http://127.0.0.1:{self._closed.getsockname()[1]}"

    def close(self) -> None:
        self._closed.close()


# --- configurations with a canary in them ------------------------------------------------------------


def new_canary() -> str:
    """Letters and digits, in a spelling that occurs nowhere else."""
    return f"c4N4ry{uuid4().hex}"


def pem_with_canary() -> tuple[str, str]:
    """A new RSA key, and what of its body is the canary."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    while True:
        key = rsa.generate_private_key(65537, 2048).private_bytes(
            encoding, kind, serialization.NoEncryption()
        )
        line = key.decode().splitlines()[5]
        runs = [run for run in line.replace("+", "/").split("/") if len(run) >= 20]
        if runs:
            return key.decode(), runs[0]


_TEAMS: Final = {"team_id": "t", "channel_id": "c", "tenant_id": "x", "client_id": "y"}
COMPANIONS: Final[Mapping[tuple[str, str], Mapping[str, object]]] = {
    ("google_cloud_build", "service_account_key"): {"access_token": None},
    ("custom", "client_secret"): {
        "auth": "oauth2",
        "token": None,
        "client_id": "acme",
        "token_url": "/oauth/token",
        "client_authentication": "post",
    },
    ("custom", "password"): {"auth": "basic", "token": None, "username": "ada"},
    ("github", "private_key"): {"token": None, "app_id": 1, "installation_id": 2},
    ("mend", "org_token"): {"api_version": "2.0"},
    ("okta", "private_key"): {"api_token": None, "client_id": "0oa1"},
    ("mattermost", "bot_token"): {"webhook_url": None, "channel_id": "c" * 26},
    ("microsoft_teams", "access_token"): {"webhook_url": None, **_TEAMS},
    ("microsoft_teams", "client_secret"): {"webhook_url": None, **_TEAMS, "refresh_token": "r"},
    ("microsoft_teams", "refresh_token"): {"webhook_url": None, **_TEAMS},
    ("prometheus", "password"): {"bearer_token": None, "username": "user"},
    ("smtp", "oauth_token"): {"password": None},
    ("slack", "bot_token"): {"webhook_url": None, "channel": "#canary"},
    ("twilio", "api_key_secret"): {"auth_token": None, "api_key_sid": "SK" + "0" * 32},
    ("webhook", "secret_url"): {"url": None},
    ("zendesk", "oauth_token"): {"api_token": None, "email": None},
}
"""What else must be configured, where a secret does not go with what a stand-in is configured with."""


def configurations(
    provider: str, kind: AnyConnector, field: str, base: str, canary: str, pem: tuple[str, str] | None
) -> Iterator[tuple[dict[str, object], str]]:
    """Configurations that reach `base`, with the canary in the field in one of the forms it may have.

    The form is found by trying: whatever the field's validation lets through.
    """
    host = base.removeprefix("http://")
    forms = [
        (f"{canary}/+=\" &<'>\\", canary),
        (f"Bearer {canary}", canary),
        (canary, canary),
        (f"xoxb-{canary}", canary),
        (f"123456789:{canary}", canary),
        (f"http://user:{canary}@{host}", canary),
        (f"{base}/services/T0/B0/{canary}", canary),
        (f"{base}/api/webhooks/1/{canary}", canary),
        (f"{base}/hooks/{canary}", canary),
        (f"http://{canary}@{host}/1", canary),
        (f"whsk_{canary[:43]:A<43}=", canary),
        *([pem, (_service_account(pem[0]), pem[1])] if pem else []),
    ]
    given = {
        **standard(provider, kind, base),
        **COMPANIONS.get((provider, field), {}),
        **_at(kind, base, standard(provider, kind, base)),
    }
    for value, sought in forms:
        for shape in (value, {"canary": value}):  # the field may be a mapping of secrets
            config = {name: item for name, item in {**given, field: shape}.items() if item is not None}
            if _is_good(kind, config):
                yield config, sought
                return


def _service_account(private_key: str) -> str:
    account = {"type": "service_account", "client_email": "a@x.iam.gserviceaccount.com"}
    return json.dumps({**account, "private_key": private_key})


def standard(provider: str, kind: AnyConnector, base: str) -> dict[str, object]:
    """What reaches `base`: the stand-in's configuration if there is one, else the examples of the fields."""
    stand_in = _stand_in(provider)
    if stand_in is None:
        return {
            field.name: field.metadata["example"]
            for field in fields_of(kind.Config)
            if field.metadata["example"]
        }
    stand_in.url = base
    return stand_in.config()


def _stand_in(provider: str) -> Any:
    from integrations_sdk.testing.sandbox import _known, stand_in_of

    return stand_in_of(provider) if provider in _known() else None


def _at(kind: AnyConnector, base: str, given: Mapping[str, object]) -> dict[str, object]:
    """`api_url` and its like, where the provider has one that the stand-in's configuration leaves out."""
    names = {field.name for field in fields_of(kind.Config)} - given.keys()
    return dict.fromkeys(names & {"api_url", "login_url", "url"}, base)


def _is_good(kind: AnyConnector, config: Mapping[str, object]) -> bool:
    try:
        load(kind.Config, config, subject="canary")
    except ConfigurationError:
        return False
    return True


def accept(sandbox: Sandbox, provider: str, field: str, value: object) -> None:
    """Let the stand-in, where it keeps its credential in an attribute, take the canary for it."""
    stand_in = sandbox[provider]
    usual = stand_in.config().get(field)
    for name in dir(stand_in):
        if not name.startswith("__") and usual and getattr(stand_in, name, None) == usual:
            setattr(stand_in, name, value)
