"""Alerts and silences: Alertmanager's API v2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Fault,
    JsonValue,
    Outcome,
    Problem,
    RejectedError,
    Response,
    plain,
    url_path,
)
from integrations_sdk.connectors.prometheus.alerts import Alert, Matcher, alert_body, matcher_body
from integrations_sdk.connectors.prometheus.parts import PrometheusPart

__all__ = ["AlertmanagerApi"]


class AlertmanagerApi(PrometheusPart):
    """What Alertmanager takes.

    Each operation needs `alertmanager_url` and raises `ConfigurationError` without it.
    """

    def fault(self, response: Response) -> Fault | None:
        """As the status says, but that Alertmanager before 0.26 answers 500 where it does not know a silence.

        Source: https://github.com/prometheus/alertmanager/pull/3352.
        """
        found = super().fault(response)
        if found is not None and response.status == 500 and found.message == "silence not found":
            return attrs.evolve(found, kind=RejectedError)
        return found

    async def post_alerts(self, alerts: Sequence[Alert]) -> Outcome:
        """Open alerts, repeat them, or (`ends_at` in the past) end them.

        Raises:
            ConfigurationError: an alert has no label `alertname`; nothing is sent.
        """
        wrong = [
            Problem(f"[{index}].labels.alertname", "missing; an alert is known by it")
            for index, alert in enumerate(alerts)
            if not alert.labels.get("alertname")
        ]
        if wrong:
            raise ConfigurationError("alerts", wrong)
        body = [alert_body(alert) for alert in alerts]
        response = await self.call(
            "POST", f"{self._root}/alerts", operation="alerts", json=body, idempotent=True
        )
        return self.done(response, detail=f"{len(alerts)} alerts")

    async def firing(self, filters: Sequence[str] = ()) -> list[dict[str, JsonValue]]:
        """The alerts that Alertmanager holds, silenced ones included.

        Args:
            filters: each a matcher such as `alertname="Down"`; all must hold.
        """
        query = {"filter": list(filters)} if filters else None
        response = await self.call("GET", f"{self._root}/alerts", operation="alerts", query=query)
        return self.parse_list(response)

    async def create_silence(
        self,
        matchers: Sequence[Matcher],
        *,
        duration: timedelta,
        comment: str,
        created_by: str = "integrations-sdk",
        starts_at: datetime | None = None,
    ) -> Outcome:
        """Keep alerts from being told for a while; `reference` is the silence's id.

        Args:
            matchers: all must hold; at least one.
            duration: for how long.
            comment: why, for people.
            created_by: who.
            starts_at: None is now.
        """
        begin = starts_at or self.context.clock.now()
        body = {
            "matchers": [matcher_body(matcher) for matcher in matchers],
            "startsAt": plain(begin),
            "endsAt": plain(begin + duration),
            "createdBy": created_by,
            "comment": comment,
        }
        response = await self.call("POST", f"{self._root}/silences", operation="silences", json=body)
        made = self.parse(response).get("silenceID")
        return self.done(response, reference=str(made) if made else None)

    async def delete_silence(self, silence_id: str) -> Outcome:
        """End a silence now.

        Raises:
            RejectedError: there is none with that id.
        """
        url = self._root + url_path("/silence/{id}", id=silence_id)
        response = await self.call("DELETE", url, operation="silences")
        return self.done(response, reference=silence_id)

    async def silences(self, filters: Sequence[str] = ()) -> list[dict[str, JsonValue]]:
        """Every silence, expired ones too until Alertmanager forgets them; `filters` as in `firing()`."""
        query = {"filter": list(filters)} if filters else None
        response = await self.call("GET", f"{self._root}/silences", operation="silences", query=query)
        return self.parse_list(response)

    async def alertmanager_status(self) -> dict[str, JsonValue]:
        """Which Alertmanager it is (`versionInfo`) and how its cluster stands."""
        return await self.ask("GET", f"{self._root}/status", operation="status")

    @property
    def _root(self) -> str:
        return f"{self.part('alertmanager_url')}/api/v2"
