"""AWS CodeCommit: repositories, pull requests, comments, what builds say of commits."""

from __future__ import annotations

from integrations_sdk.connectors.aws_codecommit.commits import Commits
from integrations_sdk.connectors.aws_codecommit.config import CodeCommitConfig
from integrations_sdk.connectors.aws_codecommit.pull_requests import PullRequests

__all__ = ["CodeCommitConfig", "CodeCommitConnector", "connector"]


class CodeCommitConnector(PullRequests, Commits):
    """Repositories on AWS CodeCommit: source host. It acts on no events itself."""


connector = CodeCommitConnector
