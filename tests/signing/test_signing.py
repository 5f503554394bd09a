"""Signatures of webhooks: real messages are let in, changed ones are not, and rubbish only ever meets one error."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ConfigurationError, SignatureError
from integrations_sdk.models import JsonValue, Secret
from integrations_sdk.signing import (
    SOURCES,
    HmacScheme,
    generate_key_pair,
    hmac_sha256_hex,
    same,
    secrets_given,
    sender_id,
    sign,
    verify,
    verify_gitlab_token,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BODY = '{"object_kind":"push","name":"ä"}'.encode()
SIGNING_TOKEN = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TEXT = "It's a Secret to Everybody"

# Every way of proving a message's origin: the source, and a secret it may share with us.
PROFILES = [
    *((source, TEXT) for source in SOURCES),
    ("gitlab", SIGNING_TOKEN),
    ("standard_webhooks", SIGNING_TOKEN),
]
COVERING_BODY = [profile for profile in PROFILES if profile not in {("gitlab", TEXT), ("jenkins", TEXT)}]
TIMED = [("slack", TEXT), ("stripe", TEXT), ("standard_webhooks", TEXT), ("gitlab", SIGNING_TOKEN)]


def made(source: str, secret: str = TEXT, *, body: bytes = BODY, now: datetime = NOW) -> dict[str, str]:
    """The headers of an authentic message."""
    return sign(source, body, Secret(secret), now=now, id="msg_1")


def check(
    source: str,
    headers: Mapping[str, str],
    *secrets: str,
    body: bytes = BODY,
    now: datetime = NOW,
    tolerance: timedelta = timedelta(minutes=5),
) -> None:
    """Verify a message against these secrets."""
    verify(
        source, headers, body, [Secret(secret) for secret in secrets or (TEXT,)], now=now, tolerance=tolerance
    )


# --- vendors' own examples ------------------------------------------------------------------------


def test_hmac_of_rfc_4231() -> None:
    """Test case 2 of RFC 4231 §4.3."""
    assert (
        hmac_sha256_hex(b"Jefe", b"what do ya want for nothing?")
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_githubs_example() -> None:
    """GitHub's documentation gives these values to test with ("Validating webhook deliveries")."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    check("github", {"X-Hub-Signature-256": signature}, TEXT, body=b"Hello, World!")


def test_atlassians_example() -> None:
    """Atlassian's documentation gives these values to test with ("Secure admin webhooks")."""
    signature = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    check("jira", {"X-Hub-Signature": signature}, TEXT, body=b"Hello World!")


def test_slacks_example() -> None:
    """Slack's documentation walks through this request ("Verifying requests from Slack")."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    now = datetime.fromtimestamp(1531420618, UTC)
    check("slack", headers, "8f742231b10e8888abcd99yyyzzz85a5", body=body, now=now)


def test_standard_webhooks_example() -> None:
    """The test vector of the reference implementations, with and without `whsec_` before the key."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    for secret in ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"):
        check("standard_webhooks", headers, secret, body=b'{"test": 2432232314}', now=now)


SECRETS = {
    "github": TEXT,
    "gitlab": "798d3dd3-67f5-41df-ad19-7882cc6263bf",
    "jira": TEXT,
    "pagerduty": TEXT,
    "slack": "8f742231b10e8888abcd99yyyzzz85a5",
    "standard_webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "stripe": "whsec_test_secret",
}
TIMES = {"slack": 1531420618, "stripe": 1700000000, "standard_webhooks": 1614265330}


PROOF = {
    "github": ("X-Hub-Signature-256",), "gitlab": ("X-Gitlab-Token",), "jira": ("X-Hub-Signature",),
    "pagerduty": ("X-PagerDuty-Signature",), "slack": ("X-Slack-Signature", "X-Slack-Request-Timestamp"),
    "standard_webhooks": ("webhook-signature", "webhook-timestamp", "webhook-id"), "stripe": ("Stripe-Signature",),
}  # fmt: skip
"""The headers that prove a message: no character of theirs can be another one."""


