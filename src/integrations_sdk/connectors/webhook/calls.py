"""One call of a receiver: where it goes, what it carries, what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import attrs

from integrations_sdk.connectors.base import (
    Connection,
    Connector,
    ConnectorContext,
    ConnectorError,
    Event,
    Fault,
    Outcome,
    Response,
    RetryPolicy,
    Sent,
    fault_of,
    origin,
)
from integrations_sdk.connectors.webhook.body import body_of
from integrations_sdk.connectors.webhook.config import WebhookConfig
from integrations_sdk.connectors.webhook.exchange import EXCERPT
from integrations_sdk.connectors.webhook.headers import call_headers, hook_id
from integrations_sdk.connectors.webhook.template import Template

__all__ = ["WebhookCalls"]

_SEND: Final = "webhook.send"
_ANY: Final = range(100, 600)


class WebhookCalls(Connector[WebhookConfig]):
    """A receiver, and how it is called."""

    def __init__(self, config: WebhookConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        longest = max(self.retry.deadline, config.timeout + self.retry.connect_timeout)
        self.retry = attrs.evolve(self.retry, read_timeout=config.timeout, deadline=longest)
        self._retry_once = attrs.evolve(self.retry, attempts=1)
        self._hook = hook_id(context)
        template = config.payload_template
        self._template = None if template is None else Template.of(template)

    async def authorize(self) -> Mapping[str, str]:
        """The configured credentials."""
        value = self.config.auth_value
        return {} if value is None else {self.config.auth_header.lower(): value.reveal()}

    @property
    def connection(self) -> Connection:
        """With the client certificate."""
        usual, certificate = super().connection, self.config.client_certificate
        return usual if certificate is None else attrs.evolve(usual, client_certificate=certificate)

    def fault(self, response: Response) -> Fault | None:
        """Anything but 2xx, and all but 410 may pass: receivers answer 404 while they are deployed."""
        fault = fault_of(response)
        return fault and attrs.evolve(fault, retryable=response.status != 410)

    async def _post(
        self,
        body: bytes,
        headers: Mapping[str, str],
        *,
        retry: RetryPolicy | None = None,
        accept: Collection[int] = (),
    ) -> Response:
        return await self.call(
            "POST",
            self._target,
            operation=_SEND,
            content=body,
            content_type="application/json",
            headers=headers,
            idempotent=True,  # receivers drop what they know by `webhook-id`
            retry=retry,
            accept=accept,
        )

    async def _once(
        self, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Response | None, ConnectorError | None]:
        """The answer of one attempt and what is wrong with it, or why there is none."""
        came = await self.attempt(self._post(body, headers, retry=self._retry_once, accept=_ANY))
        if isinstance(came, ConnectorError):
            return None, came
        fault = self.fault(came)
        return came, None if fault is None else self.error(fault, came)

    def _sent(self, response: Response | None, error: ConnectorError | None, delivery: str) -> Sent:
        if error is not None:
            target = self.context.integration_id or self.provider
            outcome = Outcome.from_error(error, target=target, provider=self.provider, operation=_SEND)
            outcome = attrs.evolve(outcome, reference=delivery)
        else:
            assert response is not None
            outcome = self.done(response, reference=delivery)
        said = None if response is None else self.masks.text(response.text)[:EXCERPT]
        return Sent.of(outcome, excerpt=said or None, address=origin(self._target))

    def _body(self, event: Event) -> bytes:
        return body_of(event, self.config.profile, self._template, self.context.renderings)

    def _headers(self, event: Event, body: bytes, delivery: str) -> dict[str, str]:
        return call_headers(
            self.config,
            self.context,
            body,
            hook=self._hook,
            delivery_id=delivery,
            event_type=event.type,
            event=event,
        )

    @property
    def _target(self) -> str:
        return self.config.secret_url.reveal() if self.config.secret_url is not None else self.config.url
