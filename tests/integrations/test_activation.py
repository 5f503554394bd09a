"""`from_env()`: what the environment configures is on; nothing fails."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk import AsyncIntegrationManagementManager, IntegrationManagementManager
from integrations_sdk.integrations.activation import configured, environment_options
from integrations_sdk.models import Secret


def test_the_first_variable_that_is_set_counts(manager):
    """Several variables may set one field: the first listed one that has a value does."""
    environ = {"TOY_PASSWORD": "b", "TOY_TOKEN": "", "TOY_URL": "https://t.example"}
    assert configured(manager.registry, environ)["toy"] == {"url": "TOY_URL", "token": "TOY_PASSWORD"}
    assert "toy" not in configured(manager.registry, {"TOY_URL": ""})


def test_what_is_configured_is_on(manager, run, monkeypatch):
    """A provider with enough variables becomes an integration; its secret stays a reference."""
    environ = {"TOY_URL": "https://t.example", "TOY_TOKEN": "s3cret"}
    (result,) = run(manager.from_environment(environ))
    assert (result.provider, result.variables, result.integration_id) == (
        "toy",
        ("TOY_URL", "TOY_TOKEN"),
        "toy-1",
    )
    assert "s3cret" not in str(dict(result))
    kept = run(manager.runtime.secrets.get("default:toy-1"))
    assert kept == {"token": Secret("env:TOY_TOKEN")}


def test_a_second_start_makes_nothing_twice(manager, run):
    """What an earlier start made is updated."""
    run(manager.from_environment({"TOY_URL": "https://a.example"}))
    run(manager.from_environment({"TOY_URL": "https://b.example"}))
    (made,) = run(manager.toy.list())
    assert (made.config["url"], made.version) == ("https://b.example", 2)


def test_half_a_configuration_is_said_and_fails_nothing(manager, run, caplog):
    """What is missing is named in the result and in a warning; the others are on."""
    with caplog.at_level("WARNING", logger="integrations_sdk"):
        results = run(
            manager.from_environment(
                {"TOY_TOKEN": "s3cret", "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/X"}
            )
        )
    slack, toy = sorted(results, key=lambda result: result.provider)
    assert slack.integration_id == "slack-1"
    assert toy.integration_id is None
    assert "url" in toy.reason
    assert "not activated" in caplog.text
    assert "s3cret" not in caplog.text + toy.reason


def test_the_managers_own_variables_configure_no_provider(manager):
    """Who says only where GitLab is and which project this is (every CI job does) is not told of a missing token."""
    own = {"GITLAB_URL": "https://gitlab.example.com", "CI_PROJECT_PATH": "g/p"}
    assert configured(manager.registry, own) == {}
    assert set(configured(manager.registry, {**own, "GITLAB_TOKEN": "t"})["gitlab"]) == {
        "url",
        "token",
        "project",
    }


def test_the_managers_own_arguments():
    """GITLAB_URL, CI_PROJECT_PATH and INTEGRATIONS_SDK_STORE are arguments of the manager; empty ones are absent."""
    environ = {"GITLAB_URL": "https://git.example", "CI_PROJECT_PATH": "g/p", "INTEGRATIONS_SDK_STORE": ""}
    assert environment_options(environ) == {"gitlab_url": "https://git.example", "project_id": "g/p"}


@pytest.mark.parametrize("blocking", [True, False])
def test_both_managers_start_from_the_environment(blocking, monkeypatch):
    """`from_env` takes the process's environment, or the one it is given; arguments go over it."""
    monkeypatch.setenv("CI_PROJECT_PATH", "g/p")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T/B/X")
    if blocking:
        with IntegrationManagementManager.from_env(project_id="g/q") as mgr:
            (made,) = mgr.integrations.list(provider="slack")
    else:

        async def start() -> object:
            async with await AsyncIntegrationManagementManager.from_env(project_id="g/q") as mgr:
                return (await mgr.integrations.list(provider="slack"))[0]

        made = asyncio.run(start())
    assert (made.project_id, made.name) == ("g/q", "Slack (environment)")
