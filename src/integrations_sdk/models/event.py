"""What happened somewhere: attribute names of CloudEvents 1.0, and a forge-neutral reading of the rest."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import attrs

from integrations_sdk.models.record import JsonValue, Record

__all__ = ["SENDER_EVENTS", "Actor", "Commit", "Event", "EventType", "Job"]


class EventType(StrEnum):
    """The event types one subscribes to. Anything else a sender names is passed on under its own name."""

    PUSH = "push"
    MERGE_REQUEST = "merge_request"
    PIPELINE = "pipeline"
    ISSUE = "issue"
    DEPLOYMENT = "deployment"
    TAG_PUSH = "tag_push"
    WIKI_PAGE = "wiki_page"
    RELEASE = "release"


SENDER_EVENTS: Final = frozenset(
    """
    access_token build_finalized check_run check_suite code_scanning_alert commit_comment confidential_issue
    confidential_note create delete dependabot_alert deploy_key deployment_protection_rule deployment_review
    deployment_status discussion discussion_comment emoji feature_flag fork issue_comment job label member
    membership merge_group milestone note organization package page_build ping project public
    pull_request_review pull_request_review_comment pull_request_review_thread registry_package repository
    repository_advisory repository_dispatch repository_ruleset secret_scanning_alert security_advisory star
    status sub_issues subgroup team team_add vulnerability watch workflow_dispatch workflow_job
    """.split()  # noqa: SIM905  # sixty quotation marks would not read better
)
"""Other types that GitLab and GitHub send, under their own names.

https://docs.gitlab.com/user/project/integrations/webhook_events/,
https://docs.github.com/webhooks/webhook-events-and-payloads
"""


@attrs.frozen(kw_only=True)
class Actor(Record):
    """Who did it."""

    name: str
    username: str | None = None
    email: str | None = None
    url: str | None = None


@attrs.frozen(kw_only=True)
class Commit(Record):
    """One commit of a push. `title` is the first line of `message`."""

    sha: str
    message: str
    url: str | None = None
    author: Actor | None = None

    @property
    def title(self) -> str:
        """First line of the message."""
        return self.message.strip().partition("\n")[0]


@attrs.frozen(kw_only=True)
class Job(Record):
    """One job of a pipeline (GitLab job, GitHub Actions job). `status` as in `Event.status`."""

    name: str
    status: str
    stage: str | None = None
    url: str | None = None
    duration: timedelta | None = None


@attrs.frozen(kw_only=True)
class Event(Record):
    """Something that happened.

    `id`, `type`, `source`, `subject`, `time` and `data` are CloudEvents 1.0 context attributes; the rest
    is read out of `data`, the same whichever forge sent it, and None (or empty) where it says nothing.

    Attributes:
        id: UUIDv7 given on arrival.
        type: an `EventType` value, or the sender's own word.
        source: URL of the project or service it happened in.
        subject: what it happened to, e.g. `refs/heads/main`, `merge_requests/7`.
        time: when it happened, or arrived.
        data: the sender's body, unchanged.
        provider: who sent it: `gitlab`, `github`, …
        sender_id: the sender's own id of the message, by which duplicates are known.
        action: what was done: `opened`, `updated`, `merged`, `closed`, `reopened`, `approved`, `created`,
            `deleted`.
        status: how it stands: `pending`, `running`, `success`, `failed`, `canceled`, `skipped`.
        project: path, e.g. `group/name`.
        branch: for a merge request the source branch; without `refs/heads/`.
        number: of the issue, merge request or pipeline within the project.
        environment: of a deployment.
    """

    id: str
    type: str
    source: str
    time: datetime
    subject: str | None = None
    data: dict[str, JsonValue] = attrs.field(factory=dict)
    provider: str = "custom"
    sender_id: str | None = None
    action: str | None = None
    status: str | None = None
    project: str | None = None
    project_url: str | None = None
    title: str | None = None
    text: str | None = None
    url: str | None = None
    branch: str | None = None
    target_branch: str | None = None
    tag: str | None = None
    sha: str | None = None
    number: int | None = None
    environment: str | None = None
    actor: Actor | None = None
    commits: tuple[Commit, ...] = ()
    commit_count: int = 0
    jobs: tuple[Job, ...] = ()
    duration: timedelta | None = None

    @property
    def failed(self) -> bool:
        """Whether it reports a failure."""
        return self.status == "failed"

    @property
    def failed_jobs(self) -> tuple[Job, ...]:
        """The jobs that failed."""
        return tuple(job for job in self.jobs if job.status == "failed")
