"""A guard holds on each transport, whatever a host is called and wherever it leads."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_network

import httpx
import httpx2
import pytest

from integrations_sdk.errors import BlockedAddressError, ConfigurationError, TransportError
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Connection, Request, Transport
from integrations_sdk.http.guard import Guard, Refusal, Resolve
from integrations_sdk.http.guarded import GuardedResolver, first_of, guarded_sockets
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.http.ranges import METADATA, REFUSED, Range
from integrations_sdk.testing.loopback import Exchange, loopback, self_signed

TRANSPORTS: dict[str, Callable[[Resolve], Transport]] = {
    "aiohttp": lambda resolve: AiohttpTransport(resolve=resolve),
    "httpx2": lambda resolve: HttpxTransport(resolve=resolve),
}

CONNECTS: list[object] = []


def _note(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple):
        CONNECTS.append(args[1])


sys.addaudithook(_note)  # the interpreter's own record of every connect(2), whatever library asks for it


@pytest.fixture(params=list(TRANSPORTS))
def transport(request):
    CONNECTS.clear()
    return TRANSPORTS[request.param]


NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "ip6-localhost": ["::1"],
    "localhost.localdomain": ["127.0.0.1"],
    "127.0.0.1.wildcard.example": ["127.0.0.1"],
    "7f000001.wildcard.example": ["127.0.0.1"],
    "inner.example": ["10.0.0.1", "192.168.0.1", "fd00::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "tunnel.example": ["2002:7f00:1::1", "2001:0:7f00:1::1"],
    "imds.example": ["169.254.169.254"],
    "azure.example": ["168.63.129.16"],
    "any.example": ["0.0.0.0", "::"],
    "odd.example": ["127.1"],
    "scoped.example": ["fe80::1%1"],
    "xn--bcher-kva.example": ["127.0.0.1"],
    "metadata.google.internal": ["127.0.0.1"],
    "metadata": ["127.0.0.1"],
}


async def as_told(host: str, port: int) -> list[str]:
    """Names from the table; numbers in every spelling that the operating system understands; never the network."""
    name = host.lower().removesuffix(".")
    if name in NAMES:
        return NAMES[name]
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode()
    found = socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def ends(ranges: tuple[Range, ...]) -> list[str]:
    """The first and the last address of each range, as they stand in a URL."""
    networks = [ip_network(each.network) for each in ranges]
    return [f"[{each}]" if each.version == 6 else str(each)
            for network in networks for each in dict.fromkeys((network[0], network[-1]))]  # fmt: skip


SPELLINGS = dict.fromkeys([
    # loopback as IPv4, in the spellings of inet_aton(3)
    "127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "127.1", "127.0.1", "127.000.000.001", "0177.0.0.1",
    "0177.1", "0177.0.0.01", "00177.0.0.1", "0x7f.1", "0x7f.0.0.1", "0X7F.0.0.1", "0x7f.0x0.0x0.0x1", "0x7f000001",
    "0X7F000001", "0x007f000001", "2130706433", "017700000001", "127.0.0.0x1", "127.0.0.01", "127.0x1", "127.65535.1",
    "0", "00", "0x0", "0.0", "0.0.0", "0.0.0.0", "0x0.0x0", "127.0.0.1.", "127.1.", "2130706433.", "127.0.0.1..",
    "6425673729", "127.0.0.257", "127.0.0.1.1",
    # in other digits, and percent-encoded
    "１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "０ｘ７ｆ.1", "٠", "२१३०७०६४३३",
    "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "%6c%6f%63alhost", "127.0.0.1%00", "127.0.0.1%2ehook.example",
    # loopback as IPv6, and IPv4 within IPv6
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]", "[0::1]", "[::]",
    "[0:0:0:0:0:0:0:0]", "[::0.0.0.1]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]", "[::FFFF:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::ffff:0:7f00:1]", "[::ffff:10.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::127.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]", "[2001::80ff:fffe]",
    "[2a00:1450::5efe:7f00:1]", "[2a00:1450::200:5efe:10.0.0.1]", "[::ffff:169.254.169.254]", "[::1%25lo]", "[::1%lo]",
    "[fe80::1%25eth0]", "[fe80::1%1]", "[fe80::a9fe:a9fe%25eth0]", "[v1.x]", "[127.0.0.1]", "[localhost]",
    # names
    "localhost", "LOCALHOST", "LocalHost", "localhost.", "localhost..", "ｌocalhost", "localhost%00", "lo­calhost",
    "ip6-localhost", "localhost.localdomain", "127.0.0.1.wildcard.example", "7f000001.wildcard.example",
    "inner.example", "INNER.example.", "mapped.example", "nat64.example", "tunnel.example", "imds.example",
    "azure.example", "any.example", "odd.example", "scoped.example", "bücher.example", "xn--bcher-kva.example",
    "metadata.google.internal", "METADATA.GOOGLE.INTERNAL.", "metadata",
    # credentials, and what only looks like them
    "user@127.0.0.1", "user:word@localhost", "hook.example@127.0.0.1", "hook.example:80@127.0.0.1",
    "hook.example\\@127.0.0.1", "127.0.0.1\\@hook.example", "127.0.0.1\\.hook.example", "hook.example@[::1]",
    "127.0.0.1\t", "\t127.0.0.1", "127.0.\t0.1", "localhost\x7f", "127.0.0.1,hook.example", "127.0.0.1;hook.example",
        # private networks and cloud metadata in other spellings
        "10.1", "10.0.1", "0xa.1", "012.1", "012.0.0.1", "167772161", "0x0a000001", "01200000001", "192.168.1",
        "0xc0a80101", "0300.0250.1.1", "3232235777", "192.0xa8.257", "172.16.1", "0xac.0x10.1", "2886729729",
        "169.254.43518", "169.16689662", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "025177524776",
        "0xa9.254.0251.254", "0xA9.0xFE.0xA9.0xFE", "169.254.169.254.", "100.100.25800", "1684301000", "168.4161808",
        "0xa83f8110", "198.18.1", "224.1", "255.65535", "4294967295", "0xffffffff",
        "[::ffff:a9fe:a9fe]", "[::a9fe:a9fe]", "[0:0:0:0:0:ffff:169.254.169.254]", "[fd00:ec2::254]",
        "[fd00:0ec2:0:0:0:0:0:0254]", "[FD00:EC2::254]", "[64:ff9b::6464:64c8]", "[2002:a83f:8110::]", "[fec0::1]",
        "[fc00::1]", "[ff02::1%251]",
    # everything that is refused
    *ends(REFUSED), *ends(METADATA),
])  # fmt: skip


def test_there_are_many_spellings():
    """At least 150 of them beside the ends of each range, none twice."""
    assert len(SPELLINGS.keys() - set(ends(REFUSED)) - set(ends(METADATA))) >= 150


class Unchecked(Guard):
    """A guard that is deaf to what stands in URLs, so that only what it does at connect time remains."""

    def check(self, url: str) -> Refusal | None:
        """Nothing speaks against any URL."""


def attempts(make: Callable[[Resolve], Transport], urls: Iterable[str], guard: Guard) -> dict[str, object]:
    """What comes of a request to each URL: the answer's status or the error, and every connection attempted."""

    async def one(transport: Transport, url: str) -> object:
        CONNECTS.clear()
        try:
            request = Request(method="POST", url=url, content=b"x", connection=Connection(guard=guard))
            status = (await transport.send(request)).status
        except (TransportError, ConfigurationError) as error:
            return CONNECTS[:] or error
        return [status, *CONNECTS]

    async def main() -> dict[str, object]:
        transport = make(as_told)
        came = {url: await one(transport, url) for url in urls}
        await transport.close()
        return came

    return asyncio.run(main())


