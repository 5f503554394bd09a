"""The README and the documentation are true: their code runs, their output is right, their links lead somewhere."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.models import IntegrationType
from integrations_sdk.testing import Sandbox
from support.telemetry import fresh_providers

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES = DOCS / "guides"
PROVIDERS = DOCS / "reference" / "providers"

DOCUMENTS = [
    ROOT / "README.md",
    *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.relative_to(DOCS).parts),
]
OTHERS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ ]*$", re.MULTILINE | re.DOTALL
)
_REASON = re.compile(r"<!-- not run: (?P<reason>[^>]{15,}) -->\s*\Z")
_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block: its language and mark, its text, the line it begins in, and what stands around it."""

    language: str
    mark: str
    code: str
    line: int
    before: str
    after: str


def blocks_of(text: str) -> list[Block]:
    """Every fenced block of a document."""
    found = []
    for match in _FENCE.finditer(text):
        language, _, mark = match["info"].strip().partition(" ")
        line = text.count("\n", 0, match.start()) + 2
        found.append(
            Block(language, mark.strip(), match["code"], line, text[: match.start()], text[match.end() :])
        )
    return found


def promised_output(block: Block) -> str | None:
    """The ```text block that follows with nothing in between: what the block prints."""
    following = next(iter(blocks_of(block.after.lstrip())), None)
    return following.code if following and following.language == "text" and following.before == "" else None


def same_output(promised: str, printed: str) -> bool:
    """Whether the output is as promised; `…` stands for anything within a line. Space at the end of lines is nothing."""
    expected, said = (
        "\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (promised, printed)
    )
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), said) is not None


@pytest.fixture
def namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[dict[str, object]]:
    """An empty module in an empty folder; what a document left open there is closed at the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    module = types.ModuleType(f"document_{re.sub(r'[^a-z0-9]+', '_', request.node.name.lower())}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with fresh_providers():
        yield vars(module)
    opened = list(vars(module).values())
    for kind in (IntegrationManagementManager, Sandbox):
        for item in opened:
            if isinstance(item, kind):
                item.close()


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if "```python" in path.read_text()], ids=_name)
def test_code_runs_and_prints_what_is_shown(path: Path, namespace: dict[str, object]) -> None:
    """Every Python block runs as it stands, after those before it, and prints the text block that follows it."""
    for block in blocks_of(path.read_text()):
        if block.language != "python" or block.mark == "notest":
            continue
        where = f"{_name(path)}:{block.line}"
        printed = io.StringIO()
        code = compile("\n" * (block.line - 1) + block.code, str(path), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        promised, said = promised_output(block), printed.getvalue()
        if promised is None:
            assert said == "", f"{where} prints what the document does not show:\n{said}"
        else:
            assert same_output(promised, said), f"{where} prints\n{said}\ninstead of\n{promised}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_blocks_left_out_say_why(path: Path) -> None:
    """A Python block that is not run stands behind a comment with the reason; there is no other mark."""
    for block in blocks_of(path.read_text()):
        if block.language == "python" and block.mark:
            assert block.mark == "notest", f"{_name(path)}:{block.line}: unknown mark {block.mark!r}"
            assert _REASON.search(block.before), (
                f"{_name(path)}:{block.line}: say `<!-- not run: why -->` before it"
            )


@pytest.mark.parametrize("path", [*DOCUMENTS, *OTHERS], ids=_name)
def test_internal_links_lead_somewhere(path: Path) -> None:
    """A relative link leads to a file of the project, and its fragment to a heading there."""
    text = _FENCE.sub("", path.read_text())
    for target in (match["target"] for match in _LINK.finditer(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        file = (path.parent / name) if name else path
        assert file.exists(), f"{_name(path)}: {target} leads nowhere"
        if fragment:
            assert fragment in slugs_of(file), f"{_name(path)}: {target} is no heading"


def slugs_of(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub and myst make them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


SUB_MANAGERS = [
    name
    for name, member in vars(IntegrationManagementManager).items()
    if isinstance(member, functools.cached_property)
]


@pytest.mark.parametrize("name", SUB_MANAGERS)
def test_every_sub_manager_has_a_guide_of_its_name(name: str) -> None:
    """One word in several places: `mgr.webhooks` is explained in `docs/guides/webhooks.md`."""
    assert (GUIDES / f"{name}.md").exists(), f"write docs/guides/{name}.md"


def test_there_are_sub_managers_to_look_for() -> None:
    """The test above is no test of nothing."""
    assert {"slack", "webhooks", "events", "health"} <= set(SUB_MANAGERS)


@pytest.mark.parametrize("path", sorted(GUIDES.glob("*.md")), ids=_name)
def test_every_guide_is_in_the_table_of_contents(path: Path) -> None:
    """A guide that nothing leads to is not read."""
    assert re.search(rf"^(guides/)?{re.escape(path.stem)}$", (DOCS / "index.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("provider", IntegrationType)
def test_every_provider_has_a_reference_page_that_is_made_from_its_class(provider: str) -> None:
    """The page asks for its content by the provider's name, and the overview leads to it."""
    page = (PROVIDERS / f"{provider}.md").read_text()
    assert f"<!-- provider: {provider} -->" in page
    assert re.search(rf"^{provider}$", (PROVIDERS / "index.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("provider", IntegrationType)
def test_a_reference_page_names_everything_that_the_class_offers(provider: str) -> None:
    """Every field with its aliases, every environment variable and every operation stands on the page."""
    pages = _pages()
    text = pages.page(provider)
    entry = pages.entry(provider)
    for word in (
        *(name for field in entry.fields for name in (field.name, *field.also)),
        *entry.environment,
        *(operation.name for operation in pages.operations(Registry().get(provider))),
    ):
        assert f"`{word}`" in text or f"`{word}(" in text


def test_docstrings_reach_the_reference_as_they_are_meant() -> None:
    """Code, fences, tables and returns of a docstring survive the way into reStructuredText."""
    given = [
        "A `Secret`s table:",
        "",
        "| a | b |",
        "|---|---|",
        "| 1 | `x` |",
        "",
        "Returns:",
        "    One: two.",
    ]
    said = _extension("docstrings").converted([*given, "", "```python", "f(`x`)", "```"])
    assert said[0] == "A ``Secret``\\ s table:"
    assert [line for line in said if " - " in line] == ["   * - a", "     - b", "   * - 1", "     - ``x``"]
    assert "    : One: two." in said
    assert [line for line in said if line][-2:] == [".. code-block:: python", "   f(`x`)"]


def _pages() -> types.ModuleType:
    return _extension("providers")


def _extension(name: str) -> types.ModuleType:
    """A module of `docs/_ext`, which Sphinx imports from there as well."""
    spec = importlib.util.spec_from_file_location(f"documentation_{name}", DOCS / "_ext" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class TestTheChecksThemselves:
    """The checks above can fail."""

    def test_output_is_compared(self) -> None:
        assert same_output("slack-1 in … ms\n", "slack-1 in 12.3 ms\n")
        assert not same_output("slack-1", "slack-2")
        assert not same_output("a…b", "a\nb")

    def test_blocks_are_found_with_their_lines_and_output(self) -> None:
        text = "# T\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\n```python notest\nx\n```\n"
        first, _, last = blocks_of(text)
        assert (first.language, first.line, promised_output(first)) == ("python", 4, "1\n")
        assert (last.mark, promised_output(last)) == ("notest", None)
        assert not _REASON.search(last.before)
        assert _REASON.search("<!-- not run: it needs a running kernel -->\n")
