"""The house of `docs/design/architecture.md`: floors, independence, size, and what a module may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from statistics import median

import pytest

import integrations_sdk
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.models import IntegrationType

ROOT = Path(integrations_sdk.__file__).parent
PACKAGE = "integrations_sdk"

FLOORS = [
    {"errors"},
    {"models"},
    {"clock", "codec", "logs", "signing", "messages", "yaml"},
    {"tasks", "process"},
    {"store", "queue", "http", "bus", "mail"},
    {"secrets"},
    {"runtime"},
    {"connectors"},
    {"integrations", "catalog", "templates", "health", "events", "delivery", "webhooks", "oauth"},
    {"manager"},
    {"blocking", "testing", "worker"},
    {"cli"},
]
"""From the ground up; a room uses the rooms of its own floor only where it is said below, and never one above."""

FEATURES = FLOORS[8]
INSIDE_A_FLOOR = {
    ("codec", "clock"),
    ("signing", "codec"),
    ("messages", "codec"),
    ("queue", "store"),
    ("mail", "http"),
    ("testing", "blocking"),  # the contract of connectors shows that both managers do the same
}

THIRD_PARTY = {
    "attrs": {"*"},
    "cattrs": {"codec"},
    "structlog": {"logs"},
    "cryptography": {"secrets.sealed", "signing", "testing.loopback"},
    "keyring": {"secrets.references"},
    "httpx2": {"http.httpx_transport"},
    "httpx": {"http.httpx_transport"},
    "aiohttp": {"http.aiohttp_transport", "http.guarded"},
    "httpcore2": {"http.httpx_transport", "http.guarded", "http.heads"},  # httpx2's own connections
    "opentelemetry": {"http.telemetry", "delivery.opentelemetry"},
    "prometheus_client": {"delivery.prometheus"},
    "botocore": {"http.aws"},
    "aiosmtplib": {"mail.smtp"},
    "aiosmtpd": {"testing.vendors.smtp"},
    "asyncpg": {"store.postgres.connection"},
    "ruamel": {"yaml"},
    "psycopg": {"queue.postgres.hosts"},  # the host's own, whose connection it is
    "uvloop": {"process"},
    "rich": {"cli.console"},
    "yarl": {"http.aiohttp_transport"},  # aiohttp's own URL type
    "joserfc": {"connectors.pem", "testing.vendors.github", "testing.vendors.google_cloud_build"},
    "pytest": {"testing"},
    "hypothesis": {"testing"},
}
"""Which modules may import a package, by the beginning of their name."""

MODULES = sorted(path for path in ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


def length_of(name: str) -> int:
    return len(NAMES[name].read_text(encoding="utf-8").splitlines())


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(NAMES[name].read_text(encoding="utf-8"))


@cache
def imports_of(name: str) -> frozenset[str]:
    """Every module that is imported, inside functions and under TYPE_CHECKING as well."""
    found: set[str] = set()
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            module = node.module or ""
            paths = {f"{module}.{alias.name}" for alias in node.names}
            submodules = {path for path in paths if path.removeprefix(f"{PACKAGE}.") in NAMES}
            found |= submodules or {module}
    return frozenset(found)


def own_imports(name: str) -> set[str]:
    return {
        module.removeprefix(f"{PACKAGE}.") if module != PACKAGE else ""
        for module in imports_of(name)
        if module == PACKAGE or module.startswith(f"{PACKAGE}.")
    }


def floor_of(room: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if room in rooms)


@pytest.mark.parametrize("name", [name for name in NAMES if name])
def test_arrows_fall_downwards(name):
    """A module imports from its own room, or from a floor below."""
    room = name.split(".")[0]
    for imported in own_imports(name):
        target = imported.split(".")[0]
        assert target, f"{name} imports the package's root"
        if target != room and (room, target) not in INSIDE_A_FLOOR:
            assert floor_of(target) < floor_of(room), f"{name} must not import {imported}"


def test_no_module_circle():
    """No circle of imports, also none inside functions or under TYPE_CHECKING."""
    state: dict[str, str] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if state.get(name) == "done":
            return
        assert state.get(name) != "open", " -> ".join([*path, name])
        state[name] = "open"
        for imported in sorted(own_imports(name)):
            if imported in NAMES and imported != name:
                visit(imported, (*path, name))
        state[name] = "done"

    for name in NAMES:
        if name:
            visit(name, ())


@pytest.mark.parametrize("name", [name for name in NAMES if name.split(".")[0] in FEATURES])
def test_features_do_not_import_one_another(name):
    """A feature that needs another receives it as a callable."""
    others = {imported.split(".")[0] for imported in own_imports(name)} & (FEATURES - {name.split(".")[0]})
    assert others == set()


def provider_modules() -> list[str]:
    return [
        name
        for name in NAMES
        if name.startswith("connectors.") and name.split(".")[1] in set(IntegrationType)
    ]


@pytest.mark.parametrize("name", provider_modules())
def test_a_provider_imports_only_the_base(name):
    """A provider's module knows `connectors.base` and its own folder, nothing else of the library."""
    folder = ".".join(name.split(".")[:2])
    strangers = {
        imported
        for imported in own_imports(name)
        if imported not in {"connectors.base", folder} and not imported.startswith(f"{folder}.")
    }
    assert strangers == set()


