"""Builds of Jenkins: found in the queue, by their number, or by what they were in the queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import Build, BuildStatus, Fault, JsonValue, RejectedError, Response
from integrations_sdk.connectors.jenkins.builds import Reference, job_of_url, job_path, status_of
from integrations_sdk.connectors.jenkins.server import JenkinsServer

__all__ = ["JenkinsTracking"]

_BUILD: Final = "number,result,building,duration,url"
_SEARCHED: Final = 100


class JenkinsTracking(JenkinsServer):
    """Following builds from the queue to their result."""

    async def last_build(self, job: str | None = None) -> Build | None:
        """The newest build of a job, or (None) of the first configured one; None if there is none."""
        job = job or self.config.all_jobs[0]
        answer = await self.call(
            "GET",
            f"{job_path(job)}/lastBuild/api/json",
            operation="lastBuild",
            query={"tree": _BUILD},
            accept=(404,),
        )
        return _build_of(job, self.parse(answer)) if answer.ok else None

    async def get_build(self, reference: str) -> Build:
        """How a build stands; its `reference` is the one to go on with, as Jenkins forgets its queue.

        Raises:
            ConfigurationError: that is no reference.
            RejectedError: Jenkins does not know the build (any more).
        """
        wanted = Reference.parse(reference)
        return await (self._numbered(wanted) if wanted.item is None else self._queued(wanted))

    async def _queued(self, wanted: Reference) -> Build:
        answer = await self.call(
            "GET", f"/queue/item/{wanted.item}/api/json", operation="queue.item", accept=(404,)
        )
        if not answer.ok:
            return await self._forgotten(wanted, answer)
        item = self.parse(answer)
        executable = item.get("executable")
        url = executable.get("url") if isinstance(executable, dict) else None
        if isinstance(url, str) and (found := job_of_url(url)) is not None:
            return await self._numbered(found)
        status = BuildStatus.CANCELED if item.get("cancelled") else BuildStatus.PENDING
        return Build(reference=str(wanted), status=status, job=wanted.job or "")

    async def _forgotten(self, wanted: Reference, answer: Response) -> Build:
        """A queue item that Jenkins has let go of: its build still bears its number."""
        if wanted.job is not None:
            query = {"tree": f"builds[queueId,{_BUILD}]{{0,{_SEARCHED}}}"}
            answer = await self.call("GET", f"{job_path(wanted.job)}/api/json", operation="job", query=query)
            builds = self.parse(answer).get("builds")
            for build in builds if isinstance(builds, list) else []:
                if isinstance(build, dict) and build.get("queueId") == wanted.item:
                    return _build_of(wanted.job, build)
        said = f"no queue item {wanted.item}: Jenkins forgets them five minutes after the build began"
        raise self.error(Fault(RejectedError, said, "no_item"), answer, "queue.item")

    async def _numbered(self, wanted: Reference) -> Build:
        job = wanted.job or ""
        path = f"{job_path(job)}/{wanted.number}/api/json"
        answer = await self.call("GET", path, operation="build", query={"tree": _BUILD}, accept=(404,))
        if not answer.ok:
            raise self.error(Fault(RejectedError, f"there is no build {wanted}", "no_build"), answer)
        return _build_of(job, self.parse(answer))


def _build_of(job: str, found: Mapping[str, JsonValue]) -> Build:
    number, url, duration = found.get("number"), found.get("url"), found.get("duration")
    known = number if isinstance(number, int) else None
    return Build(
        reference=str(Reference(job, number=known)),
        status=status_of(found),
        job=job,
        number=known,
        url=url if isinstance(url, str) else None,
        duration=timedelta(milliseconds=duration) if isinstance(duration, int) and duration > 0 else None,
    )
