"""Zendesk: tickets of an account."""

from __future__ import annotations

from integrations_sdk.connectors.zendesk import ZendeskConnector
from integrations_sdk.models import IssueDraft
from integrations_sdk.testing.vendors.zendesk import ZendeskStandIn
from support.scenarios import PIPELINE, Overruled, Suite, every, otherwise

API = "https://developer.zendesk.com/api-reference/ticketing"

SUITE = Suite(
    stand_in=ZendeskStandIn,
    contracts={"zendesk": ""},
    cited={
        "GET /api/v2/tickets": f"{API}/tickets/tickets/#list-tickets",
        "GET /api/v2/search/export": f"{API}/ticket-management/search/#export-search-results",
    },
    config={
        "ticket_templates": {
            "outage": {"subject": "Outage: {service}", "comment": "{service} is down.", "priority": "urgent"}
        },
        "tags": ["automated"],
    },
    overruled=(
        Overruled(
            "GET /api/v2/tickets/*/comments",
            "?page[size]",
            "https://developer.zendesk.com/api-reference/introduction/pagination/",
        ),
        Overruled(
            "POST /api/v2/tickets",
            "ticket/custom_fields/",
            "https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/",
        ),
    ),
)

DRAFT = IssueDraft(
    title="Login fails", description="For everybody.", issue_type="incident", labels=("login",), priority="high",
    assignee="platform-team@yourcompany.com", url="https://shop.example/12", external_id="gitlab:shop/web#12",
)  # fmt: skip


async def check(zendesk: ZendeskConnector, _account: ZendeskStandIn) -> None:
    await zendesk.check()


async def create_issue(zendesk: ZendeskConnector, account: ZendeskStandIn) -> None:
    await zendesk.create_issue(DRAFT)
    assert (account.tickets[1]["subject"], account.tickets[1]["assignee_id"]) == ("Login fails", 7)
    with_fields = otherwise(zendesk, {**account.config(), "custom_fields": {"360001": "platform"}})
    await with_fields.create_issue(DRAFT)
    assert account.tickets[2]["custom_fields"] == [{"id": 360001, "value": "platform"}]


async def create_from_template(zendesk: ZendeskConnector, account: ZendeskStandIn) -> None:
    await zendesk.create_from_template("outage", {"service": "web"}, external_id="web")
    assert account.tickets[1]["subject"] == "Outage: web"


async def get_issue(zendesk: ZendeskConnector, _account: ZendeskStandIn) -> None:
    made = await zendesk.create_issue(DRAFT)
    assert (await zendesk.get_issue(made.reference or "")).title == "Login fails"


async def find_issue(zendesk: ZendeskConnector, _account: ZendeskStandIn) -> None:
    made = await zendesk.create_issue(DRAFT)
    found = await zendesk.find_issue("gitlab:shop/web#12")
    assert found is not None and found.reference == made.reference


async def list_tickets(zendesk: ZendeskConnector, _account: ZendeskStandIn) -> None:
    await zendesk.create_issue(DRAFT)
    assert len(await every(zendesk.list_tickets(sort="-updated_at"))) == 1


async def search_tickets(zendesk: ZendeskConnector, _account: ZendeskStandIn) -> None:
    await zendesk.create_issue(DRAFT)
    assert len(await every(zendesk.search_tickets("Login"))) == 1


async def update_issue(zendesk: ZendeskConnector, account: ZendeskStandIn) -> None:
    await zendesk.create_issue(DRAFT)
    await zendesk.update_issue(
        "1", IssueDraft(title="Login is slow", description="Still.", labels=("speed",))
    )
    assert (account.tickets[1]["subject"], len(account.comments[1])) == ("Login is slow", 2)


async def comment_issue(zendesk: ZendeskConnector, account: ZendeskStandIn) -> None:
    await zendesk.create_issue(DRAFT)
    await zendesk.comment_issue("1", "On it")
    assert account.comments[1][-1]["body"] == "On it"


async def list_comments(zendesk: ZendeskConnector, _account: ZendeskStandIn) -> None:
    await zendesk.create_issue(DRAFT)
    assert len(await every(zendesk.list_comments("1"))) == 1


async def transition_issue(zendesk: ZendeskConnector, account: ZendeskStandIn) -> None:
    await zendesk.create_issue(DRAFT)
    await zendesk.transition_issue("1", "solved")
    assert account.tickets[1]["status"] == "solved"


async def handle_event(zendesk: ZendeskConnector, account: ZendeskStandIn) -> None:
    template = {"subject": "Failed: {project}", "priority": "high"}
    kind = otherwise(zendesk, {**account.config(), "ticket_templates": {"pipeline": template}})
    await kind.handle_event(PIPELINE)
    assert account.tickets[1]["subject"] == "Failed: shop/web"
