"""`EventsManager`: generated from `AsyncEventsManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager
from integrations_sdk.signing import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from integrations_sdk.events.manager import AsyncEventsManager  # noqa: F401  # ruff does not see it in the string below
    from integrations_sdk.models import Event, OutcomeList
    from integrations_sdk.signing import HmacScheme, SecretsGiven

__all__ = ["EventsManager"]


class EventsManager(BlockingSubManager["AsyncEventsManager"]):
    """Receives events from GitLab, GitHub, Jira, Jenkins and others, and dispatches them.

    Args:
        secrets: what is shared with each source, for this manager only; goes before `set_secret()`.
        on_outcome: called with the outcome of each target that wanted an event.
        max_body_bytes: a larger body is refused.
    """

    def receive(
        self,
        source: str,
        headers: Mapping[str, str],
        body: bytes | str,
        *,
        secret: SecretsGiven | None = None,
        verify: bool = True,
        scheme: HmacScheme | None = None,
        tolerance: timedelta = TOLERANCE,
        dispatch: bool = False,
    ) -> Event | None:
        """Take in one webhook request: verify, drop it if it is a duplicate, and normalise it.

        Answer the sender 200 when this returns, 401 on `SignatureError`, 400 on `ConfigurationError`.

        Args:
            source: who sent it: `gitlab`, `github`, `jira`, `jenkins`, `slack`, `pagerduty`, `stripe`,
                `standard_webhooks`; with `scheme` or with `verify=False` any other name.
            headers: as they arrived.
            body: exactly as it arrived, at most 25 MiB unless configured otherwise.
            secret: shared with the sender, or several of which any will do; None takes what
                `set_secret()` or the constructor was given for the source.
            verify: False accepts a message from anybody; only for senders that prove nothing, on a
                network where nobody else can reach the receiver.
            scheme: how a sender signs that is none of those.
            tolerance: how far a signed time may be from now, in both directions.
            dispatch: also `dispatch()` it; its outcomes are then on the bus and in the log. The message
                counts as received before that: if the process ends meanwhile, or dispatching raises, the
                sender's repetition is dropped as a duplicate. Where that must not be, keep the event that
                this returns somewhere first, and `dispatch()` it from there.

        Returns:
            The event; None for a duplicate, that is, a message of the same sender's id within 7 days.

        Raises:
            SignatureError: not authentic, or stale.
            ConfigurationError: no secret is known for the source, or the body is none it can have sent.
        """
        return self._run(
            lambda manager: manager.receive(
                source,
                headers,
                body,
                secret=secret,
                verify=verify,
                scheme=scheme,
                tolerance=tolerance,
                dispatch=dispatch,
            )
        )

    def dispatch(
        self, event: Event | Mapping[str, object], *, concurrency: int = 16, include_skipped: bool = False
    ) -> OutcomeList:
        """Hand the event to every active integration of the scope that wants it.

        Whether it does depends on its event filter, its branch filter and `notify_only_broken_pipelines`.
        One target's failure never stops another.

        Args:
            event: an `Event`, or a mapping such as `{"event_type": "pipeline", "status": "success"}`.
            concurrency: how many targets are worked on at once, 1 or more.
            include_skipped: have an outcome, `skipped` and saying why, also for those that do not want it.

        Returns:
            One outcome for each target, in the order in which the integrations were created.

        Raises:
            ConfigurationError: the mapping is no event, or `concurrency` is out of range.
        """
        return self._run(
            lambda manager: manager.dispatch(event, concurrency=concurrency, include_skipped=include_skipped)
        )

    def set_secret(self, source: str, secret: SecretsGiven | None) -> None:
        """Keep what is shared with a source, sealed, in place of an earlier one, for `receive()`.

        Args:
            source: who shares it, e.g. `gitlab`.
            secret: several to accept the old and the new one during a change; a reference is kept as
                such and resolved with each message; None forgets it.

        Raises:
            ConfigurationError: it is empty or no text.
        """
        return self._run(lambda manager: manager.set_secret(source, secret))

    def list_event_types(self) -> list[str]:
        """The event types to subscribe to; other words a sender uses can be subscribed to as well."""
        return self._run(lambda manager: manager.list_event_types())
