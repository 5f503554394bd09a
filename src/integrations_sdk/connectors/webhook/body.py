"""What the body of an event is, under each profile; made once for all webhooks that send it alike."""

from __future__ import annotations

from typing import Final

from integrations_sdk.connectors.base import Event, Renderings, json_bytes, plain
from integrations_sdk.connectors.webhook.template import Template

__all__ = ["APPLICATION", "body_of"]

APPLICATION: Final = "application"
"""The provider of events in the application's own words."""


def body_of(event: Event, profile: str, template: Template | None, renderings: Renderings) -> bytes:
    """The body of an event, JSON in UTF-8.

    | event | body |
    |---|---|
    | any, with a template | what the template makes of it |
    | of the application itself | its `data`: the payload as it was given |
    | of the profile's own sender, e.g. GitLab | its `data`: the sender's words |
    | any other, under `standard` | `type`, `timestamp`, and the event below `data` |
    | any other | the event |

    Raises:
        ConfigurationError: something in it has no JSON form.
    """
    if template is not None:
        return renderings.get(event, template, lambda: template.render(event))
    if event.provider == APPLICATION or (event.provider == profile and event.data):
        return renderings.get(event, "data", lambda: json_bytes(event.data))
    if profile == "standard":
        return renderings.get(event, "standard", lambda: _standard(event))
    return renderings.get(event, "event", lambda: json_bytes(plain(event)))


def _standard(event: Event) -> bytes:
    """As Standard Webhooks wants it (`spec/standard-webhooks.md`, "Payload structure")."""
    return json_bytes({"type": event.type, "timestamp": plain(event.time), "data": plain(event)})
