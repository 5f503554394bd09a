"""Azure DevOps: work items and pipelines of a project, in the cloud or on a server of one's own.

`config` says what is configured; `words` knows fields, states and errors: pure. `api` reaches one organisation,
`work_items` and `pipelines` work in its project, `provider` says what it is.
"""

from __future__ import annotations

from integrations_sdk.connectors.azure_devops.config import AzureDevOpsConfig
from integrations_sdk.connectors.azure_devops.provider import AzureDevOpsConnector

__all__ = ["AzureDevOpsConfig", "AzureDevOpsConnector", "connector"]

connector = AzureDevOpsConnector
