"""For tests: stand-in vendors on loopback, fakes at the ports, and contract suites that backends inherit."""

from __future__ import annotations

from integrations_sdk.testing.faults import FaultSpec
from integrations_sdk.testing.sandbox import Arrival, Sandbox
from integrations_sdk.testing.signed import sign
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["Arrival", "FaultSpec", "Received", "Reply", "Sandbox", "StandIn", "route", "sign"]
