"""A HTTP Event Collector in miniature."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["SplunkStandIn"]

_WORDS: Final = {
    0: (200, "Success"),
    2: (401, "Token is required"),
    3: (401, "Invalid authorization"),
    4: (403, "Invalid token"),
    5: (400, "No data"),
    6: (400, "Invalid data format"),
    7: (400, "Incorrect index"),
    8: (500, "Internal server error"),
    9: (503, "Server is busy"),
    10: (400, "Data channel is missing"),
    12: (400, "Event field is required"),
    13: (400, "Event field cannot be blank"),
    14: (400, "ACK is disabled"),
    17: (200, "HEC is healthy"),
}
_KEYS: Final = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _said(code: int, **more: JsonValue) -> Reply:
    status, text = _WORDS[code]
    return Reply(status=status, json={"text": text, "code": code, **more})


class SplunkStandIn(StandIn):
    """Splunk's collector.

    Attributes:
        acknowledges: whether the token has indexer acknowledgement.
        indexed: whether what was sent counts as written by the indexers.
        indexes: the indexes that the token may write to.
        events: every event that arrived, in its envelope.
        raw: every text that arrived, with what it was filed under.
    """

    provider = "splunk"
    token = "a4c2d1e0-8f6b-4e7a-9c3d-5b1f2e0d9c8b"  # noqa: S105  # of this stand-in alone

    def __init__(self) -> None:
        super().__init__()
        self.acknowledges = False
        self.indexed = True
        self.indexes = {"main", "apg_config"}
        self.events: list[dict[str, JsonValue]] = []
        self.raw: list[tuple[str, dict[str, str]]] = []
        self._unanswered: dict[str, set[int]] = {}
        self._requests: dict[str, int] = {}

    def config(self) -> dict[str, object]:
        """One collector, whose events go out at once."""
        return {"hec_url": f"{self.url}/services/collector", "hec_token": self.token}

    def authorized(self, request: Received) -> Reply | None:
        """`Splunk <token>`; the health endpoint answers anybody."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if request.path == "/services/collector/health":
            return None
        if not token or scheme != "Splunk":
            return _said(3 if scheme else 2)
        return None if same(token, self.token) else _said(4)

    def failure(self, status: int) -> Reply:
        """The code that Splunk gives with such a status."""
        code = {400: 6, 401: 3, 403: 4, 429: 9, 503: 9}.get(status, 8)
        return Reply(status=status, json={"text": _WORDS[code][1], "code": code})

    def accepts(self, reply: Reply) -> bool:
        """No data is what the check sends, so to be told so is what it wants."""
        return super().accepts(reply) or (isinstance(reply.json, dict) and reply.json.get("code") == 5)

    @route("GET", "/services/collector/health")
    def health(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Healthy."""
        return _said(17)

    @route("POST", "/services/collector/event")
    def post_events(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Objects one behind the other, each an envelope with an event; the first that is none stops the rest."""
        if not request.body.strip():
            return _said(5)
        if self.acknowledges and not self._channel(request):
            return _said(10)
        for number, envelope in enumerate(_objects(request.body)):
            if (code := self._wrong(envelope)) is not None:
                return _said(code, **{"invalid-event-number": number})
            assert envelope is not None
            self.events.append(envelope)
        return self._taken(request)

    @route("POST", "/services/collector/raw")
    def post_raw(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Any text; it needs a channel."""
        if not request.body:
            return _said(5)
        if not self._channel(request):
            return _said(10)
        if request.query.get("index", "main") not in self.indexes:
            return _said(7, **{"invalid-event-number": 0})
        self.raw.append((request.body.decode(), dict(request.query)))
        return self._taken(request)

    @route("POST", "/services/collector/ack")
    def ack(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Whether requests of the channel are written; said once for each."""
        asked, channel = request.json(), self._channel(request)
        if not self.acknowledges:
            return _said(14)
        if not channel:
            return _said(10)
        numbers = asked.get("acks") if isinstance(asked, dict) else None
        if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
            return _said(6)
        unanswered = self._unanswered.setdefault(channel, set())
        written = {str(number): self.indexed and number in unanswered for number in numbers}
        if self.indexed:
            unanswered -= {number for number in numbers if isinstance(number, int)}
        return Reply(json={"acks": {**written}})

    def _channel(self, request: Received) -> str:
        given = request.headers.get("x-splunk-request-channel") or request.query.get("channel", "")
        return given if _GUID.fullmatch(given) else ""

    def _wrong(self, envelope: Mapping[str, JsonValue] | None) -> int | None:
        if envelope is None or envelope.keys() - _KEYS:
            return 6
        if "event" not in envelope:
            return 12
        if envelope["event"] in ("", None):
            return 13
        return 7 if envelope.get("index", "main") not in self.indexes else None

    def _taken(self, request: Received) -> Reply:
        channel = self._channel(request)
        if not self.acknowledges:
            return _said(0)
        number = self._requests[channel] = self._requests.get(channel, -1) + 1
        self._unanswered.setdefault(channel, set()).add(number)
        return _said(0, ackId=number)


def _objects(body: bytes) -> Iterator[dict[str, JsonValue] | None]:
    """The JSON objects of a body; None for the first thing that is none, which is the end."""
    text, decode = body.decode("utf-8", "replace").lstrip(), json.JSONDecoder().raw_decode
    while text:
        try:
            value, end = decode(text)
        except ValueError:
            value, end = None, len(text)
        yield value if isinstance(value, dict) else None
        text = text[end:].lstrip()
