"""Typed configuration: one frozen class per provider, every field documented, every mistake reported at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar, cast, dataclass_transform, get_args, get_origin, get_type_hints
from urllib.parse import SplitResult, urlsplit

import attrs

from integrations_sdk.codec import closest
from integrations_sdk.errors import Problem
from integrations_sdk.http.base import Connection
from integrations_sdk.http.guard import Guard
from integrations_sdk.models import SENDER_EVENTS, EventType, Secret

__all__ = [
    "ConnectorConfig",
    "Validate",
    "by_field",
    "connection_of",
    "default_of",
    "environment_of",
    "fields_of",
    "from_text",
    "http_url",
    "is_loopback",
    "not_empty",
    "one_of",
    "secret_names",
    "secret_values",
    "secrets_in",
    "setting",
    "settings",
]

T = TypeVar("T")

_USUAL: Final = Connection()
_TRUTHS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True), **dict.fromkeys(("false", "no", "off", "0"), False),
}  # fmt: skip

Validate = Callable[[Any], str | None]
"""Looks at a value of the right type; what was expected, as a sentence, when it is wrong."""


def setting(
    doc: str,
    *,
    default: Any = attrs.NOTHING,  # as attrs.field
    factory: Callable[[], Any] | None = None,
    validate: Validate | None = None,
    also: tuple[str, ...] = (),
    env: tuple[str, ...] = (),
    example: str | None = None,
) -> Any:  # as attrs.field
    """A field of a configuration class.

    Args:
        doc: one sentence for people; the reference documentation shows it.
        validate: what a value must fulfil beyond its type. A secret is passed revealed; a reference
            is validated once it is resolved.
        also: other names the field is accepted under.
        env: environment variables that `from_env()` takes it from, the first that is set.
        example: shown in the documentation and in built-in templates.
    """
    metadata = {"doc": doc, "validate": validate, "also": also, "env": env, "example": example}
    if factory is not None:
        return attrs.field(factory=factory, metadata=metadata)
    return attrs.field(default=default, metadata=metadata)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting,))
def settings(cls: type[T]) -> type[T]:
    """Make a class of `setting`s a frozen, keyword-only, slotted configuration class."""
    return attrs.frozen(kw_only=True)(cls)


def event_pattern(value: str) -> str | None:
    """Validate: an event type there is, one of the user's own (`acme.deployed`), or a pattern with `*`."""
    if value in set(EventType) or value in SENDER_EVENTS or "*" in value or "." in value.strip("."):
        return None
    near = closest(value, EventType)
    return f"an event type, {near} One of your own has a dot, e.g. acme.deployed"


def proxy_url(value: str) -> str | None:
    """Validate: an absolute http or https URL, with or without user and password."""
    return "a URL such as http://proxy.example:3128" if _http_parts(value) is None else None


def _http_parts(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


@settings
class ConnectorConfig:
    """What every integration can be configured with."""

    events: tuple[str, ...] | None = setting(
        "Event types to act on, with `*` as a wildcard; none at all means the provider's default.",
        default=None,
        validate=event_pattern,
        example="push, merge_request, pipeline",
    )
    branches: tuple[str, ...] = setting(
        "Branches to act on, with `*` as a wildcard; empty means all.",
        default=(),
        also=("branch_filter",),
        example="main, release/*",
    )
    verify_ssl: bool = setting(
        "Check the server's certificate.", default=True, also=("ssl_verify", "enable_ssl_verification")
    )
    ca_file: str | None = setting("PEM file of a private certificate authority.", default=None)
    proxy: Secret | None = setting(
        "URL of an HTTP proxy; secret, because it may hold a password.", default=None, validate=proxy_url
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:  # noqa: ARG003  # for subclasses
        """What is wrong with the fields taken together, beside each one alone.

        Args:
            given: what was configured, by field name, before conversion.
        """
        return ()


def http_url(value: str) -> str | None:
    """Validate: an absolute http or https URL without credentials in it."""
    parts = _http_parts(value)
    if parts is None or any(character in value for character in " \r\n\t\0"):
        return "an absolute URL such as https://example.com"
    return "a URL without user and password in it" if parts.username or parts.password else None


def is_loopback(host: str | None) -> bool:
    """Whether requests stay on this machine, where a test's stand-in may listen."""
    return host in {"localhost", "::1"} or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host or ""))


