"""Custom HMACs: what can be described, is signed and verified accordingly, and what is wrong with a description."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ConfigurationError, SignatureError
from integrations_sdk.models import Secret
from integrations_sdk.signing import SOURCES, HmacScheme, sender_id, sign, verify

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
TIME = str(int(NOW.timestamp()))
BODY = b'{"a":1}'
KEY = "canary-key"
FULL = HmacScheme(
    header="X-Acme-Signature",
    prefix="v9=",
    separator=", ",
    algorithm="sha512",
    encoding="base64",
    timestamp_header="X-Acme-Time",
    id_header="X-Acme-Id",
    template="acme:{timestamp}:{id}:{body}",
)
STRIPE_LIKE = HmacScheme(header="X-Sig", timestamp_header="x-sig", prefix="v1=", separator=",")


def check(scheme: HmacScheme, headers: dict[str, str], *, body: bytes = BODY, now: datetime = NOW) -> None:
    """Verify a message."""
    verify("custom", headers, body, [Secret(KEY)], now=now, scheme=scheme)


def made(scheme: HmacScheme, *secrets: str, body: bytes = BODY) -> dict[str, str]:
    """The headers of an authentic message."""
    return sign(
        "custom", body, [Secret(item) for item in secrets or (KEY,)], now=NOW, id="m-1", scheme=scheme
    )


@pytest.mark.parametrize(
    ("given", "content", "encode", "algorithm"),
    [
        ({}, b"{body}", "hex", "sha256"),
        ({"algorithm": "sha1"}, b"{body}", "hex", "sha1"),
        ({"algorithm": "sha512", "encoding": "base64"}, b"{body}", "base64", "sha512"),
        ({"timestamp_header": "X-T"}, b"{time}.{body}", "hex", "sha256"),
        ({"timestamp_header": "X-T", "template": "{timestamp}{body}"}, b"{time}{body}", "hex", "sha256"),
        ({"timestamp_header": "X-T", "id_header": "X-I"}, b"m-1.{time}.{body}", "hex", "sha256"),
        ({"template": "before\n{body}|after"}, b"before\n{body}|after", "hex", "sha256"),
    ],
)
def test_the_hmac_is_what_the_description_says(
    given: dict[str, Any], content: bytes, encode: str, algorithm: str
) -> None:
    """Recomputed by hand: content, algorithm, encoding; sent in the header behind the prefix."""
    signed = content.replace(b"{time}", TIME.encode()).replace(b"{body}", BODY)
    digest = hmac.new(KEY.encode(), signed, getattr(hashlib, algorithm)).digest()
    expected = digest.hex() if encode == "hex" else base64.b64encode(digest).decode()
    scheme = HmacScheme(header="X-Sig", prefix="s=", **given)

    headers = made(scheme)

    assert headers["x-sig"] == f"s={expected}"
    assert headers.get("x-t", TIME) == TIME
    check(scheme, headers)


@pytest.mark.parametrize("scheme", [HmacScheme(header="X-Sig"), FULL, STRIPE_LIKE])
@given(body=st.binary(min_size=1, max_size=60), at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_changed_bit_is_refused(scheme: HmacScheme, body: bytes, at: int, bit: int) -> None:
    """Whatever the body, and wherever it changes."""
    headers = made(scheme, body=body)
    check(scheme, headers, body=body)
    at %= len(body)
    with pytest.raises(SignatureError, match="does not fit"):
        check(scheme, headers, body=body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :])


@pytest.mark.parametrize("scheme", [FULL, STRIPE_LIKE])
def test_the_time_is_checked_where_it_is_signed(scheme: HmacScheme) -> None:
    """Stale and future messages are refused."""
    headers = made(scheme)
    for seconds, words in ((301, "301 s old"), (-301, "301 s in the future")):
        with pytest.raises(SignatureError, match=words):
            check(scheme, headers, now=NOW + timedelta(seconds=seconds))


def test_the_id_is_signed_and_is_the_senders() -> None:
    """Another id is refused; it is by its own header that a message is known again."""
    headers = made(FULL)
    assert sender_id("acme", headers, {"id": "no"}, scheme=FULL) == "m-1"
    assert sender_id("acme", {"webhook-id": "w"}, scheme=FULL) is None
    assert sender_id("acme", {"webhook-id": "w"}, scheme=STRIPE_LIKE) == "w"
    with pytest.raises(SignatureError, match="does not fit"):
        check(FULL, {**headers, "x-acme-id": "m-2"})


def test_rotation() -> None:
    """Where there is room for several signatures each secret makes one, elsewhere the last makes the only one."""
    for scheme in (FULL, STRIPE_LIKE, HmacScheme(header="X-Sig")):
        check(scheme, made(scheme, "new", KEY))
    check(FULL, made(FULL, KEY, "old"))
    with pytest.raises(SignatureError):
        check(HmacScheme(header="X-Sig"), made(HmacScheme(header="X-Sig"), KEY, "old"))


def test_any_name_but_that_of_a_known_sender() -> None:
    """A scheme under a known sender's name would be ignored or misleading, so it is refused."""
    headers = made(STRIPE_LIKE)
    verify("acme", headers, BODY, [Secret(KEY)], now=NOW, scheme=STRIPE_LIKE)
    for source in SOURCES:
        with pytest.raises(ConfigurationError, match="a way of its own"):
            verify(source, headers, BODY, [Secret(KEY)], now=NOW, scheme=STRIPE_LIKE)
    with pytest.raises(ConfigurationError, match="pass scheme=HmacScheme"):
        verify("custom", headers, BODY, [Secret(KEY)], now=NOW)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"header": ""}, "header"),
        ({"header": "X Sig"}, "header"),
        ({"header": "X-Sig\r\nX"}, "header"),
        ({"timestamp_header": "é"}, "timestamp_header"),
        ({"id_header": ""}, "id_header"),
        ({"id_header": "x-SIG"}, "id_header"),
        ({"id_header": "X-T", "timestamp_header": "x-t"}, "id_header"),
        ({"prefix": "ü"}, "prefix"),
        ({"prefix": "x" * 65}, "prefix"),
        ({"separator": ""}, "separator"),
        ({"separator": "\n"}, "separator"),
        ({"timestamp_header": "x-sig"}, "separator"),
        ({"algorithm": "md5"}, "algorithm"),
        ({"algorithm": "SHA256"}, "algorithm"),
        ({"encoding": "base32"}, "encoding"),
        ({"template": ""}, "template"),
        ({"template": "{timestamp}.{body}"}, "template"),
        ({"template": "{body}{body}"}, "template"),
        ({"template": "{body}{{"}, "template"),
        ({"template": "{body!r}"}, "template"),
        ({"template": "{body}é"}, "template"),
        ({"template": "{body}", "timestamp_header": "X-T"}, "template"),
        ({"template": "{id}{body}", "id_header": "X-I"}, "template"),
        ({"template": "{body}{id}", "id_header": "X-I"}, "template"),
    ],
)
def test_a_wrong_description_is_named(given: dict[str, Any], path: str) -> None:
    """When it is made, with the field that is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        HmacScheme(**{"header": "X-Sig", **given})
    assert path in {problem.path for problem in caught.value.problems}


def test_everything_wrong_is_named_at_once() -> None:
    """Not only the first mistake."""
    with pytest.raises(ConfigurationError) as caught:
        HmacScheme(header="", algorithm="md5", encoding="x", template="")
    assert {problem.path for problem in caught.value.problems} == {
        "header",
        "algorithm",
        "encoding",
        "template",
    }


anything = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.mark.parametrize("scheme", [HmacScheme(header="X-Sig"), FULL, STRIPE_LIKE])
@given(
    headers=st.dictionaries(
        st.sampled_from(["x-sig", "x-acme-signature", "x-acme-time", "x-acme-id"]),
        anything | st.sampled_from([TIME, "m-1", f"t={TIME},v1=0", "v9=0, v9=1"]),
    ),
    body=st.binary(max_size=60),
)
def test_rubbish_only_ever_gives_a_signature_error(
    scheme: HmacScheme, headers: dict[str, str], body: bytes
) -> None:
    """Whatever headers and body arrive, the one error is `SignatureError`."""
    with pytest.raises(SignatureError):
        check(scheme, headers, body=body)
