"""How integrations are doing."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from integrations_sdk.models.record import Record

__all__ = ["Diagnosis", "HealthCheck", "HealthStatus"]


class HealthStatus(StrEnum):
    """The verdict: works; works with a warning, or wavers; does not work."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Diagnosis(StrEnum):
    """What to do: nothing; wait; give new credentials or rights; or repair the configuration."""

    WORKING = "working"
    RETRY_LATER = "retry_later"
    REAUTHORISE = "reauthorise"
    DEAD = "dead"


@attrs.frozen(kw_only=True)
class HealthCheck(Record):
    """One check of one integration, and the status that follows from it and the checks before.

    Attributes:
        response_time_ms: of the check; None when there was no answer to time.
        reason: what is wrong, in one line; None when nothing is.
        remedy: what to do about it.
        consecutive_failures: failed checks in a row up to this one; 0 when it succeeded.
        consecutive_successes: likewise.
    """

    integration_id: str
    integration_type: str
    status: HealthStatus
    diagnosis: Diagnosis
    response_time_ms: float | None
    last_check: datetime
    reason: str | None = None
    remedy: str | None = None
    consecutive_failures: int = 0
    consecutive_successes: int = 0
