"""What a push or a merge request means for the issues it names. Pure."""

from __future__ import annotations

from typing import Final

import attrs

from integrations_sdk.connectors.base import Event, EventType, JsonValue
from integrations_sdk.connectors.jira.config import JiraConfig
from integrations_sdk.connectors.jira.keys import issue_keys
from integrations_sdk.connectors.jira.text import plain_text

__all__ = ["ISSUE_EVENTS", "Commitment", "Mention", "already_said", "mentions_of", "transition_for"]

MOST_ISSUES: Final = 25
"""Issues that one event acts on; an event that names more is told apart in the outcome."""

ISSUE_EVENTS: Final = frozenset({"issue", "confidential_issue", "work_item"})

_TOLD: Final = frozenset({"opened", "reopened", "merged", "closed"})
_RESOLVED: Final = frozenset({"merged", "closed"})


@attrs.frozen(kw_only=True)
class Commitment:
    """One thing to be linked with an issue: a commit, or a merge request.

    Attributes:
        marker: what a comment about it contains.
    """

    url: str | None
    title: str
    line: str
    marker: str
    resolved: bool = False


@attrs.frozen(kw_only=True)
class Mention:
    """An issue that an event names.

    Attributes:
        heading: of the comment; None: there is nothing to be said, only to be linked.
        closing: a message closes it, and the branch is the one that counts.
        lands: whether the change is in: pushed, or merged.
    """

    key: str
    closing: bool
    lands: bool
    heading: str | None
    items: tuple[Commitment, ...]

    def comment(self, items: tuple[Commitment, ...]) -> str:
        """The comment that tells of these items."""
        return "\n".join([self.heading or "", *(item.line for item in items)]).strip()


def mentions_of(event: Event, config: JiraConfig) -> tuple[Mention, ...]:
    """The issues of the project that a push's commits, or a merge request's title, text and branch, name."""
    if event.type == EventType.MERGE_REQUEST:
        return _of_request(event, config)
    return _of_push(event, config)


def transition_for(mention: Mention, config: JiraConfig) -> str | None:
    """Where an issue goes because it was named; None: it stays."""
    if not mention.lands:
        return None
    if mention.closing:
        return config.closing_transition or config.transition_id or "done"
    return config.transition_id


def already_said(comments: list[dict[str, JsonValue]], marker: str, comment: str | None = None) -> bool:
    """Whether the newest comment with the marker (newest first) is there, and says just this."""
    texts = (plain_text(comment.get("body")) for comment in comments)
    newest = next((text for text in texts if marker in text), None)
    return newest is not None and (comment is None or newest == comment)


def _of_push(event: Event, config: JiraConfig) -> tuple[Mention, ...]:
    named: dict[str, list[Commitment]] = {}
    closing: set[str] = set()
    for commit in event.commits:
        short = commit.sha[:8]
        item = Commitment(
            url=commit.url,
            title=commit.title or short,
            line=f"- [{short}]({commit.url}) {commit.title}" if commit.url else f"- {short} {commit.title}",
            marker=commit.url or short,
        )
        for found in issue_keys(commit.message, config.project_key):
            named.setdefault(found.key, []).append(item)
            closing |= {found.key} if found.closing else set()
    who = event.actor.name if event.actor else "Somebody"
    heading = f"{who} pushed to {event.branch or 'a branch'} of {event.project or event.source}:"
    counts = _counts(event, event.branch, config)
    return tuple(
        Mention(key=key, closing=counts and key in closing, lands=True, heading=heading, items=tuple(items))
        for key, items in named.items()
    )


def _of_request(event: Event, config: JiraConfig) -> tuple[Mention, ...]:
    text = "\n".join(part for part in (event.title, event.text, event.branch) if part)
    title = f"!{event.number} {event.title or ''}".strip()
    item = Commitment(
        url=event.url,
        title=title,
        line=f"[{title}]({event.url})" if event.url else title,
        marker=event.url or title,
        resolved=event.action in _RESOLVED,
    )
    who = event.actor.name if event.actor else "Somebody"
    told = event.action in _TOLD
    into = f", {event.branch} into {event.target_branch}" if event.branch and event.target_branch else ""
    heading = (
        f"{who} {event.action} a merge request of {event.project or event.source}{into}:" if told else None
    )
    counts = _counts(event, event.target_branch, config)
    return tuple(
        Mention(
            key=found.key,
            closing=counts and found.closing,
            lands=event.action == "merged",
            heading=heading,
            items=(item,),
        )
        for found in issue_keys(text, config.project_key)
    )


def _counts(event: Event, branch: str | None, config: JiraConfig) -> bool:
    """Whether a change on this branch closes issues: one that was configured, or else the default branch."""
    home = event.data.get("project") or event.data.get("repository")
    default = home.get("default_branch") if isinstance(home, dict) else None
    return bool(config.branches) or not isinstance(default, str) or branch == default
