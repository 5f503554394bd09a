"""No secret leaves: a canary in every secret of every provider is sought in everything that is shown or stored.

What is a secret, and which providers there are, is read from the library itself, so that a new provider is
covered without a word here (unless its secrets go with other fields only: `support.canary.COMPANIONS`).
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import logging
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace

from integrations_sdk import AsyncIntegrationManagementManager, IntegrationManagementManager
from integrations_sdk.connectors.config import fields_of, secret_names
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.errors import IntegrationError, RejectedError, SignatureError
from integrations_sdk.http.base import Response
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.integrations.providers import operations_of
from integrations_sdk.models import Actor, Event, EventType, HealthStatus, Job, Secret
from integrations_sdk.signing import SOURCES, sign
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.server import LoopbackServer
from support.canary import (
    Evidence,
    QuickClock,
    Vendors,
    accept,
    configurations,
    new_canary,
    observed,
    pem_with_canary,
)
from support.toy import ToyConnector

REGISTRY = Registry()
SECRETS = [
    (provider, field)
    for provider in REGISTRY
    for field in sorted(secret_names(REGISTRY.get(provider).Config))
    if (provider, field) != ("smtp", "proxy")  # which is refused
]

EVENTS = [
    Event(
        id=f"e-{kind}",
        type=kind,
        source="https://gitlab.example.com/g/p",
        time=datetime.now(UTC),
        provider="gitlab",
        project="g/p",
        branch="main",
        sha="0" * 39 + "1",
        number=7,
        title="PROJ-1 fixes it",
        status="failed",
        tag="v1" if kind in {"release", "tag_push"} else None,
        action="opened",
        actor=Actor(name="Anna"),
        jobs=(Job(name="unit", status="failed"),),
        duration=timedelta(seconds=3),
    )
    for kind in EventType
]

SAMPLES: Mapping[str, Any] = {
    "message": {"text": "hello", "title": "Hello"},
    "draft": {"title": "Broken", "description": "It is.", "external_id": "gitlab:g/p#7"},
    "changes": {"title": "Mended"},
    "reference": "1",
    "external_id": "gitlab:g/p#7",
    "text": "hello",
    "to": "done",
    "status": {"sha": "0" * 40, "status": "failed"},
    "metrics": {"name": "a.b", "value": 1.0},
    "entries": {"message": "a line"},
    "event": EVENTS[0],
    "user": {"email": "ada@example.com", "groups": ["1"], "attributes": {"department": "x"}},
    "user_id": "1",
    "username": "ada@example.com",
    "group_id": "1",
    "cursor": None,
}
CAPABILITIES = (
    "notify", "create_issue", "update_issue", "find_issue", "comment_issue", "transition_issue", "trigger_build",
    "get_build", "set_commit_status", "send_metrics", "send_logs", "send_event",
    "list_findings", "new_findings", "check_gate",
    "list_users", "list_groups",
    "list_members", "user_changes", "find_user", "provision_user", "deprovision_user", "add_member", "remove_member",
)  # fmt: skip
"""What sub-managers offer beside the record's own life; each takes parameters of `SAMPLES`."""


SIGNING = {"private_key", "secret_access_key", "service_account_key"}
"""Secrets that are never sent: something is signed with them."""


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_SDK_KEY", base64.b64encode(bytes(range(32))).decode())


@pytest.fixture(scope="module")
def pem() -> tuple[str, str]:
    """One key for all: making one takes long."""
    return pem_with_canary()


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    """One server thread for every vendor."""
    made = LoopbackServer()
    yield made
    made.close()


