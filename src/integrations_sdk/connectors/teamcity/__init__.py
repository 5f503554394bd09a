"""TeamCity: builds of build configurations.

`config` says what is configured, `words` knows bodies, states and errors: both pure. `provider` talks to TeamCity.
"""

from integrations_sdk.connectors.teamcity.config import TeamCityConfig
from integrations_sdk.connectors.teamcity.provider import TeamCityConnector

__all__ = ["TeamCityConfig", "TeamCityConnector", "connector"]

connector = TeamCityConnector
