"""GitLab's webhook bodies (https://docs.gitlab.com/user/project/integrations/webhook_events/)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

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
    "open": "opened", "close": "closed", "reopen": "reopened", "update": "updated", "merge": "merged",
    "approval": "approved", "unapproval": "unapproved", "create": "created", "delete": "deleted",
}  # fmt: skip


def normalise(headers: Mapping[str, str], body: Mapping[str, JsonValue]) -> Facts:
    """Read a GitLab webhook.

    What is confidential (issues, notes) has a type of its own, `confidential_issue`, so that subscribing
    to `issue` does not tell a channel about it.

    Raises:
        ConfigurationError: naming every field of the wrong type.
    """
    with reading("gitlab webhook", body) as reader:
        kind = _kind(headers, reader)
        facts = _common(headers, reader, kind)
        facts.update(_READERS.get(kind, _other)(reader, facts))
        return facts


def _kind(headers: Mapping[str, str], body: Reader) -> str:
    header = header_word(headers, "x-gitlab-event").removesuffix(" Hook").strip().lower().replace(" ", "_")
    kind = body.word("object_kind") or body.word("event_name") or header
    if not kind:
        remedy = "pass the body and the headers as they arrived"
        raise ConfigurationError.of(
            "gitlab webhook", "object_kind", "missing; expected text such as push", remedy
        )
    told_so = header.startswith("confidential") or (body.word("event_type") or "").startswith("confidential")
    confidential = told_so or body.child("object_attributes").truth("confidential")
    return f"confidential_{kind}" if confidential and kind in {"issue", "note"} else kind


def _common(headers: Mapping[str, str], body: Reader, kind: str) -> Facts:
    project = body.child("project")
    home = project.url("web_url") or body.child("repository").url("homepage")
    return drop_none(
        type=kind,
        source=home or header_word(headers, "x-gitlab-instance") or "https://gitlab.com",
        project=project.text("path_with_namespace"),
        project_url=home,
        actor=_user(body.child("user")),
    )


def _user(user: Reader) -> Actor | None:
    name = user.text("name") or user.text("username")
    return Actor(name=name, username=user.text("username"), email=_email(user)) if name else None


def _email(user: Reader) -> str | None:
    address = user.text("email")
    return address if address and "@" in address else None  # GitLab writes `[REDACTED]` for private addresses


def _action(given: str | None) -> str | None:
    return _ACTIONS.get(given, given) if given else None


def _push(body: Reader, facts: Facts) -> Facts:
    ref, before, after = body.needed("ref"), body.text("before"), body.text("after")
    branch = ref.removeprefix("refs/heads/")
    commits = tuple(_commit(commit) for commit in body.children("commits"))
    count = body.whole("total_commits_count")
    return drop_none(
        subject=ref,
        branch=branch,
        sha=None if is_null_sha(after) else after,
        action=_ref_action(before, after),
        actor=_pusher(body),
        title=commits[-1].title if commits else None,
        commits=commits,
        commit_count=max(len(commits), count or 0),
        url=_ref_url(facts.get("project_url"), branch, before, after),
    )


def _tag_push(body: Reader, facts: Facts) -> Facts:
    ref, before, after = body.needed("ref"), body.text("before"), body.text("after")
    tag, home = ref.removeprefix("refs/tags/"), facts.get("project_url")
    gone = is_null_sha(after)
    return drop_none(
        subject=ref,
        tag=tag,
        sha=None if gone else body.text("checkout_sha") or after,  # `after` may be the annotated tag's object
        action=_ref_action(before, after),
        actor=_pusher(body),
        text=body.text("message"),
        url=f"{home}/-/tags/{quote(tag, safe='')}" if home and not gone else None,
    )


def _ref_action(before: str | None, after: str | None) -> str:
    if is_null_sha(after):
        return "deleted"
    return "created" if is_null_sha(before) else "updated"


def _ref_url(home: str | None, branch: str, before: str | None, after: str | None) -> str | None:
    if not home or is_null_sha(after):
        return None
    if before and after and not is_null_sha(before):
        return f"{home}/-/compare/{quote(before)}...{quote(after)}"
    return f"{home}/-/tree/{quote(branch)}"


def _pusher(body: Reader) -> Actor | None:
    name, username = body.text("user_name"), body.text("user_username")
    if not (name or username):
        return None
    email = body.text("user_email")
    return Actor(
        name=name or username or "", username=username, email=email if email and "@" in email else None
    )


def _commit(commit: Reader) -> Commit:
    return Commit(
        sha=commit.needed("id"),
        message=commit.text("message") or commit.text("title") or "",
        url=commit.url("url"),
        author=_user(commit.child("author")),
    )


def _merge_request(body: Reader, _: Facts) -> Facts:
    request = body.child("object_attributes")
    number = request.whole("iid")
    return drop_none(
        subject=named("merge_requests", number),
        number=number,
        branch=request.text("source_branch"),
        target_branch=request.text("target_branch"),
        sha=request.child("last_commit").text("id"),
        **_described(request),
    )


def _issue(body: Reader, _: Facts) -> Facts:
    issue = body.child("object_attributes")
    number = issue.whole("iid")
    return drop_none(subject=named("issues", number), number=number, **_described(issue))


def _described(thing: Reader) -> Facts:
    return drop_none(
        action=_action(thing.word("action")),
        title=thing.text("title") or thing.text("name"),
        text=thing.text("description"),
        url=thing.url("url"),
        time=thing.time("updated_at") or thing.time("created_at"),
    )


def _pipeline(body: Reader, facts: Facts) -> Facts:
    pipeline, home = body.child("object_attributes"), facts.get("project_url")
    number, ref = pipeline.whole("id"), pipeline.text("ref")
    built = f"{home}/-/pipelines/{number}" if home and number is not None else None
    return drop_none(
        subject=named("pipelines", number),
        number=number,
        status=status_word(pipeline.word("status")),
        action="updated",
        tag=ref if pipeline.truth("tag") else None,
        branch=None if pipeline.truth("tag") else ref,
        target_branch=body.child("merge_request").text("target_branch"),
        sha=pipeline.text("sha"),
        title=body.child("commit").text("title") or _first_line(body.child("commit").text("message")),
        url=pipeline.url("url") or built,
        duration=pipeline.seconds("duration"),
        time=pipeline.time("finished_at") or pipeline.time("created_at"),
        jobs=tuple(_build(build, home) for build in body.children("builds")),
    )


def _build(build: Reader, home: str | None) -> Job:
    number, status = build.whole("id"), status_word(build.word("status")) or "pending"
    if status == "failed" and build.truth("allow_failure"):
        status = "warning"  # the pipeline passes all the same, so it is no failed job
    return Job(
        name=build.needed("name"),
        status=status,
        stage=build.text("stage"),
        url=f"{home}/-/jobs/{number}" if home and number is not None else None,
        duration=build.seconds("duration"),
    )


def _deployment(body: Reader, _: Facts) -> Facts:
    last = (body.url("commit_url") or "").rpartition("/")[2]
    return drop_none(
        subject=named("deployments", body.whole("deployment_id")),
        status=status_word(body.word("status")),
        action="updated",
        environment=body.text("environment"),
        branch=body.text("ref"),
        sha=last or body.text("short_sha"),
        title=body.text("commit_title"),
        url=body.url("deployable_url"),
        time=body.time("status_changed_at"),
    )


def _wiki_page(body: Reader, _: Facts) -> Facts:
    page = body.child("object_attributes")
    described = _described(page)
    return {**described, **drop_none(subject=named("wikis", page.text("slug")), text=page.text("message"))}


def _release(body: Reader, _: Facts) -> Facts:
    tag, action = body.needed("tag"), _action(body.word("action"))
    return drop_none(
        subject=named("releases", tag),
        tag=tag,
        action=action,
        title=body.text("name"),
        text=body.text("description"),
        url=body.url("url"),
        sha=body.child("commit").text("id"),
        time=body.time("released_at") if action == "created" else None,
    )


def _job(body: Reader, facts: Facts) -> Facts:
    number, home = body.whole("build_id"), facts.get("project_url")
    return drop_none(
        subject=named("jobs", number),
        status=status_word(body.word("build_status")),
        action="updated",
        title=body.text("build_name"),
        branch=None if body.truth("tag") else body.text("ref"),
        tag=body.text("ref") if body.truth("tag") else None,
        sha=body.text("sha"),
        url=f"{home}/-/jobs/{number}" if home and number is not None else None,
        duration=body.seconds("build_duration"),
        environment=body.child("environment").text("name"),
    )


def _note(body: Reader, _: Facts) -> Facts:
    note = body.child("object_attributes")
    about = body.child("merge_request").text("title") or body.child("issue").text("title")
    described = _described(note)
    return {**described, **drop_none(title=about, text=note.text("note"))}


def _other(body: Reader, _: Facts) -> Facts:
    return _described(body.child("object_attributes"))


def _first_line(text: str | None) -> str | None:
    return text.strip().partition("\n")[0] or None if text else None


_READERS: Final[Mapping[str, Callable[[Reader, Facts], Facts]]] = {
    EventType.PUSH: _push,
    EventType.TAG_PUSH: _tag_push,
    EventType.MERGE_REQUEST: _merge_request,
    EventType.PIPELINE: _pipeline,
    EventType.ISSUE: _issue,
    EventType.DEPLOYMENT: _deployment,
    EventType.WIKI_PAGE: _wiki_page,
    EventType.RELEASE: _release,
    "confidential_issue": _issue,
    "work_item": _issue,
    "build": _job,
    "note": _note,
    "confidential_note": _note,
}
