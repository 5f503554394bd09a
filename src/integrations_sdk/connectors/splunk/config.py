"""How to reach an HTTP Event Collector (HEC), and what its events are filed under."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)

__all__ = ["SplunkConfig"]

_ENDPOINT: Final = re.compile(r"/services/collector(/[a-z0-9./]*)?/?$")
_HEXADECIMAL: Final = r"[0-9a-fA-F]"
_GUID: Final = re.compile("-".join(f"{_HEXADECIMAL}{{{count}}}" for count in (8, 4, 4, 4, 12)))
_LONGEST_WAIT: Final = timedelta(hours=1)


def _address(value: str) -> str | None:
    if (wrong := http_url(value)) is not None:
        return wrong
    return "an address without a query; the token belongs into hec_token" if urlsplit(value).query else None


def _batch(value: int) -> str | None:
    return None if 1 <= value <= 10_000 else "a number from 1 to 10000"


def _wait(value: timedelta) -> str | None:
    return None if timedelta() <= value <= _LONGEST_WAIT else "0 to 3600 seconds"


def _channel(value: str) -> str | None:
    return None if _GUID.fullmatch(value) else "a GUID, such as uuid.uuid4() makes"


@settings
class SplunkConfig(ConnectorConfig):
    """One HTTP Event Collector, and a token of it."""

    hec_url: str = setting(
        "Address of the HTTP Event Collector, with or without /services/collector at its end.",
        also=("url",),
        validate=_address,
        env=("SPLUNK_HEC_URL",),
        example="https://splunk.example.com:8088/services/collector",
    )
    hec_token: Secret = setting(
        "Token of the collector.",
        also=("token",),
        validate=not_empty,
        env=("SPLUNK_HEC_TOKEN",),
        example="env:SPLUNK_HEC_TOKEN",
    )
    index: str | None = setting(
        "Index that events go to; without it the token's default one.",
        default=None,
        validate=not_empty,
        env=("SPLUNK_INDEX",),
        example="main",
    )
    sourcetype: str | None = setting(
        "Source type of events; without it the token's, or `_json`.",
        default=None,
        validate=not_empty,
        env=("SPLUNK_SOURCETYPE",),
    )
    source: str | None = setting(
        "Source of events; without it the token's.", default=None, validate=not_empty, env=("SPLUNK_SOURCE",)
    )
    host: str | None = setting(
        "Host of events; without it the collector's.", default=None, validate=not_empty
    )
    batch_size: int = setting("Events that one request may hold.", default=100, validate=_batch)
    flush_interval: timedelta = setting(
        "Seconds that an event may wait for others to fill a batch; 0 sends each at once.",
        default=timedelta(),
        validate=_wait,
    )
    acknowledge: bool = setting(
        "Wait until the indexers have written what was sent; the token must have acknowledgement enabled.",
        default=False,
    )
    acknowledge_timeout: timedelta = setting(
        "Seconds to wait for that.", default=timedelta(seconds=60), validate=_wait
    )
    channel: str | None = setting(
        "Channel of acknowledgements; without it a new one with each start.", default=None, validate=_channel
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """Nothing can wait for acknowledgement in no time."""
        if given.get("acknowledge") is True and not given.get("acknowledge_timeout", 1):
            yield Problem(
                "acknowledge_timeout", "0 leaves no time to acknowledge", "leave it out, or acknowledge"
            )

    @property
    def root(self) -> str:
        """The collector's address without `/services/collector`."""
        return _ENDPOINT.sub("", self.hec_url).rstrip("/")

    def given_channel(self) -> str | None:
        """The configured channel in its usual spelling."""
        return str(UUID(self.channel)) if self.channel else None