def recorded(payloads: Path, source: str) -> Iterator[tuple[dict[str, str], bytes, datetime]]:
    """Headers and body of every recorded message that carries a proof, and when it was fresh."""
    now = datetime.fromtimestamp(TIMES.get(source, 0), UTC)
    for name, headers in json.loads((payloads / source / "_headers.json").read_text()).items():
        # Signed is, of Slack's interactive ones, the form that carries the JSON, which is not recorded.
        if name != "_note" and PROOF[source][0] in headers and not name.startswith("interactive_"):
            yield headers, (payloads / source / f"{name}.json").read_bytes(), now


@pytest.mark.contracts
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.torture)])
@pytest.mark.parametrize("source", sorted(SECRETS))
def test_real_messages(source: str, payloads: Path, every: bool) -> None:
    """Every recorded message is let in; with any one byte of the body changed, or another secret, it is not.

    In short: of bodies over 2 KiB some 500 bytes are changed, first and last among them.
    """
    found = list(recorded(payloads, source))
    assert found
    for headers, body, now in found:
        check(source, headers, SECRETS[source], body=body, now=now)
        with pytest.raises(SignatureError):
            check(source, headers, "another secret", body=body, now=now)
        if source == "gitlab":  # a plain token proves nothing of the body
            continue
        for at in {*range(0, len(body), 1 if every else 1 + len(body) // 2048 * 4), len(body) - 1}:
            changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
            with pytest.raises(SignatureError):
                check(source, headers, SECRETS[source], body=changed, now=now)


@pytest.mark.contracts
@pytest.mark.parametrize("source", sorted(SECRETS))
def test_real_messages_with_another_proof(source: str, payloads: Path) -> None:
    """With any one character of the signature, the time, the id or the token changed it is refused."""
    for headers, body, now in recorded(payloads, source):
        for name in PROOF[source]:
            value = headers[name]
            for at, character in enumerate(value):
                for other in {chr(ord(character) ^ 1), character.swapcase(), "0", " "} - {character}:
                    changed = {**headers, name: value[:at] + other + value[at + 1 :]}
                    with pytest.raises(SignatureError):
                        check(source, changed, SECRETS[source], body=body, now=now)
            for other in (value[:-1], value[1:], value + "0"):
                with pytest.raises(SignatureError):
                    check(source, {**headers, name: other}, SECRETS[source], body=body, now=now)


@pytest.mark.contracts
@pytest.mark.parametrize("source", sorted(SECRETS))
def test_real_messages_have_an_id(source: str, payloads: Path) -> None:
    """Every recorded message names itself, but for those of Slack that carry no event, and minimal test bodies."""
    without = {
        "slack": {
            "url_verification",
            "interactive_block_actions",
            "interactive_shortcut",
            "interactive_view_submission",
        }
    }
    for name, headers in json.loads((payloads / source / "_headers.json").read_text()).items():
        if name != "_note":
            body = json.loads((payloads / source / f"{name}.json").read_bytes())
            assert (sender_id(source, headers, body) is None) == (name in without.get(source, set())), name


# --- what is signed is verified -------------------------------------------------------------------


@pytest.mark.parametrize(("source", "secret"), PROFILES)
def test_what_is_signed_is_verified(source: str, secret: str) -> None:
    """The headers made for a source are accepted as that source's, in any case of their names."""
    headers = made(source, secret)

    check(source, headers, secret)
    check(source, {name.upper(): value for name, value in headers.items()}, secret)
    check(source, {name.title(): value for name, value in headers.items()}, secret)


@pytest.mark.parametrize(("source", "secret"), COVERING_BODY)
@given(body=st.binary(min_size=1, max_size=200), at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_changed_bit_is_refused(source: str, secret: str, body: bytes, at: int, bit: int) -> None:
    """Whatever the body, and wherever one bit of it changes, the signature does not fit any more."""
    headers = made(source, secret, body=body)
    check(source, headers, secret, body=body)

    at %= len(body)
    changed = body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :]
    for other in (changed, body[1:], body + b"\n"):
        with pytest.raises(SignatureError):
            check(source, headers, secret, body=other)


@pytest.mark.parametrize(("source", "secret"), PROFILES)
def test_another_secret_is_refused(source: str, secret: str) -> None:
    """A message proved with another secret is refused, and the error shows neither secret nor right signature."""
    other = SIGNING_TOKEN[:-4] + "AAA=" if secret == SIGNING_TOKEN else "canary-other"
    headers = made(source, secret)
    right = made(source, other)

    with pytest.raises(SignatureError) as caught:
        check(source, headers, other)

    shown = "".join(traceback.format_exception_only(caught.value)) + str(vars(caught.value))
    assert other not in shown
    for value in right.values():
        assert value == "msg_1" or value.isdigit() or value not in shown


@pytest.mark.parametrize(("source", "secret"), PROFILES)
def test_rotation_takes_any_of_several_secrets(source: str, secret: str) -> None:
    """With an old and a new secret configured, a message proved by either is accepted, whatever their order."""
    kind = SIGNING_TOKEN[:-4] + "AAA=" if secret == SIGNING_TOKEN else "another"
    headers = made(source, secret)

    check(source, headers, kind, secret)
    check(source, headers, secret, kind)
    check(source, headers, "", secret)


@pytest.mark.parametrize(("source", "secret"), PROFILES)
def test_rotation_signs_for_who_knows_the_old_secret(source: str, secret: str) -> None:
    """Signed with a new and an old secret, a message is accepted with the old one; where there is room, with the new."""
    new = SIGNING_TOKEN[:-4] + "AAA=" if secret == SIGNING_TOKEN else "another"
    headers = sign(source, BODY, [Secret(new), Secret(secret)], now=NOW, id="msg_1")

    check(source, headers, secret)
    check(source, headers, new, secret)
    if source in {"pagerduty", "stripe", "standard_webhooks"} or secret == SIGNING_TOKEN:
        check(source, headers, new)


def test_gitlab_rotation_from_a_token_to_a_signing_token() -> None:
    """Both proofs are sent, so who knows either accepts the message."""
    headers = sign("gitlab", BODY, [Secret(SIGNING_TOKEN), Secret(TEXT)], now=NOW, id="msg_1")
    check("gitlab", headers, TEXT)
    check("gitlab", headers, SIGNING_TOKEN)


@pytest.mark.parametrize(("source", "secret"), PROFILES)
def test_missing_proof_is_refused_by_name(source: str, secret: str) -> None:
    """Without the header that carries the proof the error names that header."""
    headers = made(source, secret)
    header = next(name for name in headers if "signature" in name or "token" in name)

    with pytest.raises(SignatureError, match=f"{header} is missing"):
        check(source, {name: value for name, value in headers.items() if name != header}, secret)
    with pytest.raises(SignatureError, match=f"{header} is missing"):
        check(source, {**headers, header: ""}, secret)


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "secret"), TIMED)
@pytest.mark.parametrize(
    ("seconds", "fresh"),
    [(0, True), (299, True), (300, True), (301, False), (-300, True), (-301, False), (10**7, False)],
)
def test_stale_and_future_messages_are_refused(source: str, secret: str, seconds: int, fresh: bool) -> None:
    """A signed time may be five minutes off in both directions, and not a second more."""
    headers = made(source, secret)
    if fresh:
        check(source, headers, secret, now=NOW + timedelta(seconds=seconds))
    else:
        with pytest.raises(SignatureError, match=f"{abs(seconds)} s (old|in the future).*clocks"):
            check(source, headers, secret, now=NOW + timedelta(seconds=seconds))


