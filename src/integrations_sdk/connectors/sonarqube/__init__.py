"""SonarQube, Server and Cloud: quality gates, issues, measures.

`config` says what is configured, `words` knows severities and texts: both pure. `provider` talks to SonarQube.
"""

from integrations_sdk.connectors.sonarqube.config import SonarQubeConfig
from integrations_sdk.connectors.sonarqube.provider import SonarQubeConnector

__all__ = ["SonarQubeConfig", "SonarQubeConnector", "connector"]

connector = SonarQubeConnector
