"""GitLab's words: error bodies, states, hook flags, quick actions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from integrations_sdk.connectors.base import (
    BuildStatus,
    ConfigurationError,
    Fault,
    JsonValue,
    Response,
    fault_of,
    json_of,
    sentence,
    words_of,
)

__all__ = ["build_status", "gitlab_fault", "hook_flags", "inert", "state_event", "token_warnings"]

_SAME_STATE = re.compile(r"Cannot transition status via :(\w+) from :(\w+)")
_LEADS_TO = {
    "enqueue": "pending",
    "run": "running",
    "success": "success",
    "drop": "failed",
    "cancel": "canceled",
}
_QUICK_ACTION = re.compile(r"^([ \t>]*)/(?=[a-z_]+(?:[ \t\r]|$))", re.IGNORECASE | re.MULTILINE)
_HOOK_FLAGS = {
    "push": "push_events",
    "tag_push": "tag_push_events",
    "merge_request": "merge_requests_events",
    "pipeline": "pipeline_events",
    "issue": "issues_events",
    "deployment": "deployment_events",
    "wiki_page": "wiki_page_events",
    "release": "releases_events",
    "note": "note_events",
    "job": "job_events",
}
_STATUSES = {
    "success": BuildStatus.SUCCESS,
    "failed": BuildStatus.FAILED,
    "canceled": BuildStatus.CANCELED,
    "canceling": BuildStatus.CANCELED,
    "skipped": BuildStatus.CANCELED,
    "running": BuildStatus.RUNNING,
}
_STATE_EVENTS = {
    **dict.fromkeys(("close", "closed", "done", "resolved"), "close"),
    **dict.fromkeys(("reopen", "reopened", "open", "opened"), "reopen"),
}


def gitlab_fault(response: Response) -> Fault | None:
    """What is wrong with an answer, in GitLab's own words.

    Setting a commit's status to what it is already is refused with a 400; that is as good as done, so no
    fault. A 404 may as well mean that the token lacks the right to see the thing, which GitLab never says.
    Source: https://docs.gitlab.com/api/rest/troubleshooting/, issue 25807 of gitlab-org/gitlab-foss.
    """
    fault = fault_of(response)
    if fault is None or 300 <= response.status < 400:
        return fault
    body = _body(response)
    if _is_unchanged(body):
        return None
    words = sentence("; ".join(_said(body))) or words_of(response) or fault.message
    if response.status == 404:
        words += ": it does not exist, or the token cannot see it"
    return Fault(fault.kind, words, _code(body))


def build_status(word: object) -> BuildStatus:
    """A pipeline's status: what waits (`created`, `manual`, …) is pending, what was `skipped` never ran."""
    return _STATUSES.get(str(word), BuildStatus.PENDING)


def state_event(to: str) -> str:
    """The `state_event` that leads to a state.

    Raises:
        ConfigurationError: GitLab's issues are open or closed, nothing else.
    """
    found = _STATE_EVENTS.get(to.strip().lower())
    if found is None:
        raise ConfigurationError.of(
            "gitlab issue", "to", "expected `closed` or `opened`", "use a label for finer states"
        )
    return found


def hook_flags(events: Iterable[str]) -> dict[str, JsonValue]:
    """Every event flag of a hook, set for the events given; `*` sets all.

    Raises:
        ConfigurationError: naming what is not an event type.
    """
    wanted = set(events)
    if unknown := sorted(wanted - {*_HOOK_FLAGS, "*"}):
        raise ConfigurationError.of(
            "gitlab hook", "events", f"no event type {unknown[0]!r}", f"known: {', '.join(_HOOK_FLAGS)}"
        )
    return {flag: bool(wanted & {word, "*"}) for word, flag in _HOOK_FLAGS.items()}


def inert(text: str) -> str:
    """Text in which no line is a quick action: `/close` from somewhere else must not close anything.

    Source: https://docs.gitlab.com/user/project/quick_actions/
    """
    return _QUICK_ACTION.sub(r"\1\\/", text)


def token_warnings(token: Mapping[str, JsonValue], today: date) -> tuple[str, ...]:
    """What of a token, as `/personal_access_tokens/self` describes it, should not stay so."""
    return tuple(_warnings(token, today))


def _warnings(token: Mapping[str, JsonValue], today: date) -> Iterator[str]:
    scopes = token.get("scopes")
    if isinstance(scopes, list) and "api" not in scopes:
        known = ", ".join(map(str, scopes)) or "no scope"
        yield f"the token has only {known}; creating and changing things needs `api`"
    expires = token.get("expires_at")
    if isinstance(expires, str) and expires <= (today + timedelta(days=14)).isoformat():
        yield f"the token expires on {expires}; rotate it"


def _body(response: Response) -> Mapping[str, JsonValue]:
    body = json_of(response)
    return body if isinstance(body, dict) else {}


def _is_unchanged(body: Mapping[str, JsonValue]) -> bool:
    found = _SAME_STATE.search(str(body.get("message", "")))
    return found is not None and _LEADS_TO.get(found[1]) == found[2]


def _said(body: Mapping[str, JsonValue]) -> Iterator[str]:
    said = body.get("message") or body.get("error_description") or body.get("error")
    if isinstance(said, dict):  # {"title": ["is too long"], "base": ["…"]}
        for field, problems in said.items():
            each = problems if isinstance(problems, list) else [problems]
            yield from (str(words) if field == "base" else f"{field} {words}" for words in each)
    elif isinstance(said, list):
        yield from map(str, said)
    elif said:
        yield str(said)
    if scope := body.get("scope"):
        yield f"the token needs the scope {scope}"


def _code(body: Mapping[str, JsonValue]) -> str | None:
    return str(body["error"]) if "error_description" in body and "error" in body else None
