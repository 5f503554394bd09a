"""Amazon SNS: messages to topics, and to phones.

`config` says what is configured, `words` writes messages within SNS' limits: both pure. `provider` talks to SNS.
"""

from integrations_sdk.connectors.sns.config import SnsConfig
from integrations_sdk.connectors.sns.provider import SnsConnector

__all__ = ["SnsConfig", "SnsConnector", "connector"]

connector = SnsConnector
