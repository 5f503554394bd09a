"""What can go wrong with a vendor's answer, as data: `FaultSpec`, and `FaultQueue`, which hands them out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from fnmatch import fnmatchcase

import attrs

from integrations_sdk.errors import ConfigurationError, Problem

__all__ = ["FaultQueue", "FaultSpec"]


@attrs.frozen(kw_only=True)
class FaultSpec:
    """A fault, and which requests it befalls.

    `status` and `reset` keep the vendor from acting on the request; after the others (and with
    `acts=True` after these as well) it has acted, and only the answer is spoiled, which is the case
    in which a careless retry does things twice.

    Attributes:
        status: answered instead of the vendor's own status, 400 to 599, in the vendor's shape.
        times: how many requests it befalls, 1 or more; None: all from now on.
        retry_after: the `Retry-After` header: seconds, or an HTTP date as text.
        delay: seconds that pass before the answer.
        reset: no answer; the connection is reset.
        body: sent in place of the answer's body, its content type unchanged.
        truncate: only the first half of the answer arrives, then the connection ends.
        headers: added to the answer.
        method: befalls only requests with this method.
        path: befalls only requests whose path matches this pattern (`*` as wildcard), or the route's
            template (`/rest/api/3/issue/{key}`).
        acts: the vendor acts on the request although `status` or `reset` says otherwise.

    Raises:
        ConfigurationError: it does nothing, or a value is out of its range.
    """

    status: int | None = None
    times: int | None = 1
    retry_after: float | str | None = None
    delay: float = 0.0
    reset: bool = False
    body: bytes | None = None
    truncate: bool = False
    headers: Mapping[str, str] = attrs.field(factory=dict)
    method: str | None = None
    path: str | None = None
    acts: bool = False

    def __attrs_post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            raise ConfigurationError("fault", problems)

    @property
    def prevents(self) -> bool:
        """Whether the vendor does not act on the request."""
        return not self.acts and (self.status is not None or self.reset)

    @property
    def added(self) -> dict[str, str]:
        """The headers that the fault adds to the answer."""
        wait = {} if self.retry_after is None else {"retry-after": f"{self.retry_after}"}
        return {**wait, **self.headers}

    def befalls(self, method: str, path: str, template: str | None) -> bool:
        """Whether it is meant for such a request."""
        if self.method is not None and self.method.upper() != method:
            return False
        return self.path is None or self.path == template or fnmatchcase(path, self.path)


class FaultQueue:
    """The faults still to come, oldest first. Safe to fill from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[FaultSpec, int | None]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, fault: FaultSpec) -> None:
        """Put it behind those that wait already."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        """Nothing fails any more."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, path: str, template: str | None) -> FaultSpec | None:
        """The oldest fault that befalls such a request, used up once more; None when there is none."""
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if fault.befalls(method, path, template):
                    if left == 1:
                        del self._waiting[index]
                    else:
                        self._waiting[index] = (fault, None if left is None else left - 1)
                    return fault
        return None


def _problems(fault: FaultSpec) -> list[Problem]:
    problems: list[Problem] = []
    fails = fault.status or fault.delay or fault.reset or fault.truncate or fault.headers
    if not fails and fault.body is None:
        problems.append(Problem("fault", "expected something that fails", "e.g. status=503 or reset=True"))
    if fault.status is not None and not 400 <= fault.status <= 599:
        problems.append(Problem("status", "expected 400 to 599"))
    if fault.times is not None and fault.times < 1:
        problems.append(Problem("times", "expected 1 or more, or None for ever"))
    if fault.delay < 0:
        problems.append(Problem("delay", "expected 0 seconds or more"))
    return problems
