"""The surface that every provider has."""

from __future__ import annotations

import pytest

from integrations_sdk.errors import (
    AlreadyExistsError,
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    StateError,
)
from integrations_sdk.integrations.providers import operations_of
from integrations_sdk.models import Level, Message
from support.toy import push, toy

URL = "https://t.example"


@pytest.mark.parametrize("message", ["Hello", {"text": "Hello"}, Message(text="Hello", level=Level.ERROR)])
def test_a_message_comes_in_three_forms(manager, run, message):
    """Text, a mapping and a `Message` all reach people."""
    run(manager.toy.create(url=URL))
    assert run(manager.toy.notify("toy-1", message)).reference == "1"
    assert manager.registry.get("toy").told == [("toy-1", "Hello")]


@pytest.mark.parametrize("message", [{"txt": "x"}, 5, {"level": "loud", "text": "x"}])
def test_a_wrong_message_is_refused(manager, run, message):
    """A message with unknown fields, or of a wrong type, is one clear error."""
    run(manager.toy.create(url=URL))
    with pytest.raises(ConfigurationError):
        run(manager.toy.notify("toy-1", message))


def test_an_operation_on_one_integration_raises(manager, run):
    """What the vendor refuses is raised, not returned."""
    run(manager.toy.create(url=URL))
    manager.registry.get("toy").failing = "auth"
    with pytest.raises(AuthenticationError, match="wrong token"):
        run(manager.toy.notify("toy-1", "x"))


def test_a_capability_that_is_not_offered_is_said(manager, run):
    """An operation that the provider has no capability for says what it does have."""
    run(manager.toy.create(url=URL))
    with pytest.raises(StateError, match=r"no IssueTracker.*notify"):
        run(manager.toy.create_issue("toy-1", {"title": "x"}))


def test_ids_of_other_providers_are_refused(manager, run):
    """A sub-manager works on its own provider's integrations only."""
    run(manager.toy.create(url=URL))
    with pytest.raises(NotFoundError, match="toy integration, not webhook"):
        run(manager.webhook.get("toy-1"))
    for operation in (
        manager.webhook.delete,
        manager.webhook.enable,
        manager.webhook.disable,
        manager.webhook.check,
    ):
        with pytest.raises(NotFoundError):
            run(operation("toy-1"))


def test_any_public_operation_can_be_called_by_name(manager, run):
    """`call` reaches the connector's own operations, and only those."""
    run(manager.toy.create(url=URL, token="s"))
    assert run(manager.toy.call("toy-1", "spin", 3, fast=True)) == {"times": 3, "fast": True, "token": True}
    assert run(manager.toy.call("toy-1", "count", 3)) == [0, 1, 2]
    for name in ("span", "_fail", "call", "close", "config"):
        with pytest.raises(NotFoundError, match="spin"):
            run(manager.toy.call("toy-1", name))


def test_steps_of_operations_cannot_be_called_by_name(manager, run):
    """What comes to a bare HTTP answer would let a caller send anything anywhere at the provider's."""
    known = {
        name: set(operations_of(manager.registry.get(name)))
        for name in ("github", "jenkins", "jira", "gitlab")
    }
    assert not known["github"] & {"create", "change"}
    assert "post" not in known["jenkins"]
    assert "edit" not in known["jira"]
    assert {"create_hook", "ensure_hook"} <= known["gitlab"] & known["github"]


def test_arguments_that_an_operation_does_not_take_are_named(manager, run):
    """`call` says which arguments an operation takes, before anything of it is done."""
    run(manager.toy.create(url=URL, token="s"))
    with pytest.raises(ConfigurationError, match=r"'speed' \(it takes times, fast\)") as raised:
        run(manager.toy.call("toy-1", "spin", 3, speed=1))
    assert [problem.path for problem in raised.value.problems] == ["arguments"]


def test_providers_are_attributes(manager):
    """Every provider is an attribute and shows in tab completion; anything else is an AttributeError."""
    assert manager.toy is manager.provider("toy")
    assert {"toy", "github", "slack", "health"} <= set(dir(manager))
    with pytest.raises(AttributeError, match="providers: slack"):
        manager.slak
    with pytest.raises(NotFoundError):
        manager.provider("slak")


def test_a_provider_is_registered_once(manager):
    """A name that is taken, or is no name, is refused."""
    with pytest.raises(AlreadyExistsError):
        manager.register_connector(toy())
    nameless = toy()
    nameless.provider = "My Toy"
    with pytest.raises(ConfigurationError, match="provider"):
        manager.register_connector(nameless)


def test_events_reach_the_provider(manager, run):
    """An event that the integration wants becomes a notification."""
    run(manager.toy.create(url=URL))
    (outcome,) = run(manager.events.dispatch(push()))
    assert outcome
    assert manager.registry.get("toy").told
