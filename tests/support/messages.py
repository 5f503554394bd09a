"""Messages that every notifier has to render: ordinary, hostile, too long, empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hypothesis import strategies as st

from integrations_sdk.models import Attachment, Field, Level, Link, Message

__all__ = ["CASES", "HOSTILE", "messages"]

HOSTILE: Final = (
    "*b* _i_ ~s~ `c` ||h|| > q # h - l [x](javascript:alert(1)) <b>&amp;</b> <script>alert('1')</script> "
    "\\ {{x}} ${x} @everyone @here @channel @all <!channel> <!here> <@123456789012345678> <at>All</at> "
    "tg://user?id=1 https://e.example/a_b_c?x=1&y=(2)"
)
"""What in one place or another is markup, or calls everybody."""

CASES: Final[Mapping[str, Message]] = {
    "plain": Message(text="Deployment successful! 🚀"),
    "full": Message(
        title="Pipeline #7 failed on main",
        url="https://gitlab.example/p/7?a=1&b=2",
        text="2 of 5 jobs failed\n- unit\n- lint",
        level=Level.ERROR,
        author="Ada Lovelace",
        fields=(
            Field(name="Branch", value="main"),
            Field(name="Commit", value="abc12345", url="https://gitlab.example/c/abc"),
        ),
        links=(Link(label="Log", url="https://gitlab.example/log"),),
        actions=(Link(label="Approve", url="https://gitlab.example/approve"),),
        footer="group/name",
    ),
    "hostile": Message(
        title=HOSTILE,
        text=f"{HOSTILE}\n# no heading\n1. no list\n    no code\n---\n===",
        author=HOSTILE[:120],
        fields=(
            Field(name=HOSTILE[:60], value=HOSTILE),
            Field(name="n", value="]( v", url="https://e.example/)x"),
        ),
        links=(
            Link(label="](https://evil.example) <|>", url="https://e.example/?a=<1>&b=(2)|3"),
            Link(label="run", url="javascript:alert(1)"),
        ),
        footer=HOSTILE[:120],
    ),
    "unicode": Message(
        title="\u202eesrever \u2066mark\u2069 👩\u200d💻 🏳️\u200d🌈",
        text="שלום עולם مرحبا \x00\x07\x1b[31mred\x1b[0m e\u0301 漢字",
        fields=(Field(name="\U0001f680" * 3, value="\u200b"), Field(name="", value="nameless")),
    ),
    "long": Message(
        title="t" * 2_000,
        text="word & <line> *x*\n" * 500,
        fields=tuple(
            Field(name=f"field {number}", value="value & more " * (120 if number < 3 else 1))
            for number in range(30)
        ),
        links=tuple(Link(label="l" * 90, url=f"https://e.example/{number}") for number in range(40)),
        author="a" * 5_000,
        footer="f" * 5_000,
    ),
    "empty": Message(),
    "files": Message(
        title="Report",
        attachments=(Attachment.of("report.csv", b"a;b\r\n1;2\r\n"), Attachment.of('ä "x".txt', b"x")),
    ),
}
"""By the name of their golden files."""

_TEXTS: Final = st.text(
    st.one_of(st.sampled_from(list("*_~`|<>[]()#+-=!\\&@:/. \n\t$")), st.characters(codec="utf-8")),
    max_size=300,
)
_URLS: Final = st.one_of(
    st.none(),
    _TEXTS,
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=50).map(
        "https://e.example/".__add__
    ),
)
_LINKS: Final = st.lists(
    st.builds(Link, label=_TEXTS, url=_URLS.map(lambda url: url or "")), max_size=30
).map(tuple)


def messages() -> st.SearchStrategy[Message]:
    """Messages of hostile texts, short and far too long."""
    long = st.builds(lambda text, times: text * times, _TEXTS, st.integers(1, 200))
    fields = st.lists(st.builds(Field, name=_TEXTS, value=_TEXTS, url=_URLS), max_size=40).map(tuple)
    return st.builds(
        Message,
        title=_TEXTS,
        text=st.one_of(_TEXTS, long),
        url=_URLS,
        level=st.sampled_from(Level),
        author=st.one_of(st.none(), _TEXTS),
        footer=st.one_of(st.none(), _TEXTS),
        fields=fields,
        links=_LINKS,
        actions=_LINKS,
        mentions=st.lists(_TEXTS, max_size=5).map(tuple),
    )
