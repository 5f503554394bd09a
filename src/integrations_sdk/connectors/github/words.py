"""GitHub's words: error bodies, states, events. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from integrations_sdk.connectors.base import (
    BuildStatus,
    ConfigurationError,
    Fault,
    Headers,
    JsonValue,
    RateLimitedError,
    Response,
    fault_of,
    json_of,
    sentence,
    words_of,
)

__all__ = [
    "build_status",
    "commit_state",
    "github_fault",
    "hook_events",
    "issue_state",
    "number_of",
    "token_warnings",
]

_FORTNIGHT = timedelta(days=14)
_COMMIT_STATES = {
    BuildStatus.PENDING: "pending",
    BuildStatus.RUNNING: "pending",
    BuildStatus.SUCCESS: "success",
    BuildStatus.FAILED: "failure",
    BuildStatus.CANCELED: "error",
}
_CONCLUSIONS = {
    "success": BuildStatus.SUCCESS,
    "neutral": BuildStatus.SUCCESS,
    "failure": BuildStatus.FAILED,
    "timed_out": BuildStatus.FAILED,
    "startup_failure": BuildStatus.FAILED,
    "cancelled": BuildStatus.CANCELED,
    "skipped": BuildStatus.CANCELED,
    "stale": BuildStatus.CANCELED,
}
_ISSUE_STATES = {
    **dict.fromkeys(("closed", "close", "completed", "done", "resolved"), ("closed", "completed")),
    **dict.fromkeys(("not_planned", "wontfix"), ("closed", "not_planned")),
    "duplicate": ("closed", "duplicate"),
    **dict.fromkeys(("open", "opened", "reopen", "reopened"), ("open", "reopened")),
}
_HOOK_EVENTS = {
    "push": "push",
    "tag_push": "push",
    "merge_request": "pull_request",
    "pipeline": "workflow_run",
    "issue": "issues",
    "deployment": "deployment_status",
    "wiki_page": "gollum",
    "release": "release",
}


def github_fault(response: Response) -> Fault | None:
    """What is wrong with an answer, in GitHub's own words.

    A 403 is a rate limit when it says so (https://docs.github.com/rest/using-the-rest-api, "Rate limits"),
    and otherwise names the permission that is missing, where GitHub does. A 404 may as well mean that the
    token cannot see the repository, which GitHub never says.
    """
    fault = fault_of(response)
    if fault is None:
        return None
    body = json_of(response)
    said = body if isinstance(body, dict) else {}
    if 300 <= response.status < 400:
        moved = "message" in said
        return Fault(fault.kind, "the repository has moved; configure its new name") if moved else fault
    words = sentence(": ".join(part for part in _said(said) if part)) or words_of(response) or fault.message
    if response.status in {403, 429} and _is_limit(response.headers, words):
        return Fault(RateLimitedError, words)
    if response.status == 403 and (needed := response.headers.get("x-accepted-github-permissions")):
        words = f"{words}; it needs {needed}"
    if response.status == 404:
        words = f"{words}: it does not exist, or the token cannot see it"
    return Fault(fault.kind, words, _code(said))


def commit_state(status: BuildStatus) -> str:
    """GitHub's state of a commit; it has none for running, and `error` stands for a build without result."""
    return _COMMIT_STATES[status]


def build_status(run: Mapping[str, JsonValue]) -> BuildStatus:
    """A workflow run's status: what waits (for a runner, an approval) is pending."""
    if run.get("status") == "completed":
        return _CONCLUSIONS.get(str(run.get("conclusion")), BuildStatus.PENDING)
    return BuildStatus.RUNNING if run.get("status") == "in_progress" else BuildStatus.PENDING


def issue_state(to: str) -> dict[str, JsonValue]:
    """The `state` and `state_reason` that lead to a state.

    Raises:
        ConfigurationError: GitHub's issues are open or closed, nothing else.
    """
    found = _ISSUE_STATES.get(to.strip().lower().replace(" ", "_"))
    if found is None:
        expected = "expected `closed`, `not_planned`, `duplicate` or `open`"
        raise ConfigurationError.of("github issue", "to", expected, "use a label for finer states")
    return {"state": found[0], "state_reason": found[1]}


def hook_events(events: Iterable[str]) -> list[JsonValue]:
    """GitHub's events for the library's event types; its own names pass as they are, `*` means all."""
    return [*dict.fromkeys(_HOOK_EVENTS.get(event, event) for event in events)]


def token_warnings(headers: Headers, today: date) -> tuple[str, ...]:
    """What of a token, as the headers of an answer describe it, should not stay so."""
    return tuple(_warnings(headers, today))


def number_of(reference: str) -> str:
    """The number in a reference: `12` of `12` and `#12`.

    Raises:
        ConfigurationError: there is none.
    """
    number = reference.strip().lstrip("#")
    if not number.isdecimal():
        raise ConfigurationError.of("github reference", "reference", "expected a number such as 12 or #12")
    return number


def _warnings(headers: Headers, today: date) -> Iterator[str]:
    found = re.match(r"\d{4}-\d{2}-\d{2}", headers.get("github-authentication-token-expiration", ""))
    if found is not None and found[0] <= (today + _FORTNIGHT).isoformat():
        yield f"the token expires on {found[0]}; replace it"
    scopes = headers.get("x-oauth-scopes", "")
    if scopes and not {"repo", "public_repo"} & {scope.strip() for scope in scopes.split(",")}:
        yield f"the token has only {scopes}; creating and changing things needs `repo`"


def _said(body: Mapping[str, JsonValue]) -> Iterator[str]:
    yield str(body.get("message") or "")
    errors = body.get("errors")
    yield "; ".join(map(_detail, errors if isinstance(errors, list) else [errors] if errors else []))


def _detail(error: JsonValue) -> str:
    if not isinstance(error, dict):
        return str(error)
    said = error.get("message") or error.get("code")  # `custom` errors have words, the others a code
    return f"{error['field']} {said}" if "field" in error and said == error.get("code") else str(said)


def _is_limit(headers: Headers, words: str) -> bool:
    told = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return told or "rate limit" in words.lower()


def _code(body: Mapping[str, JsonValue]) -> str | None:
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return str(first["code"]) if isinstance(first, dict) and "code" in first else None
