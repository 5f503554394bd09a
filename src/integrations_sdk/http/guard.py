"""`Guard`: which addresses a URL that somebody else supplied may lead to.

A decision over a name tells nothing, for it may resolve to something else a moment later. So transports judge
each address between resolution and `connect(2)`, and connect to the very address that was judged.
"""

from __future__ import annotations

import asyncio
import re
import socket
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import attrs

from integrations_sdk.errors import BlockedAddressError, ConfigurationError, Problem
from integrations_sdk.http.ranges import (
    METADATA,
    METADATA_NAMES,
    REFUSED,
    REFUSED_PORTS,
    USUAL_PORTS,
    Address,
    Range,
    find,
    forms,
)

__all__ = ["Guard", "Refusal", "Resolve", "lookup", "permitted", "unguardable"]

_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_ENTRY: Final = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<other>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?")
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")  # digits of every script, as some libraries take them

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to addresses in their usual spelling; raises `OSError` when there are none."""


class Refusal(NamedTuple):
    """Why something is refused, and what can be done about it."""

    reason: str
    remedy: str

    def error(self, host: str, port: int) -> BlockedAddressError:
        """The error that says so; nothing of the URL is in it but host and port."""
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return BlockedAddressError(f"{where} is refused: it {self.reason}; {self.remedy}", sent=False)


class _Allowed(NamedTuple):
    network: IPv4Network | IPv6Network | None
    host: str
    port: int | None

    def holds(self, host: str, port: int, form: Address) -> bool:
        if self.port not in {None, port}:
            return False
        return host == self.host if self.network is None else form in self.network


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _numbers(value: Iterable[int]) -> tuple[int, ...]:
    return tuple(value)


@attrs.frozen(kw_only=True, cache_hash=True)
class Guard:
    """Refuses URLs that lead into the network of whoever runs this: loopback, private, link-local and the like.

    Attributes:
        allow: what may be called all the same: networks (`10.1.0.0/16`), addresses, and hosts
            (`hooks.internal.example`, wherever it leads), each with `:port` for that port alone, which is
            then allowed too: `10.1.2.3:8080`, `[fd12::1]:25`. An address that has another written into it
            (IPv4-mapped, NAT64, 6to4, Teredo) needs both allowed. Cloud metadata cannot be allowed.
        ports: allowed beside 80, 443 and those from 1024 on that are not in `REFUSED_PORTS`.
        proxies: URLs of proxies that judge addresses themselves. Through any other proxy nothing is sent,
            because only the proxy learns where a name leads.
        refused: the table; put your own public networks before `REFUSED` to refuse them as well.

    Raises:
        ConfigurationError: something in `allow`, `ports` or `proxies` is no such thing.
    """

    allow: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    ports: tuple[int, ...] = attrs.field(default=(), converter=_numbers)
    proxies: tuple[str, ...] = attrs.field(default=(), converter=_texts, repr=False)
    refused: tuple[Range, ...] = attrs.field(default=REFUSED, repr=False)
    _allowed: tuple[_Allowed, ...] = attrs.field(init=False, eq=False, repr=False)
    _proxies: frozenset[object] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ConfigurationError("guard", problems)
        object.__setattr__(self, "_allowed", tuple(filter(None, map(_allowed, self.allow))))
        object.__setattr__(self, "_proxies", frozenset(map(_endpoint, self.proxies)))

    @classmethod
    def of(cls, value: Guard | bool | None) -> Guard | None:  # noqa: FBT001  # as `guard=True` reads
        """What a `guard=` argument means: True is a guard that allows nothing, False and None are none."""
        if isinstance(value, Guard):
            return value
        return cls() if value else None

    def decide(self, host: str, port: int, address: str) -> Refusal | None:
        """None if a connection to this address may be made for this host, otherwise why not.

        Args:
            host: as it stands in the URL.
            address: where it leads, in its usual spelling.
        """
        host = host.lower().rstrip(".")
        try:
            judged = list(forms(ip_address(address.partition("%")[0])))
        except ValueError:
            return Refusal("leads to something that is no IP address", "check the resolver")
        metadata = next((found for form in judged if (found := find(form, METADATA))), None)
        if metadata is not None:
            return _never(metadata)
        for form in judged:
            allowed = any(entry.holds(host, port, form) for entry in self._allowed)
            if not allowed and (found := find(form, self.refused)) is not None:
                return _refused(found, host)
        return self._port(host, port, judged)

    def check(self, url: str) -> Refusal | None:
        """What can be said of a URL without resolving anything: None if nothing speaks against it.

        Addresses in other spellings than the usual one are refused, because who reads `0177.0.0.1` or
        `2130706433` as what differs from library to library.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if "@" in parts.netloc:
            return Refusal("has user and password in its URL", "give credentials in a header")
        if _is_odd(host) or ("[" in parts.netloc and ":" not in host):
            return Refusal(
                "spells its host in an unusual way", "write it as a name, as a.b.c.d or as [a:b::c]"
            )
        if _is_literal(host):
            return self.decide(host, port, host)
        if host.rstrip(".") in METADATA_NAMES:
            return _never(Range(host, "the metadata service of a cloud", "by its name"))
        return self._port(host.rstrip("."), port, None)

    def admit(self, url: str, proxy: str | None = None) -> None:
        """Let a request pass whose addresses are still to be judged.

        Raises:
            BlockedAddressError: `check()` says no.
            ConfigurationError: it would go through a proxy that is not among `proxies`.
        """
        if (refusal := self.check(url)) is not None:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            raise refusal.error(parts.hostname or "", port)
        if proxy is not None and _endpoint(proxy) not in self._proxies:
            raise ConfigurationError.of(
                "HTTP connection",
                "proxy",
                "a guard cannot see where a proxy connects to",
                "leave the proxy out, or name it in Guard(proxies=…) if it judges addresses itself",
            )

    def _port(self, host: str, port: int, judged: Sequence[Address] | None) -> Refusal | None:
        """Why the port is refused; before a name is resolved (`judged` is None) networks count as if they fit."""
        if port in USUAL_PORTS or (port >= 1024 and port not in REFUSED_PORTS) or port in self.ports:
            return None
        for entry in self._allowed:
            if entry.port == port and (
                entry.host == host
                if entry.network is None
                else judged is None or any(form in entry.network for form in judged)
            ):
                return None
        whose = REFUSED_PORTS.get(port, "another service than HTTP")
        return Refusal(f"names a port of {whose}", f"if that is meant, allow it: Guard(ports=({port},))")

    def _problems(self) -> Iterator[Problem]:
        for index, entry in enumerate(self.allow):
            if _allowed(entry) is None:
                remedy = "e.g. 10.1.0.0/16, [fd12::1]:8080, hooks.internal.example"
                yield Problem(f"allow[{index}]", "expected a network, an address or a host name", remedy)
        for index, port in enumerate(self.ports):
            if not 0 < port < 65536:
                yield Problem(f"ports[{index}]", "expected a port from 1 to 65535")
        for index, proxy in enumerate(self.proxies):
            if _endpoint(proxy) is None:
                yield Problem(f"proxies[{index}]", "expected a URL such as http://proxy.example:3128")


