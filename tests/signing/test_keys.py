"""Keys of Standard Webhooks: made, read, and refused by name where they are none."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Secret
from integrations_sdk.signing import (
    generate_key_pair,
    generate_secret,
    key_problem,
    public_key_of,
    successor,
)

# RFC 8032 §7.1, TEST 1 to 3 and TEST SHA(abc): secret key (seed) and public key.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    ),
]


def text(prefix: str, raw: bytes) -> str:
    """A key as the specification writes it."""
    return prefix + base64.b64encode(raw).decode()


@pytest.mark.parametrize(("seed", "public"), RFC_8032)
def test_public_keys_of_rfc_8032(seed: str, public: str) -> None:
    """The public key of each of the RFC's secret keys, given as a seed or with the public key after it."""
    expected = text("whpk_", bytes.fromhex(public))
    assert public_key_of(Secret(text("whsk_", bytes.fromhex(seed)))) == expected
    assert public_key_of(Secret(text("whsk_", bytes.fromhex(seed + public)))) == expected


def test_secrets_are_as_long_as_the_specification_wants() -> None:
    """`whsec_` and 24 to 64 bytes, 32 by default, never the same ones twice."""
    made = [generate_secret(size).reveal() for size in (24, 64)] + [
        generate_secret().reveal() for _ in range(20)
    ]
    sizes = [len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in made]
    assert sizes == [24, 64] + [32] * 20
    assert len(set(made)) == len(made)
    for size in (0, 23, 65):
        with pytest.raises(ConfigurationError, match="24 to 64"):
            generate_secret(size)


def test_key_pairs_belong_together() -> None:
    """A pair's public key is the private key's; the private one is shown by nothing, the public one is."""
    pair, other = generate_key_pair(), generate_key_pair()
    assert pair.public_key == public_key_of(pair.private_key) != other.public_key
    assert len(base64.b64decode(pair.private_key.reveal().removeprefix("whsk_"), validate=True)) == 32
    assert pair.private_key.reveal() not in repr(pair)
    assert pair.public_key in repr(pair)


@pytest.mark.parametrize("old", [None, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "plain text"])
def test_a_successor_is_of_the_same_kind(old: str | None) -> None:
    """Plain text is followed by plain text, which GitLab's receivers compare; everything else by `whsec_`."""
    made = successor(None if old is None else Secret(old)).reveal()
    assert made.startswith("whsec_") == (old != "plain text")
    assert made != successor(None if old is None else Secret(old)).reveal()
    assert len(made) >= 43
    assert made.isascii()
    assert " " not in made


SEED, PUBLIC = (bytes.fromhex(value) for value in RFC_8032[0])
OTHER = bytes.fromhex(RFC_8032[1][1])


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None),
        (text("whsk_", SEED), None),
        (text("whsk_", SEED).rstrip("="), None),
        (text("whsk_", SEED + PUBLIC), None),
        (text("whpk_", PUBLIC), None),
        ("any other text", None),
        ("", None),
        ("whsec_", "base64 after `whsec_`"),
        ("whsec_no base64", "base64 after `whsec_`"),
        ("whsk_", "private key"),
        ("whsk_ü", "private key"),
        (text("whsk_", SEED[:31]), "private key"),
        (text("whsk_", SEED + OTHER), "private key"),
        ("whpk_", "public key"),
        (text("whpk_", SEED + PUBLIC), "public key"),
    ],
)
def test_what_is_no_key_is_told_apart(key: str, expected: str | None) -> None:
    """A text with one of the prefixes is a key of that kind or is named as none; any other text is no key at all."""
    problem = key_problem(key)
    assert (problem is None) == (expected is None)
    assert expected is None or expected in str(problem)


def test_no_key_is_quoted_in_an_error() -> None:
    """What is wrong with a private key is said without showing it."""
    wrong = text("whsk_", SEED + OTHER)
    with pytest.raises(ConfigurationError) as caught:
        public_key_of(Secret(wrong))
    assert wrong.removeprefix("whsk_") not in str(caught.value)


def test_cryptography_is_loaded_for_key_pairs_alone() -> None:
    """HMACs are signed and verified without it."""
    code = (
        "import sys; from datetime import UTC, datetime; from integrations_sdk import signing as s;"
        "now = datetime.now(UTC); secret = s.generate_secret();"
        "s.verify('gitlab', s.sign('gitlab', b'', secret, now=now, id='1'), b'', [secret], now=now);"
        "assert 'cryptography' not in sys.modules;"
        "s.generate_key_pair(); assert 'cryptography' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
