"""GitHub's webhook bodies (https://docs.github.com/en/webhooks/webhook-events-and-payloads)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.reading import (
    Facts,
    Reader,
    drop_none,
    header_word,
    is_null_sha,
    named,
    reading,
    status_word,
)
from integrations_sdk.models import Actor, Commit, EventType, Job, JsonValue

__all__ = ["normalise"]

_ACTIONS: Final = {
    "opened": "opened", "reopened": "reopened", "closed": "closed",
    "created": "created", "deleted": "deleted", "published": "created", "unpublished": "deleted",
}  # fmt: skip
_REDUNDANT_RELEASES: Final = {"created", "released", "prereleased"}


def normalise(headers: Mapping[str, str], body: Mapping[str, JsonValue]) -> Facts:
    """Read a GitHub webhook.

    Publishing one release makes GitHub send `created`, `published` and `released`: `published` is the
    event of type `release`, the others are passed on as `release.created` and so on, so that nobody is
    told of it three times.

    Raises:
        ConfigurationError: the header `X-GitHub-Event` is missing, or naming every field of the wrong type.
    """
    name = header_word(headers, "x-github-event")
    if not name:
        remedy = "pass the headers along as they arrived"
        raise ConfigurationError.of(
            "github webhook", "headers.X-GitHub-Event", "missing; expected e.g. push", remedy
        )
    with reading("github webhook", body) as reader:
        facts = _common(reader, name)
        facts.update(_READERS.get(name, _other)(reader, facts))
        return facts


def _common(body: Reader, name: str) -> Facts:
    repository = body.child("repository")
    home = repository.url("html_url")
    return drop_none(
        type=name,
        source=home or body.child("organization").url("html_url") or "https://github.com",
        project=repository.text("full_name"),
        project_url=home,
        actor=_user(body.child("sender")),
        action=_action(body.word("action")),
    )


def _action(given: str | None) -> str | None:
    return _ACTIONS.get(given, given) if given else None


def _edit(given: str | None) -> str | None:
    """As `_action`, for what has many ways to be edited (`labeled`, `synchronize`, …): all are `updated`."""
    return _ACTIONS.get(given, "updated") if given else None


def _user(user: Reader) -> Actor | None:
    login = user.text("login")
    return Actor(name=login, username=login, url=user.url("html_url")) if login else None


def _push(body: Reader, facts: Facts) -> Facts:
    ref, before, after = body.needed("ref"), body.text("before"), body.text("after")
    gone = body.truth("deleted") or is_null_sha(after)
    new = body.truth("created") or is_null_sha(before)
    commits = tuple(_commit(commit) for commit in body.children("commits"))
    tagged = ref.startswith("refs/tags/")
    known = drop_none(
        type=EventType.TAG_PUSH.value if tagged else EventType.PUSH.value,
        subject=ref,
        sha=None if gone else after,
        action="deleted" if gone else "created" if new else "updated",
        title=commits[-1].title if commits else None,
        commits=commits,
        commit_count=len(commits),
        url=None if gone else body.url("compare"),
        actor=facts.get("actor") or _author(body.child("pusher")),
    )
    return {**known, **_ref(ref.removeprefix("refs/tags/").removeprefix("refs/heads/"), tagged=tagged)}


def _ref(name: str, *, tagged: bool) -> Facts:
    return {"tag": name} if tagged else {"branch": name}


def _commit(commit: Reader) -> Commit:
    return Commit(
        sha=commit.needed("id"),
        message=commit.text("message") or "",
        url=commit.url("url"),
        author=_author(commit.child("author")),
    )


def _author(author: Reader) -> Actor | None:
    name = author.text("name") or author.text("username")
    return Actor(name=name, username=author.text("username"), email=author.text("email")) if name else None


def _created_or_deleted(body: Reader, facts: Facts) -> Facts:
    """Read `create` and `delete`: of a tag a `tag_push`; of a branch they keep their name."""
    ref, tagged = body.needed("ref"), body.text("ref_type") == "tag"
    known = drop_none(
        type=EventType.TAG_PUSH.value if tagged else None,
        subject=f"refs/tags/{ref}" if tagged else f"refs/heads/{ref}",
        action="created" if facts["type"] == "create" else "deleted",
    )
    return {**known, **_ref(ref, tagged=tagged)}


def _pull_request(body: Reader, _: Facts) -> Facts:
    request = body.child("pull_request")
    number = request.whole("number")
    head, base, action = request.child("head"), request.child("base"), body.word("action")
    return drop_none(
        type=EventType.MERGE_REQUEST.value,
        subject=named("merge_requests", number),
        number=number,
        action="merged" if request.truth("merged") and action == "closed" else _edit(action),
        branch=head.text("ref"),
        target_branch=base.text("ref"),
        sha=head.text("sha"),
        **_described(request),
    )


def _issues(body: Reader, _: Facts) -> Facts:
    issue = body.child("issue")
    number = issue.whole("number")
    return drop_none(
        type=EventType.ISSUE.value,
        subject=named("issues", number),
        number=number,
        action=_edit(body.word("action")),
        **_described(issue),
    )


def _described(thing: Reader) -> Facts:
    return drop_none(
        title=thing.text("title"),
        text=thing.text("body"),
        url=thing.url("html_url"),
        time=thing.time("updated_at") or thing.time("created_at"),
    )


def _workflow_run(body: Reader, _: Facts) -> Facts:
    run = body.child("workflow_run")
    return drop_none(
        type=EventType.PIPELINE.value,
        subject=named("pipelines", run.whole("id")),
        number=run.whole("run_number"),
        title=run.text("display_title") or run.text("name"),
        **_ran(run, started="run_started_at", ended="updated_at"),
    )


def _check_run(body: Reader, _: Facts) -> Facts:
    run = body.child("check_run")
    known = drop_none(
        type=EventType.PIPELINE.value,
        subject=named("check_runs", run.whole("id")),
        title=run.text("name"),
        **_ran(run, started="started_at", ended="completed_at"),
    )
    return {**known, **drop_none(branch=run.child("check_suite").text("head_branch"))}


def _workflow_job(body: Reader, _: Facts) -> Facts:
    job = body.child("workflow_job")
    known = _ran(job, started="started_at", ended="completed_at")
    name = job.text("name")
    found = (
        () if name is None else (Job(name=name, status=known.get("status", "pending"), url=known.get("url")),)
    )
    return drop_none(subject=named("jobs", job.whole("id")), title=name, jobs=found, **known)


def _ran(run: Reader, *, started: str, ended: str) -> Facts:
    """What workflow runs, their jobs and check runs have in common. The conclusion comes with the end."""
    status = status_word(run.word("conclusion") or run.word("status"))
    begin, end = run.time(started), run.time(ended)
    over = run.word("status") == "completed"
    requests = run.children("pull_requests")
    return drop_none(
        status=status,
        action="updated",
        branch=run.text("head_branch"),
        target_branch=requests[0].child("base").text("ref") if requests else None,
        sha=run.text("head_sha"),
        url=run.url("html_url"),
        time=end if over else begin,
        duration=max(end - begin, timedelta(0)) if over and begin and end else None,
    )


def _deployment(body: Reader, _: Facts) -> Facts:
    deployment, status = body.child("deployment"), body.child("deployment_status")
    ref, sha = deployment.text("ref"), deployment.text("sha")
    latest = status or deployment
    return drop_none(
        type=EventType.DEPLOYMENT.value,
        subject=named("deployments", deployment.whole("id")),
        status=status_word(status.word("state")) or "pending",
        action="updated" if status else "created",
        environment=status.text("environment") or deployment.text("environment"),
        branch=None if ref == sha else ref,
        sha=sha,
        text=latest.text("description"),
        url=status.url("log_url") or status.url("target_url") or status.url("environment_url"),
        time=latest.time("created_at"),
    )


def _status(body: Reader, _: Facts) -> Facts:
    branches = body.children("branches")
    return drop_none(
        status=status_word(body.word("state")),
        title=body.text("context"),
        text=body.text("description"),
        url=body.url("target_url"),
        branch=branches[0].text("name") if branches else None,
        sha=body.text("sha"),
        time=body.time("updated_at"),
    )


def _release(body: Reader, _: Facts) -> Facts:
    release, action = body.child("release"), body.word("action")
    tag, redundant = release.text("tag_name"), action in _REDUNDANT_RELEASES
    return drop_none(
        type=f"release.{action}" if redundant else EventType.RELEASE.value,
        subject=named("releases", tag),
        tag=tag,
        action=action if redundant else _edit(action),
        title=release.text("name"),
        text=release.text("body"),
        url=release.url("html_url"),
        time=release.time("published_at") if action == "published" else None,
    )


def _gollum(body: Reader, _: Facts) -> Facts:
    pages = body.children("pages")
    first = pages[0] if pages else body.child("page")
    titles = [title for page in pages if (title := page.text("title") or page.text("page_name"))]
    return drop_none(
        type=EventType.WIKI_PAGE.value,
        subject=named("wikis", first.text("page_name")),
        action=_edit(first.word("action")),
        title=", ".join(titles) or None,
        text=first.text("summary"),
        url=first.url("html_url"),
    )


def _other(body: Reader, facts: Facts) -> Facts:
    """What GitHub calls an event is often also the field that describes it: `issue_comment` has `comment`."""
    found = (body.peek(name) for name in (facts["type"], facts["type"].rpartition("_")[2], "issue"))
    thing = next((child for child in found if child), None)
    return _described(thing) if thing else {}


_READERS: Final[Mapping[str, Callable[[Reader, Facts], Facts]]] = {
    "push": _push,
    "create": _created_or_deleted,
    "delete": _created_or_deleted,
    "pull_request": _pull_request,
    "issues": _issues,
    "workflow_run": _workflow_run,
    "workflow_job": _workflow_job,
    "check_run": _check_run,
    "deployment": _deployment,
    "deployment_status": _deployment,
    "status": _status,
    "release": _release,
    "gollum": _gollum,
}
