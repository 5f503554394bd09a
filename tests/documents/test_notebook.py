"""The notebook runs from top to bottom in a Jupyter kernel, shows tables, completes names, and no secret."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.secrets_shown import stand_in_secrets

NOTEBOOK = Path(__file__).parents[2] / "examples" / "jupyter_tour.ipynb"

# In a process of its own: the libraries of Jupyter warn of things that are none of our business.
EXECUTE = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=40, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def code_cells(path: Path) -> Iterator[dict[str, Any]]:
    """The code cells of a notebook."""
    notebook = json.loads(path.read_text("utf-8"))
    return (cell for cell in notebook["cells"] if cell["cell_type"] == "code")


def test_the_notebook_is_kept_without_outputs() -> None:
    """They hold ports and times, so they would differ with each run; its form is what Jupyter expects."""
    nbformat = pytest.importorskip("nbformat", reason="the group `notebook` is not installed")
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))
    for cell in code_cells(NOTEBOOK):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_the_notebook_runs(tmp_path: Path) -> None:
    """Every cell; the results show as tables, and none of them holds a secret."""
    pytest.importorskip("nbclient", reason="the group `notebook` is not installed")
    pytest.importorskip("ipykernel", reason="the group `notebook` is not installed")
    executed = tmp_path / "executed.ipynb"
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(NOTEBOOK), str(executed)],
        capture_output=True,
        encoding="utf-8",
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    text, tables = {}, {}
    for cell in code_cells(executed):
        text[cell["id"]] = "".join("".join(output.get("text", "")) for output in cell["outputs"])
        html = ("".join(output.get("data", {}).get("text/html", "")) for output in cell["outputs"])
        tables[cell["id"]] = "".join(html)
        assert not [output for output in cell["outputs"] if output.get("name") == "stderr"]

    assert text["manager"] == "a loop is running here: True\n"
    assert "did you mean `webhook_url`?" in text["mistake"]
    assert text["completion"].splitlines() == [
        "['datadog', 'github', 'jira', 'slack']",
        "mgr.git → ['github', 'gitlab']",
        "mgr.slack.create_ → ['create_issue', 'create_slack_integration']",
    ]
    assert text["message"] == "attempts: 2\nSlack received: *Pipeline #7 failed on main*\n"
    assert text["await"] == "succeeded\n"

    rows = {name: len(re.findall("<tr><td>", table)) for name, table in tables.items() if "<table>" in table}
    assert {name: rows[name] for name in ("list", "outcomes", "health")} == {
        "list": 4,
        "outcomes": 3,
        "health": 4,
    }
    assert rows.keys() == {"record", "list", "outcomes", "health", "catalog", "fields"}
    assert "Team &lt;notifications&gt;" in tables["record"]
    assert "bot_token: ••••" in tables["record"]
    assert "<td>unhealthy</td><td>reauthorise</td>" in tables["health"]
    assert all(provider in tables["catalog"] for provider in ("slack", "jira", "newrelic", "webhook"))
    # The catalogue shows Slack's documented example of a webhook, whose path is the stand-in's own.
    shown = "".join(
        json.dumps(cell["outputs"])
        for cell in code_cells(executed)
        if cell["id"] not in {"catalog", "fields"}
    )
    assert [secret for secret in stand_in_secrets() if secret in shown] == []
