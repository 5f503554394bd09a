"""`templates`: kept, listed, and turned into integrations."""

from __future__ import annotations

import pytest

from integrations_sdk.errors import ConfigurationError, NotFoundError
from integrations_sdk.models import IntegrationType

TEMPLATE = {
    "name": "Standard Toy",
    "integration_type": "toy",
    "description": "For every team",
    "default_config": {"events": ["push"], "size": 5},
    "required_fields": ["url", "token"],
}


def test_changing_a_returned_config_changes_nothing(manager, run):
    """What a template returns is a copy."""
    run(manager.templates.create_template(TEMPLATE))
    config = run(manager.templates.get_template("template-1"))["default_config"]
    config["url"] = "https://t.example"
    config["events"].append("pipeline")
    run(manager.templates.get_template("template-1")).default_config["size"] = 99
    assert run(manager.templates.get_template("template-1")).default_config == TEMPLATE["default_config"]


def test_an_integration_is_made_from_it(manager, run):
    """Overrides lie over the defaults; what the template requires must be among them."""
    run(manager.templates.create_template(TEMPLATE))
    with pytest.raises(ConfigurationError, match=r"url[\s\S]*token"):
        run(manager.templates.instantiate("template-1"))
    given = {"url": "https://t.example", "token": "env:TOKEN", "size": 6}
    made = run(manager.templates.instantiate("template-1", given, name="Team A"))
    assert (made.name, made.config) == (
        "Team A",
        {"url": "https://t.example", "token": "••••", "size": 6, "events": ["push"]},
    )


def test_lists_hold_own_and_built_in_ones(manager, run):
    """Every provider has a built-in template; lists are filtered by provider."""
    run(manager.templates.create_template(TEMPLATE))
    every = run(manager.templates.list_templates())
    assert every[0].template_id == "template-1"
    assert {item.integration_type for item in every if item.built_in} == set(manager.registry)
    toys = run(manager.templates.list_templates(integration_type="toy"))
    assert [item.template_id for item in toys] == ["template-1", "builtin-toy"]
    assert run(manager.templates.list_templates(integration_type=IntegrationType.WEBHOOK))[0].built_in
    with pytest.raises(NotFoundError):
        run(manager.templates.list_templates(integration_type="toi"))


def test_built_in_ones_say_what_they_require(manager, run):
    """A built-in template works once its required fields are filled in."""
    built_in = run(manager.templates.get_template("builtin-toy"))
    assert (built_in.default_config, built_in.required_fields) == ({"events": ["push"]}, ("url",))
    made = run(manager.templates.instantiate("builtin-toy", {"url": "https://t.example"}))
    assert made.config["events"] == ["push"]


def test_deleting(manager, run):
    """A deleted template is gone; a built-in one stays, and an unknown one is named."""
    run(manager.templates.create_template(TEMPLATE))
    run(manager.templates.delete_template("template-1"))
    for missing in ("template-1", "builtin-toy", "builtin-nothing"):
        with pytest.raises(NotFoundError):
            run(manager.templates.delete_template(missing))


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"integration_type": "toi"}, {"integration_type"}),
        ({"default_config": {"sise": 1, "size": "x"}}, {"default_config.sise", "default_config.size"}),
        ({"required_fields": ["urll", "name"]}, {"required_fields.urll"}),
        ({"default_config": {"token": "plain"}}, {"default_config.token"}),
        ({"default_config": {"api_token": "plain"}}, {"default_config.api_token"}),
        ({"name": None, "colour": "red"}, {"name", "colour"}),
        ({"default_config": []}, {"default_config"}),
    ],
)
def test_mistakes_are_named(manager, run, change, paths):
    """Everything wrong is in one error, and a credential in the clear is wrong; nothing is stored."""
    with pytest.raises(ConfigurationError) as caught:
        run(manager.templates.create_template({**TEMPLATE, **change}))
    assert {problem.path for problem in caught.value.problems} == paths
    assert "plain" not in str(caught.value)
    with pytest.raises(NotFoundError):
        run(manager.templates.get_template("template-1"))


def test_no_token_stands_in_the_query_of_a_template(manager, run):
    """The query of a webhook's URL is a credential, and templates are kept in the clear."""
    template = {"name": "T", "integration_type": "webhook"}
    with pytest.raises(ConfigurationError) as caught:
        run(
            manager.templates.create_template(
                {**template, "default_config": {"url": "https://x.example/?key=plain"}}
            )
        )
    assert [problem.path for problem in caught.value.problems] == ["default_config.url"]
    assert "plain" not in str(caught.value)
    bare = {"url": "https://x.example/in"}
    assert run(manager.templates.create_template({**template, "default_config": bare})).default_config == bare


def test_a_reference_may_stand_in_a_template(manager, run):
    """A credential by reference is no credential in the clear."""
    made = run(manager.templates.create_template({**TEMPLATE, "default_config": {"token": "env:TOKEN"}}))
    assert made.default_config == {"token": "env:TOKEN"}
