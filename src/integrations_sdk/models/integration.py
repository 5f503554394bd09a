"""What people configure: integrations, and the words that describe a provider."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from integrations_sdk.models.record import JsonValue, Record

__all__ = ["Category", "Integration", "IntegrationState", "IntegrationType", "Scope"]


class Category(StrEnum):
    """What kind of service a provider is."""

    COMMUNICATION = "communication"
    ISSUE_TRACKING = "issue_tracking"
    CI_CD = "ci_cd"
    MONITORING = "monitoring"
    SECURITY = "security"
    CLOUD = "cloud"
    IDENTITY = "identity"
    SOURCE = "source"
    MESSAGING = "messaging"
    CUSTOM = "custom"


class IntegrationType(StrEnum):
    """The built-in providers; a third party's is named by its string."""

    SLACK = "slack"
    DISCORD = "discord"
    MATTERMOST = "mattermost"
    MICROSOFT_TEAMS = "microsoft_teams"
    TELEGRAM = "telegram"
    SMTP = "smtp"
    SENDGRID = "sendgrid"
    TWILIO = "twilio"
    JIRA = "jira"
    ZENDESK = "zendesk"
    ASANA = "asana"
    REDMINE = "redmine"
    JENKINS = "jenkins"
    BAMBOO = "bamboo"
    TEAMCITY = "teamcity"
    GITLAB = "gitlab"
    GITHUB = "github"
    AZURE_DEVOPS = "azure_devops"
    DATADOG = "datadog"
    SENTRY = "sentry"
    PROMETHEUS = "prometheus"
    NEWRELIC = "newrelic"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    STATUSPAGE = "statuspage"
    SONARQUBE = "sonarqube"
    SNYK = "snyk"
    MEND = "mend"
    WHITESOURCE = "mend"  # what it was called
    AWS_CODECOMMIT = "aws_codecommit"
    GOOGLE_CLOUD_BUILD = "google_cloud_build"
    SNS = "sns"
    SPLUNK = "splunk"
    GRAFANA = "grafana"
    OKTA = "okta"
    AUTH0 = "auth0"
    AZURE_AD = "azure_ad"
    WEBHOOK = "webhook"
    CUSTOM = "custom"


class IntegrationState(StrEnum):
    """Whether an integration takes part in fan-outs and sweeps."""

    ACTIVE = "active"
    DISABLED = "disabled"


@attrs.frozen(kw_only=True)
class Scope:
    """Whose records a manager sees: one tenant, and within it one project or (None) all of them.

    Attributes:
        gitlab_url: the GitLab instance the project lives on.
    """

    tenant_id: str = "default"
    project_id: str | None = None
    gitlab_url: str = "https://gitlab.com"


@attrs.frozen(kw_only=True)
class Integration(Record):
    """A provider configured for one project of one tenant. Its credentials are not in it.

    Attributes:
        integration_id: readable and stable, e.g. `slack-1`.
        integration_type: the provider's name, e.g. `slack`.
        name: for people; defaults to the provider's title and the number.
        config: the configuration in JSON form; secret fields are `••••` where set, and absent elsewhere.
        version: 1 at first, and one more after each update.
    """

    integration_id: str
    integration_type: str
    name: str
    tenant_id: str
    project_id: str | None
    config: dict[str, JsonValue]
    state: IntegrationState = IntegrationState.ACTIVE
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def provider(self) -> str:
        """The provider's name; the design's word for `integration_type`."""
        return self.integration_type