class Visit:
    """Does everything with integrations of one provider, and keeps what it came to.

    Args:
        ask: calls a method of the manager, by its dotted name, and waits for it; so both managers fit.
    """

    def __init__(
        self, provider: str, evidence: Evidence, clock: QuickClock, ask: Callable[..., Awaitable[Any]]
    ) -> None:
        self.provider = provider
        self.evidence = evidence
        self.clock = clock
        self.ask = ask
        self.failures = 0

    async def keep(self, name: str, *args: Any, **options: Any) -> Any:
        """Call, and take result or error as evidence."""
        self.clock.skip(60)  # circuits let one through again, and rate limits have room
        try:
            result = await self.ask(name, *args, **options)
        except IntegrationError as error:
            self.failures += 1
            self.evidence.error(error)
            return None
        self.failures += getattr(result, "status", None) == HealthStatus.UNHEALTHY
        self.evidence.thing(name, result)
        return result

    async def integration(self, config: Mapping[str, object], *, thoroughly: bool) -> None:
        """Create it, try it out, look at it from everywhere, and delete it."""
        made = await self.keep("integrations.create", self.provider, config)
        assert made is not None
        name = made.integration_id
        await self.keep("health.check_integration_health", name)
        for event in EVENTS if thoroughly else EVENTS[1:3]:
            await self.keep("events.dispatch", event, include_skipped=True)
        await self.operations(name, every=thoroughly)
        await self.keep("integrations.update", name, {"events": ["push"]})
        await self.keep("health.get_health_history", name)
        await self.keep("integrations.disable", name)

    async def operations(self, name: str, *, every: bool) -> None:
        """What the capabilities offer; the provider's own operations, as far as arguments can be made up."""
        kind = REGISTRY.get(self.provider)
        for method in CAPABILITIES if every else ("notify", "create_issue", "trigger_build", "send_metrics"):
            if hasattr(kind, method):
                await self.keep(f"provider:{method}", name)
        for operation in operations_of(kind) if every else ():
            parameters = inspect.signature(getattr(kind, operation)).parameters.values()
            needed = [one for one in list(parameters)[1:] if one.default is one.empty and one.kind.value < 2]
            samples = [_sample(parameter) for parameter in needed]
            if None not in samples and operation not in CAPABILITIES and not operation.startswith("wait"):
                await self.keep("provider:call", name, operation, *samples)

    async def everything_else(self) -> None:
        for name in ("integrations.list", "health.latest", "catalog.list", "templates.list_templates"):
            await self.keep(name)
        await self.keep("catalog.schema", self.provider)


def _sample(parameter: inspect.Parameter) -> Any:
    """Something of the parameter's type, as far as the annotation's text tells it; None if it does not."""
    annotation = str(parameter.annotation)
    if "str" not in annotation:
        return {"Event": EVENTS[0], "BaseException": ValueError("x")}.get(annotation)
    if annotation.startswith("Mapping"):
        return {"title": "x", "iid": 1, "project": "g/p"}
    if annotation in {"Sequence[str]", "Iterable[str]"}:
        return ["push"]
    if annotation not in {"str", "str | None"}:
        return None
    return "http://127.0.0.1/x" if parameter.name == "url" else "1"


def _target(manager: Any, provider: str, name: str) -> Callable[..., Any]:
    """A method by its dotted name; `provider:x` is the provider's own, with sample arguments."""
    place, _, method = name.partition(":" if name.startswith("provider:") else ".")
    if place != "provider":
        return getattr(getattr(manager, place), method)
    own = getattr(manager.provider(provider), method)
    if method == "call":
        return own
    parameters = list(inspect.signature(own).parameters)[1:]
    samples = [SAMPLES[parameter] for parameter in parameters if parameter in SAMPLES]
    return lambda integration_id: own(integration_id, *samples)


async def _visit_async(
    provider: str, evidence: Evidence, store: Path, work: Callable[[Visit], Awaitable[None]]
) -> None:
    """Through the asynchronous manager, over httpx2."""
    transport, clock = HttpxTransport(), QuickClock()
    options: dict[str, Any] = {"store": f"sqlite:///{store}", "clock": clock, "http": transport}
    async with AsyncIntegrationManagementManager("g/p", telemetry=True, **options) as manager:
        manager.runtime.bus.subscribe("*", lambda event: evidence.thing("bus", event))

        async def ask(name: str, *args: Any, **kwargs: Any) -> Any:
            return await _target(manager, provider, name)(*args, **kwargs)

        await work(Visit(provider, evidence, clock, ask))
        for _, connector in manager._directory._open.values():
            evidence.connector(connector)
        evidence.add("runtime", repr(manager.runtime), repr(manager), repr(vars(manager)))
        evidence.files(store)
    await transport.close()


