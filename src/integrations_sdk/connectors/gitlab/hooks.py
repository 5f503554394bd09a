"""Project webhooks: https://docs.gitlab.com/api/project_webhooks/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from integrations_sdk.connectors.base import JsonValue, Outcome, Secret, given
from integrations_sdk.connectors.gitlab.api import GitLabApi
from integrations_sdk.connectors.gitlab.words import hook_flags

__all__ = ["Hooks"]


class Hooks(GitLabApi):
    """The webhooks through which GitLab tells what happens; needs the role Maintainer."""

    async def list_hooks(self) -> AsyncIterator[dict[str, JsonValue]]:
        """The project's hooks as GitLab describes them, without their secrets."""
        async for hook in self.records(
            self.path("/hooks"), operation="hooks.list", query={"per_page": "100"}
        ):
            yield hook

    async def create_hook(
        self,
        url: str,
        events: Iterable[str],
        *,
        secret: Secret | str | None = None,
        signing_token: Secret | str | None = None,
    ) -> Outcome:
        """Let GitLab post the events to a URL.

        Args:
            events: event types (`push`, `merge_request`, `pipeline`, …); `*` means all.
            secret: sent back in `X-Gitlab-Token`.
            signing_token: `whsec_…`, with which newer GitLab versions sign each message.

        Raises:
            ConfigurationError: not an event type.
        """
        body = self._hook(url, events, secret, signing_token)
        response = await self.call("POST", self.path("/hooks"), operation="hooks.create", json=body)
        return self.made(response, key="id")

    async def ensure_hook(
        self,
        url: str,
        events: Iterable[str],
        *,
        secret: Secret | str | None = None,
        signing_token: Secret | str | None = None,
    ) -> Outcome:
        """`create_hook()`, or bring the hook that has the URL to the same state; secrets not given stay.

        Raises:
            ConfigurationError: not an event type.
        """
        body = self._hook(url, events, secret, signing_token)
        async for hook in self.list_hooks():
            if hook.get("url") == url:
                path = self.path("/hooks/{id}", id=hook.get("id"))
                response = await self.call("PUT", path, operation="hooks.update", json=body)
                return self.made(response, key="id")
        response = await self.call("POST", self.path("/hooks"), operation="hooks.create", json=body)
        return self.made(response, key="id")

    def _hook(
        self, url: str, events: Iterable[str], secret: Secret | str | None, signing_token: Secret | str | None
    ) -> dict[str, JsonValue]:
        secrets = {"token": secret, "signing_token": signing_token}
        revealed = {name: self.lent(value) for name, value in secrets.items() if value is not None}
        return given(url=url, **hook_flags(events), **revealed)
