"""The headers of our own calls: each profile's words and proofs, also while a secret is replaced."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Secret
from integrations_sdk.signing import PROFILES, generate_key_pair, profile_headers, verify

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BODY = b'{"a":1}'
OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xk"
PAIR = generate_key_pair()
OWN_SOURCE = {"gitlab": "gitlab", "github": "github", "standard": "standard_webhooks"}


def made(profile: str, *secrets: str | Secret, event_type: str = "push") -> dict[str, str]:
    """The headers of one call."""
    given = [Secret(item) for item in secrets]
    return profile_headers(profile, BODY, given, event_type=event_type, id="d-1", now=NOW)


@pytest.mark.parametrize("profile", PROFILES)
def test_without_a_secret_a_call_still_says_which_it_is(profile: str) -> None:
    """Id and time, and the profile's id; no proof."""
    headers = made(profile)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("d-1", str(int(NOW.timestamp())))
    assert not [name for name in headers if "signature" in name or "token" in name]
    assert headers.get("x-github-delivery", "d-1") == headers.get("idempotency-key", "d-1") == "d-1"


@pytest.mark.parametrize(
    ("profile", "event_type", "header", "name"),
    [
        ("gitlab", "merge_request", "x-gitlab-event", "Merge Request Hook"),
        ("gitlab", "issue", "x-gitlab-event", "Issue Hook"),
        ("gitlab", "comment", "x-gitlab-event", "Note Hook"),
        ("github", "merge_request", "x-github-event", "pull_request"),
        ("github", "wiki_page", "x-github-event", "gollum"),
        ("github", "push", "x-github-event", "push"),
    ],
)
def test_events_have_the_profiles_own_names(profile: str, event_type: str, header: str, name: str) -> None:
    """As receivers written for that sender know them."""
    assert made(profile, event_type=event_type)[header] == name


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "secrets", [(OLD,), ("old text",), (NEW, OLD), ("new text", "old text"), (NEW, "old text")]
)
def test_each_profile_is_verified_as_its_own_source(profile: str, secrets: tuple[str, ...]) -> None:
    """And by Standard Webhooks; both by who knows the old secret, and the latter also by who knows only the new one."""
    headers = made(profile, *secrets)
    for source in {"standard_webhooks", OWN_SOURCE[profile]}:
        verify(source, headers, BODY, [Secret(secrets[-1])], now=NOW)
        verify(source, headers, BODY, [Secret(item) for item in secrets], now=NOW)
    verify("standard_webhooks", headers, BODY, [Secret(secrets[0])], now=NOW)


def test_room_for_one_is_the_old_secrets() -> None:
    """GitHub's signature and GitLab's token are the last secret's, which the receiver knows."""
    expected = hmac.new(b"old", BODY, hashlib.sha256).hexdigest()
    assert made("github", "new", "old")["x-hub-signature-256"] == f"sha256={expected}"
    assert made("gitlab", "new", "old")["x-gitlab-token"] == "old"
    assert made("gitlab", NEW, "old")["x-gitlab-token"] == "old"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_key_pair_makes_only_its_signature(profile: str) -> None:
    """It is no token, and no HMAC key; the receiver needs nothing but the public key."""
    headers = made(profile, PAIR.private_key)
    assert headers["webhook-signature"].startswith("v1a,")
    assert " " not in headers["webhook-signature"]
    assert not {"x-gitlab-token", "x-hub-signature-256"} & set(headers)
    verify("standard_webhooks", headers, BODY, [Secret(PAIR.public_key)], now=NOW)


@pytest.mark.parametrize("profile", PROFILES)
def test_signing_secrets_are_in_no_header(profile: str) -> None:
    """Only a secret without a prefix goes out, and only as GitLab's token."""
    headers = made(profile, "new text", NEW, OLD, PAIR.private_key)
    shown = {name for name, value in headers.items() for secret in (NEW, OLD, PAIR.private_key.reveal())
             if secret in value or secret.partition("_")[2] in value}  # fmt: skip
    assert shown == set()
    assert ("new text" in headers.values()) == (profile == "gitlab")


@pytest.mark.parametrize("bad", ["", "a b", "a\r\nX-Evil: 1", "a.b"])
def test_a_malformed_id_is_refused(bad: str) -> None:
    """With and without a secret."""
    for secrets in ([], [Secret(OLD)]):
        with pytest.raises(ConfigurationError, match="id"):
            profile_headers("gitlab", BODY, secrets, event_type="push", id=bad, now=NOW)
