"""Bamboo's keys and states, and what a build is asked for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import Build, BuildStatus, ConfigurationError, JsonValue

__all__ = ["branch_key", "build_of", "is_plan", "plan_of", "result_key"]

_PLAN: Final = re.compile(r"[A-Z][A-Z0-9]*-[A-Z][A-Z0-9]*")
_RESULT: Final = re.compile(r"([A-Z][A-Z0-9]*-[A-Z][A-Z0-9]*)-[0-9]{1,18}")
_LIFE: Final = {  # com.atlassian.bamboo.builder.LifeCycleState; what is left is `Finished`
    "Queued": BuildStatus.PENDING,
    "Pending": BuildStatus.PENDING,
    "InProgress": BuildStatus.RUNNING,
    "NotBuilt": BuildStatus.CANCELED,
}
_STATES: Final = {  # com.atlassian.bamboo.builder.BuildState; a stopped build has none
    "Successful": BuildStatus.SUCCESS,
    "Failed": BuildStatus.FAILED,
    "Unknown": BuildStatus.CANCELED,
}


def is_plan(key: str) -> bool:
    """Whether it is a plan's key, or that of a plan branch, which looks the same."""
    return _PLAN.fullmatch(key) is not None


def result_key(reference: str) -> str:
    """A build's key, `PROJ-PLAN-12`.

    Raises:
        ConfigurationError: it is none.
    """
    if not _RESULT.fullmatch(reference):
        wrong = "expected the key of a build, such as PROJ-PLAN-12"
        raise ConfigurationError.of(
            "build reference", "reference", wrong, "take it from the outcome of trigger_build()"
        )
    return reference


def plan_of(key: str) -> str:
    """The plan in a build's key."""
    return key.rpartition("-")[0]


def branch_key(found: Mapping[str, JsonValue], branch: str) -> str | None:
    """The key of a plan branch, if it is that of a VCS branch; Bamboo writes `feature/x` as `feature-x`."""
    names = {branch, branch.replace("/", "-")}
    return str(found.get("key")) if found.get("shortName") in names else None


def build_of(result: Mapping[str, JsonValue], key: str, url: str) -> Build:
    """A result as the API shows it; an unknown state is no success."""
    life = str(result.get("lifeCycleState"))
    state = str(result.get("buildState") or result.get("state"))
    number, milliseconds = result.get("buildNumber"), result.get("buildDuration")
    return Build(
        reference=key,
        status=_LIFE.get(life) or _STATES.get(state, BuildStatus.FAILED),
        job=plan_of(key),
        number=number if isinstance(number, int) else None,
        url=url,
        duration=timedelta(milliseconds=milliseconds)
        if isinstance(milliseconds, int) and milliseconds > 0 and life == "Finished"
        else None,
    )
