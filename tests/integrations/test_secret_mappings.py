"""Configurations with a mapping of secrets: `channels`, each with a webhook's URL of its own."""

from __future__ import annotations

import pytest

from integrations_sdk import Secret
from integrations_sdk.connectors.config import by_field, secret_values, setting, settings
from integrations_sdk.errors import ConfigurationError
from support.toy import ToyConfig, toy

URL = "https://toy.example/hooks/canary-"


@settings
class RoomsConfig(ToyConfig):
    rooms: dict[str, Secret] = setting(
        "Where else.",
        factory=dict,
        validate=lambda value: None if value.startswith("https://") else "an https URL",
    )


@pytest.fixture
def rooms(manager):
    """The manager, with a provider that has rooms."""
    manager.register_connector(type("Rooms", (toy(),), {"provider": "rooms", "Config": RoomsConfig}))
    return manager


GIVEN = {"url": "https://t.example", "token": "canary-t", "rooms": {"ops": f"{URL}1", "a.b": f"{URL}2"}}


def test_each_is_sealed_and_none_is_shown(rooms, run):
    """The record shows the names; the values are in the secret store alone, and come back when it is opened."""
    made = run(rooms.provider("rooms").create(GIVEN))
    assert made.config["rooms"] == {"ops": "••••", "a.b": "••••"}
    kept = run(rooms.runtime.secrets.get("default:rooms-1"))
    assert {name: secret.reveal() for name, secret in kept.items()} == {
        "token": "canary-t",
        "rooms.ops": f"{URL}1",
        "rooms.a.b": f"{URL}2",
    }
    config = run(rooms._directory.open("rooms-1")).config
    assert config.rooms == {"ops": Secret(f"{URL}1"), "a.b": Secret(f"{URL}2")}
    assert {"canary-t", f"{URL}1", f"{URL}2"} == set(secret_values(config))


def test_an_update_keeps_or_replaces_the_mapping(rooms, run):
    """What is not mentioned stays sealed; a new mapping takes the place of the old one."""
    run(rooms.provider("rooms").create(GIVEN))
    run(rooms.provider("rooms").update("rooms-1", size=5))
    assert set(run(rooms._directory.open("rooms-1")).config.rooms) == {"ops", "a.b"}
    run(rooms.provider("rooms").update("rooms-1", rooms={"dev": f"{URL}3"}))
    assert run(rooms._directory.open("rooms-1")).config.rooms == {"dev": Secret(f"{URL}3")}
    assert set(run(rooms.runtime.secrets.get("default:rooms-1"))) == {"token", "rooms.dev"}


def test_each_may_be_a_reference(rooms, run, monkeypatch):
    """It is resolved when the connector is opened; a wrong value is named by its place, never quoted."""
    monkeypatch.setenv("OPS_ROOM", f"{URL}4")
    run(rooms.provider("rooms").create({**GIVEN, "rooms": {"ops": "env:OPS_ROOM"}}))
    assert run(rooms._directory.open("rooms-1")).config.rooms == {"ops": Secret(f"{URL}4")}
    with pytest.raises(ConfigurationError, match=r"rooms\.ops: expected an https URL") as caught:
        run(rooms.provider("rooms").create({**GIVEN, "rooms": {"ops": "canary-wrong"}}))
    assert "canary-wrong" not in str(caught.value)


def test_a_template_keeps_references_alone(rooms, run):
    """Of a mapping as of a single secret."""
    template = {"name": "T", "integration_type": "rooms", "default_config": {"rooms": {"ops": "env:OPS"}}}
    run(rooms.templates.create_template(template))
    template["default_config"] = {"rooms": {"ops": f"{URL}1"}}
    with pytest.raises(ConfigurationError, match="a credential in the clear"):
        run(rooms.templates.create_template(template))


def test_what_was_taken_apart_is_put_together() -> None:
    """Field names have no dot, keys may."""
    one, two = Secret("1"), Secret("2")
    assert by_field({"token": one, "rooms.ops": two, "rooms.a.b": one}) == {
        "token": one,
        "rooms": {"ops": two, "a.b": one},
    }