def _visit_blocking(
    provider: str, evidence: Evidence, store: Path, work: Callable[[Visit], Awaitable[None]]
) -> None:
    """Through the blocking manager, over the transport that it takes by itself: aiohttp."""
    clock = QuickClock()
    options: dict[str, Any] = {"store": f"sqlite:///{store}", "clock": clock, "telemetry": True}
    with IntegrationManagementManager("g/p", **options) as manager:
        manager._portal.manager.runtime.bus.subscribe("*", lambda event: evidence.thing("bus", event))

        async def ask(name: str, *args: Any, **kwargs: Any) -> Any:
            return _target(manager, provider, name)(*args, **kwargs)

        asyncio.run(work(Visit(provider, evidence, clock, ask)))
        for _, connector in manager._portal.manager._directory._open.values():
            evidence.connector(connector)
        evidence.files(store)


def _visit(
    way: str, provider: str, evidence: Evidence, store: Path, work: Callable[[Visit], Awaitable[None]]
) -> None:
    with observed(evidence):
        if way == "blocking":
            _visit_blocking(provider, evidence, store, work)
        else:
            asyncio.run(_visit_async(provider, evidence, store, work))
    evidence.files(store)


def _assert_clean(evidence: Evidence, canary: str) -> None:
    assert evidence.found(canary) == set(), evidence.excerpts(canary)


@pytest.mark.parametrize("way", ["async", "blocking"])
@pytest.mark.parametrize(("provider", "field"), SECRETS)
def test_no_secret_is_seen(
    provider: str, field: str, way: str, tmp_path: Path, pem: tuple[str, str], server: LoopbackServer
) -> None:
    """Logs, errors, records, files, spans, … hold no trace, whatever the vendor does, one that echoes included."""
    kind, fresh = REGISTRY.get(provider), new_canary()

    def config_at(base: str) -> tuple[dict[str, object], str]:
        found = next(configurations(provider, kind, field, base, fresh, pem), None)
        assert found is not None, f"no form of a canary passes as {provider}.{field}: see COMPANIONS"
        return found

    _, canary = config_at("http://127.0.0.1:9")
    cheap = canary == fresh  # a key in PEM takes its time with every request
    evidence, vendors = Evidence(), Vendors(canary, server, provider)
    with Sandbox() as sandbox:

        async def work(visit: Visit) -> None:
            if provider in dir(sandbox):
                config, _ = config_at(sandbox[provider].url)
                accept(sandbox, provider, field, config[field])
                await visit.integration(config, thoroughly=cheap)
            for what, address in vendors.addresses.items():
                much = cheap and what.endswith(("200", "400"))
                if cheap or what in {"echoes with 200", "echoes with 401", "refuses"}:
                    await visit.integration(config_at(address)[0], thoroughly=much)
            await visit.everything_else()
            assert visit.failures > 2, "vendors that fail make themselves felt"

        _visit(way, provider, evidence, tmp_path / "store.db", work)
    vendors.close()
    loggers = {
        where.removeprefix("log ").partition(".")[0] for where, _ in evidence.texts if where[:4] == "log "
    }
    assert {
        "integrations_sdk",
        "asyncio",
        *(["httpcore2"] if way == "async" and provider != "smtp" else []),
    } <= loggers
    assert vendors.parrot.heard or field in SIGNING, "the canary was never sent, so nothing was tested"
    _assert_clean(evidence, canary)


# --- the test can fail --------------------------------------------------------------------------


class LeakyConnector(ToyConnector):
    """Does with its token what must not be done."""

    provider = "leaky"
    leak: str = ""

    async def notify(self, message: Any) -> Any:
        token = self.config.token.reveal() if self.config.token else ""
        match type(self).leak:
            case "error":
                raise RejectedError(f"no such token: {token}", provider="leaky", operation="notify")
            case "context":
                try:
                    raise ValueError(token)
                except ValueError:
                    raise RejectedError("no such token", provider="leaky", operation="notify") from None
            case "log":
                logging.getLogger("leaky").debug("sent %s", token)
            case "warning":
                warnings.warn(f"old token {token}", stacklevel=2)
            case "file":
                await self.context.memory.remember("session", {"token": token})
            case "span":
                with trace.get_tracer("leaky").start_as_current_span("notify", attributes={"token": token}):
                    pass
            case "encoded":
                return self.done(Response(status=200), "notify", data={"sent": _basic("user", token)})
        return self.done(Response(status=200), "notify")


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("leak", "where"),
    [
        ("error", {"error", "traceback", "error in a pickle"}),
        ("context", {"error"}),
        ("log", {"log leaky"}),
        ("warning", {"warning"}),
        ("file", {"file -wal"}),
        ("span", {"span"}),
        ("encoded", {"provider:notify", "provider:notify in JSON", "provider:notify in a pickle"}),
        ("", set()),
    ],
)
def test_a_leak_is_found(leak: str, where: set[str], tmp_path: Path) -> None:
    """A connector that leaks its token in one of the ways is found out, and one that does not is not."""
    canary, evidence = new_canary(), Evidence()
    kind = type("Leaky", (LeakyConnector,), {"leak": leak})

    async def main() -> None:
        async with AsyncIntegrationManagementManager(store=f"sqlite:///{tmp_path}/store.db") as manager:
            manager.register_connector(kind)

            async def ask(name: str, *args: Any, **kwargs: Any) -> Any:
                return await _target(manager, "leaky", name)(*args, **kwargs)

            visit = Visit("leaky", evidence, QuickClock(), ask)
            await visit.keep("integrations.create", "leaky", {"url": "https://x.example", "token": canary})
            await visit.keep("provider:notify", "leaky-1")
            evidence.files(tmp_path / "store.db")

    with observed(evidence):
        asyncio.run(main())
    found = evidence.found(canary)
    assert where <= found, found
    assert bool(found) == bool(where), evidence.excerpts(canary)


