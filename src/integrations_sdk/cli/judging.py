"""`Judge`: whether a request is an authentic message of its source, and what it says."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from integrations_sdk.errors import ConfigurationError, SignatureError
from integrations_sdk.events.manager import AsyncEventsManager
from integrations_sdk.http.serving import Arrived
from integrations_sdk.models import Event, Secret

__all__ = ["Judge", "Verdict"]


@attrs.frozen(kw_only=True)
class Verdict:
    """What a request was found to be.

    Attributes:
        status: to be answered.
        content: the text to be answered with it.
        verified: whether it is authentic; None: not looked at, or not even a message of its source.
        reason: why it was refused.
        event: what it says.
        repeated: a message of the same sender's id arrived before.
    """

    status: int
    content: str = ""
    verified: bool | None = None
    reason: str | None = None
    event: Event | None = None
    repeated: bool = False

    @property
    def refused(self) -> bool:
        """Whether it was not taken as a message of its source."""
        return self.reason is not None


class Judge:
    """Judges requests as `mgr.events.receive()` does in an application.

    Args:
        source: who is to have sent them; None: anybody, and nothing is looked at.
        secrets: any of which will do; none: what the source sends is read, but not verified.
        status: answered to what is not refused.
    """

    def __init__(
        self, events: AsyncEventsManager, *, source: str | None, secrets: Sequence[Secret], status: int
    ) -> None:
        self._events = events
        self._source = source
        self._secrets = tuple(secrets)
        self._status = status

    async def judge(self, arrived: Arrived) -> Verdict:
        """What the request is.

        | it is | answered |
        |---|---|
        | authentic, new or repeated; or there is no source | the status |
        | not authentic, or stale | 401 |
        | nothing that the source sends | 400 |
        """
        if self._source is None:
            return Verdict(status=self._status)
        verified = True if self._secrets else None
        try:
            event = await self._events.receive(
                self._source,
                arrived.headers,
                arrived.body,
                secret=self._secrets or None,
                verify=bool(self._secrets),
            )
        except SignatureError as error:
            return Verdict(status=401, content="not authentic", verified=False, reason=str(error))
        except ConfigurationError as error:
            reason = "; ".join(map(str, error.problems))
            return Verdict(status=400, content="not understood", reason=reason)
        if event is None:
            return Verdict(status=self._status, verified=verified, repeated=True)
        return Verdict(status=self._status, content=_challenge(event), verified=verified, event=event)


def _challenge(event: Event) -> str:
    """What Slack wants back before it sends events to a URL (docs.slack.dev, "url_verification")."""
    challenge = event.data.get("challenge")
    wanted = event.provider == "slack" and event.data.get("type") == "url_verification"
    return challenge if wanted and isinstance(challenge, str) else ""
