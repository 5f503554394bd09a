"""Jenkins: builds of jobs, folders and multibranch projects.

`config` says what is configured, `builds` knows jobs, references and results: both pure. `server`,
`tracking` and `provider` talk to it, each resting on the one before.
"""

from integrations_sdk.connectors.jenkins.config import JenkinsConfig
from integrations_sdk.connectors.jenkins.provider import JenkinsConnector

__all__ = ["JenkinsConfig", "JenkinsConnector", "connector"]

connector = JenkinsConnector
