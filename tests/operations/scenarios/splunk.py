"""Splunk: events, raw text and acknowledgements of the HTTP Event Collector."""

from __future__ import annotations

import attrs

from integrations_sdk.connectors.splunk import SplunkConnector
from integrations_sdk.models import LogEntry
from integrations_sdk.testing.vendors.splunk import SplunkStandIn
from support.scenarios import NOW, PIPELINE, Overruled, Suite, otherwise

SUITE = Suite(
    stand_in=SplunkStandIn,
    contracts={"splunk_hec": ""},
    overruled=(  # no event at all is what the check sends: it is told so by those who know the token
        Overruled(
            "POST /services/collector/event",
            "MissingRequiredRequestBody",
            "https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in",
        ),
        Overruled(
            "POST /services/collector/ack",
            "?channel",
            "https://help.splunk.com/en/splunk-enterprise/leverage-rest-apis/rest-api-reference",
        ),
    ),
    config={"index": "main", "sourcetype": "shop:event", "source": "shop"},
)


async def check(splunk: SplunkConnector, collector: SplunkStandIn) -> None:
    await splunk.check()
    assert collector.events == []


async def send_event(splunk: SplunkConnector, collector: SplunkStandIn) -> None:
    await splunk.send_event(PIPELINE)
    assert collector.events[0]["sourcetype"] == "shop:event"


async def send_events(splunk: SplunkConnector, collector: SplunkStandIn) -> None:
    await splunk.send_events(
        [{"order": 12}],
        time=NOW,
        index="apg_config",
        host="web-1",
        fields={"stage": "prod", "env": ["a", "b"]},
    )
    await splunk.send_events(["plain text"])
    assert [one["event"] for one in collector.events] == [{"order": 12}, "plain text"]


async def send_logs(splunk: SplunkConnector, collector: SplunkStandIn) -> None:
    await splunk.send_logs(
        [LogEntry(message="disk full", level="error", time=NOW, attributes={"path": "/var"})]
    )
    assert len(collector.events) == 1


async def send_raw(splunk: SplunkConnector, collector: SplunkStandIn) -> None:
    await splunk.send_raw("a line", sourcetype="syslog", source="web", host="web-1", index="main")
    assert collector.raw[0][0] == "a line"


async def flush(splunk: SplunkConnector, collector: SplunkStandIn) -> None:
    waiting = otherwise(splunk, {**collector.config(), "flush_interval": 60})
    waiting.context = attrs.evolve(splunk.context, spawn=lambda work, _name: work.close())  # no timer
    await waiting.send_event(PIPELINE)
    assert collector.events == []
    await waiting.flush()
    assert len(collector.events) == 1


async def acknowledged(splunk: SplunkConnector, collector: SplunkStandIn) -> None:
    collector.acknowledges = True
    made = await splunk.send_event(PIPELINE)
    assert await splunk.acknowledged([made.reference or ""]) == {made.reference: True}


async def wait_until_indexed(splunk: SplunkConnector, collector: SplunkStandIn) -> None:
    collector.acknowledges = True
    made = await splunk.send_event(PIPELINE)
    await splunk.wait_until_indexed(made.reference or "")
