"""`catalog`: the providers there are, and how to configure them."""

from __future__ import annotations

import pytest

from integrations_sdk.errors import ConfigurationError, NotFoundError


def test_every_provider_is_listed(manager, run):
    """The list is the registry's, third parties included."""
    assert [entry.provider for entry in run(manager.catalog.list())] == list(manager.registry)


def test_lists_are_filtered(manager, run):
    """By category, by capability, and by both."""
    assert [
        entry.provider for entry in run(manager.catalog.list(category="custom", capability="notifier"))
    ] == ["custom", "toy"]
    trackers = {entry.provider for entry in run(manager.catalog.list(capability="issue_tracker"))}
    assert trackers == {"jira", "zendesk", "asana", "redmine", "gitlab", "github", "azure_devops"}
    for wrong in ({"category": "customs"}, {"capability": "tracker"}):
        with pytest.raises(ConfigurationError):
            run(manager.catalog.list(**wrong))


def test_an_entry_says_how_to_configure(manager, run):
    """Fields come with type, need, default and aliases, the provider's own ones first."""
    entry = run(manager.catalog.get("toy"))
    url, token, size, pause, events, *_ = entry.fields
    assert (url.name, url.type, url.required, url.example) == ("url", "text", True, "https://toy.example")
    assert (token.secret, token.type, token.also) == (True, "secret", ("api_token",))
    assert (size.default, pause.default, pause.type) == (3, 2.0, "seconds")
    assert events.type == "list of text"
    assert entry.environment == {"TOY_URL": "url", "TOY_TOKEN": "token", "TOY_PASSWORD": "token"}
    with pytest.raises(NotFoundError):
        run(manager.catalog.get("toi"))


def test_the_schema_is_json_schema(manager, run):
    """The schema is valid 2020-12, accepts a right configuration and refuses a wrong one."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = run(manager.catalog.schema("toy"))
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    assert validator(schema).is_valid({"url": "https://t.example", "events": ["push"], "pause": 1.5})
    assert not validator(schema).is_valid({"events": "push"})
    assert schema["properties"]["token"]["writeOnly"] is True


@pytest.mark.parametrize(
    ("provider", "field", "words", "schema"),
    [
        ("gitlab", "project", "whole number or text", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ("gitlab", "ca_file", "text", {"type": "string"}),
        ("zendesk", "ticket_templates", "mapping to value", {"type": "object", "additionalProperties": {}}),
        ("webhook", "payload_template", "value", {}),
    ],
)
def test_a_field_of_several_kinds_takes_each(manager, run, provider, field, words, schema):
    """Its words name them, its schema has them all; free JSON is bound to no kind."""
    (entry,) = [one for one in run(manager.catalog.get(provider)).fields if one.name == field]
    described = run(manager.catalog.schema(provider))["properties"][field]
    assert entry.type == words
    assert {
        name: value for name, value in described.items() if name in {"type", "anyOf", "additionalProperties"}
    } == schema


def test_every_provider_has_documented_fields(manager, run):
    """Each entry has a documentation link, and each field a description."""
    for entry in run(manager.catalog.list()):
        assert all(field.description for field in entry.fields), entry.provider
        if entry.provider != "toy":
            assert entry.docs_url.startswith("https://"), entry.provider
            assert entry.setup, entry.provider
