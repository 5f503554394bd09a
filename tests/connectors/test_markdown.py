"""Markdown in which nothing is read as markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.markdown import MARKDOWN_ATOM, escape_markdown, markdown_link
from integrations_sdk.connectors.text import split_text, visible

TEXT = st.text(
    st.one_of(st.sampled_from(list("\\`*_~|<>[]()#+-=$&1. \n\t:/")), st.characters()), max_size=200
)


def read(markdown: str) -> str:
    """What a reader of Markdown shows of text that is only escaped."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


@given(TEXT)
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    """But for what no reader sees, for indentation, which stays to be seen, and for addresses."""
    if "http" not in text:
        shown, expected = (
            re.sub(r"[\s\u00a0]+", "", each) for each in (read(escape_markdown(text)), visible(text))
        )
        assert shown == expected


@given(TEXT)
def test_no_markup_is_left(text: str) -> None:
    """Neither within a line nor at its beginning; addresses hold none."""
    shown = re.sub(r"(?<!\w)https?://[^\s<>\\*`|~$\[\]]+", "", escape_markdown(text))
    bare = re.sub(r"\\.", "", shown, flags=re.DOTALL)
    assert not set("\\`*_~|<>[]$&") & set(bare)
    assert not re.search(r"^\s*(?:[#+=-]|\d{1,9}[.)])|^ {4}|^\t", re.sub(r"\\.", "\\\\", shown), re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://e.x/a_b_c?d=*e*", r"https://e.x/a_b_c?d=\*e\*"),
        ("# h\n- l\n 12) n", "\\# h\n\\- l\n 12\\) n"),
        ("a - b + c # 1. d", "a - b + c # 1. d"),
        ("    code", "\u00a0\u00a0\u00a0\u00a0code"),
        ("a\r\nb\u202ec\x00", "a\nbc"),
        ("<@1> @everyone", r"\<@1\> @everyone"),
    ],
)
def test_escape_markdown(text: str, shown: str) -> None:
    """Only what would be markup where it stands."""
    assert escape_markdown(text) == shown


@pytest.mark.parametrize(
    ("label", "url", "shown"),
    [
        ("a](b", "https://e.x/(1)?a=[2]", r"[a\](b](https://e.x/%281%29?a=%5B2%5D)"),
        ("two\nlines", "https://e.x", "[two lines](https://e.x)"),
        ("x", "javascript:alert(1)", "x"),
        ("x", None, "x"),
        ("", "https://e.x", "[https://e.x](https://e.x)"),
    ],
)
def test_a_link_cannot_be_broken_out_of(label: str, url: str | None, shown: str) -> None:
    """Label and address are escaped each in its way; other schemes are no links."""
    assert markdown_link(label, url) == shown


@given(st.text(st.sampled_from("ab*_ \n"), max_size=100), st.integers(40, 60))
def test_no_link_is_torn_apart(text: str, limit: int) -> None:
    """Where one fits into a part at all."""
    link = markdown_link("c]d", "https://e.x/?a=1")
    parts = split_text(escape_markdown(text) + link + escape_markdown(text), limit, atom=MARKDOWN_ATOM)
    assert sum(part.count(link) for part in parts) == 1
