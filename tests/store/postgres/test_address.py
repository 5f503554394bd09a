"""`parse_address()`: what a URL says, as a table; and what never shows."""

from __future__ import annotations

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.store.opening import open_store
from integrations_sdk.store.postgres.address import parse_address

PASSWORD = "hun/ter?2#"
WRITTEN = "hun%2Fter%3F2%23"


@pytest.mark.parametrize(
    ("url", "dsn", "schema", "shown"),
    [
        ("postgresql://h/db", "postgresql://h/db", "integrations_sdk", "postgresql://h/db"),
        ("postgres://u@h:5433/db?schema=x_1", "postgres://u@h:5433/db", "x_1", "postgresql://h:5433/db"),
        ("postgresql:///db", "postgresql:///db", "integrations_sdk", "postgresql:///db"),
        (
            f"postgresql://u:{WRITTEN}@a:1,b:2/db?sslmode=require&schema=s&connect=%20",
            f"postgresql://u:{WRITTEN}@a:1,b:2/db?sslmode=require&connect=+",
            "s",
            "postgresql://a:1,b:2/db",
        ),
    ],
)
def test_a_url_is_taken_apart(url: str, dsn: str, schema: str, shown: str) -> None:
    """The driver gets all but `schema`; people see host and database; a schema given beside the URL wins."""
    address = parse_address(url)
    assert (address.dsn.reveal(), address.schema, address.shown) == (dsn, schema, shown)
    assert parse_address(url, "other").schema == "other"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("mysql://u:hunter2@h/db", "url"),
        ("postgresql://u:hunter2#@h/db", "url"),
        ("postgresql://[u:hunter2@h/db", "url"),
        ("postgresql://u:hunter2@h/db?nothing", "url"),
        ("postgresql://u:hunter2@h/db?schema=", "schema"),
        ("postgresql://u:hunter2@h/db?schema=Mine", "schema"),
        ("postgresql://u:hunter2@h/db?schema=a%22b", "schema"),
        ("postgresql://u:hunter2@h/db?schema=" + "x" * 41, "schema"),
    ],
)
def test_what_is_no_address_is_refused(url: str, path: str) -> None:
    """`ConfigurationError` names the wrong part, and quotes nothing."""
    with pytest.raises(ConfigurationError) as caught:
        parse_address(url)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "hunter2" not in str(caught.value)


def test_no_secret_shows() -> None:
    """Neither the address nor words of others show a password, quoted or not, or a key's passphrase."""
    address = parse_address(f"postgresql://u:{WRITTEN}@h/db?sslpassword=canary-key&application_name=mine")
    assert address.named
    for text in (repr(address), address.shown, address.mask(f"{PASSWORD} {WRITTEN} canary-key")):
        assert PASSWORD not in text
        assert WRITTEN not in text
        assert "canary-key" not in text


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_open_store_knows_both_schemes(scheme: str) -> None:
    """`open_store()` gives a `PostgresStore`, which connects with the first call only."""
    pytest.importorskip("asyncpg")
    store = open_store(f"{scheme}://u:hunter2@127.0.0.1:1/db?schema=mine")
    assert repr(store) == "PostgresStore('postgresql://127.0.0.1:1/db', schema='mine')"
