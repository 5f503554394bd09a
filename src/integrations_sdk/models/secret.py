"""`Secret`: a value that shows itself only when asked to by name."""

from __future__ import annotations

import hmac
from typing import Final

from integrations_sdk.errors import StateError

__all__ = ["MASK", "REFERENCE_SCHEMES", "Secret"]

MASK: Final = "••••"
"""What stands in every output where a secret would be."""


REFERENCE_SCHEMES: Final = frozenset({"env", "file", "keyring", "vault", "aws-sm"})
"""What a secret may begin with (`env:NAME`) to be a reference to the value instead of the value."""


class Secret:
    """A string that no `repr`, `str`, format, log, exception, pickle, HTML or JSON shows.

    `reveal()` is the only way to the value, so a search for it finds every use. Comparison takes
    constant time. A pickle does not carry the value: what is unpickled refuses to reveal, so let a
    secret cross a process boundary as a reference (`env:NAME`) instead.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret) -> None:
        self._value: str | None = value.reveal() if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """The value itself. Pass it on to where it is needed; do not keep it.

        Raises:
            StateError: this object came out of a pickle, which does not carry the value.
        """
        if self._value is None:
            msg = "this secret was pickled, and pickles carry no secrets: pass a reference such as 'env:NAME'"
            raise StateError(msg)
        return self._value

    @property
    def is_reference(self) -> bool:
        """Whether it names a place to read the value from (`env:NAME`) rather than being it."""
        scheme, colon, rest = (self._value or "").partition(":")
        is_url = rest.startswith("//") and scheme != "file"  # `file:///run/secrets/x` is no credential
        return bool(colon and rest) and scheme in REFERENCE_SCHEMES and not is_url

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self), _bytes(other))

    def __hash__(self) -> int:
        return hash((Secret, _bytes(self)))

    def __getstate__(self) -> None:
        """Nothing: what serialises by state rather than by `__reduce__` gets no value either."""

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickled, ()


def _bytes(secret: Secret) -> bytes:
    # An environment variable that is not UTF-8 arrives with surrogates.
    return (secret._value or "").encode("utf-8", "surrogatepass")  # noqa: SLF001  # its own module


def _unpickled() -> Secret:
    secret = Secret("")
    secret._value = None  # noqa: SLF001  # its own module
    return secret
