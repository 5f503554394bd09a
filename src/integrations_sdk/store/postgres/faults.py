"""What PostgreSQL, asyncpg and the network complain of, said once as an error of this library, with what to do."""

from __future__ import annotations

import ssl
from typing import Final

from integrations_sdk.errors import ConfigurationError, IntegrationError, StateError
from integrations_sdk.store.postgres.address import Address

__all__ = ["broken_index", "is_lost", "is_overtaken", "is_passing", "translate"]

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_MISCONFIGURED: Final = {
    "28P01": "refuses the user or the password: correct the URL",
    "28000": "refuses this user from here: correct the URL, or allow it in the server's pg_hba.conf",
    "3D000": "does not exist: create the database, or name another one",
}
_REMEDIES: Final = {
    "23505": "is changed by others all the time: retry",
    "25006": "is read-only: name the primary server, or add target_session_attrs=read-write to the URL",
    "40001": "is changed by others all the time: retry",
    "40P01": "is locked by others all the time: retry",
    "42501": "may not be used like this by this user: grant it what the guide to stores lists",
    "42P01": "lacks a table: it was dropped, or the connection is to another database",
    "3F000": "lacks the schema: it was dropped, or the connection is to another database",
    "53100": "cannot grow, the server's disk is full: free some room, then retry",
    "53200": "is out of memory: look at the server, then retry",
    "53300": "takes no more connections: lower `connections`, or raise the server's max_connections",
    "55P03": "is locked by another transaction: end whatever holds it for so long, then retry",
    "57014": "took too long: raise `timeout`, or look at what keeps the server busy",
    "57P03": "is starting up or shutting down: retry in a moment",
    "XX001": "is damaged: restore it from a backup",
    "XX002": "has a damaged index: REINDEX the schema, or restore it from a backup",
}
_REPEATABLE: Final = frozenset({
    "40001",  # serialization failure
    "40P01",  # deadlock
    "23505",  # somebody else inserted the same id: the next look finds it
    "0A000",  # a cached plan is out of date: it is made anew
})  # fmt: skip
_LOST: Final = ("08", "57P01", "57P02", "57P05", "25P03")


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, so that another one may do better."""
    if isinstance(error, ssl.SSLError):
        return False
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return True
    if state := _state(error):
        return state.startswith(_LOST)
    # When a connection ends between two messages, asyncpg sometimes says that it lost its place in the protocol.
    return _of_driver(error) and ("is closed" in str(error) or type(error).__name__ == "InternalClientError")


def is_overtaken(error: BaseException) -> bool:
    """Whether another transaction was in the way, and this one may succeed when it is tried again."""
    return _state(error) in _REPEATABLE


def is_passing(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it is tried again, on another connection."""
    return is_lost(error) or is_overtaken(error)


def broken_index(error: BaseException) -> str | None:
    """The unique index that the same row stands in already; None if that is not what is wrong."""
    if _state(error) != "23505":
        return None
    found = getattr(error, "constraint_name", None) or getattr(
        getattr(error, "diag", None), "constraint_name", None
    )
    return None if found is None else str(found)


def translate(error: Exception, address: Address) -> Exception:
    """The error to raise for `error`: ours and those of a defect pass through.

    Returns:
        A `ConfigurationError` when the address cannot be right, a `StateError` when the database cannot be
        used now. None of them shows a secret.
    """
    if isinstance(error, IntegrationError):
        return error
    state = _state(error)
    if state in _MISCONFIGURED:
        return ConfigurationError.of("store", address.shown, _MISCONFIGURED[state])
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", None) or getattr(error, "reason", None) or "no reason given"
        remedy = "correct sslmode and sslrootcert of the URL"
        return ConfigurationError.of("store", address.shown, f"TLS failed: {why}", remedy)
    return _unusable(error, state, address)


def _unusable(error: Exception, state: str, address: Address) -> Exception:
    store = f"the store {address.shown}"
    if isinstance(error, TimeoutError):
        return StateError(f"{store} did not answer in time: look at the server and the network, then retry")
    if isinstance(error, OSError):
        why = error.strerror or address.mask(str(error)) or type(error).__name__
        return StateError(f"{store} cannot be reached ({why}): see that it runs and listens there")
    if state in _REMEDIES:
        return StateError(f"{store} {_REMEDIES[state]}")
    if is_lost(error):
        return StateError(f"{store} broke the connection: retry")
    if state:  # its first line only: the details quote what is stored
        words = address.mask(str(getattr(error, "message", "") or error).partition("\n")[0])
        return StateError(f"{store} failed: {words} (SQLSTATE {state})")
    if _of_driver(error):
        words = address.mask(str(error).partition("\n")[0])
        return ConfigurationError.of("store", address.shown, f"cannot be used: {words}", "correct the URL")
    return error


def _state(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def _of_driver(error: BaseException) -> bool:
    return type(error).__module__.startswith("asyncpg")