def test_tolerance_can_be_chosen() -> None:
    """A wider or narrower tolerance is respected."""
    headers = made("slack")
    check("slack", headers, now=NOW + timedelta(hours=1), tolerance=timedelta(hours=1))
    with pytest.raises(SignatureError, match="2 s old"):
        check("slack", headers, now=NOW + timedelta(seconds=2), tolerance=timedelta(seconds=1))


@pytest.mark.parametrize(("source", "secret"), TIMED)
def test_the_time_is_signed(source: str, secret: str) -> None:
    """Putting a fresh time on an old message does not make it fresh."""
    old, later = made(source, secret), NOW + timedelta(days=1)
    fresh = str(int(later.timestamp()))
    renewed = {name: value.replace(str(int(NOW.timestamp())), fresh) for name, value in old.items()}

    assert renewed != old
    with pytest.raises(SignatureError, match="does not fit"):
        check(source, renewed, secret, now=later)


@pytest.mark.parametrize("time", ["", "x", "1.5", "-5", "+5", " 5", "٣", "1" * 13, "0x10", "5 5"])
@pytest.mark.parametrize(("source", "secret"), TIMED)
def test_malformed_time_is_refused(source: str, secret: str, time: str) -> None:
    """Only whole seconds in ASCII digits are a time."""
    was = str(int(NOW.timestamp()))
    headers = {name: value.replace(was, time) for name, value in made(source, secret).items()}

    with pytest.raises(SignatureError, match=r"no time in whole seconds|is missing"):
        check(source, headers, secret)