def unsent(came: object) -> bool:
    """Whether nothing was connected to and the error says so."""
    return isinstance(came, ConfigurationError) or (isinstance(came, TransportError) and not came.sent)


@pytest.fixture(scope="module")
def listening():
    """Ports on loopback on which anybody who comes would be let in."""
    with contextlib.ExitStack() as open_sockets:
        four = open_sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        with contextlib.suppress(OSError):
            port = four.getsockname()[1]
            open_sockets.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6))
        yield four.getsockname()[1]


def test_no_spelling_connects(transport, listening):
    """However an internal address is written or named, no connection is attempted and nothing counts as sent."""
    urls = [f"http://{host}:{listening}/" for host in SPELLINGS]
    came = attempts(transport, urls, Guard(ports=(listening,)))
    assert {url: each for url, each in came.items() if not unsent(each)} == {}
    refused = (BlockedAddressError, ConfigurationError)
    assert {url: each for url, each in came.items() if url.isascii() and not isinstance(each, refused)} == {}


def test_no_spelling_connects_without_a_look_at_the_url(transport, listening):
    """What is decided at connect time holds alone, so a URL that libraries read differently leads nowhere either."""
    urls = [f"http://{host}:{listening}/" for host in SPELLINGS if "@" not in host]
    came = attempts(transport, urls, Unchecked(ports=(listening,)))
    assert {url: each for url, each in came.items() if not unsent(each)} == {}


