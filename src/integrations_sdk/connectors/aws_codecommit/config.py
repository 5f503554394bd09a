"""How an AWS CodeCommit integration is configured."""

from __future__ import annotations

import re

from integrations_sdk.connectors.base import AwsConfig, not_empty, setting, settings

__all__ = ["CodeCommitConfig"]


def _repository(value: str) -> str | None:
    known = re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", value) and not value.endswith(".git")
    return None if known else "a repository's name: letters, digits, `.`, `_` and `-`; not its URL"


@settings
class CodeCommitConfig(AwsConfig):
    """A repository on AWS CodeCommit."""

    repository: str = setting(
        "Name of the repository.",
        validate=_repository,
        also=("repository_name", "repo", "project"),
        example="shop-web",
    )
    target_branch: str = setting(
        "Branch that pull requests are to be merged into.",
        default="main",
        validate=not_empty,
        also=("base_branch",),
    )
