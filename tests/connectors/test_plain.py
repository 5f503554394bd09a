"""`BaseConnector`: a plain mapping, three methods, registered as an object."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Dict  # noqa: UP035  # as the document has it

import httpx
import pytest

from integrations_sdk import (
    AsyncIntegrationManagementManager,
    BaseConnector,
    Connector,
    IntegrationManagementManager,
)
from integrations_sdk.errors import (
    AlreadyExistsError,
    ConfigurationError,
    NotFoundError,
    ProviderUnavailableError,
    RejectedError,
    StateError,
)
from integrations_sdk.models import Event
from integrations_sdk.testing import Received, Reply, Sandbox, StandIn, route

KEY = "your-api-key-CANARY-0123456789"
PIPELINE = Event(id="1", type="pipeline", source="x", time=datetime(2026, 1, 1, tzinfo=UTC), status="failed")


class System(StandIn):
    """The document's system: it takes webhooks."""

    provider = "system"

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def authorized(self, request: Received) -> Reply | None:
        """A bearer token."""
        right = request.headers.get("authorization") == f"Bearer {KEY}"
        return (
            None
            if right
            else Reply(status=401, json={"message": f"who is {request.headers.get('authorization')}?"})
        )

    @route("POST", "/webhooks/config")
    def hook(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Keeps it."""
        self.told.append(request.json())
        return Reply(json={"ok": True})

    @route("GET", "/health")
    def health(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Well."""
        return Reply(json={"ok": True})


# --- the enterprise document's example, but for the import of BaseConnector -----------------------


class CustomSystemConnector(BaseConnector):
    """Custom connector for your enterprise system"""

    def __init__(self, config: Dict[str, Any]):  # noqa: UP006  # as above
        super().__init__(config)
        self.api_url = config["api_url"]
        self.api_key = config["api_key"]

    async def send_notification(self, event_data: Dict[str, Any]) -> bool:  # noqa: UP006  # as above
        """Send notification to custom system"""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        payload = {
            "event_type": "configuration_changed",
            "data": event_data,
            "timestamp": datetime.utcnow().isoformat()  # noqa: DTZ003  # as above
        }  # fmt: skip

        async with httpx.AsyncClient() as client:
            response = await client.post(
                f"{self.api_url}/webhooks/config",
                json=payload,
                headers=headers
            )  # fmt: skip
            return response.status_code == 200

    async def sync_data(self) -> Dict[str, Any]:  # noqa: UP006  # as above
        """Sync data from custom system"""
        # Implementation for data synchronization


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_the_enterprise_documents_example_runs() -> None:
    """Registered as there, it is told of events; what it says of itself, and its dict, are shown nowhere."""
    with Sandbox() as sandbox:
        system = sandbox.add(System())

        async def main() -> None:
            async with AsyncIntegrationManagementManager("g/p") as service:
                # Register custom connector
                connector = CustomSystemConnector({"api_url": system.url, "api_key": KEY})

                made = await service.register_connector("custom_system", connector)

                assert (made.integration_id, made.config) == ("custom_system-1", {})
                outcomes = await service.events.dispatch(PIPELINE)
                assert [(outcome.target, bool(outcome)) for outcome in outcomes] == [
                    ("custom_system-1", True)
                ]
                assert await service.custom_system.notify("custom_system-1", "Hello")
                assert await service.custom_system.call("custom_system-1", "sync_data") is None
                shown = f"{connector!r} {connector.config!r} {await service.catalog.get('custom_system')!r}"
                assert KEY not in shown

        asyncio.run(main())
        first, second = system.told
        assert (first["event_type"], first["data"]["type"], first["data"]["status"]) == (
            "configuration_changed",
            "pipeline",
            "failed",
        )
        assert (second["data"]["event_type"], second["data"]["text"]) == ("message", "Hello")


# --- beyond the document ---------------------------------------------------------------------------


class SystemConnector(BaseConnector):
    """The same with the base's own requests."""

    title = "The system"

    @property
    def base_url(self) -> str:
        return str(self.config["api_url"])

    async def authorize(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.config['api_key']}"}

    async def send_notification(self, event_data: dict[str, Any]) -> bool:
        response = await self.call(
            "POST", "/webhooks/config", operation="config", json=event_data, idempotent=True
        )
        return response.ok

    async def health_check(self) -> bool:
        return (await self.call("GET", "/health", operation="health")).ok

    async def twice(self, number: int) -> int:
        """An operation of its own."""
        return number * 2


def test_the_blocking_manager_registers_as_well() -> None:
    """With health, events, retries, and operations of its own."""
    with Sandbox() as sandbox, IntegrationManagementManager("g/p") as mgr:
        system = sandbox.add(System())
        made = mgr.register_connector("the_system", SystemConnector({"api_url": system.url, "api_key": KEY}))
        assert (made.integration_id, made.name) == ("the_system-1", "The system 1")
        assert mgr.provider("the_system").check("the_system-1").status == "healthy"
        system.fail(status=503)
        assert mgr.events.dispatch(PIPELINE).successes[0].target == "the_system-1"
        assert mgr.provider("the_system").call("the_system-1", "twice", 4) == 8
        assert mgr.catalog.get("the_system").title == "The system"
        mgr.integrations.update("the_system-1", {"events": ["push"]})
        assert mgr.events.dispatch(PIPELINE) == []
        system.fail(status=500, times=None)
        assert "500" in str(mgr.provider("the_system").check("the_system-1").reason)


def test_credentials_of_the_mapping_are_masked() -> None:
    """A system that repeats them in its refusals shows them to nobody."""
    with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
        system = sandbox.add(System())
        wrong = {"api_url": system.url, "nested": [{"key": f"{KEY}-wrong"}], "api_key": f"{KEY}-wrong"}
        mgr.register_connector("the_system", SystemConnector(wrong))
        with pytest.raises(Exception, match="who is ••••") as caught:
            mgr.provider("the_system").notify("the_system-1", "x")
        assert KEY not in "".join(traceback.format_exception(caught.value))


class Silent(BaseConnector):
    """Overrides nothing."""


class Refusing(BaseConnector):
    """Says no to everything."""

    async def send_notification(self, event_data: dict[str, Any]) -> bool:
        return False

    async def health_check(self) -> bool:
        return False


def test_what_is_not_overridden_is_not_done() -> None:
    """Events are skipped, and the check says that it knows nothing."""
    with IntegrationManagementManager() as mgr:
        mgr.register_connector("silent", Silent({}))
        assert mgr.provider("silent").notify("silent-1", "x").detail == "Silent does not act on events"
        assert "override health_check()" in str(mgr.provider("silent").check("silent-1").reason)


def test_a_page_may_be_its_answer() -> None:
    """What a system of one's own answers is its maker's to judge."""

    class Old(BaseConnector):
        async def health_check(self) -> bool:
            return "up" in (await self.call("GET", f"{self.config['url']}/health", operation="health")).text

    class OldSystem(StandIn):
        provider = "old"

        @route("GET", "/health")
        def health(self, _request: Received, _: Mapping[str, str]) -> Reply:
            """A page."""
            return Reply(text="<html>up</html>", headers={"content-type": "text/html"})

    with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
        mgr.register_connector("old", Old({"url": sandbox.add(OldSystem()).url}))
        assert mgr.provider("old").check("old-1").status == "healthy"


def test_false_is_an_error() -> None:
    """With the operation's name."""
    with IntegrationManagementManager() as mgr:
        mgr.register_connector("refusing", Refusing({}))
        with pytest.raises(RejectedError, match=r"send_notification\(\) returned False"):
            mgr.provider("refusing").notify("refusing-1", "x")
        assert "health_check() returned False" in str(mgr.provider("refusing").check("refusing-1").reason)

    async def main() -> None:
        async with AsyncIntegrationManagementManager() as manager:
            await manager.register_connector("refusing", connector := Refusing({}))
            await manager.provider("refusing").check("refusing-1")
            with pytest.raises(ProviderUnavailableError):
                await connector.check()

    asyncio.run(main())


def test_a_later_start_finds_its_integration_again(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was configured for it since; the dict is not in the store."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    store = f"sqlite:///{tmp_path}/x.db"
    for events in (None, ["push"]):
        with IntegrationManagementManager(store=store) as mgr:
            made = mgr.register_connector("silent", Silent({"api_key": KEY}))
            assert made.integration_id == "silent-1"
            assert made.config.get("events") == events
            mgr.integrations.update("silent-1", {"events": ["push"]})
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.glob("x.db*"))


def test_what_cannot_be_registered() -> None:
    """Another object, a name that is taken or none."""
    with IntegrationManagementManager() as mgr:
        mgr.register_connector("silent", Silent({}))
        with pytest.raises(AlreadyExistsError):
            mgr.register_connector("silent", Silent({}))
        with pytest.raises(AlreadyExistsError):
            mgr.register_connector("slack", Silent({}))
        with pytest.raises(ConfigurationError, match="a name such as"):
            mgr.register_connector("No Name", Silent({}))
        with pytest.raises(ConfigurationError, match="derives from BaseConnector"):
            mgr.register_connector("other", object())
        with pytest.raises(NotFoundError):
            mgr.provider("other")


def test_before_it_is_registered() -> None:
    """It is a `Connector`, reads like its mapping, and says what to do."""
    connector = SystemConnector({"api_url": "https://x.example", "api_key": KEY})
    assert isinstance(connector, Connector)
    assert (connector.config["api_url"], connector.config.get("none"), connector.config.get("none", 5)) == (
        "https://x.example",
        None,
        5,
    )
    with pytest.raises(StateError, match="is not registered yet"):
        asyncio.run(connector.health_check())
    with pytest.raises(AttributeError, match="nothing"):
        connector.nothing
    for method in (BaseConnector.sync_data, BaseConnector.health_check):
        with pytest.raises(NotImplementedError):
            asyncio.run(method(connector))
