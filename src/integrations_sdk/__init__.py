"""One typed SDK for the services around your application.

```python
from integrations_sdk import IntegrationManagementManager

with IntegrationManagementManager(project_id="group/name") as mgr:
    slack = mgr.slack.create({"webhook_url": "env:SLACK_WEBHOOK_URL", "channel": "#deployments"})
    mgr.slack.notify(slack["integration_id"], "Deployed.")
```

Names are imported with their first use, so `import integrations_sdk` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrations_sdk.blocking.manager import IntegrationManagementManager
    from integrations_sdk.connectors.base import Connector
    from integrations_sdk.connectors.plain import BaseConnector
    from integrations_sdk.delivery.settings import DeliverySettings
    from integrations_sdk.errors import (
        AuthenticationError,
        ConfigurationError,
        ConnectorError,
        IntegrationError,
        NotFoundError,
        RateLimitedError,
        SignatureError,
    )
    from integrations_sdk.manager import AsyncIntegrationManagementManager
    from integrations_sdk.models import (
        BuildRequest,
        Category,
        Event,
        EventType,
        HealthStatus,
        IntegrationType,
        IssueDraft,
        Level,
        LogEntry,
        Message,
        Metric,
        Outcome,
        Secret,
    )

__all__ = [
    "AsyncIntegrationManagementManager",
    "AuthenticationError",
    "BaseConnector",
    "BuildRequest",
    "Category",
    "ConfigurationError",
    "Connector",
    "ConnectorError",
    "DeliverySettings",
    "Event",
    "EventType",
    "HealthStatus",
    "IntegrationError",
    "IntegrationManagementManager",
    "IntegrationType",
    "IssueDraft",
    "Level",
    "LogEntry",
    "Message",
    "Metric",
    "NotFoundError",
    "Outcome",
    "RateLimitedError",
    "Secret",
    "SignatureError",
]

_HOMES = {
    "IntegrationManagementManager": "blocking.manager",
    "AsyncIntegrationManagementManager": "manager",
    "BaseConnector": "connectors.plain",
    "Connector": "connectors.base",
    "DeliverySettings": "delivery.settings",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        msg = f"module 'integrations_sdk' has no attribute {name!r}"
        raise AttributeError(msg)
    home = _HOMES.get(name) or ("errors" if name.endswith("Error") else "models")
    value: object = getattr(import_module(f"integrations_sdk.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
