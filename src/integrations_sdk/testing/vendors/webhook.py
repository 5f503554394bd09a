"""A webhook's receiver in miniature, which checks the signature of each call and drops repeated ones.

Source: https://github.com/standard-webhooks/standard-webhooks, specification 1.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["WebhookStandIn"]

_KEY: Final = b"an example key of thirty-two byt"
_TOLERANCE: Final = 300


class WebhookStandIn(StandIn):
    """A receiver of Standard Webhooks.

    Attributes:
        payloads: the bodies that were accepted, each delivery once.
        deliveries: their ids.
    """

    provider = "webhook"

    def __init__(self) -> None:
        super().__init__()
        self.payloads: list[JsonValue] = []
        self.deliveries: list[str] = []

    def config(self) -> dict[str, object]:
        """Its URL and the shared secret."""
        secret = f"whsec_{base64.b64encode(_KEY).decode()}"
        return {"url": f"{self.url}/hook", "secret_token": secret}

    def authorized(self, request: Received) -> Reply | None:
        """The signature over id, time and body must fit, and the time must be near."""
        if request.method == "HEAD":
            return None
        sent = [request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")]
        identifier, moment, signature = sent
        if not all(sent) or not moment.isdecimal() or abs(time.time() - int(moment)) > _TOLERANCE:
            return Reply(status=401, json={"error": "missing or stale webhook headers"})
        content = f"{identifier}.{moment}.".encode() + request.body
        expected = "v1," + base64.b64encode(hmac.digest(_KEY, content, hashlib.sha256)).decode()
        fits = any(hmac.compare_digest(expected, one) for one in signature.split())
        return None if fits else Reply(status=401, json={"error": "signature does not match"})

    @route("HEAD", "/hook")
    def there(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """It is there for POST alone."""
        return Reply(status=405, headers={"allow": "POST"})

    @route("POST", "/hook")
    def receive(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Take a delivery; one that came before is acknowledged and dropped."""
        if (
            not request.headers.get("content-type", "").startswith("application/json")
            or request.json() is None
        ):
            return Reply(status=400, json={"error": "not JSON"})
        identifier = request.headers["webhook-id"]
        if identifier not in self.deliveries:
            self.deliveries.append(identifier)
            self.payloads.append(request.json())
        return Reply(status=202, json={"received": True})
