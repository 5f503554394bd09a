"""`ConnectorContext`: what a connector runs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine

import attrs

from integrations_sdk.clock import Clock
from integrations_sdk.connectors.memory import ConnectorMemory
from integrations_sdk.connectors.renderings import Renderings
from integrations_sdk.http.base import HttpSender
from integrations_sdk.http.guard import Guard
from integrations_sdk.mail.base import MailSender
from integrations_sdk.mail.client import MAIL_BY_CLOCK
from integrations_sdk.models import Scope

__all__ = ["ConnectorContext"]


@attrs.frozen(kw_only=True)
class ConnectorContext:
    """What a connector is given beside its configuration.

    Attributes:
        integration_id: None while a configuration is only being tried.
        mail: for providers that are no HTTP (`MailConnector`).
        guard: what the URLs of a provider with `user_supplied_urls` are held to; None: nothing.
        renderings: of events, shared by the connectors of one manager.
        open: the connector of another integration of the same tenant, by id.
        spawn: start background work in the manager's loop.
    """

    integration_id: str | None
    http: HttpSender
    clock: Clock
    scope: Scope
    memory: ConnectorMemory
    open: Callable[[str], Awaitable[object]]
    spawn: Callable[[Coroutine[object, object, None], str], object]
    guard: Guard | None = None
    renderings: Renderings = attrs.field(factory=Renderings)
    mail: MailSender = attrs.field(default=MAIL_BY_CLOCK)
