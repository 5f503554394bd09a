"""Prometheus' own client: https://pypi.org/project/prometheus-client."""

from __future__ import annotations

from typing import Any

from integrations_sdk.connectors.prometheus import Family, Sample
from support.clients import Versus, against

versus = against("prometheus", "prometheus-client", "prometheus_client")


def handler(stand_in: Any) -> Any:
    from prometheus_client.exposition import default_handler

    def authorized(url: str, method: str, timeout: Any, headers: Any, data: Any) -> Any:
        return default_handler(
            url, method, timeout, [*headers, ("authorization", f"Bearer {stand_in.token}")], data
        )

    return authorized


def pushed(stand_in: Any, push: str) -> None:
    import prometheus_client

    registry = prometheus_client.CollectorRegistry()
    gauge = prometheus_client.Gauge("shop_load", "shop_load", ["env"], registry=registry)
    gauge.labels(env="prod").set(12.5)
    send = getattr(prometheus_client, push)
    send(stand_in.url, "shop", registry, grouping_key={"instance": "a/b"}, handler=handler(stand_in))


METRIC = Family(
    name="shop_load", samples=(Sample(value=12.5, labels={"env": "prod"}),), kind="gauge", help="shop_load"
)


def test_metrics_are_added(versus: Versus) -> None:
    """`POST`, a grouping whose value has a slash in base64, the text format."""
    versus(
        "push",
        ours=lambda it: it.push([METRIC], job="shop", grouping={"instance": "a/b"}),
        theirs=lambda it: pushed(it, "pushadd_to_gateway"),
    )


def test_a_group_is_replaced(versus: Versus) -> None:
    """`PUT`."""
    versus(
        "push",
        ours=lambda it: it.push([METRIC], job="shop", grouping={"instance": "a/b"}, replace=True),
        theirs=lambda it: pushed(it, "push_to_gateway"),
    )


def test_a_group_is_deleted(versus: Versus) -> None:
    """`DELETE`."""

    def theirs(stand_in: Any) -> None:
        from prometheus_client import delete_from_gateway

        delete_from_gateway(stand_in.url, "shop", grouping_key={"instance": "a/b"}, handler=handler(stand_in))

    versus(
        "delete_group",
        ours=lambda it: it.delete_group(job="shop", grouping={"instance": "a/b"}),
        theirs=theirs,
    )