def test_no_url_connects(transport, listening):
    """Fragments, queries, backslashes and missing slashes change nothing."""
    shapes = [
        "http://127.0.0.1:{}#@hook.example/", "http://127.0.0.1:{}?@hook.example/", "http:127.0.0.1:{}/",
        "http:///127.0.0.1:{}/", "http:/\\127.0.0.1:{}/", "//127.0.0.1:{}/", "ftp://127.0.0.1:{}/",
        "HTTP://127.0.0.1:{}/", "http://hook.example:80@127.0.0.1:{}/",
    ]  # fmt: skip
    came = attempts(transport, [shape.format(listening) for shape in shapes], Guard())
    assert {
        url: each
        for url, each in came.items()
        if not isinstance(each, (BlockedAddressError, ConfigurationError))
    } == {}


@pytest.mark.parametrize(
    "guard", [None, Guard(allow=("127.0.0.0/8",)), Guard(allow=("127.0.0.1.wildcard.example",))]
)
def test_connections_are_noticed(transport, guard):
    """What is allowed connects, and the record that the tests above look at is made."""

    async def main() -> None:
        sender = transport(as_told)
        async with loopback(Exchange.answer) as server:
            host = "127.0.0.1.wildcard.example" if guard else "127.0.0.1"
            url = server.url.replace("127.0.0.1", host)
            for _ in range(3):
                connection = Connection(guard=guard)
                assert (
                    await sender.send(Request(method="GET", url=url, connection=connection))
                ).status == 200
            await sender.close()
            port = int(server.url.rpartition(":")[2])
            assert [("127.0.0.1", port)] == CONNECTS
            assert server.connections == 1
            assert server.exchanges[0].header("host") == f"{host}:{port}"

    asyncio.run(main())


def test_a_name_outside_of_ascii_is_allowed_by_its_encoded_form(transport):
    """`bücher.example` is what `xn--bcher-kva.example` allows."""

    async def main() -> None:
        sender = transport(as_told)
        async with loopback(Exchange.answer) as server:
            connection = Connection(guard=Guard(allow=("xn--bcher-kva.example",)))
            url = server.url.replace("127.0.0.1", "bücher.example")
            assert (await sender.send(Request(method="GET", url=url, connection=connection))).status == 200
            await sender.close()

    asyncio.run(main())


def test_unguarded_requests_share_nothing_with_guarded_ones(transport):
    """A connection that was made without a guard is not used for a guarded request."""

    async def main() -> None:
        sender = transport(as_told)
        async with loopback(Exchange.answer) as server:
            assert (await sender.send(Request(method="GET", url=server.url))).status == 200
            with pytest.raises(BlockedAddressError):
                await sender.send(Request(method="GET", url=server.url, connection=Connection(guard=Guard())))
            await sender.close()
            assert len(server.exchanges) == 1

    asyncio.run(main())


def test_tls_is_checked_against_the_host(transport, tmp_path):
    """The connection goes to the judged address; the certificate must be the host's all the same."""
    import ssl

    certificate = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    async def main() -> None:
        sender = transport(as_told)
        connection = Connection(guard=Guard(allow=("127.0.0.1/32",)), ca_file=str(certificate))
        async with loopback(Exchange.answer, tls) as server:
            fits = await sender.send(Request(method="GET", url=server.url, connection=connection))
            assert fits.status == 200
            other = server.url.replace("127.0.0.1", "127.0.0.1.wildcard.example")
            with pytest.raises(TransportError, match="certificate"):
                await sender.send(Request(method="GET", url=other, connection=connection))
            await sender.close()

    asyncio.run(main())


