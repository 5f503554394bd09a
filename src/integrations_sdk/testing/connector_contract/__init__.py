"""`ConnectorContract`: what holds for every connector, as tests that its test class inherits.

```python
class TestPager(ConnectorContract, connector=PagerConnector, stand_in=PagerStandIn): ...
```

Needs pytest.
"""

from __future__ import annotations

from integrations_sdk.connectors.base import Connector, ConnectorConfig, MailConnector
from integrations_sdk.testing.connector_contract.breaking import AnswerContract
from integrations_sdk.testing.connector_contract.case import ConnectorCase
from integrations_sdk.testing.connector_contract.configuring import ConfigurationContract
from integrations_sdk.testing.connector_contract.connecting import ConnectionContract
from integrations_sdk.testing.connector_contract.describing import DescriptionContract
from integrations_sdk.testing.connector_contract.keeping import LifeContract
from integrations_sdk.testing.connector_contract.mailing import MailContract
from integrations_sdk.testing.connector_contract.managing import ManagerContract
from integrations_sdk.testing.connector_contract.refusing import RefusalContract
from integrations_sdk.testing.connector_contract.secrecy import SecrecyContract
from integrations_sdk.testing.connector_contract.waiting import WaitingContract

__all__ = ["ConnectorContract", "MailConnectorContract", "contract_for"]


class ConnectorContract(
    DescriptionContract,
    ConfigurationContract,
    LifeContract,
    ManagerContract,
    RefusalContract,
    WaitingContract,
    AnswerContract,
    SecrecyContract,
    ConnectionContract,
):
    """For a connector that speaks HTTP. Name the subclass `Test…`; its keywords say whom, `ConnectorCase` what else."""


class MailConnectorContract(
    DescriptionContract, ConfigurationContract, LifeContract, ManagerContract, MailContract
):
    """For a `MailConnector`: what does not depend on HTTP, and the same promises about mail servers."""


def contract_for(connector: type[Connector[ConnectorConfig]]) -> type[ConnectorCase]:
    """The contract that a connector class is to keep."""
    return MailConnectorContract if issubclass(connector, MailConnector) else ConnectorContract
