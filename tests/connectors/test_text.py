"""Text within limits, and messages without markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.text import (
    cut_off,
    left_out,
    plain_text,
    split_text,
    utf16_length,
    web_url,
)
from integrations_sdk.models import Attachment, Field, Link, Message

ESCAPES = re.compile(r"\\.")
TEXT = st.text(st.sampled_from("ab \n\\*😀é\ud800"), max_size=200)


@given(TEXT, st.integers(2, 60), st.sampled_from([len, utf16_length]))
def test_the_parts_are_the_text_and_keep_the_limit(text: str, limit: int, size) -> None:
    """Whatever measures it, nothing is lost and nothing exceeds."""
    parts = split_text(text, limit, size=size)
    assert "".join(parts) == text
    assert all(size(part) <= limit for part in parts)
    assert len(parts) == 1 or all(parts)


@given(st.text(st.sampled_from("ab *_"), max_size=200), st.integers(4, 40))
def test_no_escape_is_torn_apart(text: str, limit: int) -> None:
    """Each part reads as a part of the text."""
    escaped = re.sub(r"[*_]", r"\\\g<0>", text)
    parts = split_text(escaped, limit, atom=ESCAPES)
    assert "".join(re.sub(r"\\(.)", r"\1", part) for part in parts) == text
    assert not any(re.search(r"(?<!\\)\\(\\\\)*$", part) for part in parts)


@given(TEXT, st.integers(3, 60))
def test_a_cut_keeps_the_limit_and_shows(text: str, limit: int) -> None:
    """It ends with an ellipsis, and what fits stays as it is."""
    cut = cut_off(text, limit, size=utf16_length)
    assert utf16_length(cut) <= limit
    assert cut == text if utf16_length(text) <= limit else cut.endswith("…")


@pytest.mark.parametrize(("text", "units"), [("", 0), ("aé", 2), ("😀", 2), ("👩\u200d💻", 5), ("\ud800", 1)])
def test_utf16_length(text: str, units: int) -> None:
    """As JavaScript and Java count."""
    assert utf16_length(text) == units


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://e.x/a?b=c", True),
        ("HTTP://e.x", True),
        ("javascript:alert(1)", False),
        ("https://e.x/a b", False),
        ("https://e.x/\n", False),
        ("mailto:a@e.x", False),
        ("", False),
        (None, False),
    ],
)
def test_a_link_leads_to_a_page_or_nowhere(url: str | None, leads: bool) -> None:
    """Other schemes, and what could end a URL early, are no links."""
    assert web_url(url) == (url if leads else None)


def test_plain_text_holds_all_of_a_message() -> None:
    """In blocks; what is empty leaves no gap, and links that lead nowhere are left out."""
    message = Message(
        title="Broken\nagain",
        url="https://e.x/1",
        text=" It is.\n",
        fields=(Field(name="Branch", value="main"), Field(name="Job", value="unit", url="https://e.x/j")),
        actions=(Link(label="Approve", url="https://e.x/a"), Link(label="Bad", url="javascript:x")),
        links=(Link(label="Log", url="https://e.x/l"),),
        author="Ada",
        footer="g/p",
        attachments=(Attachment.of("a.csv", b"1"),),
    )
    assert plain_text(message).split("\n") == [
        "Broken again", "https://e.x/1", "",
        "It is.", "",
        "Branch: main", "Job: unit (https://e.x/j)", "",
        "Approve: https://e.x/a", "Log: https://e.x/l", "",
        "Ada · g/p", "",
        "Not attached here: a.csv",
    ]  # fmt: skip
    assert "a.csv" not in plain_text(message, files=True)
    assert plain_text(Message()) == ""
    assert left_out(Message()) == ""
