"""GitHub: issues, pull requests, comments, commit statuses, workflows, deployments, hooks."""

from __future__ import annotations

from integrations_sdk.connectors.github.actions import Actions
from integrations_sdk.connectors.github.config import GitHubConfig
from integrations_sdk.connectors.github.issues import Issues
from integrations_sdk.connectors.github.pull_requests import PullRequests
from integrations_sdk.connectors.github.repository import Repository

__all__ = ["GitHubConfig", "GitHubConnector", "connector"]


class GitHubConnector(Issues, PullRequests, Actions, Repository):
    """A repository on GitHub: issue tracker, build trigger and source host.

    It acts on events where `auto_create_issues` is set.
    """


connector = GitHubConnector
