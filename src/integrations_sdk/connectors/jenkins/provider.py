"""`JenkinsConnector`: starts builds, also on events, and reports their results."""

from __future__ import annotations

from typing import ClassVar

import attrs

from integrations_sdk.connectors.base import (
    Build,
    BuildRequest,
    BuildStatus,
    CommitStatus,
    ConfigurationError,
    ConnectorError,
    Event,
    EventType,
    JsonValue,
    Outcome,
    OutcomeStatus,
    SourceHost,
)
from integrations_sdk.connectors.jenkins.builds import (
    ENDED,
    Reference,
    declared,
    delays,
    job_path,
    parameters_of,
    queue_number,
    request_of,
    why_not,
)
from integrations_sdk.connectors.jenkins.server import parameter_names
from integrations_sdk.connectors.jenkins.tracking import JenkinsTracking

__all__ = ["JenkinsConnector"]


class JenkinsConnector(JenkinsTracking):
    """Jenkins: jobs, folders and multibranch projects."""

    default_events: ClassVar[tuple[str, ...]] = (EventType.PUSH, EventType.MERGE_REQUEST, EventType.TAG_PUSH)

    def wants(self, event: Event) -> str | None:
        """Pushes, merge requests with new commits and new tags, as far as they are to be built."""
        return why_not(event, self.config) or super().wants(event)

    async def handle_event(self, event: Event) -> Outcome:
        """Start the configured jobs for what was pushed; see `trigger_build()`."""
        return await self._start(request_of(event, self.config), project=event.project)

    async def trigger_build(self, request: BuildRequest) -> Outcome:
        """Start the request's job, or else every configured one.

        Branch and commit are passed as `branch_parameter` and `commit_parameter`, with `job_parameters` and
        the request's own; of all these only what the job declares. With `report_status_to`, the commit is
        shown the build's status there: pending at once, the rest from the background as it comes.

        Returns:
            The outcome: `reference` follows the (first) build, `data["builds"]` has for each job its
            `reference`, or the `error` it failed with. If some jobs were started and others not, the outcome
            failed, and is not to be retried as a whole.

        Raises:
            ConnectorError: no build was started.
            ConfigurationError: `report_status_to` is no GitLab or GitHub integration; no build was started.
        """
        return await self._start(request, project=None)

    async def _start(self, request: BuildRequest, project: str | None) -> Outcome:
        host = await self._status_host()
        jobs = (request.job,) if request.job else self.config.all_jobs
        results = {job: await self.attempt(self._trigger(job, request)) for job in jobs}
        outcome = _together(results)
        if host is None or request.commit_sha is None:
            return outcome
        status = CommitStatus(sha=request.commit_sha, status=BuildStatus.PENDING, project=project)
        notes = [
            await self._report(host, job, started, status)
            for job, started in results.items()
            if isinstance(started, Outcome)
        ]
        return attrs.evolve(outcome, detail="; ".join(note for note in (outcome.detail, *notes) if note))

    async def _trigger(self, job: str, request: BuildRequest) -> Outcome:
        given = parameters_of(request, self.config)
        job, info = await self._job(job, request.branch or given.get(self.config.tag_parameter))
        names = parameter_names(info)
        form, dropped = declared(given, names)
        if self.config.build_token is not None:
            form["token"] = self.config.build_token.reveal()  # in the body: a URL would end up in logs
        operation = "buildWithParameters" if names else "build"
        answer = await self._post(f"{job_path(job)}/{operation}", form, operation)
        item = queue_number(answer.headers.get("location", ""))
        reference = str(Reference(job, item=item)) if item is not None else None
        note = f", without {', '.join(dropped)}, which it does not declare" if dropped else ""
        return self.done(
            answer,
            operation,
            reference=reference,
            url=f"{self.base_url}{job_path(job)}/",
            detail=f"started {job}{note}",
            data={"builds": [{"job": job, "reference": reference}]},
        )

    async def _status_host(self) -> SourceHost | None:
        if self.config.report_status_to is None:
            return None
        host = await self.context.open(self.config.report_status_to)
        if isinstance(host, SourceHost):
            return host
        wrong = f"expected an integration that shows commit statuses; {self.config.report_status_to} does not"
        raise ConfigurationError.of(
            "jenkins configuration", "report_status_to", wrong, "name a GitLab or GitHub one"
        )

    async def _report(self, host: SourceHost, job: str, started: Outcome, status: CommitStatus) -> str:
        """Show the build as pending, and what follows from the background; what went wrong, if it did."""
        status = attrs.evolve(
            status, context=f"jenkins/{job}", url=started.url, description=f"{job} is queued"
        )
        told = await self.attempt(host.set_commit_status(status))
        if started.reference is not None:
            self.context.spawn(self._follow(host, status, started.reference), f"jenkins status of {job}")
        return f"its status is not shown: {told}" if isinstance(told, ConnectorError) else ""

    async def _follow(self, host: SourceHost, status: CommitStatus, reference: str) -> None:
        """Show each change of the build's status until it has ended; what passes is waited for.

        Raises:
            ConnectorError: Jenkins or the host refused for good.
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


def _together(results: dict[str, Outcome | ConnectorError]) -> Outcome:
    """One outcome for all jobs."""
    started = [result for result in results.values() if isinstance(result, Outcome)]
    failed = {job: result for job, result in results.items() if isinstance(result, ConnectorError)}
    if not started:
        raise next(iter(failed.values()))
    builds: list[JsonValue] = []
    for outcome in started:
        builds += outcome.data["builds"] if isinstance(outcome.data["builds"], list) else []
    builds += [{"job": job, "error": str(error)} for job, error in failed.items()]
    detail = "; ".join(outcome.detail or "" for outcome in started)
    whole = attrs.evolve(started[0], detail=detail, data={"builds": builds})
    if not failed:
        return whole
    trouble = f"{len(failed)} of {len(results)} jobs were not started: " + "; ".join(
        map(str, failed.values())
    )
    return attrs.evolve(whole, status=OutcomeStatus.FAILED, error=trouble)