def test_unknown_names_are_unsent(transport):
    """A name that does not exist is a failure to connect, as without a guard."""
    came = attempts(transport, ["http://no-such-name.example/"], Guard())["http://no-such-name.example/"]
    assert isinstance(came, TransportError)
    assert not isinstance(came, BlockedAddressError)
    assert "could not connect" in str(came)
    assert came.sent is False


def test_slow_names_time_out(transport):
    """A resolver that does not answer is given up after the connect timeout, with nothing sent."""

    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async def main() -> None:
        sender = transport(never)
        request = Request(
            method="GET",
            url="http://slow.example/",
            connection=Connection(guard=Guard()),
            connect_timeout=0.02,
        )
        with pytest.raises(TransportError, match="timed out while connecting") as caught:
            await sender.send(request)
        assert caught.value.sent is False
        await sender.close()

    asyncio.run(main())


def test_errors_are_not_shared(transport):
    """Requests that wait for one lookup each get an error of their own, to be filled with their own facts."""

    async def main() -> None:
        sender = transport(as_told)
        request = Request(method="GET", url="http://inner.example/", connection=Connection(guard=Guard()))
        came = await asyncio.gather(*(sender.send(request) for _ in range(5)), return_exceptions=True)
        await sender.close()
        assert [type(each) for each in came] == [BlockedAddressError] * 5
        assert len(set(map(id, came))) == 5

    asyncio.run(main())


# --- proxies and clients of others ----------------------------------------------------------------


def test_proxies_are_refused_unless_trusted(transport):
    """A guarded request goes through no proxy but one that judges addresses itself; literal addresses are judged here."""

    async def main() -> None:
        sender = transport(as_told)
        async with loopback(Exchange.answer) as proxy:
            url = "http://hook.example/x"
            untrusted = Connection(guard=Guard(), proxy=proxy.url)
            with pytest.raises(ConfigurationError, match="proxy"):
                await sender.send(Request(method="GET", url=url, connection=untrusted))
            assert proxy.connections == 0
            trusted = Connection(guard=Guard(proxies=(proxy.url,)), proxy=proxy.url)
            assert (await sender.send(Request(method="GET", url=url, connection=trusted))).status == 200
            assert proxy.exchanges[0].line.startswith("GET http://hook.example/x ")
            with pytest.raises(BlockedAddressError):
                await sender.send(Request(method="GET", url="http://10.0.0.1/", connection=trusted))
            await sender.close()

    asyncio.run(main())


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_client_that_is_brought_cannot_be_guarded(library):
    """A client opens its connections itself; a guarded request is refused rather than sent unguarded."""

    async def main() -> None:
        async with library.AsyncClient() as client, loopback(Exchange.answer) as server:
            transport = HttpxTransport(client)
            with pytest.raises(ConfigurationError, match="client that is brought"):
                await transport.send(
                    Request(method="GET", url=server.url, connection=Connection(guard=Guard()))
                )
            assert server.connections == 0

    asyncio.run(main())


# --- DNS that changes its mind --------------------------------------------------------------------

PUBLIC, INTERNAL = "127.0.0.1", "127.0.0.2"
TABLE = (Range(f"{INTERNAL}/32", "an internal address", "this test"),)


class FlipFlop:
    """A resolver that answers with the public address one time and with the internal one the next.

    Names that begin with `mixed` get both in changing order; those that begin with `random` whatever comes.
    """

    def __init__(self) -> None:
        self.answers = Counter[str]()
        self._draw = random.Random(7)

    async def __call__(self, host: str, port: int) -> list[str]:
        turn = self.answers.total() % 2
        if host.startswith("mixed"):
            answer = [PUBLIC, INTERNAL][:: 1 if turn else -1]
        elif host.startswith("random"):
            answer = self._draw.choices([PUBLIC, INTERNAL], k=self._draw.randrange(1, 5))
        else:
            answer = [INTERNAL if turn else PUBLIC]
        self.answers["+".join(sorted(set(answer)))] += 1
        await asyncio.sleep(0)
        return answer


