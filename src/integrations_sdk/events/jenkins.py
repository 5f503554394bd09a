"""The bodies of Jenkins' Notification plugin (https://plugins.jenkins.io/notification/)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.events.reading import Facts, Reader, drop_none, named, reading, status_word
from integrations_sdk.models import EventType, JsonValue

__all__ = ["normalise"]

_PHASES: Final = {"QUEUED": "pending", "STARTED": "running"}


def normalise(headers: Mapping[str, str], body: Mapping[str, JsonValue]) -> Facts:  # noqa: ARG001  # as every sender
    """Read a build notification as a `pipeline` event.

    The phase `FINALIZED` repeats `COMPLETED` once the post-build steps are done, so it is passed on as
    `build_finalized`, and nobody is told of a build twice.

    Raises:
        ConfigurationError: there is no job name or phase, or naming every field of the wrong type.
    """
    with reading("jenkins notification", body) as reader:
        build = reader.child("build")
        name, phase = reader.needed("name"), build.needed("phase")
        url = build.url("full_url")
        final = phase == "FINALIZED"
        return drop_none(
            type="build_finalized" if final else EventType.PIPELINE.value,
            source=_job_url(url) or "jenkins",
            subject=named(f"job/{name}", build.whole("number")),
            project=name,
            project_url=_job_url(url),
            number=build.whole("number"),
            status=_PHASES.get(phase) or status_word(build.word("status")),
            action="updated",
            url=url,
            duration=build.seconds("duration", unit=0.001) if phase in {"COMPLETED", "FINALIZED"} else None,
            **_checked_out(build.child("scm")),
        )


def _checked_out(scm: Reader) -> Facts:
    branch = scm.text("branch")
    return drop_none(branch=branch.removeprefix("origin/") if branch else None, sha=scm.text("commit"))


def _job_url(build: str | None) -> str | None:
    """`https://ci.example.com/job/app/` for `https://ci.example.com/job/app/18/`."""
    return build.rstrip("/").rpartition("/")[0] + "/" if build else None
