"""Microsoft Graph's words: users, groups, links, error bodies. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    Fault,
    Group,
    JsonValue,
    Response,
    User,
    UserDraft,
    UserState,
    at,
    given,
    json_of,
    oauth_fault,
    text_at,
)

__all__ = [
    "graph_fault",
    "group_of",
    "is_a",
    "linked_query",
    "new_user",
    "next_link",
    "profile_of",
    "user_of",
]

_LONGEST_NICKNAME: Final = 64


def user_of(record: dict[str, JsonValue], attributes: Iterable[str] = ()) -> User:
    """A user as Graph describes one; of one who is gone (`@removed`) only the id is known."""
    enabled = UserState.SUSPENDED if record.get("accountEnabled") is False else UserState.ACTIVE
    return User(
        user_id=text_at(record, "id") or "",
        state=UserState.REMOVED if "@removed" in record else enabled,
        username=text_at(record, "userPrincipalName"),
        email=text_at(record, "mail"),
        name=text_at(record, "displayName"),
        given_name=text_at(record, "givenName"),
        family_name=text_at(record, "surname"),
        attributes={name: record[name] for name in attributes if name in record},
    )


def group_of(record: dict[str, JsonValue], mappings: Mapping[str, str]) -> Group:
    """A group as Graph describes one."""
    name = text_at(record, "displayName") or ""
    return Group(
        group_id=text_at(record, "id") or "",
        name=name,
        description=text_at(record, "description"),
        role=mappings.get(name),
    )


def is_a(record: Mapping[str, JsonValue], kind: str) -> bool:
    """Whether a directory object is a `user` or a `group`."""
    return record.get("@odata.type") == f"#microsoft.graph.{kind}"


def profile_of(user: UserDraft) -> dict[str, JsonValue]:
    """What a draft says of a user beside how they sign in."""
    mail = user.email if user.username not in {None, user.email} else None
    named = given(displayName=user.name, givenName=user.given_name, surname=user.family_name, mail=mail)
    return {**named, **user.attributes}


def new_user(user: UserDraft, password: str) -> dict[str, JsonValue]:
    """A user to be created, with all that Graph demands; the password is to be changed when first used."""
    principal = user.username or user.email
    names = " ".join(filter(None, (user.given_name, user.family_name)))
    nickname = re.sub(r"[^A-Za-z0-9._-]", "", principal.partition("@")[0])[:_LONGEST_NICKNAME]
    return {
        "accountEnabled": True,
        "displayName": names or principal,
        "mailNickname": nickname or "user",
        "userPrincipalName": principal,
        "passwordProfile": {"forceChangePasswordNextSignIn": True, "password": password},
        **profile_of(user),
    }


def next_link(page: Response, _query: str) -> str | None:
    """`Following` for Graph, which names the next page in the body."""
    return linked_query(json_of(page), "@odata.nextLink")


def linked_query(body: JsonValue, name: str) -> str | None:
    """The query of a link in a body; path and host remain those of the first request, so the token stays there."""
    link = at(body, name)
    return link.partition("?")[2] or None if isinstance(link, str) else None


def graph_fault(response: Response) -> Fault | None:
    """The fault in Graph's words, with its code; of the token endpoint OAuth's error."""
    found = oauth_fault(response)
    error = at(json_of(response), "error")
    if found is None or not isinstance(error, dict):
        return found
    return Fault(found.kind, text_at(error, "message") or found.message, text_at(error, "code"))
