"""What build servers share before anything is sent: which events build what, and how builds are followed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.config import ConnectorConfig, not_empty, setting, settings
from integrations_sdk.models import (
    BuildRequest,
    BuildStatus,
    Event,
    EventType,
)

__all__ = ["ENDED", "BuildServerConfig", "build_request", "delays", "no_build", "parameter_text"]

ENDED: Final = frozenset({BuildStatus.SUCCESS, BuildStatus.FAILED, BuildStatus.CANCELED})
"""How a build stands once nothing more comes of it."""

_SLOWEST: Final = 60.0
_SWITCHES: Final = {
    EventType.PUSH: "trigger_on_push",
    EventType.MERGE_REQUEST: "trigger_on_merge_request",
    EventType.TAG_PUSH: "trigger_on_tag",
}


def _positive(value: timedelta) -> str | None:
    return None if value > timedelta(0) else "more than 0 seconds"


@settings
class BuildServerConfig(ConnectorConfig):
    """When builds are started by themselves, and where their results are shown."""

    trigger_on_push: bool | None = setting("Build what is pushed; none: if `events` names it.", default=None)
    trigger_on_merge_request: bool | None = setting(
        "Build merge requests with new commits; none: if `events` names them.", default=None
    )
    trigger_on_tag: bool | None = setting("Build new tags; none: if `events` names them.", default=None)
    report_status_to: str | None = setting(
        "Id of the integration of a source host that shows the builds' results beside their commits.",
        default=None,
        validate=not_empty,
        example="gitlab-1",
    )
    poll_interval: timedelta = setting(
        "Seconds between two looks at a build; later ones are further apart.",
        default=timedelta(seconds=5),
        validate=_positive,
    )
    build_timeout: timedelta = setting(
        "Seconds for which a build's result is waited for in order to report it.",
        default=timedelta(hours=6),
        validate=_positive,
    )


def no_build(event: Event, config: BuildServerConfig) -> str | None:
    """Why an event starts no build, its branch apart; None if it does."""
    if event.type not in _SWITCHES:
        return f"{event.type} starts no builds: push, merge_request and tag_push do"
    name = _SWITCHES[EventType(event.type)]
    switch = getattr(config, name)
    if switch is None:
        switch = config.events is not None
    if not switch:
        return f"{name} is off"
    if event.action == "deleted" or not event.sha:
        return "there is no commit to build"
    if event.type == EventType.MERGE_REQUEST and not _new_commits(event):
        return f"a merge request that was {event.action or 'touched'} brings no new commits"
    return None


def build_request(event: Event) -> BuildRequest:
    """What to build for an event."""
    return BuildRequest(branch=event.branch, commit_sha=event.sha, tag=event.tag)


def parameter_text(value: str | float) -> str:  # True is a number, too
    """A parameter as build servers take it: `true`, `3`, or the text itself."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def delays(first: float) -> Iterator[float]:
    """Seconds to wait between looks: from `first` on half as much more each time, up to a minute."""
    delay = first
    while True:
        yield delay
        delay = max(first, min(delay * 1.5, _SLOWEST))


def _new_commits(event: Event) -> bool:
    """GitLab says `oldrev`, GitHub `synchronize`, when commits were pushed to a request that is open."""
    if event.action in {"opened", "reopened"}:
        return True
    attributes = event.data.get("object_attributes")
    pushed = isinstance(attributes, dict) and bool(attributes.get("oldrev"))
    return event.action == "updated" and (pushed or event.data.get("action") == "synchronize")
