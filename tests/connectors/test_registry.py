"""Which providers there are, and that each is imported only when it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.capabilities import CAPABILITIES, capabilities_of
from integrations_sdk.connectors.registry import ENTRY_POINTS, Registry
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, NotFoundError
from integrations_sdk.models import Category, IntegrationType


class Acme(Connector[ConnectorConfig]):
    """A third party's provider."""

    provider = "acme"
    title = "Acme"
    category = Category.CUSTOM
    Config = ConnectorConfig


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that offers the provider `offered`, and one that is called like a built-in one, is installed."""
    (tmp_path / "offering_package.py").write_text(
        "from integrations_sdk.connectors.base import Connector, ConnectorConfig\n"
        "class Offered(Connector[ConnectorConfig]):\n"
        "    provider, title, Config = 'offered', 'Offered', ConnectorConfig\n"
    )
    info = tmp_path / "offering_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offering-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{ENTRY_POINTS}]\noffered = offering_package:Offered\nslack = offering_package:Offered\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "offering_package", raising=False)


def test_built_in_providers_come_first() -> None:
    """All of them are known by name without being imported, and what is registered follows."""
    registry = Registry()
    registry.register(Acme)
    names = list(registry)
    assert names[: len(IntegrationType)] == [kind.value for kind in IntegrationType]
    assert names[-1] == "acme"
    assert "slack" in registry
    assert "acme" in registry
    assert "unknown" not in registry
    assert 5 not in registry


@pytest.mark.parametrize("kind", list(IntegrationType))
def test_a_built_in_provider_is_found_under_its_name(kind: IntegrationType) -> None:
    """The module named like the provider holds its class; every call gives the same one."""
    registry = Registry()
    connector = registry.get(kind)
    assert connector.provider == kind
    assert registry.get(kind.value) is connector


@pytest.mark.parametrize(
    ("capability", "providers"),
    {
        "notifier": "slack discord mattermost microsoft_teams telegram smtp sendgrid twilio pagerduty opsgenie statuspage sns custom",
        "issue_tracker": "jira zendesk asana redmine gitlab github azure_devops",
        "build_trigger": "jenkins bamboo teamcity gitlab github azure_devops google_cloud_build",
        "source_host": "gitlab github aws_codecommit",
        "metric_sink": "datadog prometheus newrelic",
        "event_sink": "datadog sentry prometheus newrelic splunk grafana webhook",
        "log_sink": "datadog newrelic splunk",
        "security_scanner": "sonarqube snyk mend",
        "identity_source": "okta auth0 azure_ad",
    }.items(),
)
def test_providers_offer_what_they_are_for(capability: str, providers: str) -> None:
    """A capability that a provider lost would be missed by nobody here, for what is not offered is not tried."""
    registry = Registry()
    offering = {name for name in registry if CAPABILITIES[capability] in capabilities_of(registry.get(name))}
    assert set(providers.split()) <= offering


def test_registering_gives_the_class_back() -> None:
    """So it works as a decorator; registries do not share what is registered."""
    registry = Registry()
    assert registry.register(Acme) is Acme
    assert registry.get("acme") is Acme
    assert "acme" not in Registry()


def test_unknown_provider_says_what_is_known() -> None:
    """A near name is suggested, otherwise all are listed."""
    with pytest.raises(NotFoundError, match="no provider 'slak': did you mean `slack`"):
        Registry().get("slak")
    with pytest.raises(NotFoundError, match=r"known: .*datadog, .*github"):
        Registry().get("zzzz")


def test_a_name_is_given_once() -> None:
    """Neither a built-in provider nor a registered one is replaced."""

    class Slack(Acme):
        provider = "slack"

    registry = Registry()
    registry.register(Acme)
    for connector in (Slack, Acme):
        with pytest.raises(AlreadyExistsError, match=f"choose another name for {connector.__name__}"):
            registry.register(connector)
    assert registry.get("acme") is Acme


@pytest.mark.parametrize("name", ["", "Acme", "ac me", "1acme", "acme-x", "äcme", "acme\n"])
def test_a_name_must_be_usable_as_an_attribute(name: str) -> None:
    """Lower-case letters, digits and underscores, beginning with a letter."""
    connector = type("Named", (Acme,), {"provider": name})
    with pytest.raises(ConfigurationError, match="connector Named"):
        Registry().register(connector)


def test_a_class_without_a_name_is_refused() -> None:
    """A connector says what it is called."""

    class Nameless(Connector[ConnectorConfig]):
        title = "Nameless"

    with pytest.raises(ConfigurationError, match="provider"):
        Registry().register(Nameless)


@pytest.mark.usefixtures("installed")
def test_installed_packages_offer_providers() -> None:
    """An entry point's provider is known by name at once and imported when it is used; built-in names stay ours."""
    registry = Registry()
    assert list(registry)[-1] == "offered"
    assert list(registry).count("slack") == 1
    assert "offering_package" not in sys.modules

    assert registry.get("offered").__name__ == "Offered"
    assert "offering_package" in sys.modules
    assert registry.get("slack").__module__.startswith("integrations_sdk.connectors.slack")


def test_importing_the_registry_imports_no_provider_and_no_http_library() -> None:
    """Only using a provider imports its module, and only that one."""
    script = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from integrations_sdk.connectors.registry import Registry\n"
        "from integrations_sdk.models import IntegrationType\n"
        "loaded = lambda: [k.value for k in IntegrationType if f'integrations_sdk.connectors.{k}' in sys.modules]\n"
        "list(Registry()); print(loaded(), {'httpx2', 'httpx', 'aiohttp'} & set(sys.modules))\n"
        "Registry().get('slack'); print(loaded())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=50
    )
    assert done.stdout.splitlines() == ["[] set()", "['slack']"]
