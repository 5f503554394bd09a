"""What a failed call to a webhook comes to, and what to do about it."""

from __future__ import annotations

import attrs

from integrations_sdk.errors import BlockedAddressError, ConnectorError
from integrations_sdk.models import Outcome

__all__ = ["failed", "remedy"]


def failed(webhook_id: str, error: ConnectorError) -> Outcome:
    """The outcome of a call that failed; its `detail` says what to do."""
    outcome = Outcome.from_error(error, target=webhook_id, provider="webhook", operation="webhook.send")
    return attrs.evolve(outcome, provider="webhook", detail=remedy(error))


def remedy(error: ConnectorError) -> str:
    """What to do about a call that failed, in one line."""
    if isinstance(error, BlockedAddressError):
        return error.message
    match error.status:
        case None:
            return "no answer: check the URL, the network between, and the target's TLS certificate"
        case 401 | 403:
            return "the target refuses the call: compare the secret token on both sides"
        case 404 | 410:
            return "the target has no such address: check the URL's path"
        case status if 300 <= status < 400:
            return "the target redirects: configure the address it leads to"
        case status if status >= 500:
            return "the target failed: its own log says why; the call itself was well-formed"
        case _:
            return "the target does not accept the call: its answer says why"
