"""The HTTP port: `Request`, `Response`, `Transport`, and `Call`, the context in which a request is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

import attrs

from integrations_sdk.codec import MOST_LEVELS, is_deep
from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.http.guard import Guard
from integrations_sdk.models import JsonValue

__all__ = [
    "Call",
    "Connection",
    "Headers",
    "HttpSender",
    "Pause",
    "RateLimit",
    "Request",
    "Response",
    "RetryPolicy",
    "Transport",
    "origin",
]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(r"[\r\n\x00]")
_FORBIDDEN_IN_URL = re.compile(r"[\x00-\x20\x7f]")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[1-9][0-9]{0,3}|:[1-5][0-9]{4})?/[!-~]*")


class Headers(Mapping[str, str]):
    """HTTP headers: names compare without regard to case, repeated ones are joined with `", "` (RFC 9110 §5.3)."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = items.items() if isinstance(items, Mapping) else items
        self._items: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._items[key] = f"{self._items[key]}, {value}" if key in self._items else value

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Headers({sorted(self._items)})"


@attrs.frozen(kw_only=True, cache_hash=True)
class Connection:
    """How to connect; transports keep one pool for each distinct value.

    Attributes:
        verify: check the server's certificate. False only at the user's word.
        ca_file: PEM file of a private certificate authority.
        client_certificate: PEM file with certificate and key, for mutual TLS.
        proxy: URL of an HTTP proxy.
        guard: which addresses may be connected to; None: all. A transport that cannot hold it must refuse.
    """

    verify: bool = True
    ca_file: str | None = None
    client_certificate: str | None = None
    proxy: str | None = attrs.field(default=None, repr=False)
    guard: Guard | None = None


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How long and how often to try.

    Attributes:
        attempts: 1 or more; 1 never retries.
        deadline: for everything together: attempts, waiting, rate limit.
        connect_timeout: for one connection.
        read_timeout: between two pieces of an answer.
        base_delay: the first delay is drawn from 0 to this, each later one from twice the range.
        max_delay: no drawn delay exceeds it; a `Retry-After` may.
    """

    attempts: int = 4
    deadline: timedelta = timedelta(seconds=30)
    connect_timeout: timedelta = timedelta(seconds=5)
    read_timeout: timedelta = timedelta(seconds=15)
    base_delay: timedelta = timedelta(milliseconds=500)
    max_delay: timedelta = timedelta(seconds=10)


@attrs.frozen(kw_only=True, cache_hash=True)
class RateLimit:
    """At most `calls` per `period`, of which all may come at once."""

    calls: int
    period: timedelta


@attrs.frozen(kw_only=True)
class Pause:
    """How long a refusal asks to wait, where its body says so.

    Attributes:
        everywhere: the refusal is of everything that comes from here, not of one account.
    """

    wait: timedelta
    everywhere: bool = False


@attrs.frozen(kw_only=True, repr=False)
class Request:
    """One HTTP request, complete.

    Raises:
        ConfigurationError: the URL is not absolute http(s), or a header would not survive the wire
            (CR, LF, NUL in it, or a name that is no token); values are not quoted.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict)
    content: bytes = b""
    connection: Connection = attrs.field(factory=Connection)
    connect_timeout: float = 5.0
    read_timeout: float = 15.0
    max_response_bytes: int = 10 * 1024 * 1024

    def __attrs_post_init__(self) -> None:
        if not _is_plain(self) and (problems := list(_request_problems(self))):
            raise ConfigurationError("HTTP request", problems)

    def __repr__(self) -> str:
        return f"<Request {self.method} {origin(self.url)}/…>"


@attrs.frozen(kw_only=True, repr=False)
class Response:
    """One HTTP answer, read to its end.

    Attributes:
        elapsed: seconds from sending to the last byte.
        attempts: how many requests it took.
        operation: what it answers (`Call.operation`), where a connector asked.
    """

    status: int
    headers: Headers = attrs.field(factory=Headers)
    content: bytes = b""
    elapsed: float = 0.0
    attempts: int = 1
    operation: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as UTF-8, undecodable bytes replaced."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> JsonValue:
        """The body as JSON.

        Raises:
            ValueError: it is not JSON in UTF-8, or is nested too deeply to be read.
        """
        try:
            value: JsonValue = json.loads(self.content.decode("utf-8"))
            deep = self.content.count(b"[") + self.content.count(b"{") > MOST_LEVELS and is_deep(value)
        except RecursionError:
            deep = True
        if deep:
            msg = "nested too deeply"
            raise ValueError(msg)
        return value

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.content)} bytes>"


