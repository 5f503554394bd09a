"""Addresses of e-mail: what is one, and how it stands in an envelope. Pure.

The local part may be anything of RFC 6531 that needs no quotes; quoted ones are refused, for hardly a server takes
them and much goes wrong with them.
"""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Final

from integrations_sdk.connectors.wire import ascii_host

__all__ = ["address", "bare", "is_address", "is_international", "named", "on_the_wire"]

_LOCAL: Final = re.compile(r"[^\s\x00-\x20\x7f-\x9f\u202a-\u202e\u2066-\u2069()<>@,;:\\\"\[\]]{1,64}")
_LABEL: Final = re.compile(r"[^\s\x00-,/:-@\[-`{-\x7f]{1,63}")


def address(value: str) -> str | None:
    """Validate: one address, by itself or with a name before it (`Ada <ada@example.com>`)."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        return "one address without line breaks"
    return None if is_address(bare(value)) else "one address, ada@example.com or Ada <ada@example.com>"


def bare(value: str) -> str:
    """The address without the name before it; empty when there is none."""
    return parseaddr(value)[1] if "<" in value else value.strip()


def named(value: str) -> str:
    """The name before an address; empty when there is none."""
    return parseaddr(value)[0] if "<" in value else ""


def is_address(value: str) -> bool:
    """Whether it is a bare address with a domain."""
    local, at, domain = value.rpartition("@")
    labels = domain.split(".")
    good = (
        _LOCAL.fullmatch(local)
        and not local.startswith(".")
        and not local.endswith(".")
        and ".." not in local
    )
    host = all(_LABEL.fullmatch(label) for label in labels) and ascii_host(domain) is not None
    return bool(at and good and host and len(value) <= 254)


def on_the_wire(value: str) -> str:
    """A valid address as it stands in an envelope: bare, its domain in ASCII."""
    local, _, domain = bare(value).rpartition("@")
    return f"{local}@{ascii_host(domain)}"


def is_international(value: str) -> bool:
    """Whether it needs SMTPUTF8: its local part is not ASCII. A domain has an ASCII form (RFC 5890)."""
    return not value.rpartition("@")[0].isascii()