def test_a_canary_is_known_in_every_spelling() -> None:
    """Whatever stands around it, and however it is encoded."""
    canary = new_canary()
    spellings = [
        canary, canary.upper(), json.dumps(canary), f"%22{canary}%22", canary.encode().hex(),
        *(base64.b64encode(f"{before}{canary}{after}".encode()).decode() for before in ("", "a", "ab", "abc") for after in ("", "x")),
    ]  # fmt: skip
    for spelling in spellings:
        evidence = Evidence()
        evidence.add("here", f"before {spelling} after")
        assert evidence.found(canary) == {"here"}, spelling


# --- secrets that are no connector's -------------------------------------------------------------


def _with_manager(evidence: Evidence, store: Path, work: Callable[[Visit], Awaitable[None]]) -> None:
    _visit("async", "webhook", evidence, store, work)


def test_clients_secrets_are_shown_once_and_kept_as_hashes(tmp_path: Path) -> None:
    """Of an OAuth client's secret only `reveal()` of what creating it returns knows."""
    evidence, secrets = Evidence(), []

    async def work(visit: Visit) -> None:
        draft = {"name": "App", "redirect_uri": "https://app.example/cb", "scopes": ["api"]}
        made = await visit.keep("oauth.create_oauth_application", draft)
        renewed = await visit.keep("oauth.renew_client_secret", made.app_id)
        secrets.extend(item.client_secret.reveal() for item in (made, renewed))
        for secret in (*secrets, f"{secrets[1]}x", "\ud800"):
            await visit.keep("oauth.verify_client", made.client_id, secret)
        await visit.keep("oauth.list_oauth_applications", include_revoked=True)
        await visit.keep("oauth.revoke_oauth_application", made.app_id)

    _with_manager(evidence, tmp_path / "store.db", work)
    assert len(set(secrets)) == 2
    for secret in secrets:
        _assert_clean(evidence, secret.removeprefix("isdk_"))


@pytest.mark.parametrize("source", SOURCES)
def test_secrets_shared_with_senders_are_not_seen(source: str, tmp_path: Path) -> None:
    """Nor do wrong signatures, tokens or times show the right ones."""
    canary, evidence = new_canary(), Evidence()
    body = json.dumps(
        {"object_kind": "push", "ref": "refs/heads/main", "name": "x", "build": {"phase": "STARTED"}}
    )

    async def work(visit: Visit) -> None:
        now = visit.clock.now()
        await visit.keep(
            "events.set_secret", source, [canary, f"whsec_{base64.b64encode(canary.encode()).decode()}"]
        )
        good = sign(source, body.encode(), Secret(canary), now=now, id="1")
        old = sign(source, body.encode(), Secret(canary), now=now - timedelta(days=1), id="2")
        for headers in (good, old, {**good, **dict.fromkeys(good, "0")}, {}):
            try:
                await visit.keep("events.receive", source, headers, body)
            except SignatureError as error:
                evidence.error(error)
            await visit.keep("events.receive", source, headers, body, secret=canary[:20])
        await visit.keep("events.set_secret", source, ["", canary])

    _with_manager(evidence, tmp_path / "store.db", work)
    _assert_clean(evidence, canary)


