"""Queries and rules: the HTTP API of Prometheus itself.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from integrations_sdk.connectors.base import JsonValue
from integrations_sdk.connectors.prometheus.parts import PrometheusPart

__all__ = ["ServerApi"]

_LONGEST_IN_URL: Final = 2000


class ServerApi(PrometheusPart):
    """What Prometheus itself answers.

    Each operation needs `url` and raises `ConfigurationError` without it.
    """

    async def query(
        self, promql: str, *, at: datetime | None = None, timeout: timedelta | None = None
    ) -> dict[str, JsonValue]:
        """What an expression comes to at one time.

        Args:
            promql: the expression.
            at: None is now.
            timeout: of the evaluation; None is the server's.

        Returns:
            `resultType` (`vector`, `scalar`, …) and `result`, e.g.
            `[{"metric": {"job": "app"}, "value": [1767225600, "1"]}]`.

        Raises:
            RejectedError: it refuses the expression; its words say where, its `errorType` is the code.
        """
        return await self._ask("query", {"query": promql, "time": _seconds(at), "timeout": _seconds(timeout)})

    async def query_range(
        self,
        promql: str,
        *,
        start: datetime,
        end: datetime,
        step: timedelta,
        timeout: timedelta | None = None,
    ) -> dict[str, JsonValue]:
        """What an expression comes to from `start` to `end`, every `step`; otherwise as `query()`."""
        times = {"start": _seconds(start), "end": _seconds(end), "step": _seconds(step)}
        return await self._ask("query_range", {"query": promql, **times, "timeout": _seconds(timeout)})

    async def alerts(self) -> list[JsonValue]:
        """The alerts that Prometheus's own rules have pending or firing now."""
        return _list((await self._ask("alerts", {})).get("alerts"))

    async def rules(self) -> list[JsonValue]:
        """The groups of alerting and recording rules, each rule with its state."""
        return _list((await self._ask("rules", {})).get("groups"))

    async def buildinfo(self) -> dict[str, JsonValue]:
        """Which Prometheus it is: `version`, `revision` and the like."""
        return await self._ask("status/buildinfo", {})

    async def _ask(self, operation: str, parameters: Mapping[str, str | None]) -> dict[str, JsonValue]:
        given = {name: value for name, value in parameters.items() if value is not None}
        url = f"{self.part('url')}/api/v1/{operation}"
        if sum(map(len, given.values())) > _LONGEST_IN_URL:  # servers and proxies bound the length of a URL
            response = await self.call("POST", url, operation=operation, form=given, idempotent=True)
        else:
            response = await self.call("GET", url, operation=operation, query=given or None)
        data = self.parse(response).get("data")
        return data if isinstance(data, dict) else {}


def _seconds(value: datetime | timedelta | None) -> str | None:
    if value is None:
        return None
    return f"{value.timestamp() if isinstance(value, datetime) else value.total_seconds():.3f}"


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
