"""Authentication as a GitHub App: https://docs.github.com/apps, "Authenticating with a GitHub App". Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from integrations_sdk.connectors.base import JsonValue, Secret, signed_token, time_of

__all__ = ["InstallationToken", "app_jwt", "installation_token"]

_EARLY = timedelta(minutes=5)


@attrs.frozen(kw_only=True)
class InstallationToken:
    """What an installation of the app may act with, for an hour."""

    token: Secret
    expires_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether it lasts for another five minutes, more than any one operation takes."""
        return now + _EARLY < self.expires_at


def app_jwt(app_id: int | str, private_key: Secret, now: datetime) -> str:
    """The app's own proof of who it is (RS256), good for nine minutes.

    GitHub allows ten, and recommends to date it a minute back, for clocks differ.
    """
    claims: dict[str, str | int] = {
        "iat": int((now - timedelta(minutes=1)).timestamp()),
        "exp": int((now + timedelta(minutes=9)).timestamp()),
        "iss": str(app_id),
    }
    return signed_token(claims, private_key)


def installation_token(answer: JsonValue) -> InstallationToken | None:
    """The token in GitHub's answer; None when it is not what is documented."""
    said = answer if isinstance(answer, dict) else {}
    token, expires = said.get("token"), time_of(said.get("expires_at"))
    if not isinstance(token, str) or expires is None:
        return None
    return InstallationToken(token=Secret(token), expires_at=expires)
