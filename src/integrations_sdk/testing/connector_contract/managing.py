"""The contract of managers: blocking and asynchronous come to the same, and send the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from integrations_sdk.blocking.manager import IntegrationManagementManager
from integrations_sdk.clock import FakeClock, SystemClock
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.integrations.providers import AsyncProviderManager
from integrations_sdk.manager import AsyncIntegrationManagementManager
from integrations_sdk.models import HealthStatus, plain
from integrations_sdk.testing.connector_contract.bench import CHECK, Direct, Vendor
from integrations_sdk.testing.connector_contract.case import ConnectorCase

__all__ = ["ManagerContract"]

_RANDOM: Final = re.compile(r"[0-9a-fA-F-]{24,}|[A-Za-z0-9+/=_-]{40,}")
_VARYING: Final = frozenset({"duration", "response_time_ms", "last_check", "data"})


class ManagerContract(ConnectorCase):
    """The connector as its users meet it."""

    def test_both_managers_do_the_same(self, doing: str) -> None:
        """The blocking one and its asynchronous twin send the same requests, and come to the same."""
        vendors = [self._new_vendor(), self._new_vendor()]
        start = SystemClock().now()
        options: list[dict[str, Any]] = [  # Any: arguments of the manager
            {"http": Direct(vendor), "clock": FakeClock(start)} for vendor in vendors
        ]
        with IntegrationManagementManager("shop/web", **options[0]) as manager:
            self._register(manager)
            own = manager.provider(self.connector.provider)
            made = own.create(self.configuration(vendors[0].stand_in))
            one = self._ask(own, made.integration_id, doing)

        async def main() -> Any:  # whatever the operation gives
            async with AsyncIntegrationManagementManager("shop/web", **options[1]) as manager:
                self._register(manager)
                own = manager.provider(self.connector.provider)
                made = await own.create(self.configuration(vendors[1].stand_in))
                return await self._ask(own, made.integration_id, doing)

        other = self._runner.run(main())
        assert _seen(one) == _seen(other)
        sent = [[_request(vendor, number) for number in range(len(vendor.requests))] for vendor in vendors]
        assert sent[0] == sent[1]

    def test_a_manager_finds_it_healthy(self) -> None:
        """A new integration is healthy, or degraded by what its check warns of."""
        vendor = self._new_vendor()
        with IntegrationManagementManager(
            "shop/web", http=Direct(vendor), clock=FakeClock(SystemClock().now())
        ) as manager:
            self._register(manager)
            own = manager.provider(self.connector.provider)
            made = own.create(self.configuration(vendor.stand_in))
            found = own.check(made.integration_id)
            assert found.status in {HealthStatus.HEALTHY, HealthStatus.DEGRADED}, found.reason
            assert self.connector.provider in {entry.provider for entry in manager.catalog.list()}

    def _new_vendor(self) -> Vendor:
        return Vendor(self.make_stand_in(), self._server if self.always_wired else None)

    def _register(self, manager: Any) -> None:  # either manager
        if self.connector.provider not in Registry():
            manager.register_connector(self.connector)

    def _ask(self, own: Any, integration_id: str, doing: str) -> Any:  # either sub-manager, and what it gives
        if doing == CHECK:
            return own.check(integration_id)
        act = self._acts()[doing]
        if hasattr(AsyncProviderManager, doing):
            return getattr(own, doing)(integration_id, *act.arguments)
        return own.call(integration_id, doing, *act.arguments)


def _seen(came: Any) -> object:  # whatever an operation gives
    """What it came to, without times and ids of its own."""
    form = plain(came)
    if isinstance(form, Mapping):
        form = {name: value for name, value in form.items() if name not in _VARYING}
    return _RANDOM.sub("…", repr(form))


def _request(vendor: Vendor, number: int) -> tuple[object, ...]:
    """One request as it arrived, without ids, signatures and boundaries of its own."""
    request = vendor.requests[number]
    url = f"{request.method} {request.path}?{request.query_string}"
    return (
        _RANDOM.sub("…", url),
        sorted(request.headers),
        _RANDOM.sub("…", request.body.decode("utf-8", "replace")),
    )
