"""The contract of connections: proxy, certificates and timeouts of the configuration reach every request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs

from integrations_sdk.http.base import Connection
from integrations_sdk.testing.connector_contract.bench import Bench
from integrations_sdk.testing.connector_contract.case import ConnectorCase

__all__ = ["ConnectionContract"]


class ConnectionContract(ConnectorCase):
    """How a connector connects, for whatever it does."""

    def test_a_proxy_is_used_for_every_request(self) -> None:
        """`proxy`, with its password."""
        url = "http://user:password@proxy.example.com:3128"
        assert {connection.proxy for connection in self._connections(proxy=url)} == {url}

    def test_a_private_authority_is_trusted_for_every_request(self) -> None:
        """`ca_file`; certificates are checked all the same."""
        found = self._connections(ca_file="/etc/ssl/private-ca.pem")
        assert {(one.ca_file, one.verify) for one in found} == {("/etc/ssl/private-ca.pem", True)}

    def test_certificates_are_checked_unless_told_otherwise(self) -> None:
        """By default, and not with `verify_ssl: false`."""
        assert {connection.verify for connection in self._connections()} == {True}
        assert {connection.verify for connection in self._connections(verify_ssl=False)} == {False}

    def test_the_policy_bounds_every_request(self) -> None:
        """Timeouts of `retry`, and `max_response_bytes`, are on each request."""

        async def scenario(bench: Bench) -> None:
            bench.connector.retry = attrs.evolve(
                bench.connector.retry,
                connect_timeout=timedelta(seconds=1.5),
                read_timeout=timedelta(seconds=2.5),
            )
            for doing in self.doings():
                await bench.do(doing)
            bound = self.connector.max_response_bytes
            for request in bench.requests:
                assert request.connect_timeout == 1.5
                assert request.read_timeout == 2.5
                assert request.max_response_bytes <= bound

        self.run(scenario, wire=False)

    def _connections(self, **changes: Any) -> list[Connection]:  # Any: fields
        async def scenario(bench: Bench) -> list[Connection]:
            for doing in self.doings():
                await bench.do(doing)
            return [request.connection for request in bench.requests]

        return self.run(scenario, wire=False, **changes)
