"""`AzureAdConnector`.

Source: https://learn.microsoft.com/graph/api/overview.
"""

from __future__ import annotations

import secrets
from http import HTTPStatus

from integrations_sdk.connectors.azure_ad.config import AzureAdConfig
from integrations_sdk.connectors.azure_ad.directory import Directory
from integrations_sdk.connectors.azure_ad.words import new_user, profile_of
from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    Fault,
    JsonValue,
    Outcome,
    RejectedError,
    UserDraft,
    group_ids,
    text_at,
    url_path,
    words_of,
)

__all__ = ["AzureAdConnector"]


class AzureAdConnector(Directory):
    """Reads users and groups with the roles that groups mean, and provisions and disables users."""

    provider = "azure_ad"
    title = "Azure AD (Microsoft Entra ID)"
    category = Category.IDENTITY
    Config = AzureAdConfig
    docs_url = "https://learn.microsoft.com/graph/api/overview"
    setup = (
        "Entra admin center → App registrations → New registration; copy the ids of application and tenant",
        "API permissions → Microsoft Graph → Application permissions, those below → Grant admin consent",
        "Certificates & secrets → New client secret",
    )
    permissions = (
        "User.Read.All and GroupMember.Read.All to read",
        "User.ReadWrite.All to provision and disable, GroupMember.ReadWrite.All for groups",
    )
    limits = (
        "A change of groups alone is not among the changes; read all users from time to time.",
        "Graph forgets a cursor after about a week; reading then begins again with all users.",
        "Who is provisioned without a password gets one that nobody knows; an administrator resets it.",
    )

    async def check(self) -> CheckResult:
        """Ask for one user, and for one group where groups are looked up."""
        query = {"$select": "id", "$top": "1"}
        await self.call("GET", "/users", operation="users.list", query=query)
        if self.config.sync_groups:
            await self.call("GET", "/groups", operation="groups.list", query=query)
        return CheckResult(
            detail=f"users{' and groups' * self.config.sync_groups} of {self.config.tenant_id}"
        )

    async def provision_user(self, user: UserDraft) -> Outcome:
        """Create the user, or change, enable and put into groups the one with that principal name.

        Raises:
            ConfigurationError: there is no such group; nothing is done.
            RejectedError: Graph refuses the profile or the password; says what of it.
        """
        groups = await group_ids(self, user.groups)
        known = await self._find(user.username or user.email)
        if known is None:
            outcome = await self._create(user)
        else:
            body = {"accountEnabled": True, **self._password(user), **profile_of(user)}
            outcome = await self._patch(known.user_id, body, "users.update")
        for group_id in groups:
            await self.add_member(group_id, outcome.reference or "")
        return outcome

    async def deprovision_user(self, user_id: str) -> Outcome:
        """Disable the user, who keeps groups and data; twice is as once. Sessions end with `revoke_sessions()`.

        Raises:
            RejectedError: there is none.
        """
        return await self._patch(user_id, {"accountEnabled": False}, "users.disable")

    async def revoke_sessions(self, user_id: str) -> Outcome:
        """Let every refresh token and session of the user count no more."""
        path = url_path("/users/{id}/revokeSignInSessions", id=user_id)
        response = await self.call("POST", path, operation="users.revoke_sessions", idempotent=True)
        return self.done(response, reference=user_id)

    async def add_member(self, group_id: str, user_id: str) -> Outcome:
        """Put a user into a group; no-op for one who is in it."""
        path = url_path("/groups/{id}/members/$ref", id=group_id)
        member = f"{self.base_url}{url_path('/directoryObjects/{id}', id=user_id)}"
        response = await self.call(
            "POST",
            path,
            operation="groups.members.add",
            json={"@odata.id": member},
            idempotent=True,
            accept=(HTTPStatus.BAD_REQUEST,),
        )
        if not response.ok and "already exist" not in words_of(response):
            fault = self.fault(response) or Fault(RejectedError, "refused")
            raise self.error(fault, response)
        return self.done(response, reference=user_id)

    async def remove_member(self, group_id: str, user_id: str) -> Outcome:
        """Take a user out of a group; no-op for one who is not in it."""
        path = url_path("/groups/{group}/members/{user}/$ref", group=group_id, user=user_id)
        response = await self.call(
            "DELETE", path, operation="groups.members.remove", accept=(HTTPStatus.NOT_FOUND,)
        )
        return self.done(response, reference=user_id)

    async def _create(self, user: UserDraft) -> Outcome:
        password = user.password.reveal() if user.password else f"{secrets.token_urlsafe(32)}aA1!"
        body = new_user(user, self.lent(password))
        response = await self.call("POST", "/users", operation="users.create", json=body)
        return self.done(response, reference=text_at(self.parse(response), "id"))

    def _password(self, user: UserDraft) -> dict[str, JsonValue]:
        if user.password is None:
            return {}
        return {"passwordProfile": {"password": self.lent(user.password)}}

    async def _patch(self, user_id: str, body: dict[str, JsonValue], operation: str) -> Outcome:
        path = url_path("/users/{id}", id=user_id)
        response = await self.call("PATCH", path, operation=operation, json=body, idempotent=True)
        return self.done(response, reference=user_id)
