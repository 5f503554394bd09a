"""Jenkins' jobs, parameters, references and results. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote

from integrations_sdk.connectors.base import (
    BuildRequest,
    BuildStatus,
    ConfigurationError,
    JsonValue,
    parameter_text,
    url_path,
)
from integrations_sdk.connectors.jenkins.config import JenkinsConfig

__all__ = [
    "Reference",
    "declared",
    "job_of_url",
    "job_path",
    "parameters_of",
    "queue_number",
    "session_cookie",
    "status_of",
]

_LONGEST_URL: Final = 4000
_RESULTS: Final = {  # hudson.model.Result
    "SUCCESS": BuildStatus.SUCCESS,
    "UNSTABLE": BuildStatus.FAILED,
    "FAILURE": BuildStatus.FAILED,
    "ABORTED": BuildStatus.CANCELED,
    "NOT_BUILT": BuildStatus.CANCELED,
}


class Reference(NamedTuple):
    """How a build is found again: in the queue (`queue:42@team/app`), or by its number (`team/app#7`).

    Jenkins forgets a queue item five minutes after its build has begun; by the job it is found even then.
    """

    job: str | None
    item: int | None = None
    number: int | None = None

    def __str__(self) -> str:
        if self.item is None:
            return f"{self.job}#{self.number}"
        return f"queue:{self.item}@{self.job}" if self.job else f"queue:{self.item}"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """From its text; `queue:42` alone is understood as well.

        Raises:
            ConfigurationError: it is none.
        """
        if found := re.fullmatch(r"queue:(\d{1,18})(?:@(.+))?", text):
            return cls(found[2], item=int(found[1]))
        if found := re.fullmatch(r"(.+)#(\d{1,18})", text):
            return cls(found[1], number=int(found[2]))
        wrong = "expected queue:<number>@<job> or <job>#<number>"
        raise ConfigurationError.of(
            "build reference", "reference", wrong, "take it from the outcome of trigger_build()"
        )


def job_path(job: str) -> str:
    """A job's path: `/job/team/job/app` of `team/app`, `/job/app/job/feature%252Fx` of `app/feature%2Fx`.

    Raises:
        ConfigurationError: a part of the name is empty, `.` or `..`.
    """
    return "".join(url_path("/job/{job}", job=part) for part in job.split("/"))


def job_of_url(url: str) -> Reference | None:
    """The job and number in a build's URL; None if it is none.

    The host is not looked at: it is what Jenkins believes itself to be called, and no reason to send
    credentials there.
    """
    *steps, number = _path(url).rstrip("/").split("/")
    names: list[str] = []
    while len(steps) > 1 and steps[-2] == "job" and steps[-1]:
        names.append(unquote(steps[-1]))
        del steps[-2:]
    if not names or not re.fullmatch(r"[0-9]{1,18}", number):
        return None
    return Reference("/".join(reversed(names)), number=int(number))


def queue_number(location: str) -> int | None:
    """The queue item in the `Location` that answers a build request; None if it names none."""
    found = re.search(r"/queue/item/([0-9]{1,18})/?$", _path(location))
    return int(found[1]) if found else None


def status_of(build: Mapping[str, JsonValue]) -> BuildStatus:
    """A build's status; one without a result is running."""
    result = build.get("result")
    if build.get("building") or not isinstance(result, str):
        return BuildStatus.RUNNING
    return _RESULTS.get(result, BuildStatus.FAILED)


def parameters_of(request: BuildRequest, config: JenkinsConfig) -> dict[str, str]:
    """Every parameter there is a value for: the configured, the branch, commit and tag, the request's own."""
    values = {name: parameter_text(value) for name, value in config.job_parameters.items()}
    if request.branch:
        values[config.branch_parameter] = request.branch
    if request.commit_sha:
        values[config.commit_parameter] = request.commit_sha
    if request.tag:
        values[config.tag_parameter] = request.tag
    return {**values, **request.parameters}


def declared(given: Mapping[str, str], names: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """The parameters that the job declares, under its own spelling, and the names of the others.

    Jenkins drops a parameter that the job does not declare (SECURITY-170), so this says which these are.
    """
    spelled = {name.casefold(): name for name in names} | {name: name for name in names}
    known = {name: spelled.get(name, spelled.get(name.casefold())) for name in given}
    sent = {own: given[name] for name, own in known.items() if own is not None}
    return sent, [name for name, own in known.items() if own is None]


def session_cookie(set_cookie: str) -> str:
    """The session in a `Set-Cookie` header, for `Cookie`; a crumb is worth nothing without its session."""
    return "; ".join(re.findall(r"(?:^|,\s*)(JSESSIONID[^=;,\s]*=[^;,\s]+)", set_cookie))


def _path(url: str) -> str:
    """The path of a URL or a reference to one; of what is none, too, for a vendor wrote it."""
    return re.sub(r"^[a-z]+://[^/?#]*|[?#].*$", "", url[:_LONGEST_URL], flags=re.DOTALL)
