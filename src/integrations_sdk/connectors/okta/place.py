"""Where reading the changes has come to: what a cursor stands for. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

import attrs

from integrations_sdk.connectors.base import ConfigurationError, Response, http_date, time_of

__all__ = ["Place"]

_OVERLAP: Final = timedelta(minutes=1)
_PAGE: Final = "200"  # the most that Okta gives of users


@attrs.frozen(kw_only=True)
class Place:
    """A page of users that changed after a time, and when this reading began.

    Attributes:
        query: asks for the page.
        begun: by Okta's clock, when the first page was read; None until then.
    """

    query: str
    begun: datetime | None = None

    @classmethod
    def of(cls, cursor: str | None) -> Place:
        """The place that a cursor stands for; None is the beginning, all users.

        Raises:
            ConfigurationError: it is none of `user_changes()`.
        """
        if cursor is None:
            return cls(query=urlencode({"limit": _PAGE}))
        told = dict(parse_qsl(cursor))
        begun = time_of(told.get("begun"))
        if begun is None:
            raise ConfigurationError.of(
                "okta users", "cursor", "expected a cursor of user_changes(), or None"
            )
        if "query" in told:
            return cls(query=told["query"], begun=begun)
        moment = begun.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return cls(query=urlencode({"filter": f'lastUpdated gt "{moment}"', "limit": _PAGE}))

    def after(self, page: Response, following: str | None, now: datetime) -> str:
        """The cursor for what comes after a page.

        After the last one that is whatever changes from a minute before the first was read: a change that was
        under way then is rather read twice than not at all.

        Args:
            following: asks for the next page; None after the last.
            now: the time, where the page does not tell Okta's.
        """
        begun = self.begun or http_date(page.headers.get("date", "")) or now
        if following is not None:
            return urlencode({"begun": begun.isoformat(), "query": following})
        return urlencode({"begun": (begun - _OVERLAP).isoformat()})
