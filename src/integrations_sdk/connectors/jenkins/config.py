"""What a Jenkins integration is configured with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    BuildServerConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)

__all__ = ["JenkinsConfig"]


def _job(value: str) -> str | None:
    if not_empty(value) is not None or not all(part.strip() for part in value.split("/")):
        return "a job's full name with its folders, app or team/app; not its URL"
    return None


def _root(value: str) -> str | None:
    wrong = http_url(value)
    if wrong is None and ("?" in value or "#" in value or "/job/" in value):
        return "the address of Jenkins itself, such as https://jenkins.example.com"
    return wrong


@settings
class JenkinsConfig(BuildServerConfig):
    """A Jenkins server, and the jobs that are started on it."""

    jenkins_url: str = setting(
        "Address of Jenkins, with its path if it has one.",
        validate=_root,
        also=("base_url", "url", "server_url"),
        example="https://jenkins.company.com",
    )
    username: str = setting("Who starts the builds.", validate=not_empty, also=("user",), example="gitlab")
    api_token: Secret = setting("API token of that user.", validate=not_empty, also=("password",))
    project_name: str | None = setting(
        "The job to start, with its folders; of a multibranch project the project, or one branch's job.",
        default=None,
        validate=_job,
        also=("default_job", "job", "job_name"),
        example="team/app",
    )
    jobs: tuple[str, ...] = setting("Further jobs, started together with it.", default=(), validate=_job)
    job_parameters: dict[str, str | bool | int | float] = setting(
        "Parameters of every build, as far as the job declares them.",
        factory=dict,
        also=("parameters",),
        example="ENVIRONMENT: production",
    )
    build_token: Secret | None = setting(
        "Authentication token of the job's “Trigger builds remotely”, if it has one.",
        default=None,
        validate=not_empty,
    )
    trigger_patterns: tuple[str, ...] = setting(
        "Configuration keys whose change starts a build, with `*` as a wildcard.",
        default=(),
        example="app.database.*",
    )
    branch_parameter: str = setting("Parameter that takes the branch.", default="BRANCH", validate=not_empty)
    commit_parameter: str = setting(
        "Parameter that takes the commit.", default="COMMIT_SHA", validate=not_empty
    )
    tag_parameter: str = setting("Parameter that takes the tag.", default="TAG", validate=not_empty)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """There must be something to build."""
        if not given.get("project_name") and not given.get("jobs"):
            yield Problem(
                "project_name", "missing; expected the name of a job", "name it, or several as `jobs`"
            )

    @property
    def all_jobs(self) -> tuple[str, ...]:
        """Every configured job once."""
        return tuple(dict.fromkeys([*([self.project_name] if self.project_name else []), *self.jobs]))