def test_senders_without_a_signed_time_stay_valid() -> None:
    """GitHub, Jira and PagerDuty sign no time: their messages are authentic at any time."""
    for source in ("github", "jira", "pagerduty"):
        check(source, made(source), now=NOW + timedelta(days=365))


# --- several signatures ---------------------------------------------------------------------------


def test_pagerduty_and_stripe_and_standard_send_several_signatures() -> None:
    """While the sender rotates, one of its signatures suffices; those of another version are passed over."""
    good = {source: made(source) for source in ("pagerduty", "stripe", "standard_webhooks")}
    several = {
        "pagerduty": {
            "x-pagerduty-signature": f"v1={'0' * 64}, {good['pagerduty']['x-pagerduty-signature']},v2=x"
        },
        "stripe": {"stripe-signature": f"{good['stripe']['stripe-signature']},v1={'0' * 64},v0={'1' * 64}"},
        "standard_webhooks": {
            **good["standard_webhooks"],
            "webhook-signature": f"v1a,AAAA v1,AAAA  {good['standard_webhooks']['webhook-signature']}",
        },
    }
    for source, headers in several.items():
        check(source, headers)


def test_only_so_many_signatures_are_tried() -> None:
    """A header full of signatures is not tried without end."""
    good = made("pagerduty")["x-pagerduty-signature"]
    wrong = ",".join(f"v1={number}" for number in range(16))

    check("pagerduty", {"x-pagerduty-signature": f"{good},{wrong}"})
    with pytest.raises(SignatureError):
        check("pagerduty", {"x-pagerduty-signature": f"{wrong},{good}"})
    with pytest.raises(SignatureError, match="longer than 4096"):
        check("pagerduty", {"x-pagerduty-signature": f"{good},{'v1=x,' * 2000}"})


@pytest.mark.parametrize(
    ("source", "header", "value"),
    [
        ("github", "x-hub-signature-256", "sha1=0123"),
        ("github", "x-hub-signature-256", "0123"),
        ("jira", "x-hub-signature", "sha1=0123"),
        ("slack", "x-slack-signature", "v1=0123"),
        ("pagerduty", "x-pagerduty-signature", "v2=0123"),
        ("standard_webhooks", "webhook-signature", "v1a,AAAA"),
        ("stripe", "stripe-signature", f"t={int(NOW.timestamp())},v0=0123"),
    ],
)
def test_weaker_or_unknown_versions_do_not_count(source: str, header: str, value: str) -> None:
    """A signature of another scheme or version (SHA-1 among them) is not looked at."""
    with pytest.raises(SignatureError, match=f"{header} holds no "):
        check(source, {**made(source), header: value})


def test_stripe_needs_one_time() -> None:
    """Two times in one header leave open which is meant: refused."""
    header = made("stripe")["stripe-signature"]
    with pytest.raises(SignatureError, match="no time"):
        check("stripe", {"stripe-signature": f"{header},t=5"})


# --- GitLab, Jenkins, Standard Webhooks -------------------------------------------------------------


