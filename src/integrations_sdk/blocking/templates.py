"""`TemplatesManager`: generated from `AsyncTemplatesManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations_sdk.models import Integration, RecordList
    from integrations_sdk.templates import (
        AsyncTemplatesManager,  # noqa: F401  # ruff does not see it in the string below
        IntegrationTemplate,
    )

__all__ = ["TemplatesManager"]


class TemplatesManager(BlockingSubManager["AsyncTemplatesManager"]):
    """The templates of one tenant, and the built-in ones: at least one for every provider."""

    def create_template(self, template: Mapping[str, object]) -> IntegrationTemplate:
        """Keep a configuration to start from.

        Args:
            template: `name`, `integration_type`; optionally `description`, `default_config`, `required_fields`.

        Raises:
            ConfigurationError: naming everything wrong with it, the fields of `default_config` included.
                A credential in it must be a reference (`env:NAME`), for templates are kept in the clear.
        """
        return self._run(lambda manager: manager.create_template(template))

    def list_templates(self, *, integration_type: str | None = None) -> RecordList[IntegrationTemplate]:
        """The tenant's templates, oldest first, then the built-in ones; or those of one provider.

        Raises:
            NotFoundError: unknown provider.
        """
        return self._run(lambda manager: manager.list_templates(integration_type=integration_type))

    def get_template(self, template_id: str) -> IntegrationTemplate:
        """One template; changing its `default_config` changes nothing that is stored.

        Raises:
            NotFoundError: there is none with that id.
        """
        return self._run(lambda manager: manager.get_template(template_id))

    def delete_template(self, template_id: str) -> None:
        """Forget a template; integrations made from it stay.

        Raises:
            NotFoundError: there is none with that id, or it is a built-in one.
        """
        return self._run(lambda manager: manager.delete_template(template_id))

    def instantiate(
        self, template_id: str, overrides: Mapping[str, object] | None = None, *, name: str | None = None
    ) -> Integration:
        """Create an integration from a template: its defaults, with `overrides` over them.

        Raises:
            NotFoundError: no such template.
            ConfigurationError: a required field is missing, or something in the result is wrong.
        """
        return self._run(lambda manager: manager.instantiate(template_id, overrides, name=name))
