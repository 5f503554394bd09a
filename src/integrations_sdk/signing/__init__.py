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
- `standard_webhooks`: `webhook-signature: v1,<base64> v1,<base64>` of id, time and body.
  standardwebhooks.com, specification 1.0.
"""

from __future__ import annotations

from integrations_sdk.signing.digests import hmac_sha256_hex, same
from integrations_sdk.signing.sources import SOURCES, sender_id
from integrations_sdk.signing.standard import SIGNING_TOKEN_PREFIX
from integrations_sdk.signing.verification import sign, verify, verify_gitlab_token

__all__ = [
    "SIGNING_TOKEN_PREFIX",
    "SOURCES",
    "hmac_sha256_hex",
    "same",
    "sender_id",
    "sign",
    "verify",
    "verify_gitlab_token",
]
