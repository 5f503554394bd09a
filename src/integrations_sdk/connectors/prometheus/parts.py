"""What the parts of Prometheus have in common: credentials, words for errors, and that each may be absent."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Literal

import attrs

from integrations_sdk.connectors.base import ConfigurationError, Connector, Fault, Response, fault_of, json_of
from integrations_sdk.connectors.prometheus.config import PrometheusConfig

__all__ = ["PrometheusPart"]


class PrometheusPart(Connector[PrometheusConfig]):
    """One of Prometheus, Pushgateway and Alertmanager."""

    async def authorize(self) -> Mapping[str, str]:
        """Bearer token, or basic authentication (RFC 7617), or none."""
        if self.config.bearer_token is not None:
            return {"authorization": f"Bearer {self.config.bearer_token.reveal()}"}
        if self.config.username is not None and self.config.password is not None:
            pair = f"{self.config.username}:{self.config.password.reveal()}"
            return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {}

    def fault(self, response: Response) -> Fault | None:
        """As the status says, with Prometheus's `errorType` as the code."""
        found, said = fault_of(response), json_of(response)
        code = said.get("errorType") if isinstance(said, dict) else None
        return attrs.evolve(found, code=code) if found is not None and isinstance(code, str) else found

    def part(self, name: Literal["url", "pushgateway_url", "alertmanager_url"]) -> str:
        """The root of a part, without a slash at its end.

        Raises:
            ConfigurationError: it is not configured.
        """
        url: str | None = getattr(self.config, name)
        if url is None:
            raise ConfigurationError.of("prometheus configuration", name, "missing; this operation needs it")
        return url.rstrip("/")
