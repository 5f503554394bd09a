"""The HTTP Event Collector's endpoints.

Source: https://help.splunk.com/en/splunk-enterprise/leverage-rest-apis/rest-api-reference, "Input endpoint
descriptions": services/collector, and "About HTTP Event Collector Indexer Acknowledgment".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from itertools import accumulate, repeat
from typing import Final

from integrations_sdk.connectors.base import (
    ConfigurationError,
    ConnectorContext,
    DeadlineExceededError,
    Fault,
    JsonValue,
    Outcome,
    RejectedError,
    Response,
    TelemetrySink,
    at,
    stacked,
    text_at,
)
from integrations_sdk.connectors.splunk.config import SplunkConfig
from integrations_sdk.connectors.splunk.payloads import hec_fault

__all__ = ["Collector"]

_BYTES: Final = 1_000_000  # what Splunk Cloud takes; Enterprise takes more
_LONGEST_PAUSE: Final = 10.0


class Collector(TelemetrySink[SplunkConfig]):
    """One collector: events, raw text, acknowledgements, health."""

    def __init__(self, config: SplunkConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self.channel = config.given_channel() or str(uuid.uuid4())

    @property
    def base_url(self) -> str:
        """The collector's address."""
        return self.config.root

    async def authorize(self) -> Mapping[str, str]:
        """The token, and the channel, which Splunk demands of raw text and of tokens with acknowledgement."""
        return {
            "authorization": f"Splunk {self.config.hec_token.reveal()}",
            "x-splunk-request-channel": self.channel,
        }

    def fault(self, response: Response) -> Fault | None:
        """`hec_fault()`."""
        return hec_fault(response)

    async def _send(self, records: Sequence[Mapping[str, JsonValue]], operation: str) -> Outcome:
        """Send records in their envelopes, `batch_size` of them and 1 MB to a request."""
        bodies = list(stacked(records, count=self.config.batch_size, size=_BYTES))
        url, what = "/services/collector/event", f"{len(records)} events"
        return await self._send_bodies(url, bodies, operation=operation, what=what)

    async def send_raw(
        self,
        text: str,
        *,
        sourcetype: str | None = None,
        source: str | None = None,
        host: str | None = None,
        index: str | None = None,
    ) -> Outcome:
        """Send text as it is; the source type says where in it events begin. What is None is as configured."""
        chosen = {"sourcetype": sourcetype, "source": source, "host": host, "index": index}
        under = {name: value or getattr(self.config, name) for name, value in chosen.items()}
        response = await self.call(
            "POST",
            "/services/collector/raw",
            operation="raw",
            content=text.encode("utf-8", "replace"),
            content_type="text/plain; charset=utf-8",
            compress=True,
            query={"channel": self.channel, **{name: value for name, value in under.items() if value}},
        )
        return await self._taken(response, f"{len(text)} characters")

    async def acknowledged(self, ack_ids: Sequence[int | str]) -> dict[str, bool]:
        """Which requests, by the `reference` of their outcomes, the indexers have written.

        Splunk says so once, and forgets it then.

        Raises:
            ConfigurationError: a reference is no number.
        """
        if wrong := [ack_id for ack_id in ack_ids if not str(ack_id).isdecimal()]:
            expected = f"expected numbers such as 7, not {len(wrong)} other things"
            raise ConfigurationError.of("splunk acknowledgement", "ack_ids", expected)
        body = {"acks": [int(ack_id) for ack_id in ack_ids]}
        response = await self.ask(
            "POST",
            "/services/collector/ack",
            operation="ack",
            json=body,
            query={"channel": self.channel},
            idempotent=True,
        )
        said = at(response, "acks")
        return {str(ack_id): at(said, str(ack_id)) is True for ack_id in ack_ids}

    async def wait_until_indexed(self, ack_id: int | str) -> None:
        """Ask until the indexers have written a request, after 1, 2, 4, 8 and then each 10 seconds.

        Raises:
            DeadlineExceededError: they have not within `acknowledge_timeout`; they may do so later.
        """
        clock = self.context.clock
        ends = clock.monotonic() + self.config.acknowledge_timeout.total_seconds()
        for pause in accumulate(
            repeat(2.0), lambda last, factor: min(last * factor, _LONGEST_PAUSE), initial=1.0
        ):
            if (await self.acknowledged([ack_id]))[str(ack_id)]:
                return
            if (left := ends - clock.monotonic()) <= 0:
                break
            await clock.sleep(min(pause, left))
        raise DeadlineExceededError(
            "Splunk took it, but has not acknowledged it in time; sending it again may double it",
            provider=self.provider,
            operation="ack",
            integration_id=self.context.integration_id,
        )

    async def _taken(self, response: Response, detail: str) -> Outcome:
        ack_id = text_at(self.parse(response), "ackId")
        if self.config.acknowledge and ack_id is None:
            words = "taken, but the token has no acknowledgement: enable it there, or leave out `acknowledge`"
            raise self.error(Fault(RejectedError, words), response)
        if self.config.acknowledge and ack_id is not None:
            await self.wait_until_indexed(ack_id)
        return self.done(response, reference=ack_id, detail=detail)
