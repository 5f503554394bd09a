"""Signatures of webhooks: what a sender must have sent, checked; and what a receiver expects, made. Pure.

- `gitlab`: `X-Gitlab-Token` is the secret token; with a signing token (GitLab 19.0) a Standard Webhooks
  signature, whose `webhook-id` is the `Idempotency-Key`. docs.gitlab.com, "Webhooks".
- `github`: `X-Hub-Signature-256: sha256=<hex>` of the body. docs.github.com, "Validating webhook deliveries".
- `jira`: `X-Hub-Signature: sha256=<hex>` of the body. developer.atlassian.com, "Secure admin webhooks".
- `jenkins`: no signature; `X-Jenkins-Token`, where the sender can set a header, or the password of HTTP basic
  authentication, which the notification plugin takes from the URL's user info.
- `slack`: `X-Slack-Signature: v0=<hex>` of time and body. docs.slack.dev, "Verifying requests from Slack".
- `pagerduty`: `X-PagerDuty-Signature: v1=<hex>,v1=<hex>` of the body. docs.pagerduty.com, "Verifying webhook
  signatures".
- `stripe`: `Stripe-Signature: t=<time>,v1=<hex>` of time and body. docs.stripe.com, "Receive Stripe events".
- `standard_webhooks`: `webhook-signature: v1,<base64> v1a,<base64>` of id, time and body: HMAC-SHA256 and
  Ed25519. standardwebhooks.com, specification 1.0.

Any other sender's HMAC is described by an `HmacScheme`. `profile_headers()` makes all headers of a call of ours.
"""

from __future__ import annotations

from integrations_sdk.signing.digests import hmac_sha256_hex, same
from integrations_sdk.signing.keys import (
    PRIVATE_KEY_PREFIX,
    PUBLIC_KEY_PREFIX,
    SIGNING_TOKEN_PREFIX,
    KeyPair,
    generate_key_pair,
    generate_secret,
    key_problem,
    public_key_of,
    successor,
)
from integrations_sdk.signing.profiles import PROFILES, profile_headers
from integrations_sdk.signing.scheme import HmacScheme
from integrations_sdk.signing.sources import SOURCES, sender_id
from integrations_sdk.signing.verification import (
    TOLERANCE,
    SecretsGiven,
    secrets_given,
    sign,
    verify,
    verify_gitlab_token,
)

__all__ = [
    "PRIVATE_KEY_PREFIX",
    "PROFILES",
    "PUBLIC_KEY_PREFIX",
    "SIGNING_TOKEN_PREFIX",
    "SOURCES",
    "TOLERANCE",
    "HmacScheme",
    "KeyPair",
    "SecretsGiven",
    "generate_key_pair",
    "generate_secret",
    "hmac_sha256_hex",
    "key_problem",
    "profile_headers",
    "public_key_of",
    "same",
    "secrets_given",
    "sender_id",
    "sign",
    "successor",
    "verify",
    "verify_gitlab_token",
]
