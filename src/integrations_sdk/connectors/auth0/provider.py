"""`Auth0Connector`.

Source: https://auth0.com/docs/api/management/v2.
"""

from __future__ import annotations

import secrets

from integrations_sdk.connectors.auth0.config import Auth0Config
from integrations_sdk.connectors.auth0.directory import Directory
from integrations_sdk.connectors.auth0.words import profile_of
from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    ConfigurationError,
    JsonValue,
    Outcome,
    UserDraft,
    given,
    group_ids,
    text_at,
    url_path,
)

__all__ = ["Auth0Connector"]


class Auth0Connector(Directory):
    """Reads users and roles, provisions users of a connection, blocks and deletes them."""

    provider = "auth0"
    title = "Auth0"
    category = Category.IDENTITY
    Config = Auth0Config
    docs_url = "https://auth0.com/docs/api/management/v2"
    setup = (
        "Applications → Applications → Create Application → Machine to Machine",
        "Authorize it for the Auth0 Management API with the permissions below; copy domain, id and secret",
    )
    permissions = (
        "read:users, read:roles and read:role_members to read",
        "create:users and update:users to provision and block; update:users for roles; delete:users to delete",
    )
    limits = (
        "Users are listed by the search, which lags behind changes for some seconds.",
        "Auth0 gives 1000 users of one search; listings search again from the last one's time on, and find them all.",
        "Deleted users, and changes of roles alone, are not among the changes; read all users from time to time.",
        "Who is provisioned without a password gets one that nobody knows, and chooses one by resetting it.",
    )

    async def check(self) -> CheckResult:
        """Ask for one user, and for one role where roles are looked up."""
        query = {"per_page": "1", "page": "0"}
        await self.call("GET", "/users", operation="users.list", query=query)
        if self.config.sync_roles:
            await self.call("GET", "/roles", operation="roles.list", query=query)
        return CheckResult(detail=f"users{' and roles' * self.config.sync_roles} of {self.config.domain}")

    async def provision_user(self, user: UserDraft) -> Outcome:
        """Create the user in the connection, or change, unblock and give roles to the one with that email.

        Raises:
            ConfigurationError: no connection is configured, or there is no such role; nothing is done.
            RejectedError: Auth0 refuses the profile or the password; says what of it.
        """
        if self.config.connection is None:
            raise ConfigurationError.of("auth0 user", "connection", "missing", "configure the connection")
        roles = await group_ids(self, user.groups)
        known = await self._find(user.email)
        outcome = (
            await self._create(user) if known is None else await self._change(text_at(known, "user_id"), user)
        )
        if roles:
            await self._roles("POST", outcome.reference or "", [*roles])
        return outcome

    async def deprovision_user(self, user_id: str) -> Outcome:
        """Block the user, who keeps roles and data; twice is as once.

        Raises:
            RejectedError: there is none.
        """
        return await self._patch(user_id, {"blocked": True}, "users.block")

    async def delete_user(self, user_id: str) -> Outcome:
        """Delete the user with all data, for ever; no-op if there is none."""
        response = await self.call("DELETE", url_path("/users/{id}", id=user_id), operation="users.delete")
        return self.done(response, reference=user_id)

    async def add_member(self, group_id: str, user_id: str) -> Outcome:
        """Give a user a role; no-op for one who has it."""
        return await self._roles("POST", user_id, [group_id])

    async def remove_member(self, group_id: str, user_id: str) -> Outcome:
        """Take a role from a user; no-op for one who has it not."""
        return await self._roles("DELETE", user_id, [group_id])

    async def _create(self, user: UserDraft) -> Outcome:
        password = user.password.reveal() if user.password else f"{secrets.token_urlsafe(32)}aA1!"
        body: dict[str, JsonValue] = {
            "connection": self.config.connection,
            "email": user.email,
            "password": self.lent(password),
            **given(username=user.username),
            **profile_of(user),
        }
        response = await self.call("POST", "/users", operation="users.create", json=body)
        return self.done(response, reference=text_at(self.parse(response), "user_id"))

    async def _change(self, user_id: str | None, user: UserDraft) -> Outcome:
        password = self.lent(user.password) if user.password else None
        chosen = given(password=password, connection=self.config.connection) if password else {}
        return await self._patch(
            user_id or "", {"blocked": False, **chosen, **profile_of(user)}, "users.update"
        )

    async def _patch(self, user_id: str, body: dict[str, JsonValue], operation: str) -> Outcome:
        path = url_path("/users/{id}", id=user_id)
        response = await self.call("PATCH", path, operation=operation, json=body, idempotent=True)
        return self.done(response, reference=user_id)

    async def _roles(self, method: str, user_id: str, roles: list[JsonValue]) -> Outcome:
        path = url_path("/users/{id}/roles", id=user_id)
        operation = "users.roles.add" if method == "POST" else "users.roles.remove"
        response = await self.call(method, path, operation=operation, json={"roles": roles}, idempotent=True)
        return self.done(response, reference=user_id)
