"""The headers of an outgoing call, in the words of GitLab, of GitHub, or of Standard Webhooks alone.

Sources: docs.gitlab.com, "Webhooks", "Delivery headers"; docs.github.com, "Webhook events and payloads",
"Delivery headers".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from integrations_sdk.models import Secret
from integrations_sdk.signing.keys import PRIVATE_KEY_PREFIX
from integrations_sdk.signing.standard import KEY_PREFIXES
from integrations_sdk.signing.verification import check_id, sign

__all__ = ["PROFILES", "profile_headers"]

PROFILES: Final = ("gitlab", "github", "standard")
"""Whose headers a call can carry beside those of Standard Webhooks."""

_GITLAB_EVENTS: Final = {"issue": "Issue Hook", "tag_push": "Tag Push Hook", "comment": "Note Hook"}
_GITHUB_EVENTS: Final = {
    "merge_request": "pull_request", "pipeline": "workflow_run", "issue": "issues",
    "deployment": "deployment_status", "tag_push": "create", "wiki_page": "gollum",
}  # fmt: skip


def profile_headers(
    profile: str,
    body: bytes,
    secrets: Sequence[Secret] = (),
    *,
    event_type: str,
    id: str,  # noqa: A002  # as the header
    now: datetime,
) -> dict[str, str]:
    """What says which call it is, when, of what, and whose; names in lower case.

    Every secret makes a signature of Standard Webhooks. GitHub's signature and GitLab's token have room for
    one only: there it is the last secret's, the oldest's, because a receiver learns of a new one after us.

    Args:
        profile: one of `PROFILES`.
        secrets: newest first; several while one is being replaced. A private key (`whsk_…`) makes only a
            `v1a` signature; under GitLab's profile a secret without `whsec_` is also sent, as its token.
            None at all: nothing proves whose call it is.
        event_type: as the library names it; it goes out under the profile's name for it.
        id: of the delivery, the same when it is sent again; printable ASCII without spaces and full stops.
        now: the time to sign, to the second.

    Raises:
        ConfigurationError: a secret that cannot be one, or a malformed id.
    """
    check_id(id)
    headers = {"webhook-id": id, "webhook-timestamp": str(int(now.timestamp()))}
    if profile == "gitlab":
        headers |= {
            "x-gitlab-event": _gitlab_event(event_type), "idempotency-key": id, "x-gitlab-event-uuid": id,
        }  # fmt: skip
    elif profile == "github":
        headers |= {"x-github-event": _GITHUB_EVENTS.get(event_type, event_type), "x-github-delivery": id}
    if secrets:
        headers |= sign("standard_webhooks", body, secrets, now=now, id=id)
    if shared := _shared(profile, secrets):
        headers |= sign(profile, body, shared, now=now, id=id)
    return headers


def _gitlab_event(event_type: str) -> str:
    return _GITLAB_EVENTS.get(event_type, f"{event_type.replace('_', ' ').title()} Hook")


def _shared(profile: str, secrets: Sequence[Secret]) -> list[Secret]:
    """The secrets that the profile's own proof is made of."""
    not_these = {"gitlab": KEY_PREFIXES, "github": (PRIVATE_KEY_PREFIX,)}.get(profile)
    return [item for item in secrets if not_these and not item.reveal().startswith(not_these)]
