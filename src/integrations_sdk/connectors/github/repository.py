"""Commit statuses, deployments, hooks: https://docs.github.com/rest, under commits, deployments and repos."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from integrations_sdk.connectors.base import CommitStatus, JsonValue, Outcome, Secret, given
from integrations_sdk.connectors.github.api import GitHubApi
from integrations_sdk.connectors.github.words import commit_state, hook_events, number_of

__all__ = ["Repository"]

_LONGEST = 140


class Repository(GitHubApi):
    """What is said of commits and deployments, and the webhooks through which GitHub tells what happens."""

    async def set_commit_status(self, status: CommitStatus) -> Outcome:
        """Show a status beside the commit, in place of an earlier one of the same `context`.

        A commit takes 1,000 statuses of one context.
        """
        body = given(
            state=commit_state(status.status),
            context=status.context,
            target_url=status.url,
            description=_shortened(status.description) or None,
        )
        path = self.path("/statuses/{sha}", repository=status.project, sha=status.sha)
        response = await self.call("POST", path, operation="statuses.create", json=body, idempotent=True)
        return self.made(response, key="id")

    async def create_deployment(
        self,
        ref: str,
        *,
        environment: str = "production",
        description: str = "",
        required_contexts: Sequence[str] | None = None,
        fields: Mapping[str, JsonValue] | None = None,
    ) -> Outcome:
        """Ask for a branch, tag or commit to be deployed. The default branch is not merged into it first.

        Args:
            required_contexts: statuses that must have succeeded; None: all there are, empty: none.
            fields: GitHub's own, passed through, e.g. `{"payload": {…}, "auto_merge": True}`.

        Raises:
            RejectedError: e.g. a status is missing (409); GitHub says which.
        """
        body: dict[str, JsonValue] = {
            "ref": ref,
            "environment": environment,
            "auto_merge": False,
            "description": _shortened(description),
            **({} if required_contexts is None else {"required_contexts": [*required_contexts]}),
            **(fields or {}),
        }
        response = await self._create(self.path("/deployments"), operation="deployments.create", json=body)
        return self.made(response, key="id")

    async def set_deployment_status(
        self,
        reference: str,
        state: str,
        *,
        url: str | None = None,
        log_url: str | None = None,
        description: str = "",
    ) -> Outcome:
        """Say how a deployment stands.

        Args:
            state: `queued`, `pending`, `in_progress`, `success`, `failure`, `error` or `inactive`.
            url: where what was deployed can be seen.
        """
        body = given(
            state=state, environment_url=url, log_url=log_url, description=_shortened(description) or None
        )
        path = self.path("/deployments/{id}/statuses", id=number_of(reference))
        response = await self._create(path, operation="deployments.status", json=body)
        return self.made(response, key="id")

    async def list_hooks(self) -> AsyncIterator[dict[str, JsonValue]]:
        """The repository's hooks as GitHub describes them, without their secrets."""
        async for hook in self.records(
            self.path("/hooks"), operation="hooks.list", query={"per_page": "100"}
        ):
            yield hook

    async def create_hook(
        self, url: str, events: Iterable[str], *, secret: Secret | str | None = None
    ) -> Outcome:
        """Let GitHub post the events to a URL, as JSON.

        Args:
            events: event types (`push`, `merge_request`, `pipeline`, …) or GitHub's own; `*` means all.
            secret: signs each message (`X-Hub-Signature-256`); without it anybody could have sent it.
        """
        body = {"name": "web", **self._hook(url, events, secret)}
        return self.made(
            await self._create(self.path("/hooks"), operation="hooks.create", json=body),
            key="id",
        )

    async def ensure_hook(
        self, url: str, events: Iterable[str], *, secret: Secret | str | None = None
    ) -> Outcome:
        """`create_hook()`, or bring the hook that has the URL to the same state; a secret not given stays."""
        wanted = tuple(events)
        async for hook in self.list_hooks():
            config = hook.get("config")
            if isinstance(config, dict) and config.get("url") == url:
                path = self.path("/hooks/{id}", id=hook.get("id"))
                body = self._hook(url, wanted, secret)
                if secret is None:  # GitHub takes a configuration without one for the wish to have none
                    del body["config"]
                response = await self._change(path, operation="hooks.update", json=body)
                return self.made(response, key="id")
        return await self.create_hook(url, wanted, secret=secret)

    def _hook(self, url: str, events: Iterable[str], secret: Secret | str | None) -> dict[str, JsonValue]:
        signed: dict[str, JsonValue] = {} if secret is None else {"secret": self.lent(secret)}
        config: dict[str, JsonValue] = {"url": url, "content_type": "json", "insecure_ssl": "0", **signed}
        return {"active": True, "events": hook_events(events), "config": config}


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
