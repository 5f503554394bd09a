"""AWS: what its services share: configuration, credentials, signatures (extra `aws`), errors."""

from integrations_sdk.connectors.aws.config import AwsConfig
from integrations_sdk.connectors.aws.connector import AwsConnector

__all__ = ["AwsConfig", "AwsConnector"]
