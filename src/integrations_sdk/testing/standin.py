"""`StandIn`: one vendor in miniature; it checks requests as the vendor would and keeps what it accepted."""

from __future__ import annotations

import asyncio
import email
import email.policy
import gzip
import json
import re
import ssl
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar, Protocol, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from integrations_sdk.http.base import Headers
from integrations_sdk.models import JsonValue
from integrations_sdk.testing.faults import FaultQueue, FaultSpec

__all__ = ["Listener", "Received", "Reply", "Route", "StandIn", "route"]


@attrs.frozen(kw_only=True)
class Received:
    """A request as it arrived. `path` is percent-encoded still, without the query.

    Attributes:
        query: of repeated parameters the last; `every()` gives all.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    query_string: str = ""

    def every(self, parameter: str) -> list[str]:
        """Every value of a query parameter, in order."""
        return parse_qs(self.query_string, keep_blank_values=True).get(parameter, [])

    def json(self) -> JsonValue:
        """The body as JSON; None when it is none."""
        try:
            value: JsonValue = json.loads(self.body)
        except ValueError:
            return None
        return value

    def form(self) -> dict[str, str]:
        """The body as a form; of repeated fields the last."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}

    def parts(self) -> dict[str, tuple[str | None, bytes]]:
        """The body as a form with files (RFC 7578): each part's file name, if it has one, and its content."""
        head = b"content-type: " + self.headers.get("content-type", "").encode() + b"\r\n\r\n"
        form = email.message_from_bytes(head + self.body, policy=email.policy.HTTP)
        return {
            str(part.get_param("name", header="content-disposition")): (
                part.get_filename(),
                bytes(part.get_payload(decode=True) or b""),
            )
            for part in (form.iter_parts() if form.is_multipart() else ())
        }

    @classmethod
    def of(cls, method: str, target: str, headers: Headers, body: bytes) -> Received:
        """From the parts of the wire; a gzip body is unpacked, as every vendor that accepts it does."""
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        unpacked = _unpacked(body) if headers.get("content-encoding") == "gzip" else body
        return cls(
            method=method,
            path=parts.path,
            query=query,
            headers=headers,
            body=unpacked,
            query_string=parts.query,
        )


@attrs.frozen(kw_only=True)
class Reply:
    """What a stand-in answers: `json`, or `text` when that is None.

    `headers` may name another `content-type`.
    """

    status: int = 200
    json: JsonValue = None
    text: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def encoded(self) -> tuple[str, bytes]:
        """Content type and body."""
        if self.json is not None:
            return "application/json", json.dumps(self.json).encode()
        return "text/plain; charset=utf-8", self.text.encode()


Respond = Callable[["StandIn", Received, Mapping[str, str]], Reply]
R = TypeVar("R", bound=Callable[..., Reply])


