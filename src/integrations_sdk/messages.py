"""From an event to the message a person wants to read. Pure; every notifier renders it in its own format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

import attrs

from integrations_sdk.models import Commit, Event, EventType, Field, JsonValue, Level, Link, Message

__all__ = ["humanise", "message_for"]

_MOST_ITEMS: Final = 5
_LONGEST_TITLE: Final = 200
_LONGEST_LINE: Final = 120
_LONGEST_TEXT: Final = 500
# Control characters, and the marks that reverse the reading direction and so disguise what is written.
_UNPRINTED: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"

_LEVELS: Final = {"failed": Level.ERROR, "success": Level.SUCCESS, "canceled": Level.WARNING}
_PIPELINE_WORDS: Final = {
    "success": "passed", "failed": "failed", "canceled": "was canceled", "skipped": "was skipped",
    "running": "is running", "pending": "is pending",
}  # fmt: skip
_BEGINNINGS: Final = frozenset({"opened", "reopened", "created", None})  # later, the description is known
_ENDINGS: Final = {"merged": Level.SUCCESS, "approved": Level.SUCCESS, "closed": Level.WARNING}
_DEPLOYMENT_WORDS: Final = {
    "success": "succeeded", "failed": "failed", "canceled": "was canceled", "skipped": "was skipped",
    "running": "started", "pending": "is pending",
}  # fmt: skip


def message_for(event: Event) -> Message:
    """What to tell people of an event: title, author, branch, links, failed jobs, duration, level.

    All of it is plain text and bounded: one line of at most 200 characters for the title, 5 commits or
    jobs and a count of the others, 500 characters of a description. Links are http and https only.
    """
    message = _WRITERS.get(event.type, _generic)(event)
    return attrs.evolve(
        message,
        title=_one_line(message.title, _LONGEST_TITLE),
        url=_web(message.url) or _web(event.url) or _web(event.project_url),
        author=message.author or _author(event),
        links=tuple(_links(event, message.links)),
        footer=_one_line(event.project, _LONGEST_LINE) if event.project else None,
        key=_key(event),
    )


def humanise(duration: timedelta) -> str:
    """A duration in at most two units: `1 min 3 s`, `2 h 5 min`, `3 d 4 h`; less than a second: `0.4 s`."""
    seconds = max(duration.total_seconds(), 0.0)
    if seconds < 1:
        return f"{seconds:.1f} s"
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    left, parts = round(seconds), []
    for unit, size in units:
        count, left = divmod(left, size)
        parts.append(f"{count} {unit}" if count else "")
    first = next(index for index, part in enumerate(parts) if part)
    return " ".join(part for part in parts[first : first + 2] if part)


# --- one writer for each event type -------------------------------------------


def _push(event: Event) -> Message:
    branch, count = event.branch or "the repository", max(event.commit_count, len(event.commits))
    commits = f"{count} commit{'' if count == 1 else 's'}"
    if event.action == "deleted":
        return Message(title=f"Branch {branch} deleted", url=event.project_url)
    if event.action == "created":
        title = f"Branch {branch} created" + (f" with {commits}" if count else "")
    else:
        title = f"{commits} pushed to {branch}" if count else f"{branch} updated"
    return Message(
        title=title,
        text=_commit_lines(event.commits, count),
        fields=_fields(event, "branch"),
        links=_link("Compare" if "/compare/" in (event.url or "") else "Commits", event.url),
    )


def _tag_push(event: Event) -> Message:
    deleted = event.action == "deleted"
    title = f"Tag {event.tag or 'of the repository'} {'deleted' if deleted else event.action or 'pushed'}"
    return Message(title=title, text=_excerpt(event.text), fields=_fields(event, "commit"))


def _merge_request(event: Event) -> Message:
    name, sign = ("Pull request", "#") if event.provider == "github" else ("Merge request", "!")
    head = _heading(name, f"{sign}{event.number}" if event.number is not None else "", event.action)
    return Message(
        title=_titled(head, event.title),
        text=_excerpt(event.text) if event.action in _BEGINNINGS else "",
        level=_ENDINGS.get(event.action or "", Level.INFO),
        fields=_fields(event, "branch"),
        links=_link(name, event.url),
    )


def _pipeline(event: Event) -> Message:
    number = f" #{event.number}" if event.number is not None else ""
    where = f" on tag {event.tag}" if event.tag else f" on {event.branch}" if event.branch else ""
    words = _PIPELINE_WORDS.get(event.status or "", f"is {event.status}" if event.status else "changed")
    return Message(
        title=f"Pipeline{number} {words}{where}",
        text=_one_line(event.title or "", _LONGEST_LINE),
        level=_level(event),
        fields=(*_fields(event, "branch", "tag", "commit", "duration"), *_failed_jobs(event)),
        links=_link("Pipeline", event.url),
    )


def _issue(event: Event) -> Message:
    key = (event.subject or "").rpartition("/")[2] if event.provider == "jira" else ""
    number = f"#{event.number}" if event.number is not None else ""
    head = _heading("Issue", key or number, event.action)
    text = _excerpt(event.text) if event.action in _BEGINNINGS else ""
    return Message(title=_titled(head, event.title), text=text, links=_link("Issue", event.url))


def _deployment(event: Event) -> Message:
    other = f"is {event.status}" if event.status else event.action or "changed"
    words = _DEPLOYMENT_WORDS.get(event.status or "", other)
    target = f" to {event.environment}" if event.environment else ""
    return Message(
        title=f"Deployment{target} {words}",
        text=_one_line(event.title or event.text or "", _LONGEST_LINE),
        level=_level(event),
        fields=_fields(event, "branch", "tag", "commit", "duration"),
        links=_link("Deployment", event.url),
    )


def _wiki_page(event: Event) -> Message:
    page = f' "{_one_line(event.title, _LONGEST_LINE)}"' if event.title else ""
    return Message(title=f"Wiki page{page} {event.action or 'changed'}", text=_excerpt(event.text))


def _release(event: Event) -> Message:
    name = event.title or event.tag or ""
    tag = f" ({event.tag})" if event.tag and event.tag not in name else ""
    title = f"{_heading('Release', _one_line(name, _LONGEST_LINE), '')}{tag} {event.action or 'changed'}"
    new = event.action in _BEGINNINGS
    return Message(
        title=title,
        text=_excerpt(event.text) if new else "",
        level=Level.SUCCESS if new else Level.INFO,
        links=_link("Release", event.url),
    )


def _generic(event: Event) -> Message:
    thing = _words(event.type).capitalize() or "Event"
    done = _PIPELINE_WORDS.get(event.status or "") or _words(event.action or "")
    said = done in thing.split(" ")[-1:]  # `contact.created` says already what was done
    title = _titled(_heading(thing, "", "" if said else done), event.title)
    fields = _fields(event, "branch", "tag", "duration")
    return Message(title=title, text=_excerpt(event.text), level=_level(event), fields=fields)


_WRITERS: Final[Mapping[str, Callable[[Event], Message]]] = {
    EventType.PUSH: _push,
    EventType.TAG_PUSH: _tag_push,
    EventType.MERGE_REQUEST: _merge_request,
    EventType.PIPELINE: _pipeline,
    EventType.ISSUE: _issue,
    EventType.DEPLOYMENT: _deployment,
    EventType.WIKI_PAGE: _wiki_page,
    EventType.RELEASE: _release,
    "confidential_issue": lambda event: _confidential(_issue(event)),
}


def _confidential(message: Message) -> Message:
    return attrs.evolve(message, title=f"Confidential: {message.title}")


# --- what they are made of ----------------------------------------------------


def _words(name: str) -> str:
    return re.sub(rf"[\s{_UNPRINTED}_.:/-]+", " ", name[:_LONGEST_LINE]).strip()


def _heading(thing: str, which: str, action: str | None) -> str:
    return " ".join(part for part in (thing, which, action) if part)


def _titled(heading: str, title: str | None) -> str:
    return f"{heading}: {_one_line(title, _LONGEST_LINE)}" if title else heading


def _link(label: str, url: str | None) -> tuple[Link, ...]:
    return (Link(label=label, url=url),) if url else ()


def _level(event: Event) -> Level:
    return _LEVELS.get(event.status or "", Level.INFO)


def _key(event: Event) -> str | None:
    """What the event is about. The runs of a branch's pipeline share one: the next one tells how it goes on."""
    other = event.number if event.number is not None else event.subject
    lasting = {"pipeline": event.branch or event.tag, "deployment": event.environment}
    about = lasting.get(event.type, other)
    return f"{event.provider}:{event.project or event.source}:{event.type}:{about}" if about else None