@attrs.frozen(kw_only=True)
class Call:
    """What the client knows of a request beyond the wire: who calls whom, what for, and under which rules.

    Attributes:
        provider: e.g. `slack`; with `account` it names whose rate limit is used up.
        operation: the vendor's word for what is done; never a URL.
        account: tells accounts of one provider apart, e.g. the integration's id.
        idempotent: repeating it does no more than doing it once, so an ambiguous failure may be retried.
        rate: the vendor's documented limit, before its headers say better.
        pause: what the body of a refusal (403, 429, 503) asks for, which goes before its headers; None: nothing.
        meaning: the status that fits a refusal, where a vendor's is misleading (AWS: 400 for 429); None: its own.
    """

    provider: str
    operation: str
    integration_id: str | None = None
    account: str = ""
    idempotent: bool = False
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    rate: RateLimit | None = None
    pause: Callable[[Response], Pause | None] | None = attrs.field(default=None, repr=False, eq=False)
    meaning: Callable[[Response], int] | None = attrs.field(default=None, repr=False, eq=False)

    def status_of(self, response: Response) -> int:
        """The status that an answer is treated as."""
        status = response.status
        # A 403 says by its headers when to come back.
        clear = status < 400 or status in {403, 420, 429}
        return status if clear or self.meaning is None else self.meaning(response)


class Transport(Protocol):
    """Sends one request once. No retry, no redirect, no cookie, no logging."""

    async def send(self, request: Request) -> Response:
        """Send it and read the whole answer, whatever its status.

        Raises:
            TransportError: `sent=False` only when no byte of the request can have left.
            ResponseTooLargeError: the answer, once decompressed, exceeds `request.max_response_bytes`, or
                has more than 200 header fields.
            BlockedAddressError: the connection's guard refuses every address of the URL's host.
            ConfigurationError: the connection's guard cannot be held, e.g. through a proxy.
        """
        ...

    async def close(self) -> None:
        """Close connections; a second call does nothing."""
        ...


class HttpSender(Protocol):
    """What connectors send with: a transport under all the rules (retry, rate limit, circuit, deadline)."""

    async def send(self, request: Request, call: Call) -> Response:
        """The final answer, whatever its status, `attempts` filled in.

        Raises:
            TransportError: no answer arrived (or a kind of it: deadline, blocked, too large).
            ProviderUnavailableError: the circuit of that origin is open; nothing was sent.
        """
        ...

    async def close(self) -> None:
        """Close the transport, if it is not the user's own."""
        ...


def origin(url: str) -> str:
    """`scheme://host[:port]` of a URL: the part that is never secret (userinfo is left out)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port is not None else "")


def _is_plain(request: Request) -> bool:
    """Whether a glance shows that nothing is wrong with it, as with nearly every one; the full look costs more."""
    for name, value in request.headers.items():
        if _FORBIDDEN.search(value) or not _TOKEN.fullmatch(name):
            return False
    return _TOKEN.fullmatch(request.method) is not None and _PLAIN_URL.fullmatch(request.url) is not None


def _request_problems(request: Request) -> Iterator[Problem]:
    if not _TOKEN.fullmatch(request.method):
        yield Problem("method", "expected a method such as GET")
    if _FORBIDDEN_IN_URL.search(request.url):
        yield Problem("url", "expected no spaces, line breaks or control characters", "percent-encode them")
    try:
        parts = urlsplit(request.url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        yield Problem(
            "url", "expected an absolute http or https URL", "write it out, e.g. https://example.com/path"
        )
    for name, value in request.headers.items():
        if not _TOKEN.fullmatch(name):
            yield Problem(
                f"headers.{name!r}", "expected a header name of letters, digits and !#$%&'*+.^_`|~-"
            )
        if _FORBIDDEN.search(value):
            yield Problem(
                f"headers.{name!r}",
                "expected no line break or NUL in the value",
                "remove it; it would inject headers",
            )
