"""What a Bamboo integration is configured with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.bamboo.results import is_plan
from integrations_sdk.connectors.base import (
    BuildServerConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)

__all__ = ["BambooConfig"]


def _plan(value: str) -> str | None:
    return None if is_plan(value) else "a plan's key such as PROJ-PLAN"


def _root(value: str) -> str | None:
    wrong = http_url(value)
    if wrong is None and any(mark in value for mark in ("?", "#", "/rest", "/browse")):
        return "the address of Bamboo itself, such as https://bamboo.example.com"
    return wrong


@settings
class BambooConfig(BuildServerConfig):
    """A Bamboo server, and the plans that are built on it."""

    url: str = setting(
        "Address of Bamboo, with its path if it has one.",
        validate=_root,
        also=("base_url", "bamboo_url", "server_url"),
        env=("BAMBOO_URL",),
        example="https://bamboo.company.com",
    )
    token: Secret = setting(
        "Personal access token of who starts the builds.",
        validate=not_empty,
        also=("api_token", "access_token"),
        env=("BAMBOO_TOKEN",),
    )
    plan: str | None = setting(
        "Key of the plan to build, with its project's.",
        default=None,
        validate=_plan,
        also=("plan_key", "job", "project_name"),
        env=("BAMBOO_PLAN",),
        example="PROJ-PLAN",
    )
    plans: tuple[str, ...] = setting(
        "Keys of further plans, built together with it.", default=(), validate=_plan, also=("jobs",)
    )
    default_branch: str = setting(
        "Branch that the plan itself builds; others have plan branches.", default="main", validate=not_empty
    )
    variables: dict[str, str | bool | int | float] = setting(
        "Variables of every build; they are part of a URL, so no place for secrets.",
        factory=dict,
        also=("parameters", "job_parameters"),
        example="environment: production",
    )
    stage: str | None = setting(
        "Name of the last stage to run; none: up to the first manual one.", default=None, validate=not_empty
    )
    execute_all_stages: bool = setting("Run manual stages as well.", default=False)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """There must be something to build."""
        if not given.get("plan") and not given.get("plans"):
            yield Problem("plan", "missing; expected a plan's key", "name it, or several as `plans`")
        if given.get("stage") and given.get("execute_all_stages"):
            yield Problem("stage", "given together with execute_all_stages", "a build does one or the other")
