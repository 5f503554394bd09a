"""Whether an integration wants an event: a pure decision over the event and the configuration."""

from __future__ import annotations

from fnmatch import fnmatchcase

from integrations_sdk.connectors.config import ConnectorConfig
from integrations_sdk.models import Event, EventType

__all__ = ["unwanted"]


def unwanted(event: Event, config: ConnectorConfig, default_events: tuple[str, ...]) -> str | None:
    """None when the event is wanted, otherwise why not.

    An event type is wanted when a pattern of `config.events` matches it (`*` matches all). The branch
    filter applies to events that have a branch; for a merge request its target counts as well. Under
    `notify_only_broken_pipelines` a pipeline is wanted only when it failed; other types are unaffected.
    """
    wanted = default_events if config.events is None else config.events
    if not any(fnmatchcase(event.type, pattern) for pattern in wanted):
        return f"not subscribed to {event.type}"
    branches = [branch for branch in (event.branch, event.target_branch) if branch]
    if config.branches and branches and not any(fnmatchcase(b, p) for b in branches for p in config.branches):
        return f"branch {branches[0]} is filtered out"
    broken_only = getattr(config, "notify_only_broken_pipelines", False)
    if broken_only and event.type == EventType.PIPELINE and not event.failed:
        return "only broken pipelines are wanted"
    return None
