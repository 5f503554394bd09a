"""`BuildServer`: what is the same with every build server, whoever made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, TypeVar

import attrs

from integrations_sdk.connectors.builds import (
    ENDED,
    BuildServerConfig,
    build_request,
    delays,
    no_build,
)
from integrations_sdk.connectors.capabilities import SourceHost
from integrations_sdk.connectors.connector import Connector
from integrations_sdk.connectors.outcomes import together
from integrations_sdk.errors import ConfigurationError, ConnectorError, DeadlineExceededError
from integrations_sdk.http.base import Response
from integrations_sdk.models import (
    Build,
    BuildRequest,
    BuildStatus,
    CommitStatus,
    Event,
    EventType,
    JsonValue,
    Outcome,
)

__all__ = ["BuildServer"]

B_co = TypeVar("B_co", bound=BuildServerConfig, covariant=True)


class BuildServer(Connector[B_co]):
    """A connector that starts builds, also on events, follows them, and shows their results beside commits.

    Subclasses say which `jobs` are configured, start one in `_trigger()`, and look at one in `get_build()`.
    """

    default_events: ClassVar[tuple[str, ...]] = (EventType.PUSH, EventType.MERGE_REQUEST, EventType.TAG_PUSH)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"trigger_on_push": True}

    # --- to be overridden ---------------------------------------------------

    @property
    def jobs(self) -> Sequence[str]:
        """The configured jobs, by the names that a request's `job` would use."""
        raise NotImplementedError

    async def _trigger(self, job: str, request: BuildRequest) -> Outcome:
        """Start one job; `reference` follows it, `url` shows it, `data["job"]` is what it is called there."""
        raise NotImplementedError

    async def get_build(self, reference: str) -> Build:
        """How a build stands; its `reference` is the one to go on with."""
        raise NotImplementedError

    # --- the same for all ---------------------------------------------------

    def wants(self, event: Event) -> str | None:
        """Pushes, merge requests with new commits and new tags, as far as they are to be built."""
        return no_build(event, self.config) or super().wants(event)

    async def handle_event(self, event: Event) -> Outcome:
        """Start the configured jobs for what was pushed; see `trigger_build()`."""
        return await self._start(build_request(event), project=event.project)

    async def trigger_build(self, request: BuildRequest) -> Outcome:
        """Start the request's job, or else every configured one.

        With `report_status_to`, the commit is shown the build's status there: pending at once, the rest
        from the background as it comes.

        Returns:
            The outcome: `reference` follows the (first) build, `data["builds"]` has for each job its
            `reference`, or the `error` it failed with. If some jobs were started and others not, the outcome
            failed, and is not to be retried as a whole.

        Raises:
            ConnectorError: no build was started.
            ConfigurationError: `report_status_to` shows no commit statuses, or no job is known; no build was
                started.
        """
        return await self._start(request, project=None)

    async def wait_for_build(self, reference: str, *, timeout: timedelta = timedelta(hours=1)) -> Build:
        """Follow a build to its result.

        Raises:
            DeadlineExceededError: it has not ended within `timeout`; it goes on all the same.
            ConnectorError: as `get_build()`.
        """
        clock = self.context.clock
        ends = clock.monotonic() + timeout.total_seconds()
        for delay in delays(self.config.poll_interval.total_seconds()):
            build = await self.get_build(reference)
            remaining = ends - clock.monotonic()
            if build.status in ENDED:
                return build
            if remaining <= 0:
                break
            reference = build.reference
            await clock.sleep(min(delay, remaining))
        raise DeadlineExceededError(
            f"the build {reference} is still {build.status.value} after {timeout.total_seconds():g} s",
            provider=self.provider,
            operation="wait_for_build",
            integration_id=self.context.integration_id,
        )

    def started(
        self, answer: Response, job: str, *, reference: str | None, url: str | None = None, note: str = ""
    ) -> Outcome:
        """The outcome of `_trigger()`; `note` goes on in what people are told."""
        detail = f"started {job or reference}{note}"
        return self.done(answer, reference=reference, url=url, detail=detail, data={"job": job})

    async def _start(self, request: BuildRequest, project: str | None) -> Outcome:
        host = await self._status_host()
        jobs = (request.job,) if request.job else self.jobs
        if not jobs:
            remedy = "configure one, or name a `job`"
            raise ConfigurationError.of("build request", "job", "missing; nothing says what to build", remedy)
        results = {job: await self.attempt(self._trigger(job, request)) for job in jobs}
        outcome = together(
            results, listed="builds", called="job", missed="jobs were not started", part=_listed
        )
        if host is None or request.commit_sha is None:
            return outcome
        status = CommitStatus(sha=request.commit_sha, status=BuildStatus.PENDING, project=project)
        notes = [
            await self._report(host, job, started, status)
            for job, started in results.items()
            if isinstance(started, Outcome)
        ]
        return attrs.evolve(outcome, detail="; ".join(note for note in (outcome.detail, *notes) if note))

    async def _status_host(self) -> SourceHost | None:
        if self.config.report_status_to is None:
            return None
        host = await self.context.open(self.config.report_status_to)
        if isinstance(host, SourceHost):
            return host
        wrong = f"expected an integration that shows commit statuses; {self.config.report_status_to} does not"
        raise ConfigurationError.of(
            f"{self.provider} configuration", "report_status_to", wrong, "name a GitLab or GitHub one"
        )

    async def _report(self, host: SourceHost, job: str, started: Outcome, status: CommitStatus) -> str:
        """Show the build as pending, and what follows from the background; what went wrong, if it did."""
        context = f"{self.provider}/{job}"
        status = attrs.evolve(status, context=context, url=started.url, description=f"{job} is queued")
        told = await self.attempt(host.set_commit_status(status))
        if started.reference is not None:
            follow = self._follow(host, status, started.reference)
            self.context.spawn(follow, f"{self.provider} status of {job}")
        return f"its status is not shown: {told}" if isinstance(told, ConnectorError) else ""

    async def _follow(self, host: SourceHost, status: CommitStatus, reference: str) -> None:
        """Show each change of the build's status until it has ended; what passes is waited for.

        Raises:
            ConnectorError: the build server or the host refused for good.
        """
        shown = BuildStatus.PENDING
        clock = self.context.clock
        ends = clock.monotonic() + self.config.build_timeout.total_seconds()
        for delay in delays(self.config.poll_interval.total_seconds()):
            build = await self.attempt(self.get_build(reference))
            if isinstance(build, Build):
                reference = build.reference
                shown = await self._show(host, status, build, shown)
                if shown in ENDED:
                    return
            elif not build.retryable:
                raise build
            if clock.monotonic() >= ends:
                return
            await clock.sleep(delay)

    async def _show(
        self, host: SourceHost, status: CommitStatus, build: Build, shown: BuildStatus
    ) -> BuildStatus:
        """Show a build's status if it is another than the one shown; the one shown now."""
        if build.status is shown:
            return shown
        number = f" #{build.number}" if build.number is not None else ""
        news = attrs.evolve(
            status,
            status=build.status,
            url=build.url or status.url,
            description=f"{build.job}{number}: {build.status}",
        )
        told = await self.attempt(host.set_commit_status(news))
        if isinstance(told, Outcome):
            return build.status
        if not told.retryable:
            raise told
        return shown


def _listed(started: Outcome) -> JsonValue:
    return {"job": started.data.get("job"), "reference": started.reference}