def test_gitlab_signature_is_a_standard_webhook_with_its_idempotency_key() -> None:
    """GitLab 19.0 signs `id.time.body` with the 32 bytes after `whsec_`; the id is the idempotency key."""
    time = str(int(NOW.timestamp()))
    digest = hmac.new(bytes(range(32)), f"msg_1.{time}.".encode() + BODY, hashlib.sha256).digest()

    headers = made("gitlab", SIGNING_TOKEN)

    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert headers["webhook-id"] == headers["idempotency-key"] == "msg_1"
    assert headers["webhook-timestamp"] == time
    assert "x-gitlab-token" not in headers


def test_gitlab_migration_takes_both_but_a_signature_counts_where_there_is_one() -> None:
    """With token and signing token configured either proof will do, but a wrong signature is not made up for by a token."""
    token, signed = made("gitlab"), made("gitlab", SIGNING_TOKEN)

    check("gitlab", token, TEXT, SIGNING_TOKEN)
    check("gitlab", signed, TEXT, SIGNING_TOKEN)
    check("gitlab", {**token, **signed}, TEXT)
    with pytest.raises(SignatureError, match="webhook-signature does not fit"):
        check("gitlab", {**token, **signed}, TEXT, SIGNING_TOKEN, body=b"changed")


def test_gitlab_signing_token_is_never_taken_as_a_token() -> None:
    """With only a signing token configured, showing a token, even that very one, proves nothing."""
    with pytest.raises(SignatureError, match="webhook-signature is missing"):
        check("gitlab", {"X-Gitlab-Token": SIGNING_TOKEN}, SIGNING_TOKEN)


def test_gitlab_token_alone() -> None:
    """`verify_gitlab_token()` returns for the right token, and refuses another, a missing and an empty one."""
    verify_gitlab_token({"X-Gitlab-Token": TEXT}, Secret(TEXT))
    for headers in ({"X-Gitlab-Token": "other"}, {"X-Gitlab-Token": ""}, {}):
        with pytest.raises(SignatureError):
            verify_gitlab_token(headers, Secret(TEXT))
    with pytest.raises(ConfigurationError):
        verify_gitlab_token({"X-Gitlab-Token": ""}, Secret(""))


def basic(text: str) -> dict[str, str]:
    """Basic authentication, as the notification plugin makes it of `https://user:password@host`."""
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_jenkins_token_or_password() -> None:
    """Jenkins proves itself by a header, or by the password in the URL, which arrives as basic authentication."""
    check("jenkins", {"X-Jenkins-Token": TEXT})
    check("jenkins", basic(f"jenkins:{TEXT}"))
    check("jenkins", basic("user:pass:word"), "pass:word")
    for headers in (
        basic("jenkins:other"),
        basic("jenkins"),
        basic(""),
        {"Authorization": f"Bearer {TEXT}"},
        {"Authorization": "Basic /!"},
        {"Authorization": "Basic /w=="},
    ):
        with pytest.raises(SignatureError, match="x-jenkins-token"):
            check("jenkins", headers)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_===", "whsec_not base64", "whsec_ü"])
def test_malformed_signing_secret_is_a_configuration_error(secret: str) -> None:
    """What comes after `whsec_` must be base64: otherwise our side is wrong, not the message."""
    headers = made("standard_webhooks")
    with pytest.raises(ConfigurationError, match="expected base64 after `whsec_`"):
        check("standard_webhooks", headers, secret)
    with pytest.raises(ConfigurationError):
        made("standard_webhooks", secret)


def test_secret_without_prefix_is_the_key_as_it_is_or_decoded() -> None:
    """Senders differ over a secret without `whsec_`: both ways verify; our own is the text as it is."""
    secret = base64.b64encode(b"key of some length").decode()
    as_it_is, decoded = made("standard_webhooks", secret), made("standard_webhooks", f"whsec_{secret}")

    assert as_it_is["webhook-signature"] != decoded["webhook-signature"]
    check("standard_webhooks", as_it_is, secret)
    check("standard_webhooks", decoded, secret)


def test_stripe_key_is_the_whole_secret() -> None:
    """Stripe's `whsec_…` is the key as it stands, prefix included."""
    time = str(int(NOW.timestamp()))
    right = hmac_sha256_hex(SIGNING_TOKEN.encode(), time.encode() + b"." + BODY)

    assert made("stripe", SIGNING_TOKEN) == {"stripe-signature": f"t={time},v1={right}"}


