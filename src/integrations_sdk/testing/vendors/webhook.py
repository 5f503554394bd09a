"""A webhook's receiver in miniature, which checks the signature of each call and drops repeated ones.

Source: https://github.com/standard-webhooks/standard-webhooks, specification 1.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any, Final

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["WebhookCall", "WebhookStandIn"]

_KEY: Final = b"an example key of thirty-two byt"
_TOLERANCE: Final = 300
_EVENT_HEADERS: Final = ("x-gitlab-event", "x-github-event")


@attrs.define(kw_only=True)
class WebhookCall:
    """A delivery as it was taken.

    Attributes:
        event_type: as the headers name it, e.g. `Pipeline Hook`; without such a header the body's `type`.
        payload: the body.
        test: whether the call says that it is a test.
        times: how often it came; all but the first time it was acknowledged and dropped.
    """

    delivery_id: str
    event_type: str | None
    payload: Any  # any JSON value; tests look into it
    test: bool = False
    times: int = 1


class WebhookStandIn(StandIn):
    """A receiver of Standard Webhooks, as a good one is.

    Attributes:
        calls: what was accepted, each delivery once, in order.
        secret: what it checks signatures with: `whsec_…`, or any text, which is then the key as it is.
    """

    provider = "webhook"

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[WebhookCall] = []
        self.secret = f"whsec_{base64.b64encode(_KEY).decode()}"

    @property
    def payloads(self) -> list[Any]:
        """The bodies that were accepted, each delivery once."""
        return [call.payload for call in self.calls]

    @property
    def deliveries(self) -> list[str]:
        """The ids of what was accepted."""
        return [call.delivery_id for call in self.calls]

    def config(self) -> dict[str, object]:
        """Its URL and the shared secret."""
        return {"url": f"{self.url}/hook", "secret_token": self.secret}

    def authorized(self, request: Received) -> Reply | None:
        """The signature over id, time and body must fit, and the time must be near."""
        if request.method == "HEAD":
            return None
        sent = [request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")]
        identifier, moment, signature = sent
        if not all(sent) or not moment.isdecimal() or abs(time.time() - int(moment)) > _TOLERANCE:
            return Reply(status=401, json={"error": "missing or stale webhook headers"})
        content = f"{identifier}.{moment}.".encode() + request.body
        digest = hmac.digest(_key(self.secret), content, hashlib.sha256)
        expected = "v1," + base64.b64encode(digest).decode()
        fits = any(hmac.compare_digest(expected, one) for one in signature.split())
        return None if fits else Reply(status=401, json={"error": "signature does not match"})

    @route("HEAD", "/hook")
    def there(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """It is there for POST alone."""
        return Reply(status=405, headers={"allow": "POST"})

    @route("POST", "/hook")
    def receive(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Take a delivery; one that came before is acknowledged and dropped."""
        payload = request.json()
        if not request.headers.get("content-type", "").startswith("application/json") or payload is None:
            return Reply(status=400, json={"error": "not JSON"})
        identifier = request.headers["webhook-id"]
        known = next((call for call in self.calls if call.delivery_id == identifier), None)
        if known is not None:
            known.times += 1
            return Reply(status=202, json={"received": True, "duplicate": True})
        kind = _event_type(request, payload)
        test = request.headers.get("x-webhook-test") == "true"
        self.calls.append(WebhookCall(delivery_id=identifier, event_type=kind, payload=payload, test=test))
        return Reply(status=202, json={"received": True})


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    return secret.encode() if encoded == secret else base64.b64decode(encoded)


def _event_type(request: Received, payload: JsonValue) -> str | None:
    named = (request.headers[name] for name in _EVENT_HEADERS if name in request.headers)
    said = payload.get("type") if isinstance(payload, dict) else None
    return next(named, said if isinstance(said, str) else None)
