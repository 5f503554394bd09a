"""A message as it arrived, what it must carry, and how it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NoReturn

import attrs

from integrations_sdk.errors import SignatureError

__all__ = ["LONGEST_HEADER", "Message", "lower", "refuse"]

LONGEST_HEADER: Final = 4096
"""Characters; a longer value of a header that matters here is refused unread."""


@attrs.frozen(kw_only=True)
class Message:
    """What arrived.

    Attributes:
        headers: names in lower case.
        body: byte for byte.
        now: the time of arrival.
        tolerance: how far a signed time may be from `now`, in both directions.
    """

    headers: Mapping[str, str]
    body: bytes
    now: datetime
    tolerance: timedelta

    def header(self, name: str) -> str:
        """The value of a header that must be there.

        Raises:
            SignatureError: it is missing, empty or too long.
        """
        value = self.headers.get(name, "")
        if not value:
            refuse(
                f"the header {name} is missing",
                "is the secret set at the sender, and does a proxy drop the header?",
            )
        if len(value) > LONGEST_HEADER:
            refuse(
                f"the header {name} is longer than {LONGEST_HEADER} characters", "is this the right source?"
            )
        return value

    def check_time(self, time: str) -> None:
        """Return if the signed time, in whole seconds, is near enough.

        Raises:
            SignatureError: it is not.
        """
        age = self.now.timestamp() - int(time)
        if abs(age) > self.tolerance.total_seconds():
            direction = "old" if age > 0 else "in the future"
            refuse(
                f"signed {abs(age):.0f} s {direction}", "it is a replay, or one of the two clocks is wrong"
            )


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def refuse(wrong: str, check: str) -> NoReturn:
    """Raise `SignatureError`: what is wrong, and what to check; neither may quote a secret or a signature."""
    msg = f"{wrong}: {check}"
    raise SignatureError(msg)
