"""Pushes: the API of the Pushgateway (https://github.com/prometheus/pushgateway#api)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from integrations_sdk.connectors.base import Metric, Outcome
from integrations_sdk.connectors.prometheus.exposition import (
    CONTENT_TYPE,
    Family,
    label_name,
    render_exposition,
)
from integrations_sdk.connectors.prometheus.parts import PrometheusPart

__all__ = ["PushgatewayApi", "push_path"]


def push_path(job: str, grouping: Mapping[str, str]) -> str:
    """The path of a group, label names made valid; values that no path can hold go as URL-safe base64."""
    pairs = [("job", job), *sorted((label_name(name), value) for name, value in grouping.items())]
    return "/metrics" + "".join(f"/{name}{_segment(value)}" for name, value in pairs)


class PushgatewayApi(PrometheusPart):
    """What the Pushgateway takes.

    Each operation needs `pushgateway_url` and raises `ConfigurationError` without it.
    """

    async def push(
        self,
        metrics: Sequence[Metric | Family],
        *,
        job: str | None = None,
        grouping: Mapping[str, str] | None = None,
        replace: bool = False,
    ) -> Outcome:
        """Push metrics, or `MetricRegistry.families()`; `reference` of the outcome is the group's path.

        Args:
            metrics: what to push; those of the same name in the group are replaced.
            job: in place of the configured one.
            grouping: labels beside the configured ones.
            replace: remove the other metrics of the group, too.
        """
        path = self._path(job, grouping)
        response = await self.call(
            "PUT" if replace else "POST",
            self.part("pushgateway_url") + path,
            operation="push",
            content=render_exposition(metrics).encode("utf-8", "replace"),
            content_type=CONTENT_TYPE,
            compress=True,
            idempotent=True,  # a push replaces what it repeats
        )
        return self.done(response, reference=path, detail=f"{len(metrics)} metrics")

    async def delete_group(
        self, *, job: str | None = None, grouping: Mapping[str, str] | None = None
    ) -> Outcome:
        """Delete a group; one that there is not is no error. The arguments are those of `push()`."""
        path = self._path(job, grouping)
        response = await self.call("DELETE", self.part("pushgateway_url") + path, operation="delete")
        return self.done(response, reference=path)

    def _path(self, job: str | None, grouping: Mapping[str, str] | None) -> str:
        return push_path(job or self.config.job, {**self.config.grouping, **(grouping or {})})


def _segment(value: str) -> str:
    """What follows a label's name. A slash, an empty value and dots would change the path's meaning."""
    if value in {"", ".", ".."} or "/" in value:
        text = base64.urlsafe_b64encode(value.encode("utf-8", "replace")).decode().rstrip("=")
        return f"@base64/{text or '='}"
    return f"/{quote(value, safe='', errors='replace')}"
