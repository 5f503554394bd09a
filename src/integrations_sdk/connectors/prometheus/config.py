"""How to reach Prometheus and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)

__all__ = ["PrometheusConfig"]

_URLS = ("url", "pushgateway_url", "alertmanager_url")


@settings
class PrometheusConfig(ConnectorConfig):
    """Any of Prometheus, Pushgateway and Alertmanager; the credentials go to each that is configured."""

    url: str | None = setting(
        "Prometheus, for queries.",
        default=None,
        also=("prometheus_url",),
        validate=http_url,
        env=("PROMETHEUS_URL",),
        example="https://prometheus.example.com",
    )
    pushgateway_url: str | None = setting(
        "Pushgateway, for metrics.",
        default=None,
        also=("push_gateway_url",),
        validate=http_url,
        env=("PUSHGATEWAY_URL",),
        example="https://pushgateway.example.com",
    )
    alertmanager_url: str | None = setting(
        "Alertmanager, for alerts and silences.",
        default=None,
        validate=http_url,
        env=("ALERTMANAGER_URL",),
        example="https://alertmanager.example.com",
    )
    bearer_token: Secret | None = setting(
        "Token of a proxy in front.", default=None, also=("token",), validate=not_empty
    )
    username: str | None = setting("User for basic authentication.", default=None, validate=not_empty)
    password: Secret | None = setting("Password for basic authentication.", default=None, validate=not_empty)
    job: str = setting("Job under which metrics are pushed.", default="integrations_sdk", validate=not_empty)
    grouping: Mapping[str, str] = setting("Further labels of the group that is pushed.", factory=dict)
    alert_duration: timedelta = setting(
        "How long an alert stays open when no success ends it.",
        default=timedelta(days=1),
        validate=lambda value: None if value > timedelta() else "more than 0 seconds",
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """At least one URL; one kind of credentials, complete."""
        if not any(given.get(name) for name in _URLS):
            yield Problem(
                "url", "missing; expected it, `pushgateway_url` or `alertmanager_url`", "give at least one"
            )
        user, password = given.get("username"), given.get("password")
        if bool(user) != bool(password):
            yield Problem(
                "password" if user else "username", "missing; the other half of the credentials is given"
            )
        if given.get("bearer_token") and (user or password):
            yield Problem("bearer_token", "expected either it or a username with its password")
        grouping = given.get("grouping")
        if isinstance(grouping, Mapping) and "job" in grouping:
            yield Problem("grouping.job", "expected as the field `job`")
