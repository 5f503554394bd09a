"""Okta's words: users, groups, error bodies. Pure."""

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
    at,
    given,
    json_of,
    oauth_fault,
    objects_at,
    text_at,
    time_of,
    url_path,
)

__all__ = ["group_of", "okta_fault", "profile_of", "user_of", "user_path"]


_STATES: Final = {
    "STAGED": UserState.PENDING,
    "PROVISIONED": UserState.PENDING,
    "ACTIVE": UserState.ACTIVE,
    "RECOVERY": UserState.ACTIVE,
    "PASSWORD_EXPIRED": UserState.ACTIVE,
    "LOCKED_OUT": UserState.SUSPENDED,
    "SUSPENDED": UserState.SUSPENDED,
    "DEPROVISIONED": UserState.DEPROVISIONED,
}
"""https://developer.okta.com/docs/concepts/user-status/"""


def user_path(user: str, more: str = "") -> str:
    """The path of a user, by id or login; `more` goes on behind it, e.g. `/groups`."""
    return url_path("/api/v1/users/{id}", id=user) + more


def user_of(record: dict[str, JsonValue], attributes: Iterable[str] = ()) -> User:
    """A user as Okta describes one; a status that is new counts as pending."""
    profile = at(record, "profile")
    known = profile if isinstance(profile, dict) else {}
    names = (text_at(known, "firstName"), text_at(known, "lastName"))
    return User(
        user_id=text_at(record, "id") or "",
        state=_STATES.get(str(record.get("status")), UserState.PENDING),
        username=text_at(known, "login"),
        email=text_at(known, "email"),
        name=text_at(known, "displayName") or " ".join(filter(None, names)) or None,
        given_name=names[0],
        family_name=names[1],
        updated_at=time_of(record.get("lastUpdated")),
        attributes={name: known[name] for name in attributes if name in known},
    )


def group_of(record: dict[str, JsonValue], mappings: Mapping[str, str]) -> Group:
    """A group as Okta describes one."""
    name = text_at(record, "profile", "name") or ""
    return Group(
        group_id=text_at(record, "id") or "",
        name=name,
        description=text_at(record, "profile", "description"),
        role=mappings.get(name),
        updated_at=time_of(record.get("lastUpdated")),
    )


def profile_of(user: UserDraft) -> dict[str, JsonValue]:
    """The profile that a draft asks for."""
    named = given(
        login=user.username or user.email,
        email=user.email,
        displayName=user.name,
        firstName=user.given_name,
        lastName=user.family_name,
    )
    return {**named, **user.attributes}


def okta_fault(response: Response) -> Fault | None:
    """The fault in Okta's words: the summary, and its causes, with the error's code.

    Source: https://developer.okta.com/docs/reference/error-codes/.
    """
    found = oauth_fault(response)
    body = json_of(response)
    code = text_at(body, "errorCode")
    if found is None or code is None:
        return found
    causes = [text_at(cause, "errorSummary") for cause in objects_at(body, "errorCauses")]
    words = [text_at(body, "errorSummary") or found.message, *filter(None, causes)]
    return Fault(found.kind, ": ".join(dict.fromkeys(words)), code)
