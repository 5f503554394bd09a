"""Jira: Cloud, and Server or Data Center.

`config` says what is configured. `text` and `keys` know Jira's markup and issue keys, `drafts` its fields;
`sources` and `events` what issues, pushes and merge requests elsewhere mean to it: all pure. `api`, `notes`,
`issues`, `sync` and `provider` talk to it, each resting on the one before.
"""

from integrations_sdk.connectors.jira.config import JiraConfig
from integrations_sdk.connectors.jira.keys import IssueKey, issue_keys
from integrations_sdk.connectors.jira.provider import JiraConnector

__all__ = ["IssueKey", "JiraConfig", "JiraConnector", "connector", "issue_keys"]

connector = JiraConnector
