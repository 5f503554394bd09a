"""Slack's text: escaped, linked, split."""

from __future__ import annotations

import asyncio
import html
import re

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk.connectors.slack import SlackConnector, escape, link, mention, split
from integrations_sdk.connectors.slack.render import rendered
from integrations_sdk.models import Message
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.vendors.slack import SlackStandIn
from support.golden import compare
from support.messages import CASES, messages

MRKDWN = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(["&amp;", "&lt;", "&gt;", "<https://e.x/?a&amp;b|c d>", " ", "\n"]),
    ),
    max_size=60,
).map("".join)


@given(MRKDWN, st.integers(1, 80))
def test_the_parts_are_the_text_and_keep_the_limit(text: str, limit: int) -> None:
    """Nothing is lost, nothing exceeds, no part of several is empty."""
    parts = split(text, limit)
    assert "".join(parts) == text
    assert all(len(part) <= limit for part in parts)
    assert len(parts) == 1 or all(parts)


@given(st.text(max_size=300), st.integers(5, 40))
def test_no_escape_is_torn_apart(text: str, limit: int) -> None:
    """Each part is readable on its own."""
    parts = split(escape(text), limit)
    assert "".join(html.unescape(part) if part else "" for part in parts) == html.unescape(escape(text))
    assert not any(re.search(r"&(?!amp;|lt;|gt;)", part) for part in parts)


@given(st.lists(st.text("ab \n", max_size=20), max_size=8), st.integers(40, 60))
def test_no_link_is_torn_apart(words: list[str], limit: int) -> None:
    """Where one fits into a part at all."""
    url = "<https://e.x/?a=1&amp;b=2|c d>"
    parts = split(url.join(words), limit)
    assert sum(part.count(url) for part in parts) == max(len(words) - 1, 0)


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 5, [""]),
        ("abcde", 5, ["abcde"]),
        ("abcdef", 5, ["abcde", "f"]),
        ("ab\ncd ef", 5, ["ab\n", "cd ef"]),
        ("abc de", 5, ["abc ", "de"]),
        ("a bcdefgh", 5, ["a bcd", "efgh"]),
        ("abc&amp;d", 5, ["abc", "&amp;", "d"]),
        ("😀😀😀", 2, ["😀😀", "😀"]),
    ],
)
def test_a_part_ends_after_a_line_or_a_word(text: str, limit: int, parts: list[str]) -> None:
    """Unless that would leave more than half of it empty."""
    assert split(text, limit) == parts


@pytest.mark.parametrize(
    ("whom", "shown"),
    [
        ("@here", "<!here>"),
        ("channel", "<!channel>"),
        ("U012AB3CD", "<@U012AB3CD>"),
        ("@W012AB3CD", "<@W012AB3CD>"),
        ("S012AB3CD", "<!subteam^S012AB3CD>"),
        ("<!subteam^S012AB3CD>", "<!subteam^S012AB3CD>"),
        ("@devops-team", "@devops-team"),
        ("<script>", "&lt;script&gt;"),
        ("<!here> <!channel>", "&lt;!here&gt; &lt;!channel&gt;"),
    ],
)
def test_a_mention_is_slacks_or_plain_text(whom: str, shown: str) -> None:
    """By id; a name that Slack does not know calls nobody."""
    assert mention(whom) == shown


@pytest.mark.parametrize(
    ("label", "url", "shown"),
    [
        ("a & b", "https://e.x/?a=1&b=<2>|3 4", "<https://e.x/?a=1&amp;b=%3C2%3E%7C3%204|a &amp; b>"),
        ("a|b\nc", "https://e.x", "<https://e.x|a¦b c>"),
        ("x", "javascript:alert(1)", "x"),
        ("x", None, "x"),
        ("", "https://e.x", "<https://e.x|https://e.x>"),
    ],
)
def test_a_link_cannot_be_broken_out_of(label: str, url: str | None, shown: str) -> None:
    """Label and URL are escaped each in its way; other schemes are no links."""
    assert link(label, url) == shown


@given(st.text())
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    """And holds nothing that Slack would take for its own."""
    assert not set("<>") & set(escape(text))
    assert escape(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_rendered_exactly_so(case: str) -> None:
    """As the golden file says."""
    compare("slack", f"{case}.json", rendered(CASES[case], ["@here", "U012AB3CD"] if case == "full" else ()))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages())
def test_whatever_a_message_holds_slack_takes_it(message: Message) -> None:
    """Within every limit, never empty; no text of it calls anybody or makes a link."""
    stand_in = SlackStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    stand_in.url = "http://127.0.0.1:1"
    connector = connect(SlackConnector, stand_in.config(), http)
    assert asyncio.run(connector.notify(attrs.evolve(message, mentions=())))
    texts = re.findall(r"<([^<>|]*)", "\n".join(map(_texts, stand_in.messages)))
    assert all(re.match(r"(?i)https?://|mailto:", target) for target in texts), texts


def _texts(value: object) -> str:
    """Every text in what was posted."""
    if isinstance(value, dict):
        marked = value["text"] if value.get("type") == "mrkdwn" else ""
        return "\n".join(
            [str(marked), *(_texts(inner) for inner in value.values() if not isinstance(inner, str))]
        )
    return "\n".join(map(_texts, value)) if isinstance(value, list) else ""
