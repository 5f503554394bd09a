"""Write the blocking sub-managers from the asynchronous ones: `python scripts/generate_blocking.py [--check]`.

Each method keeps its signature, types and docstring; a coroutine becomes a call through the portal. With
`--check` nothing is written: what differs is named, and the exit status is 1 if anything does.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "integrations_sdk"


class Source(NamedTuple):
    """One asynchronous class, and the blocking module made from it."""

    module: str
    name: str
    target: str
    base: str | None = None


SOURCES = (
    Source("integrations.records", "AsyncIntegrationsManager", "integrations"),
    Source("integrations.providers", "AsyncProviderManager", "providers"),
    Source("integrations.slack", "AsyncSlackManager", "slack", "ProviderManager"),
    Source("integrations.jira", "AsyncJiraManager", "jira", "ProviderManager"),
    Source("integrations.jenkins", "AsyncJenkinsManager", "jenkins", "ProviderManager"),
    Source("integrations.custom", "AsyncCustomManager", "custom", "ProviderManager"),
    Source("integrations.monitoring", "AsyncMonitoringManager", "monitoring"),
    Source("webhooks.manager", "AsyncWebhooksManager", "webhooks"),
    Source("delivery.manager", "AsyncDeliveriesManager", "deliveries"),
    Source("events.manager", "AsyncEventsManager", "events"),
    Source("health", "AsyncHealthManager", "health"),
    Source("templates", "AsyncTemplatesManager", "templates"),
    Source("oauth", "AsyncOAuthManager", "oauth"),
    Source("catalog", "AsyncCatalogManager", "catalog"),
)

Method = ast.FunctionDef | ast.AsyncFunctionDef


def generate(source: Source) -> str:
    """The text of one blocking module, before formatting."""
    tree = ast.parse((PACKAGE / (source.module.replace(".", "/") + ".py")).read_text(encoding="utf-8"))
    original = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == source.name)
    methods = [node for node in original.body if isinstance(node, Method) and not node.name.startswith("_")]
    name = source.name.removeprefix("Async")
    at_run_time = _names(default for node in methods for default in _defaults(node))
    in_types = _names(part for node in methods for part in _annotations(node)) - at_run_time
    base = f"{source.base}" if source.base else f"BlockingSubManager[{source.name!r}]"
    unused = "" if source.base else "  # noqa: F401  # ruff does not see it in the string below"
    origin = f"integrations_sdk.blocking.{'providers' if source.base else 'portal'}"
    parts = [
        f'"""`{name}`: generated from `{source.name}` by `scripts/generate_blocking.py`."""',
        "from __future__ import annotations",
        *_imports(tree, at_run_time, source),
        f"from typing import TYPE_CHECKING{', cast' if source.base else ''}",
        f"from {origin} import {source.base or 'BlockingSubManager'}",
        "if TYPE_CHECKING:",
        *(f"    {line}" for line in _imports(tree, in_types, source)),
        f"    from integrations_sdk.{source.module} import {source.name}{unused}",
        f'\n__all__ = ["{name}"]',
        f"class {name}({base}):",
        f'    """{ast.get_docstring(original, clean=False)}"""',
        *(_method(node, source) for node in methods),
    ]
    return "\n".join(parts)


def _method(node: Method, source: Source) -> str:
    """The blocking form of a method."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    header = f"def {node.name}({ast.unparse(node.args)}){returns}:"
    docstring = ast.get_docstring(node, clean=False)
    call = f"{node.name}({_forwarded(node.args)})"
    if isinstance(node, ast.FunctionDef):
        body = f"return self._select(self._portal.manager).{call}"
    elif any(argument.arg == "connection" for argument in node.args.kwonlyargs):
        # The connection belongs to the caller's thread. `_plan()` takes all the other arguments.
        planning = f"_plan({_forwarded(node.args, without='connection')})"
        body = f"return self._store(lambda manager: manager.{planning}, connection)"
    elif source.base:
        body = f'return self._run(lambda manager: cast("{source.name}", manager).{call})'
    else:
        body = f"return self._run(lambda manager: manager.{call})"
    # The docstring's later lines are indented for a method already.
    return f'{textwrap.indent(header, "    ")}\n        """{docstring}"""\n        {body}\n'


def _forwarded(args: ast.arguments, *, without: str = "") -> str:
    """The arguments of the call that passes everything on, but for one."""
    parts = [argument.arg for argument in (*args.posonlyargs, *args.args)[1:]]
    parts += [f"*{args.vararg.arg}"] if args.vararg else []
    parts += [f"{argument.arg}={argument.arg}" for argument in args.kwonlyargs if argument.arg != without]
    parts += [f"**{args.kwarg.arg}"] if args.kwarg else []
    return ", ".join(parts)


def _defaults(node: Method) -> list[ast.expr]:
    return [default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None]


def _annotations(node: Method) -> list[ast.expr]:
    args = node.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
    return [part for part in (*(argument.annotation for argument in every), node.returns) if part is not None]


def _names(parts: object) -> set[str]:
    """Every name in some expressions."""
    assert not isinstance(parts, str)
    return {
        node.id
        for part in parts  # type: ignore[attr-defined]  # an iterable of expressions
        for node in ast.walk(part)
        if isinstance(node, ast.Name)
    }


def _imports(tree: ast.Module, names: set[str], source: Source) -> list[str]:
    """Import statements for the names, from where the original has them, its own definitions included."""
    statements = [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module != "__future__"
    ]
    found = [
        f"from {node.module} import {', '.join(sorted(wanted))}"
        for node in statements
        if (wanted := {alias.name for alias in node.names} & names)
    ]
    local = {
        node.name if isinstance(node, ast.ClassDef) else _target(node)
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.Assign | ast.AnnAssign)
    } & names
    return found + (
        [f"from integrations_sdk.{source.module} import {', '.join(sorted(local))}"] if local else []
    )


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return target.id if isinstance(target, ast.Name) else ""


def _formatted(text: str, path: Path) -> str:
    """As ruff formats it, imports sorted."""
    for command in (
        ["check", "--quiet", "--fix", "--select", "I,UP037", "--exit-zero"],
        ["format", "--quiet"],
    ):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path), "-"],
            input=text,
            text=True,
            capture_output=True,
            check=True,
            cwd=ROOT,
            encoding="utf-8",
        )
        text = run.stdout
    return text


def main(arguments: list[str]) -> int:
    """Write or check every module; the exit status."""
    stale = []
    for source in SOURCES:
        path = PACKAGE / "blocking" / f"{source.target}.py"
        text = _formatted(generate(source), path)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT))
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(
            f"{'differs from' if '--check' in arguments else 'written from'} its asynchronous class: {path}"
        )
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
