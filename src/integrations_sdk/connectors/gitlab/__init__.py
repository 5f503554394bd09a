"""GitLab: issues, merge requests, comments, commit statuses, pipelines, hooks."""

from __future__ import annotations

from integrations_sdk.connectors.gitlab.config import GitLabConfig
from integrations_sdk.connectors.gitlab.hooks import Hooks
from integrations_sdk.connectors.gitlab.issues import Issues
from integrations_sdk.connectors.gitlab.merge_requests import MergeRequests
from integrations_sdk.connectors.gitlab.pipelines import Pipelines

__all__ = ["GitLabConfig", "GitLabConnector", "connector"]


class GitLabConnector(Issues, MergeRequests, Pipelines, Hooks):
    """A project on GitLab: issue tracker, build trigger and source host.

    It acts on events where `auto_create_mrs` is set.
    """


connector = GitLabConnector