@asynccontextmanager
async def counting() -> AsyncIterator[tuple[int, Counter[str]]]:
    """Servers on both addresses, on the same port, that count who comes and close each connection."""
    came = Counter[str]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came[writer.get_extra_info("sockname")[0]] += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    public = await asyncio.start_server(answer, PUBLIC, 0)
    port = public.sockets[0].getsockname()[1]
    try:
        internal = await asyncio.start_server(answer, INTERNAL, port)
    except OSError:
        public.close()
        pytest.skip("127.0.0.2 cannot be listened on here")
    try:
        yield port, came
    finally:
        public.close()
        internal.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "number", [300, pytest.param(10_000, marks=[pytest.mark.torture, pytest.mark.timeout(600)])]
)
def test_flip_flopping_dns_never_reaches_an_internal_address(transport, number):
    """Over many connections, each with a lookup of its own: none to the internal address, all others as allowed."""
    flip_flop, came = FlipFlop(), Counter[str]()

    async def main() -> Counter[str]:
        sender = transport(flip_flop)
        connection = Connection(guard=Guard(refused=TABLE))

        async def one(port: int, index: int) -> None:
            host = f"{('flip', 'mixed', 'random')[index % 3]}{index}.example"
            request = Request(method="POST", url=f"http://{host}:{port}/", connection=connection)
            try:
                came[str((await sender.send(request)).status)] += 1
            except BlockedAddressError:
                came["blocked"] += 1

        async with counting() as (port, connections):
            for start in range(0, number, 50):
                await asyncio.gather(*(one(port, index) for index in range(start, min(start + 50, number))))
            await sender.close()
        return connections

    connections = asyncio.run(main())
    assert connections[INTERNAL] == 0
    assert connections[PUBLIC] == came["200"] > 0
    assert came["blocked"] == flip_flop.answers[INTERNAL] > 0
    assert came.total() == flip_flop.answers.total() == number


# --- the hooks ------------------------------------------------------------------------------------


def test_the_resolver_answers_for_one_family_where_asked():
    """aiohttp may ask for IPv4 or IPv6 alone."""

    async def both(host: str, port: int) -> list[str]:
        return ["93.184.215.14", "2606:4700::1"]

    async def main() -> None:
        resolver = GuardedResolver(Guard(), both)
        for family, expected in [
            (socket.AF_UNSPEC, ["93.184.215.14", "2606:4700::1"]),
            (socket.AF_INET, ["93.184.215.14"]),
            (socket.AF_INET6, ["2606:4700::1"]),
        ]:
            found = await resolver.resolve("hook.example", 443, family)
            assert [each["host"] for each in found] == expected
        await resolver.close()

    asyncio.run(main())


def test_no_socket_is_made_for_a_refused_address():
    """aiohttp's last step before `connect(2)`: permitted addresses get a socket, refused ones an error."""
    make = guarded_sockets(Guard())
    family, kind = socket.AF_INET, socket.SOCK_STREAM
    make((family, kind, 0, "", ("93.184.215.14", 443))).close()
    for address in ("127.0.0.1", "127.1", "localhost"):
        with pytest.raises(BlockedAddressError):
            make((family, kind, 0, "", (address, 443)))


def racing(**delays: float | Exception) -> tuple[list[str], list[str], object]:
    """Race connections that take so long, or fail so."""
    tried: list[str] = []
    closed: list[str] = []

    async def connect(address: str) -> str:
        tried.append(address)
        outcome = delays[address]
        if isinstance(outcome, Exception):
            raise outcome
        with contextlib.suppress(asyncio.CancelledError):  # a connection may come about while it is given up
            await asyncio.sleep(outcome)
        return address

    async def close(address: str) -> None:
        closed.append(address)

    async def main() -> object:
        try:
            return await first_of(list(delays), connect, close)
        except OSError as error:
            return error

    return tried, closed, asyncio.run(main())


def test_the_first_address_that_answers_wins():
    """One address is tried alone; one that fails is followed at once; the last failure is the one that is told."""
    assert racing(a=0.0) == (["a"], [], "a")
    assert racing(a=0.0, b=0.0) == (["a"], [], "a")
    assert racing(a=OSError("a"), b=0.0) == (["a", "b"], [], "b")
    last = OSError("b")
    assert racing(a=OSError("a"), b=last) == (["a", "b"], [], last)


def test_a_late_connection_is_closed():
    """An address that keeps silent is overtaken, and what comes of it afterwards is closed."""
    assert racing(a=60.0, b=0.0) == (["a", "b"], ["a"], "b")