@pytest.mark.parametrize("name", provider_modules())
def test_a_provider_leaves_the_rest_to_the_base(name):
    """No try/except, no logging, no retry loop and no HTTP library in a provider."""
    kinds = {type(node) for node in ast.walk(tree_of(name))}
    assert ast.Try not in kinds
    assert ast.ExceptHandler not in kinds
    assert not {module.split(".")[0] for module in imports_of(name)} & {
        "logging",
        "structlog",
        "httpx2",
        "aiohttp",
    }


@pytest.mark.parametrize("name", NAMES)
def test_third_party_packages_stay_where_they_belong(name):
    """A package is imported only in the modules that wrap it."""
    for module in imports_of(name):
        package = module.split(".")[0]
        if package in sys.stdlib_module_names or package == PACKAGE:
            continue
        homes = THIRD_PARTY.get(package, set())
        assert "*" in homes or any(name.startswith(home) for home in homes), f"{name} imports {package}"


@pytest.mark.parametrize("name", NAMES)
def test_modules_are_small(name):
    """At most 400 lines; a provider's module at most 250."""
    assert length_of(name) <= (250 if name in provider_modules() else 400)


def test_modules_of_providers_are_smaller():
    """At most 120 lines in the median."""
    assert median(map(length_of, provider_modules())) <= 120


def test_modules_that_hold_a_providers_class_are_smaller():
    """At most 120 lines in the median as well."""
    registry = Registry()
    homes = {registry.get(kind).__module__.removeprefix(f"{PACKAGE}.") for kind in IntegrationType}
    assert len(homes) == len(IntegrationType)
    assert median(map(length_of, homes)) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_every_module_says_what_it_offers(name):
    """Each module has a docstring, and `__all__` that names only what is there, sorted by ruff."""
    tree = tree_of(name)
    assert ast.get_docstring(tree), name
    if len(tree.body) == 1:
        return
    exported = next(
        (node.value for node in tree.body if isinstance(node, ast.Assign) and _assigns(node, "__all__")), None
    )
    assert exported is not None, f"{name} has no __all__"
    names = set(ast.literal_eval(exported))
    assert names <= set(_defined(tree)), names - set(_defined(tree))


@pytest.mark.parametrize("name", NAMES)
def test_public_items_have_docstrings(name):
    """Each public class and function, and each public method, has a docstring."""
    for node in tree_of(name).body:
        if not isinstance(
            node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) or node.name.startswith("_"):
            continue
        assert ast.get_docstring(node), f"{name}.{node.name}"
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            method = isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith(
                "_"
            )
            assert not method or _is_overload(inner) or ast.get_docstring(inner), (
                f"{name}.{node.name}.{inner.name}"
            )


def _is_overload(node: ast.AST) -> bool:
    """Whether it is one of the signatures before a method, which says it all itself."""
    return any(
        isinstance(one, ast.Name) and one.id == "overload" for one in getattr(node, "decorator_list", ())
    )


def test_the_public_face_is_small():
    """At most 25 names, each of which can be imported."""
    assert len(integrations_sdk.__all__) <= 25
    for public in integrations_sdk.__all__:
        assert getattr(integrations_sdk, public) is not None
    assert set(dir(integrations_sdk)) == set(integrations_sdk.__all__)
    with pytest.raises(AttributeError, match="Nothing"):
        integrations_sdk.Nothing


HEAVY = ("httpx2", "httpx", "aiohttp", "structlog", "cattrs", "cryptography", "asyncio", "sqlite3")


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import integrations_sdk", (*HEAVY, "attrs")),
        (
            "from integrations_sdk import IntegrationManagementManager",
            ("httpx2", "httpx", "aiohttp", "structlog"),
        ),
        ("from integrations_sdk import AsyncIntegrationManagementManager", ("httpx2", "httpx", "aiohttp")),
        (
            "from integrations_sdk import IntegrationManagementManager as M; M('group/project').close()",
            ("cattrs", "cryptography", "sqlite3"),
        ),
    ],
)
def test_importing_is_cheap(statement, forbidden):
    """Importing loads no provider and no HTTP library, and making a manager no provider: however many there are."""
    code = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(loaded) & set(forbidden)
    assert not set(loaded) & {f"{PACKAGE}.{name}" for name in provider_modules()}


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _defined(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                found.append(node.name)
            case ast.Import() | ast.ImportFrom():
                found += [alias.asname or alias.name for alias in node.names]
            case ast.Assign():
                found += [target.id for target in node.targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=identifier)):
                found.append(identifier)
    return found
