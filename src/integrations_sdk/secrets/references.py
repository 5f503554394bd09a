"""References to secrets kept elsewhere: `env:`, `file:`, `keyring:`, and those of services, `vault:` and `aws-sm:`.

A resolver for another scheme is any object that fits `ReferenceResolver`.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from typing import Final, NoReturn
from urllib.parse import unquote

from integrations_sdk.errors import ConfigurationError, MissingExtraError
from integrations_sdk.models import Secret
from integrations_sdk.secrets.aws import SecretsManagerResolver
from integrations_sdk.secrets.base import ReferenceResolver
from integrations_sdk.secrets.keys import KEY_VARIABLE, default_key_path
from integrations_sdk.secrets.vault import VaultResolver

__all__ = ["EnvironmentResolver", "FileResolver", "KeyringResolver", "default_resolvers", "resolve_reference"]

_LARGEST: Final = 64 * 1024


class EnvironmentResolver:
    """`env:NAME`: an environment variable. The SDK's own key is not to be had this way.

    Args:
        environ: None takes the process's own, as it is when a reference is resolved.
    """

    scheme = "env"

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = environ

    async def resolve(self, reference: str) -> str:
        """The variable's value.

        Raises:
            ConfigurationError: it is not set, or empty.
        """
        value = (os.environ if self._environ is None else self._environ).get(reference)
        if reference == KEY_VARIABLE:
            _nowhere(
                "env", reference, "not available to configurations", "name the variable of the credential"
            )
        if not value:
            wrong = (
                "the environment variable is not set"
                if value is None
                else "the environment variable is empty"
            )
            _nowhere("env", reference, wrong, f"export {reference}=…")
        return value


class FileResolver:
    """`file:/run/secrets/x`: the content of a file, without one line break at its end.

    `file:///run/secrets/x` (RFC 8089) is the same, percent-encoded. The SDK's own key file is not to be had.
    """

    scheme = "file"

    async def resolve(self, reference: str) -> str:
        """The file's content.

        Raises:
            ConfigurationError: the path is relative or of another host, or the file missing, no regular file,
                over 64 KiB, no text in UTF-8, empty, or the SDK's own key file.
        """
        if reference.startswith("//"):
            host, slash, path = reference[2:].partition("/")
            reference = "" if host not in {"", "localhost"} else unquote(slash + path)
        if not os.path.isabs(reference) or "\0" in reference:  # noqa: PTH117  # the text counts, not what Path makes of it
            _nowhere("file", reference, "expected an absolute path", "write e.g. file:/run/secrets/name")
        return await asyncio.to_thread(_content, reference)


class KeyringResolver:
    """`keyring:service/name`: a password in the system's keyring (extra `keyring`)."""

    scheme = "keyring"

    async def resolve(self, reference: str) -> str:
        """The password.

        Raises:
            ConfigurationError: there is none, or no keyring to ask.
            MissingExtraError: the package `keyring` is not installed.
        """
        service, _, name = reference.partition("/")
        if not service or not name:
            _nowhere("keyring", reference, "expected service/name", "write e.g. keyring:slack/bot-token")
        # Keyrings ask over D-Bus, or ask the user: neither may hold up the loop.
        return await asyncio.to_thread(_password, service, name)


def default_resolvers() -> tuple[ReferenceResolver, ...]:
    """The resolvers for `env`, `file`, `keyring`, `vault` and `aws-sm`."""
    return (
        EnvironmentResolver(),
        FileResolver(),
        KeyringResolver(),
        VaultResolver(),
        SecretsManagerResolver(),
    )


async def resolve_reference(secret: Secret, resolvers: Mapping[str, ReferenceResolver]) -> Secret:
    """The value a reference leads to; a secret that is no reference as it is.

    Args:
        resolvers: by scheme. One for a scheme of its own makes secrets that begin with it references too.

    Raises:
        ConfigurationError: no resolver for the scheme, the reference leads nowhere, or to another reference.
        MissingExtraError: its scheme needs a package that is not installed.
    """
    scheme, colon, reference = secret.reveal().partition(":")
    own_scheme = scheme in resolvers and colon and reference and not reference.startswith("//")
    if not secret.is_reference and not own_scheme:
        return secret
    if scheme not in resolvers:
        known = ", ".join(f"{name}:" for name in resolvers) or "none"
        remedy = f"available: {known}; resolvers for others can be passed in (integrations_sdk.secrets.base)"
        _nowhere(scheme, reference, f"no resolver for {scheme}:", remedy)
    found = Secret(await resolvers[scheme].resolve(reference))
    if found.is_reference:
        # Following it would let whoever can change one secret read any other.
        _nowhere(scheme, reference, "leads to another reference", "store the value itself there")
    return found


def _content(path: str) -> str:
    try:
        # Not to wait for the other end, should it be a pipe.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as reading:
            status = os.fstat(reading.fileno())
            if not stat.S_ISREG(status.st_mode):
                _nowhere("file", path, "is not a regular file", "give the path of a file with the value")
            if _is_own_key(status):
                _nowhere("file", path, "not available to configurations", "name the file of the credential")
            content = reading.read(_LARGEST + 1)
    except OSError as error:
        _nowhere("file", path, f"cannot be read ({error.strerror})", "check path and permissions", error)
    if len(content) > _LARGEST:
        _nowhere(
            "file", path, f"is larger than {_LARGEST // 1024} KiB", "give the path of a file with the value"
        )
    if (text := _utf8(content)) is None:
        _nowhere("file", path, "is not UTF-8 text", "store the value as text there")
    text = text.removesuffix("\n").removesuffix("\r")
    return text or _nowhere("file", path, "is empty", "store the value there")


def _is_own_key(status: os.stat_result) -> bool:
    """Whether it is the default key file, by whatever path it was reached."""
    try:
        return os.path.samestat(status, default_key_path().stat())
    except (OSError, RuntimeError):  # there is none; there is not even a home
        return False


def _utf8(content: bytes) -> str | None:
    """None for what is no text: the decoder's error holds the content, so it must not become a context.

    NUL is in no text: a process's environment, which has it between variables, is not to be had as a file.
    """
    try:
        return None if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _password(service: str, name: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        feature = "a secret in the system's keyring"
        raise MissingExtraError(feature, "keyring") from error
    reference = f"{service}/{name}"
    try:
        found = keyring.get_password(service, name)
    except KeyringError as error:
        _nowhere(
            "keyring", reference, f"the keyring does not answer ({type(error).__name__})", "unlock it", error
        )
    return found or _nowhere("keyring", reference, "no such password", f"keyring set {service} {name}")


def _nowhere(
    scheme: str, reference: str, wrong: str, remedy: str, cause: Exception | None = None
) -> NoReturn:
    raise ConfigurationError.of("secret reference", f"{scheme}:{reference}", wrong, remedy) from cause