def test_webhooks_show_no_credentials(tmp_path: Path, server: LoopbackServer) -> None:
    """`mgr.webhooks` hides the query of a URL, the credentials and the token, also from templates."""
    canary, evidence = new_canary(), Evidence()
    vendors = Vendors(canary, server)

    async def work(visit: Visit) -> None:
        for address in vendors.addresses.values():
            config = {
                "url": f"{address}/hook?key={canary}",
                "secret_token": canary,
                "auth_value": f"Bearer {canary}",
            }
            made = await visit.keep("webhooks.create_webhook", config)
            await visit.keep("webhooks.test_webhook", made.webhook_id)
            await visit.keep("webhooks.trigger_webhook", made.webhook_id, {"event_type": "push"})
            await visit.keep("webhooks.update_webhook", made.webhook_id, {"url": f"{address}/{canary[:6]}"})
            await visit.keep("webhooks.get_webhook", made.webhook_id)
            for given in (config, {"url": config["url"]}):
                template = {"name": "T", "integration_type": "webhook", "default_config": given}
                await visit.keep("templates.create_template", template)
        await visit.keep("webhooks.list_webhooks")

    _with_manager(evidence, tmp_path / "store.db", work)
    vendors.close()
    assert vendors.parrot.heard
    _assert_clean(evidence, canary)


@pytest.mark.parametrize("provider", list(REGISTRY))
def test_wrong_configurations_are_not_quoted(provider: str, tmp_path: Path) -> None:
    """A secret in the wrong field, of the wrong type or in the wrong form is not repeated to whoever reads errors."""
    canary, evidence = new_canary(), Evidence()
    kind = REGISTRY.get(provider)
    wrong: list[object] = [
        f"{canary}\r\nx: y", [canary], {"value": canary}, {canary: "x"}, canary.encode(), f" {canary}", f"http://[{canary}",
        f"https://{canary}:{canary}@x.example",
    ]  # fmt: skip

    async def work(visit: Visit) -> None:
        for field in fields_of(kind.Config):
            secret = field.name in secret_names(kind.Config)
            named = "dict" in str(field.type)  # the names in a mapping are shown, its values are not
            for value in wrong if secret else [*wrong[:2], canary, wrong[-1]]:
                if not isinstance(value, dict) or (secret and not (named and canary in value)):
                    # One more mistake, so that nothing is created: what may be shown is not the question here.
                    await visit.keep("integrations.create", provider, {field.name: value, "nonsense": 1})

    _with_manager(evidence, tmp_path / "store.db", work)
    _assert_clean(evidence, canary)


def test_references_are_kept_and_their_values_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`env:`, `file:`, `vault:` and what `from_environment()` finds lead to values that are stored and shown nowhere."""
    canary, evidence = new_canary(), Evidence()
    (tmp_path / "secret").write_text(canary)
    monkeypatch.setenv("CANARY", canary)

    async def work(visit: Visit) -> None:
        for reference in (
            "env:CANARY",
            f"file:{tmp_path}/secret",
            f"file://{tmp_path}/secret",
            "keyring:x/y",
            "vault:secret/shop#key",
        ):
            made = await visit.keep("integrations.create", "jira", {**_JIRA, "api_token": reference})
            await visit.keep("health.check_integration_health", made.integration_id)

    with Sandbox() as sandbox:
        sandbox.vault.secrets["secret/shop"] = [{"key": canary}]
        for name, value in {**sandbox.vault.config(), "VAULT_TOKEN": (vault_canary := new_canary())}.items():
            monkeypatch.setenv(name, str(value))
        sandbox.vault.tokens.add(vault_canary)
        _with_manager(evidence, tmp_path / "store.db", work)
        assert sandbox.vault.received
    _assert_clean(evidence, vault_canary)
    with observed(evidence):
        environ = {
            "JIRA_URL": "http://127.0.0.1:1",
            "JIRA_API_TOKEN": canary,
            "SLACK_WEBHOOK_URL": f"x{canary}",
        }
        manager = IntegrationManagementManager(store=f"sqlite:///{tmp_path}/other.db")
        evidence.thing("activation", manager.from_environment(environ))
        manager.close()
    evidence.files(tmp_path / "other.db")
    _assert_clean(evidence, canary)


_JIRA = {"url": "http://127.0.0.1:1", "project_key": "PROJ", "deployment": "server"}
