"""What an identity source knows: users, groups, and what changed of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from integrations_sdk.models.record import JsonValue, Record
from integrations_sdk.models.secret import Secret

__all__ = ["Group", "User", "UserChanges", "UserDraft", "UserState"]


class UserState(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "active"
    PENDING = "pending"
    """Not yet: invited, staged, or without a password."""
    SUSPENDED = "suspended"
    """Not for now: suspended, blocked or locked."""
    DEPROVISIONED = "deprovisioned"
    """No more."""
    REMOVED = "removed"
    """The directory has no such user any more; nothing but the id is known."""


@attrs.frozen(kw_only=True)
class User(Record):
    """A user of a directory.

    Attributes:
        user_id: the directory's own id, which never changes.
        username: what is signed in with.
        groups: the names of groups, as far as the integration looks them up; None where it does not.
        roles: what those groups mean to the application, by the integration's mapping.
        attributes: what the integration is configured to read beside, under the directory's names.
    """

    overview = ("user_id", "username", "name", "state", "roles")

    user_id: str
    state: UserState = UserState.ACTIVE
    username: str | None = None
    email: str | None = None
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    groups: tuple[str, ...] | None = None
    roles: tuple[str, ...] = ()
    updated_at: datetime | None = None
    attributes: dict[str, JsonValue] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Group(Record):
    """A group of a directory (or a role, where it has those instead).

    Attributes:
        group_id: the directory's own id, which never changes.
        role: what being in it means to the application, by the integration's mapping.
    """

    overview = ("group_id", "name", "role", "description")

    group_id: str
    name: str
    description: str | None = None
    role: str | None = None
    updated_at: datetime | None = None


@attrs.frozen(kw_only=True)
class UserDraft(Record):
    """A user to be provisioned; of one who exists, fields that are None stay as they are.

    Attributes:
        email: also what is signed in with, unless `username` says otherwise.
        password: None leaves it to the directory, or to the user.
        groups: names or ids of groups to be in, beside those the user is in already.
        attributes: the directory's own fields, passed through as they are.
    """

    email: str
    username: str | None = None
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    password: Secret | None = None
    groups: tuple[str, ...] = ()
    attributes: dict[str, JsonValue] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class UserChanges(Record):
    """One page of users that changed.

    Attributes:
        users: as they are now; those that are gone are `UserState.REMOVED`.
        cursor: asks for what comes after. Keep it together with what you made of the users.
        more: whether there is more already.
    """

    users: tuple[User, ...]
    cursor: str
    more: bool
