"""`http.pools`: one pool per connection settings, bounded, closed when idle."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from integrations_sdk.errors import ConfigurationError, StateError
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Connection, Request, Transport
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.http.pools import Pools, split_userinfo, ssl_context
from integrations_sdk.testing.loopback import Exchange, loopback, self_signed


class Pool:
    """Knows whether it is closed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


def connection(number: int) -> Connection:
    """Settings unlike those of other numbers."""
    return Connection(proxy=f"http://proxy:{number}")


def test_equal_settings_share_a_pool() -> None:
    """Settings are compared by value."""
    pools = Pools(Pool, Pool.close)
    first = pools.take(connection(1))
    assert pools.take(connection(1)) is first
    assert pools.take(connection(2)) is not first
    assert first.users == 2


def test_least_recently_used_pool_is_closed_when_idle() -> None:
    """Beyond the limit the oldest goes, but not while a request uses it."""

    async def main() -> None:
        pools = Pools(Pool, Pool.close, limit=2)
        old = pools.take(connection(1))
        kept = pools.take(connection(2))
        await pools.give_back(kept)
        pools.take(connection(1))
        third = pools.take(connection(3))
        await pools.give_back(third)
        assert (old.pool.closed, kept.pool.closed) == (0, 1)
        fourth = pools.take(connection(4))
        await pools.give_back(fourth)
        assert old.pool.closed == 0
        await pools.give_back(old)
        await pools.give_back(old)
        assert old.pool.closed == 1

    asyncio.run(main())


def test_closing_closes_all_and_ends_use() -> None:
    """Retired ones as well, each once; afterwards nothing can be sent."""

    async def main() -> None:
        pools = Pools(Pool, Pool.close, limit=1)
        leases = [pools.take(connection(number)) for number in range(3)]
        await pools.close()
        await pools.close()
        assert [lease.pool.closed for lease in leases] == [1, 1, 1]
        with pytest.raises(StateError, match="closed"):
            pools.take(connection(1))

    asyncio.run(main())


@pytest.mark.parametrize("field", ["ca_file", "client_certificate"])
@pytest.mark.parametrize("kind", [AiohttpTransport, HttpxTransport])
def test_wrong_files_are_named(kind: type[Transport], field: str, tmp_path: Path) -> None:
    """A missing file and one that is no PEM file are configuration errors that name the field."""
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nothing")

    async def main() -> None:
        transport = kind()
        for path, words in ((nonsense, "is no PEM file"), (tmp_path / "missing.pem", "cannot be read")):
            settings = Connection(**{field: str(path)})
            with pytest.raises(ConfigurationError, match=f"{field}: {words}"):
                await transport.send(Request(method="GET", url="https://127.0.0.1:1/", connection=settings))
        await transport.close()

    asyncio.run(main())


@pytest.mark.parametrize("kind", [AiohttpTransport, HttpxTransport])
def test_tls_settings_hold(kind: type[Transport], tmp_path: Path) -> None:
    """A private authority is trusted when named, an unknown certificate when told to, each for its requests only."""
    pem = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    tls.load_verify_locations(pem)
    tls.verify_mode = ssl.CERT_OPTIONAL

    async def main() -> None:
        transport = kind()
        async with loopback(Exchange.answer, tls) as server:
            for settings in (
                Connection(ca_file=str(pem)),
                Connection(verify=False),
                Connection(ca_file=str(pem), client_certificate=str(pem)),
            ):
                request = Request(method="GET", url=server.url, connection=settings)
                assert (await transport.send(request)).status == 200
            await transport.close()

    asyncio.run(main())


@pytest.mark.parametrize("kind", [AiohttpTransport, HttpxTransport])
def test_proxy_is_used(kind: type[Transport]) -> None:
    """A configured proxy gets the request, with its credentials."""

    async def main() -> None:
        transport = kind()
        async with loopback(Exchange.answer) as proxy:
            settings = Connection(proxy=proxy.url.replace("://", "://us:pw@"))
            request = Request(method="GET", url="http://acme.invalid/x", connection=settings)
            assert (await transport.send(request)).status == 200
            assert proxy.exchanges[0].line == "GET http://acme.invalid/x HTTP/1.1"
            assert proxy.exchanges[0].header("proxy-authorization") == "Basic dXM6cHc="
        await transport.close()

    asyncio.run(main())


def test_unverified_context_checks_nothing() -> None:
    """`verify=False` switches off both checks, and nothing else does."""
    assert ssl_context(Connection(verify=False)).verify_mode is ssl.CERT_NONE
    assert ssl_context(Connection()).check_hostname


@pytest.mark.parametrize(
    ("url", "rest", "authorization"),
    [
        ("https://h/x@y", "https://h/x@y", None),
        ("https://user@h:1/x?q#f", "https://h:1/x?q#f", "Basic dXNlcjo="),
        ("https://us%40er:p%3Aw@h/", "https://h/", "Basic dXNAZXI6cDp3"),
    ],
)
def test_split_userinfo(url: str, rest: str, authorization: str | None) -> None:
    """Credentials leave the URL; an `@` elsewhere is none."""
    assert split_userinfo(url) == (rest, authorization)