# --- our own mistakes -----------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_without_a_secret_nothing_is_verified(source: str) -> None:
    """No secret, or an empty one, is a mistake of ours, never a way in."""
    headers = {**made(source), "x-gitlab-token": "", "x-jenkins-token": ""}
    for secrets in ([], [Secret("")]):
        with pytest.raises(ConfigurationError, match="secret: missing"):
            verify(source, headers, BODY, secrets, now=NOW)
    with pytest.raises(ConfigurationError, match="secret: missing"):
        made(source, "")


def test_a_reference_is_no_key() -> None:
    """An unresolved reference could be guessed, so it is refused."""
    for source in SOURCES:
        with pytest.raises(ConfigurationError, match="not a reference"):
            check(source, {}, "env:WEBHOOK_SECRET", TEXT)


@pytest.mark.parametrize("given", ["", [], [""], ["a", ""], ["a", 5], 5, None, Secret(""), {"a": "b"}])
def test_what_is_given_as_secrets_is_at_least_one(given: object) -> None:
    """One or several that are some text; anything else is a mistake of ours."""
    with pytest.raises(ConfigurationError, match="expected some text"):
        secrets_given("gitlab", cast("str", given))


def test_secrets_are_given_as_text_or_secrets_one_or_several() -> None:
    """In the order in which they are given."""
    assert secrets_given("gitlab", "a") == secrets_given("gitlab", Secret("a")) == (Secret("a"),)
    assert secrets_given("gitlab", ["a", Secret("env:B")]) == (Secret("a"), Secret("env:B"))


@pytest.mark.parametrize("source", [*SOURCES, "custom"])
def test_a_public_key_is_no_secret(source: str) -> None:
    """Anybody could sign with it, so where no key pairs are known it is refused as one."""
    public = Secret(generate_key_pair().public_key)
    scheme = HmacScheme(header="x-hub-signature-256") if source == "custom" else None
    forged = {"x-hub-signature-256": f"sha256={hmac_sha256_hex(public.reveal().encode(), BODY)}"}
    with pytest.raises(SignatureError if source in {"gitlab", "standard_webhooks"} else ConfigurationError):
        verify(source, forged, BODY, [public], now=NOW, scheme=scheme)
    with pytest.raises(ConfigurationError):
        sign(source, BODY, public, now=NOW, id="1", scheme=scheme)


def test_unknown_source_says_what_is_known() -> None:
    """An unknown source is a mistake of ours; the error lists the known ones."""
    with pytest.raises(ConfigurationError, match="known: gitlab, github"):
        check("bitbucket", {})
    with pytest.raises(ConfigurationError, match="unknown source"):
        made("bitbucket")


@pytest.mark.parametrize("bad", ["", "a b", "a\r\nX-Evil: 1", "a.b", "ü", "x" * 257])
def test_malformed_id_is_not_signed(bad: str) -> None:
    """An id that would inject a header, or blur where id and time end, is refused."""
    with pytest.raises(ConfigurationError, match="id"):
        sign("github", BODY, Secret(TEXT), now=NOW, id=bad)


# --- rubbish --------------------------------------------------------------------------------------

anything = st.text(st.characters(exclude_categories=()), max_size=60)
names = (
    st.sampled_from(sorted({name for source, secret in PROFILES for name in made(source, secret)})) | anything
)
values = (
    anything
    | st.builds(
        lambda prefix, rest: prefix + rest,
        st.sampled_from(
            ["sha256=", "v0=", "v1=", "v1,", "t=1,v1=", f"t={int(NOW.timestamp())},v1=", "Basic "]
        ),
        anything,
    )
    | st.just(str(int(NOW.timestamp())))
)


@given(source=st.sampled_from(SOURCES), headers=st.dictionaries(names, values), body=st.binary(max_size=60))
def test_rubbish_only_ever_gives_a_signature_error(source: str, headers: dict[str, str], body: bytes) -> None:
    """Whatever headers and body arrive, the one error is `SignatureError`."""
    for secrets in (["unguessable"], [SIGNING_TOKEN], ["unguessable", SIGNING_TOKEN]):
        with pytest.raises(SignatureError):
            verify(source, headers, body, [Secret(secret) for secret in secrets], now=NOW)


