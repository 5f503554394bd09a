"""Where reading the changes has come to: what a cursor stands for. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

import attrs

from integrations_sdk.connectors.base import ConfigurationError, time_of

__all__ = ["PAGE", "Place", "written"]

PAGE: Final = 100
"""The most users that Auth0 gives at once."""

_PAGES: Final = 10  # it gives 1000 of one search
_OVERLAP: Final = timedelta(minutes=1)  # the search lags


@attrs.frozen(kw_only=True)
class Place:
    """A page of the users that were changed at a time or later, oldest change first.

    Attributes:
        since: as Auth0 writes times; None: all users.
        page: counts from 0.
        begun: when this reading began, by Auth0's clock; None until its first page is read.
    """

    since: str | None = None
    page: int = 0
    begun: datetime | None = None

    @classmethod
    def of(cls, cursor: str | None) -> Place:
        """The place that a cursor stands for; None is the beginning, all users.

        Raises:
            ConfigurationError: it is none of `user_changes()`.
        """
        if cursor is None:
            return cls()
        told = dict(parse_qsl(cursor))
        since, page = time_of(told.get("since")), told.get("page", "0")
        if since is None or not page.isdecimal():
            raise ConfigurationError.of(
                "auth0 users", "cursor", "expected a cursor of user_changes(), or None"
            )
        return cls(since=written(since), page=int(page), begun=time_of(told.get("begun")))

    def after(self, latest: str | None, *, full: bool, now: datetime) -> Place | None:
        """The place after a page; None when Auth0 gives no more of what there is.

        Args:
            latest: the last change on the page.
            full: whether there may be more.
            now: Auth0's time.
        """
        begun = self.begun or now
        if not full or latest is None:  # the next reading begins where this one began
            return Place(since=written(begun - _OVERLAP))
        if latest != self.since:
            return Place(since=latest, begun=begun)
        return Place(since=latest, page=self.page + 1, begun=begun) if self.page + 1 < _PAGES else None

    @property
    def cursor(self) -> str:
        """What stands for this place."""
        told = {"since": self.since or "", "page": str(self.page)}
        return urlencode(told | ({"begun": self.begun.isoformat()} if self.begun else {}))


def written(moment: datetime) -> str:
    """A time as Auth0 writes it, in milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
