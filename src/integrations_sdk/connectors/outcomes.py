"""One outcome for an operation that has several parts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from integrations_sdk.errors import ConnectorError
from integrations_sdk.models import JsonValue, Outcome, OutcomeStatus

__all__ = ["together"]


def together(
    results: Mapping[str, Outcome | ConnectorError],
    *,
    listed: str,
    called: str,
    missed: str,
    part: Callable[[Outcome], JsonValue],
) -> Outcome:
    """That of the first part that succeeded, with what became of each; failed, and not to be repeated, if some did.

    Args:
        results: what the parts came to, by their names.
        listed: where in `data` they are listed.
        called: what there the name of a failed one is called; its `error` stands beside it.
        missed: what the failed ones have in common, e.g. `jobs were not started`.
        part: what is listed of one that succeeded.

    Raises:
        ConnectorError: none succeeded; that of the first.
    """
    succeeded = [result for result in results.values() if isinstance(result, Outcome)]
    failed = {name: result for name, result in results.items() if isinstance(result, ConnectorError)}
    if not succeeded:
        raise next(iter(failed.values()))
    parts: list[JsonValue] = [*map(part, succeeded)]
    parts += [{called: name, "error": str(error)} for name, error in failed.items()]
    detail = "; ".join(outcome.detail for outcome in succeeded if outcome.detail) or None
    whole = attrs.evolve(succeeded[0], detail=detail, data={listed: parts})
    if not failed:
        return whole
    trouble = f"{len(failed)} of {len(results)} {missed}: " + "; ".join(map(str, failed.values()))
    return attrs.evolve(whole, status=OutcomeStatus.FAILED, error=trouble)
