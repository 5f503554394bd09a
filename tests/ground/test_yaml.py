"""YAML that people write."""

from __future__ import annotations

import sys

import pytest

from integrations_sdk.errors import ConfigurationError, MissingExtraError
from integrations_sdk.yaml import load_yaml


def test_yaml_1_2_is_read_in_jsons_terms() -> None:
    """`no` and `on` are words, dates are text, `010` is ten."""
    text = "a: [no, on, true]\nb: {c: 1.5, d: null}\nwhen: 2026-01-01\nn: 010\nblock: |\n  x\n  y\n"
    assert load_yaml(text, subject="test") == {
        "a": ["no", "on", True], "b": {"c": 1.5, "d": None}, "when": "2026-01-01", "n": 10, "block": "x\ny\n",
    }  # fmt: skip
    assert load_yaml("", subject="test") is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: [1", "line 1"),
        ("a: 1\na: 2\n", "each name of a mapping once"),
        ("a: &x [1]\nb: *x\n", "line 2: expected no aliases"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1"),
        ("a: 1\n---\nb: 2\n", "line"),
        ("\tx: 1", "line 1"),
        ("a: \x00", "$"),
        ("[" * 60_000, "at most 50 levels of nesting"),
        ("\n".join(f"{' ' * n}a:" for n in range(60)), "line 51: expected at most 50 levels"),
        ("x: " + "a" * 70_000, "longer than"),
        ("? [1]\n: 2\n", "a name that is a"),
        ("a: .nan\n", "a number that is none"),
        ("b: !!binary aGk=\n", "a bytes"),
        ("b: !!set {a}\n", "a set"),
    ],
)
def test_what_is_refused(text: str, where: str) -> None:
    """With the place, and nothing of the text, which may hold a secret."""
    with pytest.raises(ConfigurationError, match="test: 1 problem") as caught:
        load_yaml(text, subject="test")
    assert where in str(caught.value)
    assert "os.system" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install integrations-sdk[yaml]`."""
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    with pytest.raises(MissingExtraError, match="yaml"):
        load_yaml("a: 1", subject="test")
