"""Services of one's own, which are as their description says; they are HTTP, and their pages those of many."""

from __future__ import annotations

from integrations_sdk.connectors.custom import CustomConnector
from integrations_sdk.testing.vendors.custom import CustomStandIn
from support.messages import CASES
from support.scenarios import PIPELINE, Suite, every, otherwise

RFC = "https://www.rfc-editor.org/rfc"

SUITE = Suite(
    stand_in=CustomStandIn,
    cited={
        "GET /health": f"{RFC}/rfc9110#name-get",
        "GET /items/*": f"{RFC}/rfc9110#name-get",
        "GET /linked": f"{RFC}/rfc8288",
        "GET /cursored": f"{RFC}/rfc9110#name-get",
        "POST /messages": f"{RFC}/rfc9110#name-post",
        "PUT /subscription": f"{RFC}/rfc9110#name-put",
        "POST /oauth/token": f"{RFC}/rfc6749#section-4.4",
    },
)


async def check(custom: CustomConnector, _service: CustomStandIn) -> None:
    await custom.check()


async def run(custom: CustomConnector, service: CustomStandIn) -> None:
    assert (await custom.run("get_item", {"id": 3}))["id"] == 3
    await custom.run("subscribe", {"email": "ada@example.com"})
    assert service.forms == [{"email": "ada@example.com"}]
    client = {
        "auth": "oauth2",
        "client_id": "acme",
        "client_secret": service.client_secret,
        "token_url": f"{service.url}/oauth/token",
    }
    given = {name: value for name, value in service.config().items() if name != "token"}
    assert (await otherwise(custom, {**given, **client}).run("get_item", {"id": 3}))["id"] == 3
    assert service.granted == 1


async def each(custom: CustomConnector, _service: CustomStandIn) -> None:
    for kind in ("linked", "cursored"):
        assert len(await every(custom.each(f"list_{kind}", {"project": "shop"}))) == 7


async def notify(custom: CustomConnector, service: CustomStandIn) -> None:
    await custom.notify(CASES["full"])
    assert service.messages[0]["channel"] == "#ops"


async def handle_event(custom: CustomConnector, service: CustomStandIn) -> None:
    await custom.handle_event(PIPELINE)
    assert service.messages[0]["level"] == "error"
