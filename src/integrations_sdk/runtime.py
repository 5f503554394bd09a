"""`Runtime`: the frozen bundle of ports that features and connectors are given, and nothing else is passed around."""

from __future__ import annotations

import attrs

from integrations_sdk.bus.base import Bus
from integrations_sdk.clock import Clock
from integrations_sdk.http.base import HttpSender
from integrations_sdk.http.guard import Guard
from integrations_sdk.mail.base import MailSender
from integrations_sdk.mail.client import MAIL_BY_CLOCK
from integrations_sdk.models import Scope
from integrations_sdk.secrets.base import SecretStore
from integrations_sdk.store.base import Store
from integrations_sdk.tasks import Tasks

__all__ = ["Runtime"]


@attrs.frozen(kw_only=True)
class Runtime:
    """Everything the outside world is reached through; `guard` says where URLs of others must not lead."""

    scope: Scope
    store: Store
    secrets: SecretStore
    http: HttpSender
    bus: Bus
    clock: Clock
    tasks: Tasks
    guard: Guard | None = None
    mail: MailSender = attrs.field(default=MAIL_BY_CLOCK)
