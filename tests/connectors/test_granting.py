"""Access tokens: read, kept until shortly before they expire, asked for once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AccessToken,
    AuthenticationError,
    Category,
    ConnectorError,
    GrantedConnector,
    ProviderUnavailableError,
    RejectedError,
    Secret,
    TokenKeeper,
    access_token,
    oauth_fault,
    request_token,
)
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from support.toy import ToyConfig, ToyConnector

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "token", "seconds"),
    [
        ({"access_token": "a", "expires_in": 3600}, "a", 3600),
        ({"access_token": "a", "expires_in": "3600", "token_type": "Bearer"}, "a", 3600),
        ({"access_token": "a"}, "a", 300),
        ({"access_token": "a", "expires_in": -1}, "a", 300),
        ({"access_token": "a", "expires_in": 10**30}, "a", 10_000_000),
        ({"access_token": ""}, None, 0),
        ({"access_token": 5}, None, 0),
        ({"error": "invalid_client"}, None, 0),
        ("a", None, 0),
        (None, None, 0),
    ],
)
def test_tokens_are_read(answer: object, token: str | None, seconds: int) -> None:
    """As RFC 6749 §5.1 has them, and as servers write them."""
    found = access_token(answer, NOW)
    assert (found and (found.token.reveal(), found.expires_at)) == (
        token and (token, NOW + timedelta(seconds=seconds))
    )
    assert "'a'" not in repr(found)


def test_a_token_is_asked_for_once_and_again_before_it_expires() -> None:
    """However many wait, one exchange is made; a minute before the end there is another."""
    clock, granted = FakeClock(NOW), []

    async def grant() -> AccessToken:
        await asyncio.sleep(0)
        granted.append(clock.now())
        return AccessToken(token=Secret(str(len(granted))), expires_at=clock.now() + timedelta(hours=1))

    async def main() -> None:
        keeper = TokenKeeper(clock, grant)
        assert {secret.reveal() for secret in await asyncio.gather(*(keeper.token() for _ in range(5)))} == {
            "1"
        }
        clock.advance(3539)
        assert (await keeper.token()).reveal() == "1"
        clock.advance(1)
        assert (await keeper.token()).reveal() == "2"
        keeper.forget()
        assert (await keeper.token()).reveal() == "3"

    asyncio.run(main())


def test_a_grant_that_fails_is_asked_for_again() -> None:
    """The error reaches who waited, and the next one tries anew."""
    answers = [
        ProviderUnavailableError("down"),
        AccessToken(token=Secret("x"), expires_at=NOW + timedelta(hours=1)),
    ]

    async def grant() -> AccessToken:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def main() -> None:
        keeper = TokenKeeper(FakeClock(NOW), grant)
        with pytest.raises(ProviderUnavailableError):
            await keeper.token()
        assert (await keeper.token()).reveal() == "x"

    asyncio.run(main())


def test_a_token_endpoint_is_asked_without_other_credentials() -> None:
    """As the operation `token`, which may be repeated; an answer without a token is an error."""
    http = ScriptedHttp([reply(200, {"access_token": "a", "expires_in": 60}), reply(200, {"token": "a"})])
    toy = connect(ToyConnector, {"url": "https://t.example", "token": "own"}, http)
    url = "https://t.example/token"
    found = asyncio.run(request_token(toy, url, form={"grant_type": "client_credentials"}))
    assert found.token.reveal() == "a"
    assert http.requests[0].content == b"grant_type=client_credentials"
    assert (http.calls[0].operation, http.calls[0].idempotent) == ("token", True)
    with pytest.raises(RejectedError, match="is the URL a token endpoint"):
        asyncio.run(request_token(toy, url, form={"grant_type": "client_credentials"}))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_client", "error_description": "wrong secret"}, AuthenticationError),
        (401, {"error": "invalid_client"}, AuthenticationError),
        (403, {"error": "access_denied"}, AuthenticationError),
        (400, {"error": "invalid_scope"}, RejectedError),
        (500, {"error": "invalid_client"}, ProviderUnavailableError),
        (302, {"error": "invalid_client"}, RejectedError),
    ],
)
def test_oauth_errors_that_refuse_the_credentials(status: int, body: dict[str, str], kind: type) -> None:
    """Say so, whatever the status; their code is OAuth's."""
    found = oauth_fault(reply(status, body))
    assert found is not None
    assert found.kind is kind
    assert found.code == (None if status == 302 else body["error"])
    assert oauth_fault(reply(200, {"error": "invalid_client"})) is None


class Granted(GrantedConnector[ToyConfig]):
    """A provider whose tokens are counted."""

    provider, title, category, Config = "granted", "Granted", Category.CUSTOM, ToyConfig
    granted = 0

    async def _grant(self) -> AccessToken:
        self.granted += 1
        return AccessToken(token=Secret(f"t-{self.granted}"), expires_at=NOW + timedelta(days=9999))


@pytest.mark.parametrize(("status", "second"), [(401, "t-2"), (403, "t-1"), (503, "t-1")])
def test_a_token_that_is_refused_is_not_used_again(status: int, second: str) -> None:
    """Other refusals leave it as it is."""
    http = ScriptedHttp([reply(status, {}), reply(200, {})])
    connector = connect(Granted, {"url": "https://toy.example"}, http)

    async def main() -> None:
        with pytest.raises(ConnectorError):
            await connector.call("GET", "https://toy.example/x", operation="x")
        await connector.call("GET", "https://toy.example/x", operation="x")

    asyncio.run(main())
    assert [request.headers["authorization"] for request in http.requests] == [
        "Bearer t-1",
        f"Bearer {second}",
    ]