def _author(event: Event) -> str | None:
    return _one_line(event.actor.name, _LONGEST_LINE) or None if event.actor else None


def _commit_lines(commits: tuple[Commit, ...], count: int) -> str:
    """List the newest commits, newest first, one line each."""
    lines = [_commit_line(commit) for commit in commits[::-1][:_MOST_ITEMS]]
    more = count - len(lines)
    return "\n".join([*lines, f"and {more} more"] if lines and more > 0 else lines)


def _commit_line(commit: Commit) -> str:
    by = f" ({_one_line(commit.author.name, 60)})" if commit.author else ""
    return f"{_one_line(commit.sha, 8, end='')} {_one_line(commit.title, _LONGEST_LINE)}{by}"


def _fields(event: Event, *names: str) -> tuple[Field, ...]:
    into = f"{event.branch} → {event.target_branch}" if event.branch and event.target_branch else event.branch
    known = {
        "branch": _one_line(into or "", _LONGEST_LINE),
        "tag": _one_line(event.tag or "", _LONGEST_LINE),
        "commit": _one_line(event.sha or "", 8, end=""),
        "duration": humanise(event.duration) if event.duration else "",
    }
    return tuple(Field(name=name.capitalize(), value=known[name]) for name in names if known[name])


def _failed_jobs(event: Event) -> Iterable[Field]:
    failed = event.failed_jobs
    for job in failed[:_MOST_ITEMS]:
        stage = f" ({_one_line(job.stage, 60)})" if job.stage else ""
        yield Field(name="Failed job", value=_one_line(job.name, _LONGEST_LINE) + stage, url=_web(job.url))
    if len(failed) > _MOST_ITEMS:
        yield Field(name="Failed jobs", value=f"and {len(failed) - _MOST_ITEMS} more")


