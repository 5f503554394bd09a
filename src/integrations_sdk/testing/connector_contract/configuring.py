"""The contract of a connector's configuration: it survives storage, explains itself, and names every mistake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from integrations_sdk.catalog import describe, json_schema
from integrations_sdk.codec import load
from integrations_sdk.connectors.base import ConnectorConfig
from integrations_sdk.connectors.config import by_field, default_of, fields_of, from_text, secret_names
from integrations_sdk.connectors.directory import split_config
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import plain
from integrations_sdk.testing.connector_contract.case import ConnectorCase

__all__ = ["ConfigurationContract"]

_TYPES: Final = {
    "string": str, "boolean": bool, "integer": int, "number": float | int, "array": list | tuple, "object": dict,
}  # fmt: skip


class ConfigurationContract(ConnectorCase):
    """The class `Config`, tried with what reaches the stand-in."""

    def test_what_is_stored_is_the_same_when_read(self) -> None:
        """Taken apart into JSON and secrets, and put together again, it is equal; no secret is in the JSON."""
        config = self._loaded(self.canaries())
        visible, secrets = split_config(config)
        kept = json.loads(json.dumps(visible))
        for secret in self.secrets(config):
            assert secret not in json.dumps(visible, ensure_ascii=False)
        again = load(self.connector.Config, {**kept, **by_field(secrets)}, subject="stored")
        assert again == config
        assert split_config(again) == (visible, secrets)

    def test_defaults_are_values(self) -> None:
        """What is not configured is its field's default, which has a JSON form and passes its own validation."""
        given, config = {self._field_of(name) for name in self.configured()}, self._loaded()
        for field in fields_of(self.connector.Config):
            default, validate = default_of(field), field.metadata.get("validate")
            if field.name not in given:
                assert getattr(config, field.name) == default
                json.dumps(plain(default), allow_nan=False)
                if validate is not None and isinstance(default, str | int | float) and default != "":
                    assert validate(default) is None, f"the default of {field.name} is refused"

    def test_every_name_of_a_field_is_taken(self) -> None:
        """What is accepted under another name (`also`) comes to the same."""
        given, config = self.configured(), self._loaded()
        for field in fields_of(self.connector.Config):
            for other in field.metadata.get("also", ()):
                if field.name in given:
                    renamed = {**self._without(given, field.name), other: given[field.name]}
                    assert load(self.connector.Config, renamed, subject="renamed") == config

    def test_each_field_explains_itself(self) -> None:
        """A sentence for people, a kind in words, and, where it has to be given, an example."""
        for field in describe(self.connector).fields:
            assert field.description[-1:] in {".", ")", "?"}, (
                f"{field.name} has no sentence: {field.description!r}"
            )
            assert field.type, field.name
            if field.required and not field.secret:
                assert field.example, f"{field.name} has to be given, and no example shows how"

    def test_its_schema_describes_it(self) -> None:
        """JSON Schema with each field, its sentence and its type; secrets are marked; the stand-in's fits it."""
        schema: Any = json.loads(json.dumps(json_schema(self.connector)))
        properties = schema["properties"]
        assert set(properties) == {field.name for field in fields_of(self.connector.Config)}
        assert set(schema["required"]) <= set(properties)
        assert schema["additionalProperties"] is False
        for name, described in properties.items():
            assert described["description"]
            assert described.get("writeOnly", False) is (name in secret_names(self.connector.Config))
        given = {
            self._field_of(name): value for name, value in self.configured().items() if value is not None
        }
        assert set(schema["required"]) <= set(given)
        for name, value in given.items():
            kinds = [_TYPES[option["type"]] for option in _options(properties[name])]
            assert not kinds or isinstance(value, tuple(kinds)), f"{name} is none of {properties[name]}"

    def test_all_mistakes_are_named_at_once(self) -> None:
        """Each field that is of the wrong kind, and one that is mistyped, with what it may have meant."""
        given = self.configured()
        first = next(iter(given))
        wrong: dict[str, object] = {name: object() for name in given}
        error = self._mistaken({**wrong, f"{first}x": "x"})
        found = {problem.path.partition(".")[0].partition("[")[0]: problem for problem in error.problems}
        assert {self._field_of(name) for name in given} | {f"{first}x"} <= set(found)
        assert found[f"{first}x"].wrong == "unknown field"
        assert "did you mean" in found[f"{first}x"].remedy
        assert self.connector.provider in str(error)

    def test_no_mistake_is_quoted(self) -> None:
        """What is wrong may be a secret in the wrong field: errors do not repeat values."""
        given, canary = self.configured(), "canary-0123456789"
        for name in (field.name for field in fields_of(self.connector.Config)):
            rest = self._without(given, name)
            for value in (f"{canary}\r\n", [canary], {"x": canary}, f"http://{canary}:{canary}@[x"):
                error = self._mistaken({**rest, name: value, "unknown": 1})
                assert canary not in str(error)
                assert canary not in repr(error)

    def test_the_environment_configures_it(self) -> None:
        """The text of each variable of `environment` becomes the value of its field."""
        given, config = self.configured(), self._loaded()
        for name in set(self.connector.environment.values()) & given.keys():
            value = given[name]
            if isinstance(value, str | int | float) or (isinstance(value, list) and len(value) == 1):
                text = str(value[0] if isinstance(value, list) else value)
                read = {**given, name: from_text(self.connector.Config, name, text)}
                assert load(self.connector.Config, read, subject="environment") == config

    def _loaded(self, other: Mapping[str, object] | None = None) -> ConnectorConfig:
        given = {**self.configured(), **(other or {})}
        return load(self.connector.Config, given, subject=f"{self.connector.provider} configuration")

    def _mistaken(self, given: dict[str, object]) -> ConfigurationError:
        try:
            load(self.connector.Config, given, subject=f"{self.connector.provider} configuration")
        except ConfigurationError as error:
            return error
        raise AssertionError("a wrong configuration was taken")

    def _field_of(self, name: str) -> str:
        """The field that is accepted under a name."""
        fields = fields_of(self.connector.Config)
        return next(field.name for field in fields if name in {field.name, *field.metadata.get("also", ())})

    def _without(self, given: dict[str, object], field: str) -> dict[str, object]:
        return {name: value for name, value in given.items() if self._field_of(name) != field}


def _options(described: dict[str, Any]) -> list[dict[str, Any]]:  # Any: JSON Schema
    """The schemas of which one holds; none of one that takes everything."""
    options: list[dict[str, Any]] = described.get("anyOf", [described])
    return [option for option in options if "type" in option]
