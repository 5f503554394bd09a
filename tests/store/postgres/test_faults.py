"""`translate()`: what PostgreSQL, its driver and the network complain of, as a table."""

from __future__ import annotations

import errno
import ssl

import pytest

from integrations_sdk.errors import ConfigurationError, ConflictError, StateError
from integrations_sdk.store.postgres.address import parse_address
from integrations_sdk.store.postgres.faults import is_lost, is_overtaken, is_passing, translate

ADDRESS = parse_address("postgresql://user:hunter2@h/db")


def failure(sqlstate: str, message: str = "words with hunter2\nDETAIL: (id)=(a)") -> Exception:
    """What asyncpg raises for an error of the server."""
    error = Exception(message)
    error.sqlstate = sqlstate
    return error


def of_driver(message: str, name: str = "InterfaceError") -> Exception:
    """What asyncpg raises for an error of its own."""
    return type(name, (Exception,), {"__module__": "asyncpg.exceptions._base"})(message)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (failure("28P01"), ConfigurationError, "refuses the user or the password"),
        (failure("28000"), ConfigurationError, "pg_hba.conf"),
        (failure("3D000"), ConfigurationError, "create the database"),
        (failure("25006"), StateError, "read-only: name the primary"),
        (failure("42501"), StateError, "grant it"),
        (failure("42P01"), StateError, "lacks a table"),
        (failure("3F000"), StateError, "lacks the schema"),
        (failure("40001"), StateError, "by others all the time"),
        (failure("40P01"), StateError, "by others all the time"),
        (failure("23505"), StateError, "by others all the time"),
        (failure("53100"), StateError, "disk is full"),
        (failure("53300"), StateError, "lower `connections`"),
        (failure("55P03"), StateError, "locked by another transaction"),
        (failure("57014"), StateError, "took too long"),
        (failure("57P03"), StateError, "starting up"),
        (failure("57P01"), StateError, "broke the connection"),
        (failure("08006"), StateError, "broke the connection"),
        (failure("XX001"), StateError, "is damaged"),
        (failure("22023"), StateError, "failed: words with •••• (SQLSTATE 22023)"),
        (of_driver("connection is closed"), StateError, "broke the connection"),
        (of_driver("the password hunter2 is odd"), ConfigurationError, "the password •••• is odd"),
        (TimeoutError(), StateError, "did not answer in time"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
            StateError,
            "(Connection refused)",
        ),
        (ConnectionError("hunter2 is no host"), StateError, "(•••• is no host)"),
        (ConnectionError(), StateError, "(ConnectionError)"),
        (ssl.SSLError(1, "[SSL: BAD] bad"), ConfigurationError, "TLS failed"),
    ],
)
def test_every_fault_has_its_words(error: Exception, kind: type[Exception], words: str) -> None:
    """Each is an error of ours that names the database and what to do; nothing stored, no secret."""
    ours = translate(error, ADDRESS)
    assert type(ours) is kind
    assert words in str(ours)
    assert "postgresql://h/db" in str(ours)
    assert "hunter2" not in str(ours)
    assert "DETAIL" not in str(ours)


@pytest.mark.parametrize("error", [ConflictError("x"), KeyError("x")])
def test_other_errors_pass_through(error: Exception) -> None:
    """Decisions and defects stay what they are."""
    assert translate(error, ADDRESS) is error


@pytest.mark.parametrize(
    ("error", "lost", "overtaken"),
    [
        (failure("08003"), True, False),
        (failure("57P01"), True, False),
        (failure("25P03"), True, False),
        (of_driver("the underlying connection is closed"), True, False),
        (ConnectionResetError(), True, False),
        (of_driver("cannot switch to state 15", "InternalClientError"), True, False),
        (failure("40001"), False, True),
        (failure("40P01"), False, True),
        (failure("23505"), False, True),
        (failure("42P01"), False, False),
        (TimeoutError(), False, False),
        (ssl.SSLError(), False, False),
        (of_driver("odd argument"), False, False),
        (KeyError("x"), False, False),
    ],
)
def test_what_may_be_tried_again(error: Exception, *, lost: bool, overtaken: bool) -> None:
    """A broken connection, or another transaction in the way; a timeout is neither."""
    assert (is_lost(error), is_overtaken(error), is_passing(error)) == (lost, overtaken, lost or overtaken)
