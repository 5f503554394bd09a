"""Every provider keeps the contract of connectors, a new one without a word here.

What is declared below is what a stand-in cannot be asked: which requests of a check only read, which further
configuration an operation needs, and what counts as having happened twice.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import partial
from typing import Any

from integrations_sdk.connectors.registry import Registry
from integrations_sdk.testing import Received
from integrations_sdk.testing.connector_contract import ConnectorContract, contract_for
from integrations_sdk.testing.sandbox import stand_in_of
from support.pager import guide

REGISTRY = Registry()

TOKENS = {
    "auth0": "POST /oauth/token",
    "azure_ad": "POST /*/oauth2/v2.0/token",
    "mend": "POST /api/*/login*",
}


def aws_reads(self: Any, request: Received) -> bool:
    """AWS names the action in a header or in the form."""
    action = request.headers.get("x-amz-target", "").rpartition(".")[2] or request.form().get("Action", "")
    return action.startswith(("Get", "List", "Describe"))


def nothing_in_it(self: Any, request: Received) -> bool:
    """What a check sends because there is nothing to read: no metrics, no event, no text, an envelope without items."""
    return (
        request.method == "GET"
        or request.body.strip() in {b"", b"[]", b"{}"}
        or (b"\n" not in request.body.strip() and b'"event_id"' in request.body)
    )


PARTICULARS: Mapping[str, Mapping[str, Any]] = {
    **{provider: {"reads": (request,)} for provider, request in TOKENS.items()},
    "aws_codecommit": {"is_read": aws_reads},
    "azure_devops": {"extra": {"pipeline": "12"}},
    "custom": {"unseen": frozenset({"contents"})},
    "github": {
        "extra": {"workflow": "ci.yml"},
        # GitHub shows the newest status of a context, however many there are.
        "effect": lambda self, vendor: (
            len(vendor.stand_in.issues),
            len(vendor.stand_in.runs),
            bool(vendor.stand_in.statuses),
        ),
    },
    "microsoft_teams": {"unseen": frozenset({"contents", "refusals"})},
    "newrelic": {"is_read": nothing_in_it},
    # An alert of the same alias is the same alert.
    "opsgenie": {"effect": lambda self, vendor: len(vendor.stand_in.alerts)},
    "sentry": {"is_read": nothing_in_it},
    "slack": {"is_read": nothing_in_it},
    "sns": {"is_read": aws_reads},
    "splunk": {"is_read": nothing_in_it},
    "webhook": {"unseen": frozenset({"contents", "refusals"})},
}


def made_for(provider: str) -> type:
    """The test class of a provider."""
    kind = REGISTRY.get(provider)
    keywords = {"connector": kind, "stand_in": partial(stand_in_of, provider)}
    return types.new_class(
        f"Test{kind.__name__}",
        (contract_for(kind),),
        keywords,
        lambda space: space.update(PARTICULARS.get(provider, {})),
    )


class TestPager(ConnectorContract, connector=guide()["PagerConnector"], stand_in=guide()["PagerStandIn"]):
    """The connector of the guide "A connector of your own"."""


globals().update({made.__name__: made for made in map(made_for, REGISTRY)})
