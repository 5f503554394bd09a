"""Cloud Build's words: sources, states, answers. Pure.

https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    Build,
    BuildRequest,
    BuildStatus,
    ConfigurationError,
    Fault,
    JsonValue,
    RateLimitedError,
    Response,
    at,
    given,
    json_of,
    oauth_fault,
    parameter_text,
    text_at,
    time_of,
)
from integrations_sdk.connectors.google_cloud_build.config import CloudBuildConfig

__all__ = ["build_of", "build_reference", "cloud_build_fault", "source_of"]

_STATUSES: Final = {
    "STATUS_UNKNOWN": BuildStatus.PENDING,
    "PENDING": BuildStatus.PENDING,  # waits for an approval
    "QUEUED": BuildStatus.PENDING,
    "WORKING": BuildStatus.RUNNING,
    "SUCCESS": BuildStatus.SUCCESS,
    "FAILURE": BuildStatus.FAILED,
    "INTERNAL_ERROR": BuildStatus.FAILED,
    "TIMEOUT": BuildStatus.FAILED,
    "CANCELLED": BuildStatus.CANCELED,
    "EXPIRED": BuildStatus.CANCELED,
}


def source_of(request: BuildRequest, config: CloudBuildConfig) -> dict[str, JsonValue]:
    """What to build, a `RepoSource`: of commit, branch and tag it takes one."""
    values = {name: parameter_text(value) for name, value in config.substitutions.items()} | dict(
        request.parameters
    )
    commit = request.commit_sha if config.build_commit else None
    branch = None if commit else request.branch
    return given(
        commitSha=commit,
        branchName=branch,
        tagName=None if commit or branch else request.tag,
        substitutions=dict(values) or None,
    )


def build_reference(reference: str) -> str:
    """A build's id.

    Raises:
        ConfigurationError: it is none.
    """
    if not reference or any(not (mark.isascii() and (mark.isalnum() or mark == "-")) for mark in reference):
        raise ConfigurationError.of(
            "build reference",
            "reference",
            "expected the id of a build",
            "take it from the outcome of trigger_build()",
        )
    return reference


def build_of(build: JsonValue) -> Build:
    """A build as the API shows it."""
    started, ended = time_of(at(build, "startTime")), time_of(at(build, "finishTime"))
    name = text_at(build, "substitutions", "TRIGGER_NAME") or text_at(build, "buildTriggerId")
    return Build(
        reference=text_at(build, "id") or "",
        status=_STATUSES.get(str(at(build, "status")), BuildStatus.PENDING),
        job=name or "",
        url=text_at(build, "logUrl"),
        duration=max(ended - started, timedelta(0)) if started and ended else None,
    )


def cloud_build_fault(response: Response) -> Fault | None:
    """What is wrong with an answer: of the API in Google's own form, of the token endpoint in that of OAuth.

    Source: https://cloud.google.com/apis/design/errors
    """
    found = oauth_fault(response)
    status = text_at(json_of(response), "error", "status")
    if found is None or status is None:
        return found
    kind = RateLimitedError if status == "RESOURCE_EXHAUSTED" else found.kind
    return Fault(kind, text_at(json_of(response), "error", "message") or found.message, status)
