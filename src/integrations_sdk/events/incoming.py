"""`Incoming`: what is shared with the senders of messages, and whether a message is one of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from integrations_sdk.connectors.directory import storage_id
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.receiving import MAX_BODY_BYTES, authentic, read
from integrations_sdk.models import Event, Secret
from integrations_sdk.runtime import Runtime
from integrations_sdk.signing import TOLERANCE, HmacScheme, SecretsGiven, secrets_given

__all__ = ["Incoming"]


class Incoming:
    """The secrets of one scope's senders, sealed in the secret store.

    Args:
        secrets: by source; go before what is kept.
        max_body_bytes: a larger body is refused.
    """

    def __init__(
        self,
        runtime: Runtime,
        secrets: Mapping[str, SecretsGiven] | None = None,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._runtime = runtime
        self._secrets = {source: secrets_given(source, given) for source, given in (secrets or {}).items()}
        self._max_body_bytes = max_body_bytes

    async def verify(
        self,
        source: str,
        headers: Mapping[str, str],
        body: bytes | str,
        *,
        secret: SecretsGiven | None = None,
        scheme: HmacScheme | None = None,
        tolerance: timedelta = TOLERANCE,
    ) -> None:
        """Return if the message is authentic and fresh; nothing is remembered of it.

        Raises:
            SignatureError: it is not.
            ConfigurationError: no secret is known for the source, or the message is none it can have sent.
        """
        authentic(
            source,
            headers,
            body,
            secrets=await self.shared(source, secret),
            now=self._runtime.clock.now(),
            limit=self._max_body_bytes,
            scheme=scheme,
            tolerance=tolerance,
        )

    def read(self, source: str, headers: Mapping[str, str], body: bytes | str) -> Event:
        """The event of a message of which it is known whose it is; nothing is verified or remembered.

        Raises:
            ConfigurationError: the message is none it can have sent.
        """
        return read(
            source,
            headers,
            body,
            secrets=None,
            now=self._runtime.clock.now(),
            limit=self._max_body_bytes,
        )

    async def shared(self, source: str, given: SecretsGiven | None = None) -> list[Secret]:
        """What is shared with a source, references resolved: what is given, else what is known.

        Raises:
            ConfigurationError: nothing is, or a reference leads nowhere.
        """
        if given is not None:
            secrets = secrets_given(source, given)
        else:
            kept = self._secrets.get(source)
            secrets = kept or tuple((await self._runtime.secrets.get(self._key(source))).values())
        if not secrets:
            remedy = f"pass secret=…, or call events.set_secret({source!r}, …); receive(verify=False) takes anybody"
            raise ConfigurationError.of(
                f"{source} webhook", "secret", "missing; messages cannot be verified", remedy
            )
        resolved = [await self._runtime.secrets.resolve(secret) for secret in secrets]
        return list(secrets_given(source, resolved))

    async def keep(self, source: str, secret: SecretsGiven | None) -> None:
        """Keep what is shared with a source, sealed, in place of an earlier one; None forgets it.

        Raises:
            ConfigurationError: it is empty or no text.
        """
        key = self._key(source)
        if secret is None:
            await self._runtime.store.write(*self._runtime.secrets.delete_writes(key))
            return
        kept = {str(index): item for index, item in enumerate(secrets_given(source, secret))}
        await self._runtime.store.write(*self._runtime.secrets.put_writes(key, kept))

    def _key(self, source: str) -> str:
        """Beside the keys of integrations, whose ids (`slack-1`) hold no colon."""
        scope = self._runtime.scope
        return storage_id(scope.tenant_id, storage_id(scope.project_id or "", f"events:{source}"))
