"""Bad input, as a table: each gets a named error that says what to do, and nothing is half-written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integrations_sdk import (
    AsyncIntegrationManagementManager,
    ConfigurationError,
    NotFoundError,
    SignatureError,
)
from integrations_sdk.clock import SystemClock
from integrations_sdk.errors import RejectedError, ResponseTooLargeError
from integrations_sdk.models import Secret
from integrations_sdk.signing import sign
from integrations_sdk.testing import Sandbox

HOOK = "https://hooks.slack.com/services/T/B/X"
SLACK = {"webhook_url": HOOK}
Ask = Callable[[AsyncIntegrationManagementManager], Any]


@pytest.mark.parametrize(
    ("ask", "error", "says"),
    [
        (lambda m: m.integrations.create("slak", SLACK), NotFoundError, "did you mean `slack`"),
        (lambda m: m.slack.create({"webhok_url": HOOK}), ConfigurationError, "did you mean `webhook_url`"),
        (lambda m: m.slack.create({**SLACK, "events": ["pussh"]}), ConfigurationError, "did you mean `push`"),
        (lambda m: m.slack.create({**SLACK, "events": ["nonsense"]}), ConfigurationError, "pipeline, push"),
        (lambda m: m.slack.create({**SLACK, "events": "push"}), ConfigurationError, "events: expected a list"),
        (lambda m: m.slack.create({**SLACK, "channel": ""}), ConfigurationError, "channel: expected some text"),
        (lambda m: m.slack.create({**SLACK, "channel": 5}), ConfigurationError, "channel: expected some text"),
        (lambda m: m.slack.create({**SLACK, "name": ""}), ConfigurationError, "name: expected some text"),
        (lambda m: m.slack.create({**SLACK, "verify_ssl": "no"}), ConfigurationError, "verify_ssl: expected true"),
        (lambda m: m.slack.create({"webhook_url": "https://evil.example/services/x"}), ConfigurationError, "Slack"),
        (lambda m: m.slack.create({"webhook_url": "not a url"}), ConfigurationError, "hooks.slack.com"),
        (lambda m: m.slack.create(["webhook_url"]), ConfigurationError, "expected a mapping"),
        (lambda m: m.slack.get("slack-9"), NotFoundError, "no integration 'slack-9'"),
        (lambda m: m.slack.notify("", "x"), NotFoundError, "no integration ''"),
        (lambda m: m.health.check_integration_health("x"), NotFoundError, "no integration 'x'"),
        (lambda m: m.templates.get_template("template-9"), NotFoundError, "no template"),
        (lambda m: m.webhooks.test_webhook("webhook-9"), NotFoundError, "no integration 'webhook-9'"),
        (lambda m: m.oauth.revoke_oauth_application("app-9"), NotFoundError, "no OAuth application"),
        (
            lambda m: m.oauth.create_oauth_application(
                {"name": "x", "redirect_uri": "https://a.example", "scopes": ["apii"]}
            ),
            ConfigurationError,
            "did you mean `api`",
        ),
        (lambda m: m.webhooks.create_webhook({"url": "https://a.example/\r\nx"}), ConfigurationError, "url"),
        (
            lambda m: m.webhooks.create_webhook({"url": "https://a.example", "headers": {"x": "a\r\nb: c"}}),
            ConfigurationError,
            "headers",
        ),
        (lambda m: m.events.dispatch({"event_type": ""}), ConfigurationError, "type: expected some text"),
        (lambda m: m.events.receive("gitlab", {}, b"\xff\xfe", secret="s"), SignatureError, "token"),
        (lambda m: m.events.receive("x", {}, b"\xff\xfe", verify=False), ConfigurationError, "UTF-8"),
        (lambda m: m.events.receive("x", {}, b"[1]", verify=False), ConfigurationError, "object"),
        (lambda m: m.events.receive("x", {}, b"{", verify=False), ConfigurationError, "JSON"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_named_error(ask, error, says):
    """The error names what is wrong and what would be right; no integration comes of it."""

    async def main() -> None:
        async with AsyncIntegrationManagementManager() as manager:
            with pytest.raises(error) as caught:
                await ask(manager)
            assert says in str(caught.value)
            assert await manager.integrations.list() == []

    asyncio.run(main())


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html>It works!</html>", RejectedError),
        (b'{"ok": tru', RejectedError),
        (b"\xff\xfe\xfa", RejectedError),
        (b"[1, 2]", RejectedError),
        (b"x" * (11 * 1024 * 1024), ResponseTooLargeError),
    ],
    ids=["html", "torn", "no UTF-8", "a list", "oversized"],
)
def test_a_vendors_bad_reply_is_a_named_error(body, error):
    """Replies that are no JSON, torn, undecodable or too large are refused, each by name."""

    async def main() -> None:
        with Sandbox() as sandbox:
            async with AsyncIntegrationManagementManager() as manager:
                await manager.slack.create(sandbox.slack.bot_config())
                sandbox.slack.fail(body=body)
                with pytest.raises(error) as caught:
                    await manager.slack.notify("slack-1", "hello")
                assert caught.value.integration_id == "slack-1"
                assert len(str(caught.value)) < 2_000

    asyncio.run(main())


@pytest.mark.parametrize("skew", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_a_skewed_clock_is_named(skew):
    """A message dated outside the tolerance is refused, and the error speaks of the time, not of the secret."""
    now = SystemClock().now()
    body = b'{"type": "x"}'
    headers = sign(
        "standard_webhooks", body, Secret("whsec_c2VjcmV0c2VjcmV0c2VjcmV0"), now=now + skew, id="1"
    )

    async def main() -> None:
        async with AsyncIntegrationManagementManager() as manager:
            with pytest.raises(SignatureError, match=r"(?i)clock|time|stale|old"):
                await manager.events.receive(
                    "standard_webhooks", headers, body, secret="whsec_c2VjcmV0c2VjcmV0c2VjcmV0"
                )

    asyncio.run(main())
