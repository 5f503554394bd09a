"""Zendesk: tickets, also made from templates.

`config` says what is configured, `templates` fills templates, `words` knows Zendesk's fields and errors: pure. `api`
reaches one account, `tickets` works on its tickets, `provider` acts on events.
"""

from __future__ import annotations

from integrations_sdk.connectors.zendesk.config import ZendeskConfig
from integrations_sdk.connectors.zendesk.provider import ZendeskConnector
from integrations_sdk.connectors.zendesk.templates import TicketTemplate

__all__ = ["TicketTemplate", "ZendeskConfig", "ZendeskConnector", "connector"]

connector = ZendeskConnector