@given(
    source=st.sampled_from(SOURCES),
    headers=st.dictionaries(names, values),
    body=st.recursive(
        st.none() | anything,
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["event", "id", "event_id"]), inner),
    ),
)
def test_rubbish_has_no_id_or_a_short_one(source: str, headers: dict[str, str], body: JsonValue) -> None:
    """Whatever arrives, the sender's id is a short text or None."""
    found = sender_id(source, headers, body)
    assert found is None or 0 < len(found) <= 256


@given(one=anything, other=anything)
def test_same_is_equality(one: str, other: str) -> None:
    """The constant-time comparison agrees with `==`, for any characters."""
    assert same(one, other) == (one == other)
    assert same(one, one)


@pytest.mark.parametrize(("source", "secret"), PROFILES)
def test_the_number_of_comparisons_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, source: str, secret: str
) -> None:
    """Whichever of several secrets fits, or none: each is compared, by what takes the same time wherever it differs."""
    compare, counts = hmac.compare_digest, []

    def counting(one: bytes, other: bytes) -> bool:
        counts[-1] += 1
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    wrong = (
        [SIGNING_TOKEN[:-4] + end for end in ("AAA=", "BBA=")]
        if secret == SIGNING_TOKEN
        else ["not this", "nor this"]
    )
    headers = made(source, secret)
    for secrets in ([secret, wrong[0]], [wrong[0], secret], wrong):
        counts.append(0)
        with contextlib.suppress(SignatureError):
            check(source, headers, *secrets)
    assert counts[0] == counts[1] == counts[2] >= 2


# --- ids ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "headers", "body", "expected"),
    [
        ("gitlab", {"Idempotency-Key": "a", "X-Gitlab-Event-UUID": "b"}, None, "a"),
        ("gitlab", {"Webhook-Id": "a", "X-Gitlab-Event-UUID": "b"}, None, "a"),
        ("gitlab", {"X-Gitlab-Event-UUID": "b"}, None, "b"),
        ("github", {"X-GitHub-Delivery": "a"}, {"id": "b"}, "a"),
        ("jira", {"X-Atlassian-Webhook-Identifier": "a"}, None, "a"),
        ("slack", {}, {"event_id": "Ev1"}, "Ev1"),
        ("pagerduty", {"X-Webhook-Id": "b"}, {"event": {"id": "a"}}, "a"),
        ("stripe", {}, {"id": "evt_1"}, "evt_1"),
        ("standard_webhooks", {"webhook-id": "a"}, {"id": "b"}, "a"),
        ("jenkins", {"webhook-id": "a"}, {"id": "b"}, None),
        ("custom", {"Webhook-Id": "a", "Idempotency-Key": "b"}, None, "a"),
        ("custom", {"Idempotency-Key": "b"}, {"id": "c"}, "b"),
        ("github", {}, None, None),
        ("github", {"X-GitHub-Delivery": ""}, None, None),
        ("github", {"X-GitHub-Delivery": "x" * 257}, None, None),
        ("pagerduty", {}, {"event": ["id"]}, None),
        ("pagerduty", {}, [], None),
        ("stripe", {}, {"id": 5}, None),
        ("slack", {}, "text", None),
    ],
)
def test_sender_ids(source: str, headers: dict[str, str], body: object, expected: str | None) -> None:
    """Each sender's id is found where that sender puts it; what is missing, empty, overlong or no text is none."""
    assert sender_id(source, headers, cast("JsonValue", body)) == expected


@pytest.mark.parametrize(("source", "secret"), PROFILES)
def test_made_headers_carry_the_id(source: str, secret: str) -> None:
    """What is signed for a sender whose id is in the headers has the given id."""
    expected = None if source in {"slack", "pagerduty", "stripe", "jenkins"} else "msg_1"
    assert sender_id(source, made(source, secret)) == expected
