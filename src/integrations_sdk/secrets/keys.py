"""`KeyRing`: the AES-256 keys that seal credentials, from the environment, a key file, or thin air."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NoReturn

import attrs

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.models import Secret

__all__ = ["KEY_VARIABLE", "KeyRing", "SealingKey", "default_key_path", "open_key_ring"]

KEY_VARIABLE: Final = "INTEGRATIONS_SDK_KEY"
"""The environment variable with the keys: each 32 bytes in base64, several separated by commas."""

_MAKE: Final = (
    "make one with: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"
)
_SIZE: Final = 32
_LARGEST_FILE: Final = 4096


@attrs.frozen
class SealingKey:
    """One AES-256 key. `id` is a short hash of it, by which sealed things name the key that opens them."""

    id: str
    secret: Secret

    @classmethod
    def of(cls, raw: bytes) -> SealingKey:
        """The key of these 32 bytes."""
        digest = hashlib.sha256(b"integrations_sdk key id\0" + raw).hexdigest()
        return cls(digest[:12], Secret(base64.b64encode(raw).decode()))

    def reveal(self) -> bytes:
        """The 32 bytes. Pass them on to the cipher; do not keep them."""
        return base64.b64decode(self.secret.reveal())


class KeyRing:
    """Keys in order: the first one seals, every one opens.

    To rotate, put a new key in front, keep the old ones behind it, call `SealedSecrets.reseal()`, then drop
    the old ones.

    Raises:
        ConfigurationError: there is no key.
    """

    def __init__(self, keys: Iterable[SealingKey]) -> None:
        self._keys = {key.id: key for key in keys}
        if not self._keys:
            raise ConfigurationError.of("encryption keys", KEY_VARIABLE, "expected at least one key", _MAKE)

    @classmethod
    def parse(cls, text: str, *, where: str = KEY_VARIABLE) -> KeyRing:
        """The keys of a text: each 32 bytes in base64 (URL-safe or not), separated by commas or white space.

        Args:
            where: what errors call the text.

        Raises:
            ConfigurationError: naming every key that is none, by its place; the text is not quoted.
        """
        keys: list[SealingKey] = []
        problems: list[Problem] = []
        for place, part in enumerate(re.split(r"\s*,\s*|\s+", text.strip())):
            if (raw := _decoded(part)) is not None:
                keys.append(SealingKey.of(raw))
            else:
                problems.append(Problem(f"{where}[{place}]", "expected 32 bytes in base64", _MAKE))
        if problems:
            raise ConfigurationError("encryption keys", problems)
        return cls(keys)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> KeyRing:
        """The keys in `INTEGRATIONS_SDK_KEY`.

        Args:
            environ: None takes the process's own.

        Raises:
            ConfigurationError: the variable is missing, empty or malformed.
        """
        text = (os.environ if environ is None else environ).get(KEY_VARIABLE)
        if text is None:
            raise ConfigurationError.of("encryption keys", KEY_VARIABLE, "missing", _MAKE)
        return cls.parse(text)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, create: bool = True) -> KeyRing:
        """The keys in a file that only its owner may read.

        Args:
            path: one key per line; the first seals.
            create: make the file, mode 0600, with a new key if there is none. When several processes do so at
                once, one of them succeeds and all read the same key.

        Raises:
            ConfigurationError: missing (without `create`), open to others, not a regular file, or malformed.
        """
        file = Path(path)
        if create:
            _create(file)
        return cls.parse(_read(file), where=str(file))

    @classmethod
    def generate(cls) -> KeyRing:
        """One new key that lives as long as this object: for stores that live no longer."""
        return cls([SealingKey.of(os.urandom(_SIZE))])

    @property
    def first(self) -> SealingKey:
        """The key that seals."""
        return next(iter(self))

    def find(self, key_id: str) -> SealingKey | None:
        """The key with that id; None if it is not on the ring."""
        return self._keys.get(key_id)

    def __iter__(self) -> Iterator[SealingKey]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"


def default_key_path(environ: Mapping[str, str] | None = None) -> Path:
    """`$XDG_CONFIG_HOME/integrations_sdk/key`, or the same below `~/.config`."""
    base = (os.environ if environ is None else environ).get("XDG_CONFIG_HOME", "")
    # The XDG base directory specification has relative paths ignored.
    folder = Path(base) if os.path.isabs(base) else Path.home() / ".config"  # noqa: PTH117  # "" is no path
    return folder / "integrations_sdk" / "key"


def open_key_ring(environ: Mapping[str, str] | None = None) -> KeyRing:
    """The keys for a store that lasts: `INTEGRATIONS_SDK_KEY` if it is set, else the default key file.

    A variable that is set but empty is an error rather than absent: what a new key file sealed in its place
    could not be opened once the variable is back.

    Raises:
        ConfigurationError: as `KeyRing.from_env()` and `KeyRing.from_file()`.
    """
    known = os.environ if environ is None else environ
    return KeyRing.from_env(known) if KEY_VARIABLE in known else KeyRing.from_file(default_key_path(known))


def _decoded(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        return None
    return raw if len(raw) == _SIZE else None


def _create(file: Path) -> None:
    """Write a new key beside the file, then link it into place: a link is whole, and replaces no other."""
    try:
        if file.exists():
            return
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".key-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="ascii") as writing:
                writing.write(KeyRing.generate().first.secret.reveal() + "\n")
                writing.flush()
                os.fsync(handle)
            with contextlib.suppress(FileExistsError):  # another process was first: its key counts
                os.link(name, file)
        finally:
            Path(name).unlink()
    except OSError as error:
        _unusable(
            file,
            f"cannot be created ({error.strerror})",
            f"set {KEY_VARIABLE}, or choose another place",
            error,
        )


def _read(file: Path) -> str:
    try:
        # Not to wait for the other end, should it be a pipe.
        with os.fdopen(os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as reading:
            status = os.fstat(reading.fileno())
            if not stat.S_ISREG(status.st_mode):
                _unusable(file, "is not a regular file", "give the path of a key file")
            if os.name == "posix" and status.st_mode & 0o077:
                _unusable(
                    file, "can be read or changed by others", f"chmod 600 {file}, and consider a new key"
                )
            content = reading.read(_LARGEST_FILE + 1)
    except OSError as error:
        _unusable(
            file, f"cannot be read ({error.strerror})", f"set {KEY_VARIABLE}, or give another path", error
        )
    if len(content) > _LARGEST_FILE:
        _unusable(file, f"is larger than {_LARGEST_FILE} bytes", "give the path of a key file")
    return content.decode("ascii", "replace")


def _unusable(file: Path, wrong: str, remedy: str, cause: OSError | None = None) -> NoReturn:
    raise ConfigurationError.of("encryption key file", str(file), wrong, remedy) from cause
