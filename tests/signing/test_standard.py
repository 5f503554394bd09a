"""Standard Webhooks: both kinds of signature, the published vectors, and several signatures at once."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ConfigurationError, SignatureError
from integrations_sdk.models import Secret
from integrations_sdk.signing import generate_key_pair, generate_secret, public_key_of, sign, verify
from integrations_sdk.signing.standard import STANDARD

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BODY = '{"type":"push","name":"ä"}'.encode()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PAIR = generate_key_pair()

# The signature that the specification shows under "Webhook headers"; its input and key are those of the test
# `test_asymmetric_key_signing` of the Svix server (github.com/svix/svix-webhooks), the scheme's first implementation.
VECTOR_KEY = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
VECTOR_PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIME = datetime.fromtimestamp(1614265330, UTC)
VECTOR_V1A = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
VECTOR_V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def made(
    *secrets: str | Secret, body: bytes = BODY, msg: str = "msg_1", now: datetime = NOW
) -> dict[str, str]:
    """The headers of a message that is signed with each of these."""
    return sign("standard_webhooks", body, [Secret(item) for item in secrets], now=now, id=msg)


def check(headers: dict[str, str], *secrets: str, body: bytes = BODY, now: datetime = NOW) -> None:
    """Verify a message against these."""
    verify("standard_webhooks", headers, body, [Secret(item) for item in secrets], now=now)


def test_published_vectors() -> None:
    """What the reference implementations sign, byte for byte, and verify: `v1`, `v1a`, and both in one header."""
    both = made(SECRET, VECTOR_KEY, body=VECTOR_BODY, msg=VECTOR_ID, now=VECTOR_TIME)
    assert both == {
        "webhook-id": VECTOR_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": f"{VECTOR_V1} {VECTOR_V1A}",
    }
    assert public_key_of(Secret(VECTOR_KEY)) == VECTOR_PUBLIC
    for key, signature in ((SECRET, VECTOR_V1), (VECTOR_PUBLIC, VECTOR_V1A)):
        headers = {**both, "webhook-signature": signature}
        check(headers, key, body=VECTOR_BODY, now=VECTOR_TIME)
        check(both, key, body=VECTOR_BODY, now=VECTOR_TIME)


# RFC 8032 §7.1: secret key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("seed", "message", "signature"), RFC_8032)
def test_signatures_of_rfc_8032(seed: str, message: str, signature: str) -> None:
    """The kind `v1a` signs the RFC's messages with the RFC's keys to the RFC's signatures, and accepts those."""
    private = "whsk_" + base64.b64encode(bytes.fromhex(seed)).decode()
    expected = base64.b64encode(bytes.fromhex(signature)).decode()
    kind = STANDARD.kind(private)

    assert kind.prefix + kind.make(private, bytes.fromhex(message)) == f"v1a,{expected}"
    public = public_key_of(Secret(private))
    assert kind.fits(public, bytes.fromhex(message), [expected])
    assert not kind.fits(public, bytes.fromhex(message) + b"\0", [expected])


def test_v1a_is_ed25519_over_id_time_and_body() -> None:
    """Signed anew with the library that carries the keys: the same signature."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(PAIR.private_key.reveal()[5:]))
    expected = key.sign(f"msg_1.{int(NOW.timestamp())}.".encode() + BODY)
    assert made(PAIR.private_key)["webhook-signature"] == "v1a," + base64.b64encode(expected).decode()


@given(body=st.binary(min_size=1, max_size=100), at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_changed_bit_is_refused_by_a_key_pair(body: bytes, at: int, bit: int) -> None:
    """Of the body or of the signature, wherever it is."""
    headers = made(PAIR.private_key, body=body)
    check(headers, PAIR.public_key, body=body)
    at %= len(body)
    with pytest.raises(SignatureError, match="does not fit"):
        check(headers, PAIR.public_key, body=body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :])


def test_every_changed_character_of_a_signature_is_refused() -> None:
    """Also one that base64 would read as the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    headers = made(SECRET, PAIR.private_key)
    v1, v1a = headers["webhook-signature"].split(" ")
    for signature, key in ((v1, SECRET), (v1a, PAIR.public_key)):
        start = signature.index(",") + 1
        for at in range(start, len(signature)):
            for other in {"A", "/", alphabet[(alphabet.index(signature[at]) + 1) % 65]} - {signature[at]}:
                changed = signature[:at] + other + signature[at + 1 :]
                with pytest.raises(SignatureError, match="does not fit"):
                    check({**headers, "webhook-signature": changed}, key)


