"""`TransportContract`: what every HTTP transport must do, as tests that a transport's test class inherits.

```python
class TestMyTransport(TransportContract):
    def transport(self) -> Transport:
        return MyTransport()
```

pytest is needed, and `cryptography` for a certificate that nobody trusts.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.http.base import Request, Transport
from integrations_sdk.testing.loopback import OK, Exchange, Loopback, answering, with_body
from integrations_sdk.testing.transport_faults import TransportFaultContract

__all__ = ["TransportContract"]


class TransportContract(TransportFaultContract):
    """Inherit, and say in `transport()` how the transport is made."""

    # --- what arrives at the server -------------------------------------------------------------

    def test_request_reaches_the_wire_unchanged(self) -> None:
        """Method, path with its escapes, query, headers and body arrive as given."""
        content = b'{"caf\xc3\xa9": 1}'
        headers = {"content-type": "application/json", "x-one": "1"}
        exchange = self.exchanged("POST", "/a%2Fb/%20c?q=%26&r=a+b", headers=headers, content=content)
        assert exchange.line == "POST /a%2Fb/%20c?q=%26&r=a+b HTTP/1.1"
        assert exchange.body == content
        assert exchange.header("content-length") == str(len(content))
        assert exchange.header("x-one") == "1"
        assert [value for name, value in exchange.headers if name.lower() == "content-type"] == [
            "application/json"
        ]

    def test_no_content_type_is_invented(self) -> None:
        """A body without a declared type stays undeclared."""
        assert self.exchanged("POST", "/", content=b"raw").header("content-type") is None

    def test_bodyless_post_says_so(self) -> None:
        """An empty POST has a length of zero, which strict servers demand."""
        assert self.exchanged("POST", "/").header("content-length") == "0"

    def test_userinfo_becomes_basic_authentication(self) -> None:
        """`user:password@` in the URL is sent as `Authorization: Basic`, decoded, and not in the path."""

        async def check(transport: Transport, server: Loopback) -> None:
            url = server.url.replace("://", "://us%40er:pass@")
            await transport.send(Request(method="GET", url=f"{url}/x"))
            assert server.exchanges[0].header("authorization") == "Basic dXNAZXI6cGFzcw=="
            assert server.exchanges[0].line == "GET /x HTTP/1.1"

        self.run(Exchange.answer, check)

    def test_only_known_encodings_are_asked_for(self) -> None:
        """`Accept-Encoding` names nothing that could not be bounded while it is undone."""
        assert self.exchanged("GET", "/").header("accept-encoding") == "gzip, deflate"

    def test_large_body_arrives_whole(self) -> None:
        """Three megabytes arrive as they were sent."""
        content = bytes(range(256)) * 12_288
        assert self.exchanged("PUT", "/", content=content).body == content

    def test_non_ascii_header_values_are_utf_8(self) -> None:
        """Header values outside ASCII are sent as UTF-8."""
        sent = self.exchanged("GET", "/", headers={"x-name": "Zoë"}).header("x-name")
        assert sent is not None
        assert sent.encode("latin-1").decode() == "Zoë"

    def test_header_injection_is_refused(self) -> None:
        """A line break in a header never reaches a transport."""
        with pytest.raises(ConfigurationError, match="line break"):
            Request(method="GET", url="http://127.0.0.1/", headers={"x-a": "b\r\nx-evil: 1"})

    # --- what comes back ------------------------------------------------------------------------

    def test_answer_is_read_to_its_end(self) -> None:
        """Status, headers in any case, and a body in several chunks."""
        head = b"HTTP/1.1 201 Created\r\nX-REQUEST-ID: r1\r\nTransfer-Encoding: chunked\r\n\r\n"
        response = self.answered(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert (response.status, response.content, response.ok) == (201, b"abcde", True)
        assert response.headers["x-request-id"] == response.headers["X-Request-Id"] == "r1"
        assert response.elapsed > 0

    def test_repeated_headers_are_joined_in_order(self) -> None:
        """Repeated fields become one, in the order of arrival (RFC 9110 §5.3)."""
        raw = b"HTTP/1.1 200 OK\r\nx-a: 1\r\nX-A: 2\r\ncontent-length: 0\r\n\r\n"
        assert self.answered(raw).headers["x-a"] == "1, 2"

    @pytest.mark.parametrize("status", [302, 307, 400, 404, 500, 503])
    def test_every_status_is_an_answer(self, status: int) -> None:
        """No status raises, and no redirect is followed."""
        raw = f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 1\r\n\r\nx"
        response = self.answered(raw.encode())
        assert (response.status, response.content) == (status, b"x")

    def test_bytes_are_kept_as_they_are(self) -> None:
        """Invalid UTF-8 in the body survives, and in a header is replaced."""
        raw = b"HTTP/1.1 200 OK\r\nx-a: caf\xe9\r\ncontent-length: 2\r\n\r\n\xff\xfe"
        response = self.answered(raw)
        assert response.content == b"\xff\xfe"
        assert response.headers["x-a"] == "caf\ufffd"

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
    def test_answers_without_a_body(self, method: str, status: int) -> None:
        """HEAD, 204 and 304 have no body, whatever their headers say."""
        raw = f"HTTP/1.1 {status} X\r\ncontent-encoding: gzip\r\n"
        raw += "content-length: 500\r\n\r\n" if method == "HEAD" else "\r\n"
        response = self.answered(raw.encode(), method=method)
        assert (response.status, response.content) == (status, b"")

    def test_interim_answers_are_skipped(self) -> None:
        """103 Early Hints is not the answer."""
        assert self.answered(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + OK).status == 200

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "raw deflate", "two members"])
    def test_compressed_bodies_are_undone(self, encoding: str) -> None:
        """gzip, in one or more members, and both things that are called deflate."""
        text = b"hello " * 100
        raw_deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = {
            "gzip": gzip.compress(text),
            "x-gzip": gzip.compress(text),
            "deflate": zlib.compress(text),
            "raw deflate": raw_deflate.compress(text) + raw_deflate.flush(),
            "two members": gzip.compress(text[:300]) + gzip.compress(text[300:]),
        }[encoding]
        name = encoding.rsplit(maxsplit=1)[-1].replace("members", "gzip")
        assert self.answered(with_body(body, f"content-encoding: {name}")).content == text

    # --- connections ----------------------------------------------------------------------------

    def test_connection_is_kept(self) -> None:
        """Requests one after the other share a connection, errors included."""

        async def check(transport: Transport, server: Loopback) -> None:
            for _ in range(5):
                await transport.send(Request(method="POST", url=f"{server.url}/", content=b"x"))
            assert server.connections == 1

        self.run(answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), check)

    def test_concurrent_requests_do_not_mix(self) -> None:
        """Twenty at once get each its own answer."""

        async def echo(exchange: Exchange) -> None:
            await exchange.answer(with_body(exchange.line.split()[1].encode()))

        async def check(transport: Transport, server: Loopback) -> None:
            requests = [Request(method="GET", url=f"{server.url}/{number}") for number in range(20)]
            answers = await asyncio.gather(*map(transport.send, requests))
            assert [answer.text for answer in answers] == [f"/{number}" for number in range(20)]

        self.run(echo, check)

    def test_no_cookies_are_kept(self) -> None:
        """A cookie that was set is not sent back: integrations on one host must not share a session."""

        async def check(transport: Transport, server: Loopback) -> None:
            for _ in range(2):
                await transport.send(Request(method="GET", url=f"{server.url}/"))
            assert server.exchanges[1].header("cookie") is None

        self.run(answering(with_body(b"", "set-cookie: session=1; path=/")), check)

    def test_environment_proxies_are_not_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """`HTTP_PROXY` has no say; a proxy is configured."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert self.answered(OK).status == 200

    def test_close_twice(self) -> None:
        """A second `close()` does nothing."""

        async def check(transport: Transport, server: Loopback) -> None:
            await transport.send(Request(method="GET", url=f"{server.url}/"))
            await transport.close()
            await transport.close()

        self.run(Exchange.answer, check)
