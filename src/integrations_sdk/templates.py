"""`mgr.templates`: configurations to start from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import attrs

from integrations_sdk.codec import closest, load, restore
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.config import fields_of, secret_names, setting, settings
from integrations_sdk.connectors.directory import split_config, storage_id
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.errors import ConfigurationError, NotFoundError, Problem
from integrations_sdk.models import Integration, JsonValue, Record, RecordList, Secret, plain
from integrations_sdk.runtime import Runtime
from integrations_sdk.store.base import Delete, Document, Insert

__all__ = ["AsyncTemplatesManager", "CreateIntegration", "IntegrationTemplate"]

_COLLECTION = "templates"


class CreateIntegration(Protocol):
    """`integrations.create()`."""

    async def __call__(
        self, provider: str, config: Mapping[str, object], *, name: str | None = None
    ) -> Integration:
        """Configure a provider."""
        ...


@attrs.frozen(kw_only=True)
class IntegrationTemplate(Record):
    """A configuration to start from.

    Attributes:
        template_id: `template-1`; of the built-in ones `builtin-slack`.
        default_config: a copy, free to be changed.
        required_fields: what must be added to it.
    """

    template_id: str
    name: str
    integration_type: str
    description: str = ""
    default_config: dict[str, JsonValue] = attrs.field(factory=dict)
    required_fields: tuple[str, ...] = ()
    built_in: bool = False
    created_at: datetime | None = None


@settings
class _Draft:
    """What `create_template()` takes."""

    name: str = setting("What people call it.")
    integration_type: str = setting("The provider, e.g. `slack`.")
    description: str = setting("What it is for.", default="")
    default_config: dict[str, JsonValue] = setting("The configuration to start from.", factory=dict)
    required_fields: tuple[str, ...] = setting("Fields that must be added to it.", default=())


class AsyncTemplatesManager:
    """The templates of one tenant, and the built-in ones: at least one for every provider."""

    def __init__(self, runtime: Runtime, registry: Registry, create: CreateIntegration) -> None:
        self._runtime = runtime
        self._registry = registry
        self._create = create

    async def create_template(self, template: Mapping[str, object]) -> IntegrationTemplate:
        """Keep a configuration to start from.

        Args:
            template: `name`, `integration_type`; optionally `description`, `default_config`, `required_fields`.

        Raises:
            ConfigurationError: naming everything wrong with it, the fields of `default_config` included.
                A credential in it must be a reference (`env:NAME`), for templates are kept in the clear.
        """
        draft = load(_Draft, template, subject="template")
        problems = list(self._problems(draft))
        if problems:
            raise ConfigurationError("template", problems)
        tenant = self._runtime.scope.tenant_id
        provider = self._registry.get(draft.integration_type).provider
        number = await self._runtime.store.next_number(storage_id(tenant, "template"))
        made = IntegrationTemplate(
            template_id=f"template-{number}",
            name=draft.name,
            integration_type=provider,
            description=draft.description,
            default_config=draft.default_config,
            required_fields=draft.required_fields,
            created_at=self._runtime.clock.now(),
        )
        await self._runtime.store.write(
            Insert(
                Document(
                    collection=_COLLECTION,
                    id=storage_id(tenant, made.template_id),
                    data=dict(made),
                    keys={"tenant_id": tenant, "provider": made.integration_type},
                )
            )
        )
        return await self.get_template(made.template_id)

    async def list_templates(self, *, integration_type: str | None = None) -> RecordList[IntegrationTemplate]:
        """The tenant's templates, oldest first, then the built-in ones; or those of one provider.

        Raises:
            NotFoundError: unknown provider.
        """
        one = None if integration_type is None else self._registry.get(integration_type).provider
        providers = list(self._registry) if one is None else [one]
        built_in = [_built_in(self._registry.get(provider)) for provider in providers]
        return RecordList([*await self._stored(one), *built_in])

    async def get_template(self, template_id: str) -> IntegrationTemplate:
        """One template; changing its `default_config` changes nothing that is stored.

        Raises:
            NotFoundError: there is none with that id.
        """
        provider = template_id.removeprefix("builtin-")
        if provider != template_id and provider in self._registry:
            return _built_in(self._registry.get(provider))
        document = await self._runtime.store.get(
            _COLLECTION, storage_id(self._runtime.scope.tenant_id, template_id)
        )
        if document is None:
            msg = f"no template {template_id!r}; list_templates() shows the ids there are"
            raise NotFoundError(msg)
        return restore(IntegrationTemplate, document.data)

    async def delete_template(self, template_id: str) -> None:
        """Forget a template; integrations made from it stay.

        Raises:
            NotFoundError: there is none with that id, or it is a built-in one.
        """
        found = await self.get_template(template_id)
        if found.built_in:
            msg = f"{template_id!r} is built in and cannot be deleted"
            raise NotFoundError(msg)
        await self._runtime.store.write(
            Delete(_COLLECTION, storage_id(self._runtime.scope.tenant_id, template_id))
        )

    async def instantiate(
        self, template_id: str, overrides: Mapping[str, object] | None = None, *, name: str | None = None
    ) -> Integration:
        """Create an integration from a template: its defaults, with `overrides` over them.

        Raises:
            NotFoundError: no such template.
            ConfigurationError: a required field is missing, or something in the result is wrong.
        """
        template = await self.get_template(template_id)
        given = {**template.default_config, **(overrides or {})}
        missing = [field for field in template.required_fields if given.get(field) is None]
        if missing:
            problems = [Problem(field, "missing", "this template requires it") for field in missing]
            raise ConfigurationError(f"template {template_id}", problems)
        return await self._create(template.integration_type, given, name=name)

    async def _stored(self, integration_type: str | None) -> list[IntegrationTemplate]:
        where = {"tenant_id": self._runtime.scope.tenant_id}
        if integration_type is not None:
            where["provider"] = str(integration_type)
        found: list[IntegrationTemplate] = []
        cursor: str | None = None
        while True:
            page = await self._runtime.store.query(_COLLECTION, where=where, after=cursor, limit=1000)
            found += [restore(IntegrationTemplate, document.data) for document in page.documents]
            if (cursor := page.cursor) is None:
                return found

    def _problems(self, draft: _Draft) -> list[Problem]:
        if draft.integration_type not in self._registry:
            remedy = closest(draft.integration_type, self._registry)
            return [Problem("integration_type", "unknown provider", remedy)]
        config = self._registry.get(draft.integration_type).Config
        known = {
            alias for field in fields_of(config) for alias in (field.name, *field.metadata.get("also", ()))
        }
        unknown = [name for name in draft.required_fields if name not in known | {"name"}]
        problems = [
            Problem(f"required_fields.{name}", "unknown field", closest(name, known)) for name in unknown
        ]
        wrong = _wrong(config, draft.default_config)
        problems += [problem._replace(path=f"default_config.{problem.path}") for problem in wrong]
        for name in _credentials(config) & draft.default_config.keys():
            value = draft.default_config[name]
            parts = value.values() if isinstance(value, dict) else [value]
            if not all(isinstance(part, str) and Secret(part).is_reference for part in parts):
                remedy = "give a reference such as env:NAME, or make it a required field"
                problems.append(Problem(f"default_config.{name}", "a credential in the clear", remedy))
        return problems


def _credentials(config: type[ConnectorConfig]) -> set[str]:
    """Every name under which a credential can be given, aliases included."""
    secret = [field for field in fields_of(config) if field.name in secret_names(config)]
    return {name for field in secret for name in (field.name, *field.metadata.get("also", ()))}


def _wrong(config: type[ConnectorConfig], given: Mapping[str, JsonValue]) -> list[Problem]:
    """What is wrong with the fields that are given; what is missing may still come."""
    values = {name: value for name, value in given.items() if name != "name"}
    try:
        typed = load(config, values, subject="template")
    except ConfigurationError as error:
        return [problem for problem in error.problems if problem.path.split(".")[0].split("[")[0] in values]
    shown, _ = split_config(typed)
    # A configuration takes the query out of a URL, and keeps it among its secrets: tokens stand there.
    return [
        Problem(name, "a credential in the clear: its query", "give it without, or make it a required field")
        for name, value in values.items()
        if isinstance(value, str)
        and "?" in value
        and isinstance(shown.get(name), str)
        and shown[name] != value
    ]


def _built_in(connector: type[Connector[ConnectorConfig]]) -> IntegrationTemplate:
    """The template that every provider has: what it recommends, and what it cannot do without."""
    recommended = {name: plain(value) for name, value in connector.recommended.items()}
    try:
        load(connector.Config, connector.recommended, subject="template")
        required: tuple[str, ...] = ()
    except ConfigurationError as error:
        required = tuple(problem.path for problem in error.problems)
    return IntegrationTemplate(
        template_id=f"builtin-{connector.provider}",
        name=f"{connector.title}, recommended",
        integration_type=connector.provider,
        description=f"{connector.title} as its documentation here recommends it.",
        default_config=recommended,
        required_fields=required,
        built_in=True,
    )
