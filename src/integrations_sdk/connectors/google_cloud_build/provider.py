"""`CloudBuildConnector`: https://cloud.google.com/build/docs/api/reference/rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from integrations_sdk.connectors.base import (
    Build,
    BuildRequest,
    Category,
    CheckResult,
    JsonValue,
    Outcome,
    Response,
    at,
)
from integrations_sdk.connectors.google_cloud_build.api import CloudBuildApi
from integrations_sdk.connectors.google_cloud_build.config import CloudBuildConfig
from integrations_sdk.connectors.google_cloud_build.words import build_of, build_reference, source_of

__all__ = ["CloudBuildConnector"]


class CloudBuildConnector(CloudBuildApi):
    """Google Cloud Build: triggers, and builds of any other definition.

    A build's commit is what is built, failing that its branch or tag; its parameters are substitutions.
    """

    provider = "google_cloud_build"
    title = "Google Cloud Build"
    category = Category.CLOUD
    Config = CloudBuildConfig
    docs_url = "https://cloud.google.com/build/docs/api/reference/rest"
    setup = (
        "In IAM, add a service account and give it the role Cloud Build Editor.",
        "Add a JSON key to it, and configure it by reference, such as file:/run/secrets/key.json.",
        "If triggers run as another service account, let this one act as it (Service Account User).",
    )
    permissions = (
        "cloudbuild.builds.create, cloudbuild.builds.get, cloudbuild.builds.list",
        "cloudbuild.builds.update, if builds are to be canceled",
    )
    limits = (
        "Of commit, branch and tag a trigger is given one; substitutions are named _LIKE_THIS.",
        "Results are reported by the process that started the build; it stops when that ends.",
    )

    @property
    def jobs(self) -> tuple[str, ...]:
        """Every configured trigger once."""
        return tuple(dict.fromkeys(filter(None, (self.config.trigger, *self.config.triggers))))

    async def check(self) -> CheckResult:
        """Look for the configured triggers among the project's."""
        known: set[str] = set()
        async for trigger in self.list_triggers():
            known |= {str(trigger.get("id")), str(trigger.get("name"))}
        missing = [job for job in self.jobs if job not in known]
        warnings = tuple(f"there is no trigger {job} in {self.config.location}" for job in missing)
        return CheckResult(detail=f"{self.config.project_id}, {len(known) // 2} triggers", warnings=warnings)

    async def get_build(self, reference: str) -> Build:
        """How a build stands.

        Raises:
            ConfigurationError: that is no reference.
            RejectedError: there is no such build.
        """
        path = self._path("/builds/{id}", id=build_reference(reference))
        return build_of(await self.ask("GET", path, operation="builds.get"))

    async def create_build(self, build: Mapping[str, JsonValue]) -> Outcome:
        """Run a build without a trigger.

        Args:
            build: as Cloud Build describes one: `steps`, `source`, `substitutions`, …
        """
        answer = await self.call("POST", self._path("/builds"), operation="builds.create", json=dict(build))
        return self._started(answer, "")

    async def cancel_build(self, reference: str) -> Outcome:
        """Cancel a build that has not ended."""
        path = self._path("/builds/{id}", id=build_reference(reference)) + ":cancel"
        answer = await self.call("POST", path, operation="builds.cancel", json={}, idempotent=True)
        return self.done(answer, reference=reference)

    async def list_builds(self, filter: str = "") -> AsyncIterator[Build]:  # noqa: A002  # Google's word
        """The project's builds, newest first, page by page.

        Args:
            filter: Google's, e.g. `status="FAILURE"`; empty: all.
        """
        query = {"pageSize": "100", **({"filter": filter} if filter else {})}
        async for build in self._listed("/builds", "builds", query):
            yield build_of(build)

    async def list_triggers(self) -> AsyncIterator[dict[str, JsonValue]]:
        """The project's triggers as Cloud Build describes them, page by page."""
        async for trigger in self._listed("/triggers", "triggers", {"pageSize": "100"}):
            yield trigger

    async def _trigger(self, job: str, request: BuildRequest) -> Outcome:
        config, body = self.config, source_of(request, self.config)
        if config.location != "global":  # the older path, which is the global one, takes the source itself
            body = {"projectId": config.project_id, "triggerId": job, "source": body}
        path = self._path("/triggers/{job}", job=job) + ":run"
        return self._started(await self.call("POST", path, operation="triggers.run", json=body), job)

    def _started(self, answer: Response, job: str) -> Outcome:
        build = build_of(at(self.parse(answer), "metadata", "build"))
        return self.started(answer, job, reference=build.reference or None, url=build.url)
