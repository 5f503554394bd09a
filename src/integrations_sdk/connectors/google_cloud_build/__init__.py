"""Google Cloud Build: triggers and builds of a project.

`config` says what is configured, `words` knows builds: both pure. `provider` talks to Cloud Build.
"""

from integrations_sdk.connectors.google_cloud_build.config import CloudBuildConfig
from integrations_sdk.connectors.google_cloud_build.provider import CloudBuildConnector

__all__ = ["CloudBuildConfig", "CloudBuildConnector", "connector"]

connector = CloudBuildConnector
