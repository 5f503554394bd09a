"""What a user's refresh token is exchanged for. Pure.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Fault,
    JsonValue,
    PermissionDeniedError,
    Response,
    Secret,
    fault_of,
    json_of,
)
from integrations_sdk.connectors.microsoft_teams.config import MicrosoftTeamsConfig

__all__ = ["Granted", "fault_in", "grant_form", "granted"]

_EARLY: Final = timedelta(minutes=2)
_USUAL: Final = timedelta(minutes=30)
_SIGN_IN: Final = "sign the user in again and configure the new refresh token"


@attrs.frozen(kw_only=True)
class Granted:
    """An access token until it expires, and the refresh token that comes after the one that was used."""

    token: Secret
    refresh_token: Secret
    expires_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether it lasts longer than any one operation takes."""
        return now + _EARLY < self.expires_at


def grant_form(config: MicrosoftTeamsConfig, refresh_token: Secret) -> dict[str, str]:
    """The fields of the request for a token."""
    secret = {"client_secret": config.client_secret.reveal()} if config.client_secret is not None else {}
    resource = config.api_url.partition("/v1.0")[0].rstrip("/")
    return {
        "grant_type": "refresh_token",
        "client_id": config.client_id or "",
        "refresh_token": refresh_token.reveal(),
        "scope": f"{resource}/ChannelMessage.Send offline_access",
        **secret,
    }


def granted(answer: JsonValue, used: Secret, now: datetime) -> Granted | None:
    """The tokens in an answer; None when it is not what is documented."""
    said = answer if isinstance(answer, dict) else {}
    token, refresh, lasts = said.get("access_token"), said.get("refresh_token"), said.get("expires_in")
    if not isinstance(token, str) or not token:
        return None
    return Granted(
        token=Secret(token),
        refresh_token=Secret(refresh) if isinstance(refresh, str) and refresh else used,
        expires_at=now + (timedelta(seconds=min(lasts, 86_400)) if isinstance(lasts, int) else _USUAL),
    )


def fault_in(response: Response) -> Fault | None:
    """What is wrong with an answer of Graph, of the token endpoint or of a workflow: code, words, remedy."""
    found, body = fault_of(response), json_of(response)
    said = body.get("error") if isinstance(body, dict) else None
    if found is None or not isinstance(body, dict):
        return found
    if isinstance(said, str):  # the token endpoint, RFC 6749 §5.2
        words = str(body.get("error_description") or said).partition("Trace ID:")[0]
        return Fault(AuthenticationError, f"{words.rstrip(' .')}: {_SIGN_IN}", said)
    code = str(said.get("code") or "") if isinstance(said, dict) else ""
    kind, words = found.kind, found.message
    if "application-only context" in words:
        kind, words = (
            PermissionDeniedError,
            f"{words}: Graph takes channel messages from signed-in users alone",
        )
    if code in {"DirectApiAuthorizationRequired", "WorkflowTriggerIsNotEnabled"}:
        kind, words = (
            AuthenticationError,
            f"{words}: take the URL of a workflow that is on and that anyone may trigger",
        )
    return Fault(kind, words, code or None)
