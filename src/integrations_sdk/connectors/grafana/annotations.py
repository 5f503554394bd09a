"""Annotations: https://grafana.com/docs/grafana/latest/developers/http_api/annotations/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Final

from integrations_sdk.connectors.base import (
    Event,
    Fault,
    JsonValue,
    Outcome,
    RejectedError,
    given,
    text_at,
    url_path,
)
from integrations_sdk.connectors.grafana.api import GrafanaApi
from integrations_sdk.connectors.grafana.payloads import annotation_of, milliseconds, shortened, tags_of

__all__ = ["Annotations"]

_PAGE: Final = 1000


class Annotations(GrafanaApi):
    """Marks in time, on one dashboard or on all that ask for their tags."""

    async def send_event(self, event: Event) -> Outcome:
        """Annotate the event with its facts as tags, from its beginning to its end if it has a duration."""
        return await self._create({**annotation_of(event), "tags": self._tags(tags_of(event))})

    async def create_annotation(
        self,
        text: str,
        *,
        tags: Iterable[str] = (),
        time: datetime | None = None,
        until: datetime | None = None,
    ) -> Outcome:
        """Add an annotation; `reference` of the outcome is its id.

        Args:
            text: shown as HTML, which Grafana sanitises.
            tags: beside the configured ones; 100 characters of each are kept.
            time: None is now.
            until: makes it a region.
        """
        moment = time or self.context.clock.now()
        body = given(
            text=text,
            tags=[*self._tags(tags)],
            time=milliseconds(moment),
            timeEnd=None if until is None else milliseconds(until),
        )
        return await self._create(body)

    async def update_annotation(
        self,
        reference: str,
        *,
        text: str | None = None,
        tags: Iterable[str] | None = None,
        time: datetime | None = None,
        until: datetime | None = None,
    ) -> Outcome:
        """Change what is not None; given tags replace the ones it has, the configured ones included."""
        body = given(
            text=text,
            tags=None if tags is None else [*shortened(tags)],
            time=None if time is None else milliseconds(time),
            timeEnd=None if until is None else milliseconds(until),
        )
        path = url_path("/annotations/{id}", id=reference)
        response = await self.call("PATCH", path, operation="annotations.patch", json=body, idempotent=True)
        return self.done(response, reference=reference)

    async def delete_annotation(self, reference: str) -> Outcome:
        """Remove an annotation."""
        path = url_path("/annotations/{id}", id=reference)
        response = await self.call("DELETE", path, operation="annotations.delete")
        return self.done(response, reference=reference)

    async def find_annotations(
        self,
        tags: Sequence[str] = (),
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        match_any: bool = False,
    ) -> AsyncIterator[dict[str, JsonValue]]:
        """Annotations as Grafana describes them, those that end latest first, 1000 at a time.

        Args:
            tags: which they have: all, or with `match_any` one of them; none asks for no tag.
            since, until: None is without bound.

        Raises:
            RejectedError: more than 1000 end at the same moment, which no paging gets past.
        """
        end = milliseconds(until or self.context.clock.now())
        query: dict[str, str | Sequence[str]] = {
            "type": "annotation",
            "limit": str(_PAGE),
            "tags": list(tags),
        }
        query |= {"matchAny": "true"} if match_any else {}
        query |= {"from": str(milliseconds(since) if since else 1)}
        seen: set[str | None] = set()
        while True:
            response = await self.call(
                "GET", "/annotations", operation="annotations", query={**query, "to": str(end)}
            )
            page = self.parse_list(response)
            fresh = [one for one in page if text_at(one, "id") not in seen]
            for one in fresh:
                yield one
            if len(page) < _PAGE:
                return
            if not fresh:
                words = f"more than {_PAGE} annotations end at one moment: narrow the search by tags"
                raise self.error(Fault(RejectedError, words), response)
            seen |= {text_at(one, "id") for one in fresh}
            end = min(_end_of(one) for one in page)

    async def _create(self, body: dict[str, JsonValue]) -> Outcome:
        config = self.config
        placed = given(dashboardUID=config.dashboard_uid, panelId=config.panel_id)
        response = await self.call(
            "POST", "/annotations", operation="annotations.create", json={**body, **placed}
        )
        return self.made(response)

    def _tags(self, tags: Iterable[str]) -> list[JsonValue]:
        return [*shortened([*self.config.tags, *tags])]


def _end_of(annotation: dict[str, JsonValue]) -> int:
    ends = annotation.get("timeEnd") or annotation.get("time")
    return ends if isinstance(ends, int) else 0
