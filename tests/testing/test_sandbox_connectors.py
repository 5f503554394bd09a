"""Connectors against the sandbox over the wire, under all the rules of HTTP: what faults do to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from integrations_sdk.clock import FakeClock, SystemClock
from integrations_sdk.codec import load
from integrations_sdk.connectors.base import Connector, ConnectorContext, Outcome
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    RejectedError,
)
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.models import Scope
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import DictMemory

Use = Callable[[Any], Awaitable[Any]]


def visit(provider: str, config: Mapping[str, object], use: Use) -> Any:
    """Use a connector over a real HTTP client, whose waits take no time."""

    async def run() -> Any:
        clock = FakeClock(SystemClock().now())
        http = HttpClient(HttpxTransport(), clock)
        kind = Registry().get(provider)

        async def nobody(_: str) -> Connector[Any]:
            raise LookupError

        context = ConnectorContext(
            integration_id=f"{provider}-1",
            http=http,
            clock=clock,
            scope=Scope(),
            memory=DictMemory(),
            open=nobody,
            spawn=lambda work, name: asyncio.get_running_loop().create_task(work, name=name),
        )
        try:
            return await use(kind(load(kind.Config, config, subject="test"), context))
        finally:
            await http.close()

    return asyncio.run(run())


def hello(connector: Any) -> Awaitable[Outcome]:
    """One message."""
    return connector.send_message(text="hello")


def test_a_message_arrives_and_the_check_posts_none() -> None:
    """Webhook and bot."""
    with Sandbox() as sandbox:
        for config in (sandbox.slack.config(), sandbox.slack.bot_config()):
            assert visit("slack", config, lambda slack: slack.check()).detail
            assert visit("slack", config, hello)
        assert [message["text"] for message in sandbox.slack.messages] == ["hello", "hello"]


def test_refusals_to_act_are_retried_until_it_works() -> None:
    """503 twice: three attempts, one message; the sandbox saw all three."""
    with Sandbox() as sandbox:
        sandbox.slack.fail(status=503, times=2, retry_after=1)
        outcome = visit("slack", sandbox.slack.config(), hello)
        assert (outcome.attempts, len(sandbox.slack.messages)) == (3, 1)
        assert [arrival.status for arrival in sandbox.received] == [503, 503, 200]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"bot_token": "xoxb-wrong"}, AuthenticationError),
        ({"channel": "#elsewhere"}, RejectedError),
    ],
)
def test_what_slack_refuses_is_refused(change: dict[str, object], kind: type[ConnectorError]) -> None:
    """With the fitting error."""
    with Sandbox() as sandbox:
        sandbox.slack.channels = {"#deployments"}
        with pytest.raises(kind):
            visit("slack", {**sandbox.slack.bot_config(), **change}, hello)


def test_a_webhook_is_signed_as_its_receiver_expects() -> None:
    """The same delivery twice is one delivery; the check leaves no trace."""
    with Sandbox() as sandbox:
        for _ in range(2):
            assert visit(
                "webhook", sandbox.config("webhook"), lambda to: to.send_payload({"n": 1}, delivery_id="d-1")
            )
        assert visit("webhook", sandbox.config("webhook"), lambda to: to.check()).detail == "answers 405"
        assert sandbox.webhook.payloads == [{"n": 1}]
        with pytest.raises(AuthenticationError, match="signature does not match"):
            visit(
                "webhook",
                {**sandbox.config("webhook"), "secret_token": "other"},
                lambda to: to.send_payload({}),
            )


def test_every_stand_in_says_how_to_reach_it() -> None:
    """Its configuration is one that its connector accepts, at the stand-in's own port."""
    with Sandbox() as sandbox:
        names = sorted(set(dir(sandbox)) & set(Registry()))
        assert {"slack", "webhook"} <= set(names)
        for name in names:
            config = sandbox.config(name)
            load(Registry().get(name).Config, config, subject=name)
            assert urlsplit(sandbox[name].url).port is not None
            assert str(urlsplit(sandbox[name].url).port) in str(config)
