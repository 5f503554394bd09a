"""`Address`: what a PostgreSQL URL says, with its secrets out of sight. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import attrs

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.models import MASK, Secret

__all__ = ["DEFAULT_SCHEMA", "Address", "parse_address"]

DEFAULT_SCHEMA: Final = "integrations_sdk"
"""Where the tables are unless told otherwise."""

_SCHEMA: Final = re.compile(
    r"[a-z_][a-z0-9_]{0,39}"
)  # leaves room for the names of channels, which have 63 bytes
_SECRET_OPTIONS: Final = ("password", "sslpassword")
_FORM: Final = "use postgresql://user:password@host:5432/database?sslmode=verify-full"


@attrs.frozen(kw_only=True)
class Address:
    """Where the database is, and who we are there.

    Attributes:
        dsn: for the driver; everything of the URL but `schema`.
        schema: holds the tables; lower-case letters, digits and `_`, at most 40.
        shown: the URL without user, secrets and options, for people.
        named: whether the URL names the application itself (`application_name`).
        secrets: what no text may contain, as it is and as it stands in the URL.
    """

    dsn: Secret
    schema: str
    shown: str
    named: bool
    secrets: tuple[Secret, ...] = attrs.field(repr=False)

    def mask(self, text: str) -> str:
        """The text with each secret replaced; for words of others."""
        for secret in self.secrets:
            text = text.replace(secret.reveal(), MASK)
        return text


def parse_address(url: str | Secret, schema: str | None = None) -> Address:
    """What the URL says.

    Args:
        url: `postgresql://` or `postgres://`, as libpq takes it; what it leaves out comes from `PGHOST`,
            `PGUSER`, `PGPASSWORD` and so on. `?schema=` is ours.
        schema: goes before that of the URL.

    Raises:
        ConfigurationError: it is no such URL, or the schema's name is none. Neither is quoted.
    """
    text = Secret(url).reveal()
    try:
        parts = urlsplit(text)
        options = parse_qsl(parts.query, strict_parsing=True, keep_blank_values=True) if parts.query else []
    except ValueError:
        options, parts = [], urlsplit("")
    problems = []
    if parts.scheme not in {"postgresql", "postgres"} or parts.fragment:
        remedy = "a `#`, `/` or `?` in the password is written %23, %2F or %3F"
        problems.append(Problem("url", "is not the URL of a PostgreSQL database", f"{_FORM}; {remedy}"))
    name = schema or dict(options).get("schema", DEFAULT_SCHEMA)
    if not _SCHEMA.fullmatch(name):
        problems.append(Problem("schema", "expected at most 40 lower-case letters, digits and `_`"))
    if problems:
        raise ConfigurationError("PostgreSQL store", problems)
    kept = [(option, value) for option, value in options if option != "schema"]
    user, _, hosts = parts.netloc.rpartition("@")
    written = user.partition(":")[2]
    secrets = [written, unquote(written), *(value for option, value in kept if option in _SECRET_OPTIONS)]
    query = f"?{urlencode(kept)}" if kept else ""
    return Address(
        dsn=Secret(f"{parts.scheme}://{parts.netloc}{parts.path}{query}"),
        schema=name,
        shown=f"postgresql://{hosts}{parts.path}",
        named="application_name" in dict(kept),
        secrets=tuple(Secret(value) for value in dict.fromkeys(secrets) if value),
    )
