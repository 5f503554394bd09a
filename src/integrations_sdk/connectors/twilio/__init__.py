"""Text messages (SMS) through Twilio."""

from __future__ import annotations

from integrations_sdk.connectors.twilio.config import TwilioConfig
from integrations_sdk.connectors.twilio.provider import TwilioConnector
from integrations_sdk.connectors.twilio.segments import segments

__all__ = ["TwilioConfig", "TwilioConnector", "connector", "segments"]

connector = TwilioConnector