def test_time_and_id_are_signed_by_a_key_pair() -> None:
    """Another id, another time or another key is refused, and so is a stale message."""
    headers = made(PAIR.private_key)
    for changed in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}):
        with pytest.raises(SignatureError, match="does not fit"):
            check({**headers, **changed}, PAIR.public_key)
    with pytest.raises(SignatureError, match="does not fit"):
        check(headers, generate_key_pair().public_key)
    with pytest.raises(SignatureError, match="301 s old"):
        check(headers, PAIR.public_key, now=NOW + timedelta(seconds=301))


def test_a_private_key_does_not_verify_and_a_public_one_does_not_sign() -> None:
    """Either is a mistake of ours that is named, and the key is not shown."""
    headers = made(PAIR.private_key)
    with pytest.raises(ConfigurationError, match="public key in base64 after `whpk_`") as caught:
        check(headers, PAIR.private_key.reveal())
    assert PAIR.private_key.reveal() not in str(caught.value)
    with pytest.raises(ConfigurationError, match="private key in base64 after `whsk_`"):
        made(PAIR.public_key)


def test_signatures_of_a_kind_that_no_secret_is_of_are_passed_over() -> None:
    """A public key does not let an HMAC in, nor a secret a `v1a` signature: neither is even looked at."""
    v1, v1a = made(SECRET), made(PAIR.private_key)
    with pytest.raises(SignatureError, match="holds no v1a,…"):
        check(v1, PAIR.public_key)
    with pytest.raises(SignatureError, match="holds no v1,…"):
        check(v1a, SECRET)
    with pytest.raises(SignatureError, match="holds no v1,… or v1a,…"):
        check({**v1, "webhook-signature": "v2,AAAA"}, SECRET, PAIR.public_key)


def test_a_public_key_is_no_hmac_key() -> None:
    """Who signs `v1` with the text or the bytes of the public key, which anybody knows, is refused."""
    for forged in (PAIR.public_key[5:], f"whsec_{PAIR.public_key[5:]}"):
        headers = made(forged)
        with pytest.raises(SignatureError):
            check(headers, PAIR.public_key)
        with pytest.raises(SignatureError):
            check(
                {**headers, "webhook-signature": "v1a," + headers["webhook-signature"][3:]}, PAIR.public_key
            )


def test_any_of_the_signatures_and_any_of_the_secrets() -> None:
    """A message signed with several is accepted by who knows any one of them, among any number of others."""
    old, new, other = (generate_secret().reveal() for _ in range(3))
    headers = made(new, old, PAIR.private_key)

    assert [part.partition(",")[0] for part in headers["webhook-signature"].split(" ")] == ["v1", "v1", "v1a"]
    for known in ((old,), (new,), (PAIR.public_key,), (other, old), (other, PAIR.public_key), (new, other)):
        check(headers, *known)
    for known in ((other,), (generate_key_pair().public_key,)):
        with pytest.raises(SignatureError):
            check(headers, *known)


def test_an_id_with_a_full_stop_is_refused() -> None:
    """Where id and time end must be clear, or part of the body could be passed off as them."""
    later = NOW + timedelta(hours=1)
    honest = f"{int(later.timestamp())}.0".encode()  # a body that looks like a time and a body
    headers = made(SECRET, body=honest)
    moved = {
        **headers,
        "webhook-id": f"msg_1.{int(NOW.timestamp())}",
        "webhook-timestamp": str(int(later.timestamp())),
    }
    with pytest.raises(SignatureError, match="webhook-id holds a full stop"):
        check(moved, SECRET, body=b"0", now=later)


def test_gitlab_takes_key_pairs_too() -> None:
    """A key pair counts as a signing token: it signs, and is never sent as a token."""
    headers = sign("gitlab", BODY, PAIR.private_key, now=NOW, id="msg_1")
    assert "x-gitlab-token" not in headers
    verify("gitlab", headers, BODY, [Secret(PAIR.public_key)], now=NOW)
    with pytest.raises(SignatureError):
        verify("gitlab", {"x-gitlab-token": PAIR.public_key}, BODY, [Secret(PAIR.public_key)], now=NOW)
