"""What all of Datadog's operations share: addresses, credentials, faults."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Fault,
    ProviderUnavailableError,
    Response,
    TelemetrySink,
    fault_of,
)
from integrations_sdk.connectors.datadog.config import DatadogConfig

__all__ = ["DatadogApi"]


class DatadogApi(TelemetrySink[DatadogConfig]):
    """The API of a site, and its intake of logs."""

    @property
    def base_url(self) -> str:
        """The API of the site."""
        return (self.config.api_url or f"https://api.{self.config.site}").rstrip("/")

    @property
    def logs_url(self) -> str:
        """The log intake of the site."""
        return (self.config.api_url or f"https://http-intake.logs.{self.config.site}").rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The API key. The application key stays out: nothing but the check needs it."""
        return {"dd-api-key": self.config.api_key.reveal()}

    def fault(self, response: Response) -> Fault | None:
        """As the status says, but that 403 means a wrong key here, and 408 asks to try again."""
        found = fault_of(response)
        if found is not None and response.status == HTTPStatus.FORBIDDEN:
            return Fault(AuthenticationError, f"{found.message}; is the key one of {self._where}?")
        if found is not None and response.status == HTTPStatus.REQUEST_TIMEOUT:
            return Fault(ProviderUnavailableError, found.message)
        return found

    @property
    def _where(self) -> str:
        return self.config.api_url or self.config.site
