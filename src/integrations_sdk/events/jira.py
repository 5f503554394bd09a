"""Jira's webhook bodies (https://developer.atlassian.com/cloud/jira/platform/webhooks/)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.reading import Facts, Reader, drop_none, named, reading
from integrations_sdk.models import Actor, EventType, JsonValue

__all__ = ["normalise"]

_ISSUE_EVENTS: Final = {
    "jira:issue_created": "opened",
    "jira:issue_updated": "updated",
    "jira:issue_deleted": "deleted",
}


def normalise(headers: Mapping[str, str], body: Mapping[str, JsonValue]) -> Facts:  # noqa: ARG001  # as every sender
    """Read a Jira webhook: issues become `issue` events, all else keeps the name in `webhookEvent`.

    Raises:
        ConfigurationError: there is no `webhookEvent`, or naming every field of the wrong type.
    """
    with reading("jira webhook", body) as reader:
        name, issue = reader.word("webhookEvent"), reader.child("issue")
        if not name:
            raise ConfigurationError.of(
                "jira webhook", "webhookEvent", "missing; expected e.g. jira:issue_created"
            )
        facts = _common(reader, issue)
        facts["type"] = EventType.ISSUE.value if name in _ISSUE_EVENTS else name
        facts.update(drop_none(action=_action(name, reader)))
        return facts


def _common(body: Reader, issue: Reader) -> Facts:
    fields, key = issue.child("fields"), issue.word("key")
    project = fields.child("project").word("key") or (key or "").rpartition("-")[0] or None
    base = _base(issue.url("self"))
    home = f"{base}/browse/{quote(project, safe='')}" if base and project else None
    comment = body.child("comment")
    return drop_none(
        source=home or base or "jira",
        subject=named("issues", key),
        number=_number(key),
        project=project,
        project_url=home,
        title=fields.text("summary"),
        text=_written(comment) if comment else _written(fields, "description"),
        url=f"{base}/browse/{quote(key, safe='')}" if base and key else None,
        actor=_user(body.child("user")) or _user(comment.child("author")),
        time=body.time("timestamp"),
    )


def _action(name: str, body: Reader) -> str | None:
    """`closed` and `reopened` are told by the change of the resolution."""
    for item in body.child("changelog").children("items"):
        if name == "jira:issue_updated" and item.text("field") == "resolution":
            return "closed" if item.text("toString") else "reopened"
    return _ISSUE_EVENTS.get(name)


def _written(thing: Reader, name: str = "body") -> str | None:
    return thing.text(name) if not thing.peek(name) else None  # a rich-text document (v3) is no text


def _number(key: str | None) -> int | None:
    digits = (key or "").rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 18 else None


def _base(url: str | None) -> str | None:
    """The instance's URL: what comes before `/rest/` in the URL of one of its resources."""
    if not url:
        return None
    try:
        return (
            url.partition("/rest/")[0]
            if "/rest/" in url
            else f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
        )
    except ValueError:
        return None


def _user(user: Reader) -> Actor | None:
    name, username = user.text("displayName"), user.text("name") or user.text("accountId")
    if not (name or username):
        return None
    return Actor(name=name or username or "", username=username, email=user.text("emailAddress"))
