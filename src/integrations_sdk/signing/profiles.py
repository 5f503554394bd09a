"""The headers of an outgoing call, in the words of GitLab, of GitHub, or of Standard Webhooks alone.

Sources: docs.gitlab.com, "Webhooks", "Delivery headers"; docs.github.com, "Webhook events and payloads",
"Delivery headers".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from integrations_sdk.models import Secret
from integrations_sdk.signing.digests import utf8
from integrations_sdk.signing.keys import PRIVATE_KEY_PREFIX
from integrations_sdk.signing.standard import KEY_PREFIXES
from integrations_sdk.signing.verification import check_id, sign

__all__ = ["PROFILES", "profile_headers"]

_AGENT: Final = "integrations-sdk"

PROFILES: Final = ("gitlab", "github", "standard")
"""Whose headers a call can carry beside those of Standard Webhooks."""

_GITLAB_EVENTS: Final = {
    "comment": "Note Hook", "build": "Job Hook", "work_item": "Issue Hook",
    "access_token": "Resource Access Token Hook",
}  # fmt: skip
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
    event_id: str | None = None,
    hook: UUID | None = None,
    instance: str | None = None,
    repository: int | None = None,
) -> dict[str, str]:
    """What says which call it is, when, of what, and whose; names in lower case.

    Every secret makes a signature of Standard Webhooks. GitHub's signatures and GitLab's token have room for
    one only: there it is the last secret's, the oldest's, because a receiver learns of a new one after us.

    Args:
        profile: one of `PROFILES`.
        secrets: newest first; several while one is being replaced. A private key (`whsk_…`) makes only a
            `v1a` signature; under GitLab's profile a secret without `whsec_` is also sent, as its token.
            None at all: nothing proves whose call it is.
        event_type: as the library names it; it goes out under the profile's name for it.
        id: of the delivery, the same when it is sent again; printable ASCII without spaces and full stops.
        now: the time to sign, to the second.
        event_id: of the event, the same in its deliveries to others; None: the delivery's. Only GitLab has a
            header for it.
        hook: tells the webhook from every other; GitHub's number for it is made of it. None: not said.
        instance: URL of the GitLab instance that the project lives on; None: not said.
        repository: GitHub's number of the repository that the event is of; None: not said.

    Raises:
        ConfigurationError: a secret that cannot be one, or a malformed id.
    """
    check_id(id)
    headers = {"webhook-id": id, "webhook-timestamp": str(int(now.timestamp()))}
    if secrets:
        headers |= sign("standard_webhooks", body, secrets, now=now, id=id)
    if shared := _shared(profile, secrets):
        headers |= sign(profile, body, shared, now=now, id=id)
        if profile == "github":
            headers["x-hub-signature"] = f"sha1={hmac.digest(utf8(shared[-1].reveal()), body, 'sha1').hex()}"
    if profile == "gitlab":
        headers |= _gitlab(event_type, id, event_id, hook, instance)
    elif profile == "github":
        headers |= _github(event_type, id, hook, repository)
    return headers


def _gitlab(
    event_type: str, delivery: str, event_id: str | None, hook: UUID | None, instance: str | None
) -> dict[str, str]:
    headers = {
        "user-agent": f"GitLab/{_AGENT}",
        "x-gitlab-event": _gitlab_event(event_type),
        "x-gitlab-instance": _plain(instance),
        "x-gitlab-webhook-uuid": str(hook) if hook else "",
        "x-gitlab-event-uuid": _plain(event_id) or delivery,
        "idempotency-key": delivery,
    }
    return {name: value for name, value in headers.items() if value}


def _github(event_type: str, delivery: str, hook: UUID | None, repository: int | None) -> dict[str, str]:
    headers = {
        "user-agent": f"GitHub-Hookshot/{_AGENT}",
        "x-github-event": _ascii(_GITHUB_EVENTS.get(event_type, event_type)),
        "x-github-delivery": delivery,
        "x-github-hook-id": str(hook.int >> 80)
        if hook
        else "",  # 48 bits: every language reads them as a number
        "x-github-hook-installation-target-type": "repository" if repository is not None else "",
        "x-github-hook-installation-target-id": str(repository) if repository is not None else "",
    }
    return {name: value for name, value in headers.items() if value}


@lru_cache(maxsize=256)  # the same few names, with every call
def _gitlab_event(event_type: str) -> str:
    return _GITLAB_EVENTS.get(event_type) or f"{_ascii(re.sub('[._-]', ' ', event_type)).title()} Hook"


def _ascii(text: str) -> str:
    """What a header can hold; an application may name its events as it likes."""
    return re.sub(r"[^ -~]", "?", text).strip()


def _plain(text: str | None) -> str:
    """The text, if a header can hold it as it is; else nothing."""
    return text if text and re.fullmatch(r"[!-~]{1,256}", text) else ""


def _shared(profile: str, secrets: Sequence[Secret]) -> list[Secret]:
    """The secrets that the profile's own proof is made of."""
    not_these = {"gitlab": KEY_PREFIXES, "github": (PRIVATE_KEY_PREFIX,)}.get(profile)
    return [item for item in secrets if not_these and not item.reveal().startswith(not_these)]
