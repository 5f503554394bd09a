"""`AwsConnector`: the base of every service of AWS."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, TypeVar

import attrs

from integrations_sdk.connectors.aws.config import AwsConfig
from integrations_sdk.connectors.aws.faults import aws_fault
from integrations_sdk.connectors.connector import Connector
from integrations_sdk.connectors.context import ConnectorContext
from integrations_sdk.connectors.faults import Fault
from integrations_sdk.errors import AuthenticationError, ConfigurationError
from integrations_sdk.http.aws import AwsCredentials, CredentialChain, NoCredentialsError, signed
from integrations_sdk.http.base import Call, HttpSender, Request, Response

__all__ = ["AwsConnector"]

A_co = TypeVar("A_co", bound=AwsConfig, covariant=True)
T = TypeVar("T")


class AwsConnector(Connector[A_co]):
    """A service of AWS: every request is signed on its way out, and errors are read by their names.

    Class attributes:
        service: its name in signatures and addresses, e.g. `codecommit`.
    """

    service: ClassVar[str]

    def __init__(self, config: A_co, context: ConnectorContext) -> None:
        super().__init__(config, attrs.evolve(context, http=_Signing(context.http, self._signed)))
        self._chain = CredentialChain(config.profile)
        self._region = config.region or ""

    @property
    def region(self) -> str:
        """The region; empty until it is looked for, where none is configured."""
        return self._region

    @property
    def base_url(self) -> str:
        """The service's address in the region: https://docs.aws.amazon.com/general/latest/gr/rande.html."""
        if self.config.endpoint_url is not None:
            return self.config.endpoint_url.rstrip("/")
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://{self.service}.{self.region}.{domain}"

    async def authorize(self) -> Mapping[str, str]:
        """Find the region, for the address needs it; what is signed is the whole request, later.

        Raises:
            ConfigurationError: no region is known.
            AuthenticationError: there is no such profile.
        """
        if not self._region:
            self._region = os.environ.get("AWS_REGION") or await self._asked(self._chain.region) or ""
        if not self._region:
            remedy = "add it, or set AWS_REGION"
            raise ConfigurationError.of(f"{self.provider} configuration", "region", "missing", remedy)
        return {}

    def fault(self, response: Response) -> Fault | None:
        """`aws_fault()`."""
        return aws_fault(response)

    async def _signed(self, request: Request) -> Request:
        now, found = self.context.clock.now(), await self._credentials_now()
        return signed(request, found, service=self.service, region=self.region, now=now)

    async def _credentials_now(self) -> AwsCredentials:
        key, secret = self.config.access_key_id, self.config.secret_access_key
        if key is not None and secret is not None:
            return AwsCredentials(key, secret, self.config.session_token)
        found = await self._asked(self._chain.credentials)
        for each in found:
            self.lent(each or "")  # so that it is masked like a configured one
        return found

    async def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(ask)
        except NoCredentialsError as error:
            raise AuthenticationError(
                self.shown(str(error)),
                provider=self.provider,
                operation="credentials",
                integration_id=self.context.integration_id,
            ) from None


class _Signing:
    """An `HttpSender` that signs what it sends; attempts follow within seconds, and share the signature."""

    def __init__(self, http: HttpSender, sign: Callable[[Request], Awaitable[Request]]) -> None:
        self._http = http
        self._sign = sign

    async def send(self, request: Request, call: Call) -> Response:
        return await self._http.send(await self._sign(request), call)

    async def close(self) -> None:
        await self._http.close()