def _links(event: Event, own: Iterable[Link]) -> Iterable[Link]:
    """Join the writer's links, a pipeline's merge request and the project; unusable ones are left out."""
    request = _merge_request_url(event)
    about = _link("Merge request", request) if event.type == EventType.PIPELINE else ()
    return [link for link in (*own, *about, *_link("Project", event.project_url)) if _web(link.url)]


def _merge_request_url(event: Event) -> str | None:
    """As GitLab says it in a pipeline; GitHub gives the number only."""
    if isinstance(url := _inside(event.data, "merge_request", "url"), str):
        return url
    runs = (_inside(event.data, kind, "pull_requests") for kind in ("workflow_run", "check_run"))
    requests = next((found for found in runs if found), None)
    number = _inside(requests[0], "number") if isinstance(requests, list) and requests else None
    return f"{event.project_url}/pull/{number}" if isinstance(number, int) and event.project_url else None


def _inside(value: JsonValue, *path: str) -> JsonValue:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _web(url: str | None) -> str | None:
    return url if url and re.fullmatch(r"https?://[^\s\x00-\x1f\x7f]+", url) else None


def _one_line(text: str, longest: int, *, end: str = "…") -> str:
    """Text as one line: white space and control characters folded, cut off with `end` when too long."""
    line = re.sub(rf"[\s{_UNPRINTED}]+", " ", text[: longest * 4 + 1000]).strip()
    return line if len(line) <= longest else line[: longest - len(end)].rstrip() + end


def _excerpt(text: str | None) -> str:
    """Take the beginning of a description, without the HTML comments that templates leave in it."""
    start = re.sub(r"<!--.*?(-->|\Z)", "", (text or "")[: _LONGEST_TEXT * 8], flags=re.DOTALL)
    lines = (re.sub(rf"[\s{_UNPRINTED}]+", " ", line).strip() for line in start.split("\n"))
    clean = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return clean if len(clean) <= _LONGEST_TEXT else clean[: _LONGEST_TEXT - 1].rstrip() + "…"
