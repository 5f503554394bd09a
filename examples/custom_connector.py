"""A provider of your own: a configuration, a connector, and a stand-in to test it with.

Run it: `python examples/custom_connector.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk import Category, Connector, IntegrationManagementManager, Message, Outcome, Secret
from integrations_sdk.connectors.base import CheckResult, ConnectorConfig, http_url, setting, settings
from integrations_sdk.testing import Received, Reply, Sandbox, StandIn, route


@settings
class PagerConfig(ConnectorConfig):
    url: str = setting("Address of the pager.", validate=http_url)
    token: Secret = setting("Its token.")


class PagerConnector(Connector[PagerConfig]):
    """Pages whoever is on duty. Retries, rate limits, errors, redaction and logs are the base class's work."""

    provider, title, category, Config = "pager", "Pager", Category.COMMUNICATION, PagerConfig
    default_events = ("pipeline",)

    @property
    def base_url(self) -> str:
        return self.config.url

    async def authorize(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.config.token.reveal()}"}

    async def check(self) -> CheckResult:
        on_duty = await self.ask("GET", "/duty", operation="duty")
        return CheckResult(detail=f"on duty: {on_duty['name']}")

    async def notify(self, message: Message) -> Outcome:
        answer = await self.call("POST", "/pages", operation="page", json={"text": message.summary})
        return self.done(answer, reference=str(self.parse(answer)["id"]))


class PagerStandIn(StandIn):  # the pager in miniature; it keeps what it accepts
    provider = "pager"

    def config(self) -> dict[str, object]:
        return {"url": self.url, "token": "tok-1"}

    def authorized(self, request: Received) -> Reply | None:
        return None if request.headers.get("authorization") == "Bearer tok-1" else self.failure(401)

    @route("GET", "/duty")
    def duty(self, _request: Received, _: Mapping[str, str]) -> Reply:
        return Reply(json={"name": "the night shift"})

    @route("POST", "/pages")
    def page(self, _request: Received, _: Mapping[str, str]) -> Reply:
        return Reply(status=201, json={"id": len(self.received) + 1})


def main() -> None:
    with Sandbox() as sandbox, IntegrationManagementManager("myorg/myproject") as mgr:
        pager = sandbox.add(PagerStandIn())
        mgr.register_connector(PagerConnector)  # a package: entry point group `integrations_sdk.connectors`
        print("catalogue:", mgr.catalog.get("pager").capabilities)
        created = mgr.provider("pager").create(pager.config())
        print("configured:", created.integration_id, created["config"]["token"])
        pager.fail(status=503)
        event = {"event_type": "pipeline", "status": "failed", "branch": "main", "number": 7}
        for outcome in mgr.events.dispatch(event):
            print(f"paged: {outcome.status}, page {outcome.reference}, attempts: {outcome.attempts}")
        print("the pager received:", pager.received[-1].json())
        mgr.provider("pager").update(created.integration_id, token="wrong")
        print("health:", mgr.health.check_integration_health(created.integration_id).reason)


if __name__ == "__main__":
    main()
