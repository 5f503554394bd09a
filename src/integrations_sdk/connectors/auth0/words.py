"""Auth0's words: users, roles, queries, error bodies. Pure."""

from __future__ import annotations

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
    given,
    json_of,
    oauth_fault,
    objects_at,
    text_at,
    time_of,
)

__all__ = ["auth0_fault", "is_of", "profile_of", "role_of", "search", "user_of"]

_METADATA: Final = ("user_metadata", "app_metadata")


def user_of(record: dict[str, JsonValue], attributes: Iterable[str] = ()) -> User:
    """A user as Auth0 describes one."""
    return User(
        user_id=text_at(record, "user_id") or "",
        state=UserState.SUSPENDED if record.get("blocked") is True else UserState.ACTIVE,
        username=text_at(record, "username") or text_at(record, "email"),
        email=text_at(record, "email"),
        name=text_at(record, "name"),
        given_name=text_at(record, "given_name"),
        family_name=text_at(record, "family_name"),
        updated_at=time_of(record.get("updated_at")),
        attributes={name: record[name] for name in attributes if name in record},
    )


def role_of(record: dict[str, JsonValue], mappings: Mapping[str, str]) -> Group:
    """A role as Auth0 describes one."""
    name = text_at(record, "name") or ""
    return Group(
        group_id=text_at(record, "id") or "",
        name=name,
        description=text_at(record, "description"),
        role=mappings.get(name),
    )


def is_of(record: dict[str, JsonValue], connection: str | None) -> bool:
    """Whether a user is one of a connection; None is any."""
    return connection is None or any(
        identity.get("connection") == connection for identity in objects_at(record, "identities")
    )


def profile_of(user: UserDraft) -> dict[str, JsonValue]:
    """What a draft says of a user beside how they sign in."""
    return {
        **given(name=user.name, given_name=user.given_name, family_name=user.family_name),
        **user.attributes,
    }


def search(connection: str | None, field: str, since: str | None) -> str:
    """Users of a connection that have `field` at a time or later; empty for all.

    Source: https://auth0.com/docs/manage-users/user-search/user-search-query-syntax.
    """
    terms = [f'identities.connection:"{connection}"'] if connection else []
    terms += [f"{field}:[{since} TO *]"] if since else []
    return " AND ".join(terms)


def auth0_fault(response: Response) -> Fault | None:
    """The fault in Auth0's words, with its `errorCode`; of the token endpoint OAuth's error."""
    found = oauth_fault(response)
    body = json_of(response)
    if found is None or text_at(body, "statusCode") is None:
        return found
    return Fault(found.kind, text_at(body, "message") or found.message, text_at(body, "errorCode"))
