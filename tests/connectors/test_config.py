"""Typed configuration: fields, validators, and which of them are secret."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.codec import load
from integrations_sdk.connectors.config import (
    ConnectorConfig,
    default_of,
    fields_of,
    from_text,
    http_url,
    not_empty,
    one_of,
    secret_names,
    secret_values,
    setting,
    settings,
)
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Secret


@settings
class AcmeConfig(ConnectorConfig):
    """A provider's configuration."""

    url: str = setting("Where it is.", validate=http_url, example="https://acme.example")
    token: Secret = setting("The key.", also=("api_token",))
    second: Secret | None = setting("Another key.", default=None)
    labels: tuple[str, ...] = setting("Labels.", factory=tuple)


def test_settings_are_frozen_keyword_only_and_slotted() -> None:
    """A configuration class is a value: by keyword only, without stray attributes, not to be changed."""
    config = AcmeConfig(url="https://acme.example", token=Secret("x"))

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        config.url = "https://other.example"  # wrong on purpose
    with pytest.raises(TypeError):
        AcmeConfig("https://acme.example", Secret("x"))  # wrong on purpose
    assert not hasattr(config, "__dict__")
    assert config == AcmeConfig(url="https://acme.example", token=Secret("x"))


@settings
class TypedConfig(ConnectorConfig):
    """Fields of every kind that an environment variable can set."""

    port: int | None = setting("A number.", default=None)
    wait: timedelta = setting("Seconds.", default=timedelta(seconds=1))
    share: float = setting("A part.", default=0.5)
    to: tuple[str, ...] = setting("A list.", default=())
    tls: bool = setting("A truth.", default=True)
    host: str = setting("A text.", default="")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "587", 587),
        ("port", " 587 ", 587),
        ("port", "smtp", "smtp"),
        ("wait", "1.5", 1.5),
        ("share", "2", 2),
        ("to", "a@x.example, b@x.example,", ["a@x.example", "b@x.example"]),
        ("to", "a", ["a"]),
        ("tls", "Yes", True),
        ("tls", "0", False),
        ("tls", "maybe", "maybe"),
        ("host", "587", "587"),
    ],
)
def test_the_text_of_a_variable_becomes_what_the_field_holds(name: str, text: str, value: object) -> None:
    """And what is none of its kind stays text, which the conversion then refuses by name."""
    found = from_text(TypedConfig, name, text)
    assert (found, type(found)) == (value, type(value))
    if isinstance(found, str) and name != "host":
        with pytest.raises(ConfigurationError, match=name):
            load(TypedConfig, {name: found}, subject="test")
    else:
        load(TypedConfig, {name: found}, subject="test")


def test_a_setting_keeps_its_documentation() -> None:
    """Sentence, example, validator and other names are on the field, for the reference and the templates."""
    metadata = attrs.fields_dict(AcmeConfig)["url"].metadata
    assert (metadata["doc"], metadata["example"], metadata["validate"]) == (
        "Where it is.",
        "https://acme.example",
        http_url,
    )
    assert attrs.fields_dict(AcmeConfig)["token"].metadata["also"] == ("api_token",)


def test_fields_come_with_inherited_ones_first() -> None:
    """What every integration has stands in front."""
    names = [field.name for field in fields_of(AcmeConfig)]
    assert names[: len(fields_of(ConnectorConfig))] == [field.name for field in fields_of(ConnectorConfig)]
    assert names[-4:] == ["url", "token", "second", "labels"]


def test_defaults_are_made_anew() -> None:
    """A factory is called, a plain default given as it is, and a required field has none."""
    defaults = {field.name: default_of(field) for field in fields_of(AcmeConfig)}
    assert defaults["labels"] == ()
    assert defaults["verify_ssl"] is True
    assert defaults["url"] is attrs.NOTHING


@pytest.mark.parametrize("name", ["verify_ssl", "ssl_verify", "enable_ssl_verification"])
def test_the_documents_names_for_certificate_checks(name: str) -> None:
    """Checking certificates is on unless switched off, under any of its names."""
    assert load(ConnectorConfig, {}, subject="x").verify_ssl is True
    assert load(ConnectorConfig, {name: False}, subject="x").verify_ssl is False


