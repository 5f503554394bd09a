"""The best-known client of Zendesk: https://pypi.org/project/zenpy."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from integrations_sdk.models import IssueDraft
from support.clients import Versus, against, every
from support.recording import Difference

versus = against("zendesk", "zenpy", "zenpy")


SUFFIX = Difference("path", "the client ends its paths in `.json`, as Zendesk's older examples do")


class Loopback(HTTPAdapter):
    """The client knows `https://<subdomain>.zendesk.com` alone; its requests are the same over loopback."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: Any, **options: Any) -> Any:
        known = request.url
        request.url = known.replace("https://shop.zendesk.com", self.url)
        answer = super().send(request, **options)
        answer.url = request.url = known
        return answer


def client(stand_in: Any) -> Any:
    from zenpy import Zenpy

    session = requests.Session()
    session.mount("https://", Loopback(stand_in.url))
    return Zenpy(subdomain="shop", email=stand_in.email, token=stand_in.api_token, session=session)


def ticket(**fields: Any) -> Any:
    from zenpy.lib.api_objects import Ticket

    return Ticket(**fields)


def comment(**fields: Any) -> Any:
    from zenpy.lib.api_objects import Comment

    return Comment(**fields)


def created(stand_in: Any) -> Any:
    return client(stand_in).tickets.create(
        ticket(
            subject="Login fails", comment=comment(body="Since noon.", public=False), external_id="gitlab-7"
        )
    )


def test_a_ticket_is_created(versus: Versus) -> None:
    """Subject, first comment, external id."""
    outcome, made = versus(
        "create_issue",
        SUFFIX,
        ours=lambda it: it.create_issue(
            IssueDraft(title="Login fails", description="Since noon.", external_id="gitlab-7")
        ),
        theirs=created,
    )
    assert outcome.reference == str(made.ticket.id)


def test_a_ticket_is_read(versus: Versus) -> None:
    """By its number."""
    found, answer = versus(
        "get_issue",
        SUFFIX,
        prepare=created,
        ours=lambda it: it.get_issue("1"),
        theirs=lambda it: client(it).tickets(id=1),
    )
    assert (found.title, found.status) == (answer.subject, answer.status)


def changed(stand_in: Any, **fields: Any) -> None:
    client(stand_in).tickets.update(ticket(id=1, **fields))


def test_a_ticket_is_changed(versus: Versus) -> None:
    """`PUT` with what changes."""
    versus(
        "update_issue",
        SUFFIX,
        Difference("body.ticket.id", "the client repeats the number that stands in the path"),
        prepare=created,
        ours=lambda it: it.update_issue("1", IssueDraft(title="Login fails again")),
        theirs=lambda it: changed(it, subject="Login fails again"),
    )


def test_a_ticket_is_commented(versus: Versus) -> None:
    """A comment in the ticket."""
    versus(
        "comment_issue",
        SUFFIX,
        Difference("body.ticket.id", "the client repeats the number that stands in the path"),
        prepare=created,
        ours=lambda it: it.comment_issue("1", "Seen."),
        theirs=lambda it: changed(it, comment=comment(body="Seen.", public=False)),
    )


def test_a_ticket_is_solved(versus: Versus) -> None:
    """A status."""
    versus(
        "transition_issue",
        SUFFIX,
        Difference("body.ticket.id", "the client repeats the number that stands in the path"),
        prepare=created,
        ours=lambda it: it.transition_issue("1", "solved"),
        theirs=lambda it: changed(it, status="solved"),
    )


def test_a_ticket_is_found(versus: Versus) -> None:
    """By its external id."""
    versus(
        "find_issue",
        SUFFIX,
        prepare=created,
        ours=lambda it: it.find_issue("gitlab-7"),
        theirs=lambda it: list(client(it).tickets(external_id="gitlab-7")),
    )


def test_tickets_are_listed(versus: Versus) -> None:
    """By cursor."""
    versus(
        "list_tickets",
        SUFFIX,
        prepare=created,
        ours=lambda it: every(it.list_tickets()),
        theirs=lambda it: list(client(it).tickets(cursor_pagination=100)),
    )


def test_comments_are_listed(versus: Versus) -> None:
    """By cursor."""
    versus(
        "list_comments",
        SUFFIX,
        Difference("query.include_inline_images", "the client says false, which is the default"),
        prepare=created,
        ours=lambda it: every(it.list_comments("1")),
        theirs=lambda it: list(client(it).tickets.comments(ticket=1)),
    )


def test_tickets_are_searched(versus: Versus) -> None:
    """By the search that goes beyond a thousand."""
    versus(
        "search_tickets",
        SUFFIX,
        Difference(
            "query.filter[type]",
            "ours asks for tickets alone, as this search wants it; the client does not say",
        ),
        prepare=created,
        ours=lambda it: every(it.search_tickets("login")),
        theirs=lambda it: list(client(it).search_export("login")),
    )
