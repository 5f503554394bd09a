"""Access tokens that an authorization server grants (RFC 6749), kept until shortly before they expire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, TypeVar

import attrs

from integrations_sdk.clock import Clock
from integrations_sdk.connectors.config import ConnectorConfig
from integrations_sdk.connectors.connector import Connector
from integrations_sdk.connectors.context import ConnectorContext
from integrations_sdk.connectors.faults import Fault, fault_of, json_of, words_of
from integrations_sdk.connectors.reading import text_at
from integrations_sdk.errors import AuthenticationError, ConnectorError, RejectedError
from integrations_sdk.http.base import Response
from integrations_sdk.models import JsonValue, Secret

__all__ = ["AccessToken", "GrantedConnector", "TokenKeeper", "access_token", "oauth_fault", "request_token"]

C_co = TypeVar("C_co", bound=ConnectorConfig, covariant=True)

_EARLY: Final = timedelta(minutes=1)
_USUAL: Final = timedelta(minutes=5)
_REFUSED: Final = frozenset(
    {"invalid_client", "unauthorized_client", "invalid_grant", "access_denied", "invalid_token"}
)


@attrs.frozen(kw_only=True)
class AccessToken:
    """What gets in until it expires."""

    token: Secret
    expires_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether it lasts for another minute, longer than any one request takes."""
        return now + _EARLY < self.expires_at


class TokenKeeper:
    """One access token, granted anew before it expires; however many wait for it, it is asked for once.

    Args:
        grant: asks for a new one.
    """

    def __init__(self, clock: Clock, grant: Callable[[], Awaitable[AccessToken]]) -> None:
        self._clock = clock
        self._grant = grant
        self._kept: AccessToken | None = None
        self._renewal = asyncio.Lock()

    async def token(self) -> Secret:
        """The token.

        Raises:
            ConnectorError: none is granted.
        """
        async with self._renewal:
            if self._kept is None or not self._kept.is_fresh(self._clock.now()):
                self._kept = await self._grant()
            return self._kept.token

    def forget(self) -> None:
        """Ask for a new one next time, because the vendor refuses this one."""
        self._kept = None


class GrantedConnector(Connector[C_co]):
    """A connector whose requests carry an access token, which it asks for in `_grant()`.

    A token that is refused (401) is not used again.
    """

    def __init__(self, config: C_co, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._tokens = TokenKeeper(context.clock, self._grant)

    async def _grant(self) -> AccessToken:
        """Ask for a token, e.g. with `request_token()`."""
        raise NotImplementedError

    async def authorize(self) -> Mapping[str, str]:
        """The access token."""
        return {"authorization": f"Bearer {(await self._tokens.token()).reveal()}"}

    def error(self, fault: Fault, response: Response, operation: str = "") -> ConnectorError:
        """As with every connector; a token that is refused is forgotten."""
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget()
        return super().error(fault, response, operation)


async def request_token(
    connector: Connector[ConnectorConfig],
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    json: Mapping[str, JsonValue] | None = None,
    headers: Mapping[str, str] | None = None,
) -> AccessToken:
    """Ask a token endpoint (RFC 6749 §3.2), as the connector's operation `token`; repeating it is harmless.

    Raises:
        AuthenticationError: the endpoint refuses the credentials, if the connector's `fault()` reads it so.
        RejectedError: it answers without a token.
    """
    response = await connector.call(
        "POST",
        url,
        operation="token",
        form=form,
        json=json,
        headers=headers,
        authorize=False,
        idempotent=True,
    )
    found = access_token(json_of(response), connector.context.clock.now())
    if found is None:
        words = "answered without an access token; is the URL a token endpoint?"
        raise connector.error(Fault(RejectedError, words), response, "token")
    return found


def access_token(answer: JsonValue, now: datetime) -> AccessToken | None:
    """The bearer token in an answer (RFC 6749 §5.1), good for five minutes where it does not say; None if none."""
    said = answer if isinstance(answer, dict) else {}
    token, lasts = said.get("access_token"), said.get("expires_in")
    if not isinstance(token, str) or not token:
        return None
    seconds = float(lasts) if isinstance(lasts, int | float | str) and str(lasts).isdecimal() else None
    return AccessToken(
        token=Secret(token),
        expires_at=now + (_USUAL if seconds is None else timedelta(seconds=min(seconds, 10_000_000))),
    )


def oauth_fault(response: Response) -> Fault | None:
    """`fault_of()`, but that an OAuth error which refuses the credentials (RFC 6749 §5.2, RFC 6750 §3.1) says so.

    Token endpoints answer 400 where an API would answer 401. The fault's code is the OAuth error.
    """
    found = fault_of(response)
    if found is None or 300 <= response.status < 400:
        return found
    code = text_at(json_of(response), "error")
    kind = AuthenticationError if code in _REFUSED and response.status < 500 else found.kind
    return Fault(kind, words_of(response) or found.message, code)