def not_empty(value: str) -> str | None:
    """Validate: some text other than white space, without line breaks."""
    if not value.strip():
        return "some text"
    return "text without line breaks" if any(character in value for character in "\r\n\0") else None


def one_of(*choices: str) -> Validate:
    """Validate: one of these words."""

    def validate(value: str) -> str | None:
        return None if value in choices else f"one of {', '.join(choices)}"

    return validate


def fields_of(config: type[ConnectorConfig]) -> tuple[attrs.Attribute[Any], ...]:
    """The fields of a configuration class, inherited ones first."""
    return tuple(attrs.fields(cast("type[attrs.AttrsInstance]", config)))


def environment_of(config: type[ConnectorConfig]) -> dict[str, str]:
    """Environment variable → field, of the fields that name any."""
    return {variable: field.name for field in fields_of(config) for variable in field.metadata.get("env", ())}


def default_of(field: attrs.Attribute[Any]) -> object:
    """A field's default, made anew where a factory makes it; `attrs.NOTHING` if it has none."""
    factory = getattr(field.default, "factory", None)
    return factory() if factory else field.default


def secret_names(config: type[ConnectorConfig]) -> frozenset[str]:
    """The names of the fields that hold secrets."""
    return frozenset(field.name for field in fields_of(config) if "Secret" in str(field.type))


def from_text(config: type[ConnectorConfig], name: str, text: str) -> object:
    """A field's value out of an environment variable, which holds text only.

    `587` becomes a number where the field is one, `true`, `yes`, `on` and `1` (and their opposites) a truth,
    `a, b` a list. What is none of the field's type stays text, for the conversion to say what was expected.
    """
    annotation = get_type_hints(config)[name]
    kinds = {annotation, *get_args(annotation)}
    if tuple in {get_origin(kind) for kind in kinds}:
        return [part.strip() for part in text.split(",") if part.strip()]
    if bool in kinds:
        return _TRUTHS.get(text.strip().lower(), text)
    if kinds & {int, float, timedelta} and re.fullmatch(r"-?\d+(\.\d+)?", text.strip(), re.ASCII):
        return float(text) if "." in text else int(text)
    return text


def secret_values(config: ConnectorConfig) -> list[str]:
    """The secrets of a configuration, revealed, longest first: for keeping them out of what is shown."""
    found = (
        secret
        for name in secret_names(type(config))
        for secret in secrets_in(name, getattr(config, name)).values()
    )
    return sorted((secret.reveal() for secret in found if secret), key=len, reverse=True)


def connection_of(config: ConnectorConfig, guard: Guard | None = None) -> Connection:
    """How to connect, as a configuration says."""
    if config.verify_ssl and config.ca_file is None and config.proxy is None and guard is None:
        return _USUAL
    proxy = config.proxy.reveal() if config.proxy else None
    return Connection(verify=config.verify_ssl, ca_file=config.ca_file, proxy=proxy, guard=guard)


def secrets_in(name: str, value: object) -> dict[str, Secret]:
    """The secrets of one field, by the name each is kept under: `token`, or `channels.ops` of a mapping."""
    if isinstance(value, Mapping):
        return {f"{name}.{key}": item for key, item in value.items() if isinstance(item, Secret)}
    return {name: value} if isinstance(value, Secret) else {}


def by_field(secrets: Mapping[str, Secret]) -> dict[str, object]:
    """What `secrets_in()` took apart, as fields again; a field's own name has no dot."""
    fields: dict[str, object] = {}
    for kept, secret in secrets.items():
        name, dot, key = kept.partition(".")
        if dot:
            fields[name] = {**cast("dict[str, Secret]", fields.get(name, {})), key: secret}
        else:
            fields[name] = secret
    return fields