@attrs.frozen
class Route:
    """A method and a path template (`/job/{name}/build`; `{rest*}` takes slashes), and what answers it."""

    method: str
    template: str
    respond: Respond

    def match(self, path: str) -> dict[str, str] | None:
        """The template's values in a path, percent-decoded; None when the path is another."""
        found = _pattern(self.template).fullmatch(path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def route(method: str, template: str) -> Callable[[R], R]:
    """Mark a method of a stand-in as answering a request; the path's values come as its last argument.

    `GET` answers `HEAD` as well. Of several templates that fit a path the one with the fewest values wins.
    """

    def mark(respond: R) -> R:
        respond.__dict__.setdefault("routes", []).append((method, template))
        return respond

    return mark


class Listener(Protocol):
    """What serves protocols other than HTTP: `LoopbackServer`."""

    def listen(self, protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None) -> int:
        """Serve the protocol, made anew for each connection; the port."""
        ...


class StandIn:
    """One vendor in miniature.

    Subclasses set `provider`, mark methods with `@route`, say in `authorized()` which credentials they
    accept, and give in `config()` the configuration with which an integration reaches them. Requests are
    answered one at a time, so a stand-in needs no lock.

    Attributes:
        received: the requests that were accepted (`accepts()` their reply), in order.
        refused: the others, including those that a fault befell before the vendor acted.
        faults: what is still to go wrong.
        url: `http://127.0.0.1:<port>` once the sandbox serves it.
    """

    provider: ClassVar[str]

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.refused: list[Received] = []
        self.faults = FaultQueue()
        self._routes = _routes(type(self))

    def config(self) -> dict[str, object]:
        """A configuration that works with this stand-in."""
        raise NotImplementedError

    def authorized(self, request: Received) -> Reply | None:  # noqa: ARG002  # subclasses need it
        """None when the credentials are right, otherwise the vendor's refusal."""
        return None

    def not_found(self, request: Received) -> Reply:  # noqa: ARG002  # subclasses need it
        """The vendor's answer to a path that it does not have."""
        return Reply(status=404, json={"message": "Not Found"})

    def failure(self, status: int) -> Reply:
        """The vendor's own shape of an answer with such a status, for injected faults."""
        return Reply(status=status, json={"message": f"injected fault {status}"})

    def postponed(self, reply: Reply, wait: float | str) -> Reply:  # noqa: ARG002  # subclasses need it
        """The refusal with the wait of an injected fault, for vendors that say it elsewhere than in `Retry-After`.

        Args:
            wait: seconds, or an HTTP date; the header is added to what this returns.
        """
        return reply

    def accepts(self, reply: Reply) -> bool:
        """Whether the reply says that the request was accepted."""
        return reply.status < 400

    def listen_on(self, server: Listener) -> str | None:  # noqa: ARG002  # for those that are no HTTP
        """Where the stand-in listens by itself; None for HTTP, which the sandbox sees to."""
        return None

    def fail(
        self,
        *,
        status: int | None = None,
        times: int | None = 1,
        retry_after: float | str | None = None,
        delay: float = 0.0,
        reset: bool = False,
        body: bytes | None = None,
        truncate: bool = False,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
        path: str | None = None,
        acts: bool = False,
    ) -> FaultSpec:
        """Let the next requests fail; the arguments are those of `FaultSpec`.

        Raises:
            ConfigurationError: nothing would fail, or a value is out of its range.
        """
        fault = FaultSpec(
            status=status,
            times=times,
            retry_after=retry_after,
            delay=delay,
            reset=reset,
            body=body,
            truncate=truncate,
            headers=headers or {},
            method=method,
            path=path,
            acts=acts,
        )
        self.faults.add(fault)
        return fault

    def answer(self, request: Received) -> tuple[Reply, FaultSpec | None]:
        """Act as the vendor does: credentials, then the route; keep it in `received` or `refused`.

        Returns:
            The reply, and the fault that befalls it: the server sees to delay, reset, body and truncation.
        """
        found, values = self._route(request)
        fault = self.faults.take(request.method, request.path, found.template if found else None)
        if fault is not None and fault.prevents:
            self.refused.append(request)
            reply = self._failure(fault)
        else:
            reply = self.authorized(request) or (
                found.respond(self, request, values) if found else self.not_found(request)
            )
            (self.received if self.accepts(reply) else self.refused).append(request)
            if fault is not None and fault.status is not None:
                reply = self._failure(fault)
        return (attrs.evolve(reply, headers={**reply.headers, **fault.added}) if fault else reply), fault

    def _failure(self, fault: FaultSpec) -> Reply:
        reply = self.failure(fault.status or 500)
        return reply if fault.retry_after is None else self.postponed(reply, fault.retry_after)

    def _route(self, request: Received) -> tuple[Route | None, dict[str, str]]:
        method = "GET" if request.method == "HEAD" else request.method
        for candidate in self._routes:
            if (
                candidate.method in {method, request.method}
                and (values := candidate.match(request.path)) is not None
            ):
                return candidate, values
        return None, {}


def _routes(kind: type[StandIn]) -> tuple[Route, ...]:
    """A stand-in's routes, the most specific first."""
    marked = [member for name in dir(kind) if callable(member := getattr(kind, name))]
    routes = [
        Route(method, template, cast("Respond", member))
        for member in marked
        for method, template in getattr(member, "routes", ())
    ]
    return tuple(sorted(routes, key=lambda found: (found.template.count("*}"), found.template.count("{"))))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(\*?)\}", template)
    built = re.escape(parts[0])
    for name, star, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        built += f"(?P<{name}>{'.+' if star else '[^/]+'})" + re.escape(literal)
    return re.compile(built)


def _unpacked(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body  # the vendor would refuse it, and so does a stand-in that reads it