async def lookup(host: str, port: int) -> list[str]:
    """The addresses that the operating system knows for a host, in its order of preference (RFC 6724).

    Raises:
        OSError: it knows none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # labels that are empty or too long
        raise socket.gaierror(socket.EAI_NONAME, "the host's name is malformed") from error
    return [str(sockaddr[0]) for *_, sockaddr in found]


async def permitted(guard: Guard, host: str, port: int, resolve: Resolve = lookup) -> list[str]:
    """Where a connection for this host may go, in the order of preference: what is refused is left out.

    Raises:
        BlockedAddressError: all of it is refused.
        OSError: the host has no address.
    """
    good, refusals = [], []
    for address in dict.fromkeys(await resolve(host, port)):
        refusal = guard.decide(host, port, address)
        good.append(address) if refusal is None else refusals.append(refusal)
    if good:
        return good
    if refusals:
        raise refusals[0].error(host, port)
    raise socket.gaierror(socket.EAI_NONAME, "the host has no address")


def unguardable() -> ConfigurationError:
    """The error for a guard together with a client that opens its connections itself."""
    return ConfigurationError.of(
        "HTTP client",
        "guard",
        "a client that is brought opens its connections itself, so no guard can judge their addresses",
        "leave the client out, or the guard",
    )


def _refused(found: Range, host: str) -> Refusal:
    remedy = f"if that is meant, allow it: Guard(allow=({host!r},))"
    return Refusal(f"leads to {found.reason} ({found.network}, {found.source})", remedy)


def _never(found: Range) -> Refusal:
    return Refusal(f"leads to {found.reason} ({found.network})", "that is never allowed: use another URL")


def _is_literal(host: str) -> bool:
    """Whether a host is an address, in whatever spelling: WHATWG's "ends in a number", or a colon in it."""
    return ":" in host or _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]) is not None


def _is_odd(host: str) -> bool:
    """Whether a host is read differently by different libraries."""
    usual = unicodedata.normalize("NFKC", host).replace("\u3002", ".")  # as IDNA maps it
    if not _is_literal(usual):
        return host.isascii() and not _NAME.fullmatch(host.removesuffix("."))
    try:
        return "%" in host or (":" not in host and str(ip_address(host)) != host)
    except ValueError:
        return True


def _allowed(entry: str) -> _Allowed | None:
    """What an entry of `allow` means; None if it means nothing."""
    text = entry.strip().lower()
    split = _ENTRY.fullmatch(text)
    if split is not None:
        text = split["six"] or split["other"]
    port = int(split["port"]) if split is not None and split["port"] else None
    if port is not None and not 0 < port < 65536:
        return None
    try:
        return _Allowed(ip_network(text), "", port)
    except ValueError:
        named = _NAME.fullmatch(text) and not _is_literal(text)
    return _Allowed(None, text, port) if named else None


def _endpoint(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    usable = parts.scheme in {"http", "https"} and parts.hostname
    return (parts.scheme, parts.hostname or "", port) if usable else None
