"""A connector for tests of the managers: it does what its configuration says, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from integrations_sdk import Secret
from integrations_sdk.connectors.base import (
    AuthenticationError,
    Category,
    CheckResult,
    Connector,
    ConnectorConfig,
    Event,
    Message,
    Outcome,
    ProviderUnavailableError,
    http_url,
    setting,
    settings,
)


@settings
class ToyConfig(ConnectorConfig):
    url: str = setting("Where it lives.", validate=http_url, example="https://toy.example")
    token: Secret | None = setting("Its token.", default=None, also=("api_token",))
    size: int = setting("How big.", default=3)
    pause: timedelta = setting("How long.", default=timedelta(seconds=2))


class ToyConnector(Connector[ToyConfig]):
    """Notifies a list; fails in the way `failing` says."""

    provider = "toy"
    title = "Toy"
    category = Category.CUSTOM
    Config = ToyConfig
    environment = {"TOY_URL": "url", "TOY_TOKEN": "token", "TOY_PASSWORD": "token"}
    recommended = {"events": ["push"]}
    default_events = ("push",)

    failing: str | None = None
    warnings: tuple[str, ...] = ()
    closed = 0
    told: list[tuple[str, str]] = []

    async def check(self) -> CheckResult:
        self._fail()
        return CheckResult(detail="plays", warnings=type(self).warnings)

    async def notify(self, message: Message) -> Outcome:
        self._fail()
        type(self).told.append((self.context.integration_id or "", message.summary))
        return Outcome(
            target=self.context.integration_id or "", provider="toy", operation="notify", reference="1"
        )

    async def spin(self, times: int, *, fast: bool = False) -> dict[str, object]:
        """An operation of its own."""
        return {"times": times, "fast": fast, "token": bool(self.config.token)}

    async def count(self, to: int) -> AsyncIterator[int]:
        """A listing."""
        for number in range(to):
            yield number

    async def close(self) -> None:
        type(self).closed += 1

    def _fail(self) -> None:
        facts = {"provider": "toy", "operation": "play", "integration_id": self.context.integration_id}
        match type(self).failing:
            case "auth":
                raise AuthenticationError("wrong token", status=401, **facts)
            case "down":
                raise ProviderUnavailableError("broken", status=503, **facts)
            case _:
                return


def toy() -> type[ToyConnector]:
    """A fresh class, so that tests do not see each other's failures."""
    return type("FreshToy", (ToyConnector,), {"told": [], "failing": None, "warnings": (), "closed": 0})


def push(**fields: object) -> Event:
    """A push event."""
    from datetime import UTC, datetime

    return Event(
        id="e1", type="push", source="x", time=datetime(2026, 1, 1, tzinfo=UTC), title="Pushed", **fields
    )
