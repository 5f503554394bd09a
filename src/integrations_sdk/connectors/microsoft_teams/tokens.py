"""What a user's refresh token is exchanged for. Pure.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token.
"""

from __future__ import annotations

from typing import Final

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Fault,
    PermissionDeniedError,
    Response,
    Secret,
    fault_of,
    json_of,
)
from integrations_sdk.connectors.microsoft_teams.config import MicrosoftTeamsConfig

__all__ = ["fault_in", "grant_form"]

_SIGN_IN: Final = "sign the user in again and configure the new refresh token"


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
