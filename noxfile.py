"""Every job of the project: `nox -l` lists them. `nox -s demo` shows it working, `nox -s tests` proves it."""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests"]

ROOT = Path(__file__).parent
CONTRACTS = Path(os.environ.get("INTEGRATIONS_SDK_CONTRACTS", ROOT.parent / "shared" / "contracts"))
SERVICES = os.environ.get("INTEGRATIONS_SDK_REQUIRE_SERVICES") == "1"
"""Whether PostgreSQL, every program and others' clients must be there; else their tests are skipped where they are not,
and the modules of PostgreSQL not counted."""


def install(session: nox.Session, *groups: str, extras: str = "all") -> None:
    """Install the project as it is here, with extras and dependency groups."""
    project = nox.project.load_toml("pyproject.toml")
    session.install("-e", f".[{extras}]", *nox.project.dependency_groups(project, *groups))


def importable(session: nox.Session, package: str) -> bool:
    """Whether the session's Python has a package."""
    code = f"import importlib.util; print(importlib.util.find_spec({package!r}) is not None)"
    return str(session.run("python", "-c", code, silent=True)).strip() == "True"


@nox.session
def demo(session: nox.Session) -> None:
    """Feed real event shapes through stand-in services, and show what each of them received."""
    install(session)
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, and refuse less than 95 % branch coverage."""
    wanted = {"contracts": CONTRACTS.exists(), **dict.fromkeys(("clients", "interop", "programs"), SERVICES)}
    install(session, "tests", "notebook", *(group for group, there in wanted.items() if there))
    session.run("coverage", "erase")
    session.run(
        "pytest", "--cov", "--cov-report=", "-n", "auto", *session.posargs, env={"COVERAGE_CORE": "ctrace"}
    )
    if not session.posargs:
        session.run(
            "coverage", "report", *([] if SERVICES else ["--omit=*/store/postgres/*,*/queue/postgres/*"])
        )


@nox.session
def torture(session: nox.Session) -> None:
    """Run the heavy proofs: many repetitions of what the tests show in short. Takes minutes."""
    install(session, "tests")
    session.run("pytest", "-m", "torture", *session.posargs)


@nox.session
def interop(session: nox.Session) -> None:
    """Let what others wrote verify our signatures, and sign for us; node, npm and a registry must be there."""
    install(session, "tests", "interop")
    tests = ["tests/signing/test_interop.py", "tests/signing/test_interop_node.py"]
    session.run("pytest", *tests, *session.posargs, env={"INTEGRATIONS_SDK_REQUIRE_SERVICES": "1"})


@nox.session
def programs(session: nox.Session) -> None:
    """Let real programs take what is sent to them; they, node, npm and a registry must be there."""
    install(session, "tests", "programs")
    session.run("pytest", "tests/programs", *session.posargs, env={"INTEGRATIONS_SDK_REQUIRE_SERVICES": "1"})


@nox.session
def clients(session: nox.Session) -> None:
    """Lay our requests beside those of the vendors' own clients, each against the same stand-in."""
    install(session, "tests", "clients")
    session.run("pytest", "tests/clients", *session.posargs, env={"INTEGRATIONS_SDK_REQUIRE_SERVICES": "1"})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Throw what a fuzzer makes up at the verification of messages: for a minute, unless told otherwise."""
    install(session, "fuzz")
    if not importable(session, "atheris"):
        session.skip("there is no atheris for this Python")
    target, found = "tests/fuzz/verify_fuzz.py", f"-artifact_prefix={session.create_tmp()}/"
    session.run("python", target, found, *(session.posargs or ["-max_total_time=60"]))


@nox.session
def contracts(session: nox.Session) -> None:
    """Check every vendor request against the vendor's own description, which must be there."""
    install(session, "tests", "contracts")
    session.run(
        "pytest", "-m", "contracts", *session.posargs, env={"INTEGRATIONS_SDK_REQUIRE_CONTRACTS": "1"}
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, and that the blocking facade matches its asynchronous source."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("python", "scripts/generate_blocking.py", "--check")


@nox.session
def typing(session: nox.Session) -> None:
    """Check types: mypy strict everywhere, and the public surface as pyright's users see it."""
    install(session, "typing", "tests", "notebook", "bench")
    session.run("mypy")
    session.run("basedpyright", "--level", "error", "tests/typing")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    install(session, "docs")
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example, and every Python block of the README and the documentation."""
    install(session, "tests", "notebook")
    session.run("pytest", "tests/documents", "-q", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure against what people would use otherwise, with small sizes unless told otherwise."""
    install(session, "bench")
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        session.run("python", str(script.relative_to(ROOT)), *(session.posargs or ["--quick", "--json"]))
