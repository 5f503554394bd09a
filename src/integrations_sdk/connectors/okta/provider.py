"""`OktaConnector`: https://developer.okta.com/docs/api/openapi/okta-management/management/."""

from __future__ import annotations

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    JsonValue,
    Outcome,
    UserDraft,
    UserState,
    given,
    group_ids,
    url_path,
)
from integrations_sdk.connectors.okta.config import OktaConfig
from integrations_sdk.connectors.okta.directory import Directory
from integrations_sdk.connectors.okta.words import profile_of, user_of, user_path

__all__ = ["OktaConnector"]


class OktaConnector(Directory):
    """Reads users and groups with the roles that groups mean, and provisions and deprovisions users."""

    provider = "okta"
    title = "Okta"
    category = Category.IDENTITY
    Config = OktaConfig
    docs_url = "https://developer.okta.com/docs/api/openapi/okta-management/management/"
    setup = (
        "Security → API → Tokens → Create token, as an administrator with the rights below",
        "Or Applications → Create App Integration → API Services, with a public key; grant it the scopes",
    )
    permissions = (
        "Read-only administrator to read; Group administrator for the groups concerned to provision",
        "Or the scopes okta.users.manage and okta.groups.manage (okta.users.read, okta.groups.read to read)",
    )
    limits = (
        "A change of groups alone does not count as a change of the user; read all users from time to time.",
        "A change of the last minute before a reading is read again in the next.",
        "Service applications that demand DPoP are not supported.",
    )

    async def check(self) -> CheckResult:
        """Ask for one user, and for one group where groups are looked up."""
        await self.call("GET", "/api/v1/users", operation="users.list", query={"limit": "1"})
        if self.config.sync_groups:
            await self.call("GET", "/api/v1/groups", operation="groups.list", query={"limit": "1"})
        return CheckResult(detail=f"users{' and groups' * self.config.sync_groups} of {self.config.domain}")

    async def provision_user(self, user: UserDraft) -> Outcome:
        """Create the user, or change, reactivate and put into groups the one with that login.

        Raises:
            ConfigurationError: there is no such group; nothing is done.
            RejectedError: Okta refuses the profile or the password; says what of it.
        """
        groups, profile = await group_ids(self, user.groups), profile_of(user)
        known = await self._get(str(profile["login"]))
        if known is None:
            return await self._create(user, profile, groups)
        if known.state is UserState.DEPROVISIONED:
            await self._lifecycle(known.user_id, "activate", send_email=self.config.send_email)
        elif known.state is UserState.SUSPENDED:
            await self._lifecycle(known.user_id, "unsuspend")
        path = user_path(known.user_id)
        response = await self.call(
            "POST", path, operation="users.update", json={"profile": profile}, idempotent=True
        )
        for group_id in groups:
            await self.add_member(group_id, known.user_id)
        return self.done(response, reference=known.user_id)

    async def deprovision_user(self, user_id: str) -> Outcome:
        """Deactivate the user, who loses every application; skipped for one who is deactivated.

        Args:
            user_id: id or login.

        Raises:
            RejectedError: there is none.
        """
        found = user_of(await self.ask("GET", user_path(user_id), operation="users.get"))
        if found.state is UserState.DEPROVISIONED:
            return self.skipped("users.deactivate", "is deactivated already")
        return await self._lifecycle(found.user_id, "deactivate", send_email=False)

    async def add_member(self, group_id: str, user_id: str) -> Outcome:
        """Put a user into a group of Okta's own; no-op for one who is in it."""
        return await self._membership("PUT", group_id, user_id)

    async def remove_member(self, group_id: str, user_id: str) -> Outcome:
        """Take a user out of a group of Okta's own; no-op for one who is not in it."""
        return await self._membership("DELETE", group_id, user_id)

    async def _create(self, user: UserDraft, profile: dict[str, JsonValue], groups: list[str]) -> Outcome:
        quietly = user.password is None and not self.config.send_email
        body: dict[str, JsonValue] = {"profile": profile, **given(groupIds=[*groups] or None)}
        if user.password is not None:
            body["credentials"] = {"password": {"value": self.lent(user.password)}}
        query = {"activate": "false" if quietly else "true"}
        response = await self.call("POST", "/api/v1/users", operation="users.create", json=body, query=query)
        made = user_of(self.parse(response))
        if quietly:  # only this way it can be asked not to write to the user
            await self._lifecycle(made.user_id, "activate", send_email=False)
        return self.done(response, reference=made.user_id)

    async def _lifecycle(self, user_id: str, what: str, *, send_email: bool | None = None) -> Outcome:
        path = user_path(user_id, f"/lifecycle/{what}")
        query = None if send_email is None else {"sendEmail": str(send_email).lower()}
        response = await self.call("POST", path, operation=f"users.{what}", query=query)
        return self.done(response, reference=user_id)

    async def _membership(self, method: str, group_id: str, user_id: str) -> Outcome:
        path = url_path("/api/v1/groups/{group}/users/{user}", group=group_id, user=user_id)
        operation = "groups.assign" if method == "PUT" else "groups.unassign"
        return self.done(await self.call(method, path, operation=operation), reference=user_id)
