"""`CatalogManager`: generated from `AsyncCatalogManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager

if TYPE_CHECKING:
    from integrations_sdk.catalog import (
        AsyncCatalogManager,  # noqa: F401  # ruff does not see it in the string below
        CatalogEntry,
    )
    from integrations_sdk.models import Category, JsonValue, RecordList

__all__ = ["CatalogManager"]


class CatalogManager(BlockingSubManager["AsyncCatalogManager"]):
    """The providers that can be configured, third parties' included."""

    def list(
        self, *, category: Category | str | None = None, capability: str | None = None
    ) -> RecordList[CatalogEntry]:
        """Every provider, or those of one category, or with one capability (`notifier`, `issue_tracker`, …).

        Raises:
            ConfigurationError: no such category or capability; says which there are.
        """
        return self._run(lambda manager: manager.list(category=category, capability=capability))

    def get(self, provider: str) -> CatalogEntry:
        """One provider; `NotFoundError` if it is unknown."""
        return self._run(lambda manager: manager.get(provider))

    def schema(self, provider: str) -> dict[str, JsonValue]:
        """JSON Schema (2020-12) of a provider's configuration, for forms and editors."""
        return self._run(lambda manager: manager.schema(provider))