def test_no_events_and_not_said_differ() -> None:
    """An empty list of events means none, leaving it out means the provider's default."""
    assert load(ConnectorConfig, {}, subject="x").events is None
    assert load(ConnectorConfig, {"events": []}, subject="x").events == ()
    assert load(ConnectorConfig, {"branch_filter": ["main"]}, subject="x").branches == ("main",)


def test_the_base_finds_nothing_wrong_with_fields_together() -> None:
    """Without a `check` of its own a provider has none."""
    assert list(ConnectorConfig.check({"events": 5})) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://localhost:8080/path?query=1#x",
        "https://[::1]:8443/",
        "https://münchen.example/ä",
        "HTTPS://EXAMPLE.COM",
    ],
)
def test_absolute_urls_are_accepted(url: str) -> None:
    """http and https, any host, port and path."""
    assert http_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "example.com", "//example.com", "/path", "ftp://example.com", "https://", "https:///path", "https://:443",
        "https://example.com:0", "https://example.com:99999", "https://example.com:x", "https://[::1", "javascript:alert(1)",
        "https://exa mple.com", "https://example.com/\r\nX: 1", "https://example.com/\t", "https://example.com/\0",
        "\nhttps://example.com", "https://example.com/ ",
    ],
)  # fmt: skip
def test_other_texts_are_no_urls(url: str) -> None:
    """Anything else, header injection included, is told what was expected."""
    assert http_url(url) == "an absolute URL such as https://example.com"


@pytest.mark.parametrize(
    "url", ["https://user@example.com", "https://user:secret@example.com", "https://:secret@example.com"]
)
def test_urls_carry_no_credentials(url: str) -> None:
    """User and password belong in secret fields: a URL is shown and logged."""
    assert http_url(url) == "a URL without user and password in it"


@given(text=st.text())
def test_url_check_never_raises(text: str) -> None:
    """Whatever the text, the answer is a sentence or None, and None only for http(s)."""
    for url in (text, f"https://{text}"):
        if http_url(url) is None:
            assert url.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("x", None),
        (" x ", None),
        ("", "some text"),
        (" \t\n", "some text"),
        ("a\nb", "text without line breaks"),
        ("a\rb", "text without line breaks"),
        ("a\0b", "text without line breaks"),
    ],
)
def test_not_empty(text: str, wrong: str | None) -> None:
    """Some text on one line."""
    assert not_empty(text) == wrong


def test_one_of() -> None:
    """One of the words, exactly."""
    validate = one_of("us", "eu")
    assert validate("us") is None
    assert validate("US") == "one of us, eu"
    assert validate("") == "one of us, eu"


def test_secret_fields_are_known_by_their_type() -> None:
    """Secrets, also optional ones, are found; nothing else is."""
    assert secret_names(AcmeConfig) == {"token", "second", "proxy"}


def test_secret_values_longest_first() -> None:
    """For masking: the longer first, so that one inside another leaves nothing behind; unset and empty ones left out."""
    url = "https://acme.example"
    assert secret_values(AcmeConfig(url=url, token=Secret("ab"), second=Secret("abc"))) == ["abc", "ab"]
    assert secret_values(AcmeConfig(url=url, token=Secret("ab"))) == ["ab"]
    assert secret_values(AcmeConfig(url=url, token=Secret(""))) == []


def test_everything_wrong_with_a_configuration_at_once() -> None:
    """A mistyped field, a missing secret and a bad URL are one error, each with its remedy."""
    with pytest.raises(ConfigurationError) as caught:
        load(AcmeConfig, {"url": "acme", "lables": [], "events": "push"}, subject="acme configuration")
    assert str(caught.value).splitlines() == [
        "acme configuration: 4 problems",
        "  lables: unknown field (did you mean `labels`?)",
        "  events: expected a list, each item some text",
        "  url: expected an absolute URL such as https://example.com",
        "  token: missing; expected some text, or a reference such as env:NAME (add it: The key)",
    ]
