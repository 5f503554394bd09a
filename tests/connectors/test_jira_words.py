"""Jira's markup, issue keys, fields and events, as tables."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.codec import load
from integrations_sdk.connectors.jira import JiraConfig, issue_keys
from integrations_sdk.connectors.jira.drafts import choose_transition, fields_of, jql_string, label_of
from integrations_sdk.connectors.jira.events import already_said, mentions_of, transition_for
from integrations_sdk.connectors.jira.sources import source_of_event, source_of_mapping, tag_of
from integrations_sdk.connectors.jira.text import adf, one_line, plain_text, shortened, wiki
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.gitlab import normalise
from integrations_sdk.models import Actor, Commit, Event, IssueDraft
from integrations_sdk.testing.vendors.jira.checks import text_problem

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLOUD = {"url": "https://x.atlassian.net", "username": "a@b.c", "api_token": "t", "project_key": "PROJ"}
SERVER = {"url": "https://jira.example.com", "api_token": "t", "project_key": "PROJ"}


def config(**more: object) -> JiraConfig:
    """A Cloud configuration."""
    return load(JiraConfig, {**CLOUD, **more}, subject="jira configuration")


def event(kind: str = "push", **more: object) -> Event:
    """An event of a project on GitLab."""
    facts = {
        "id": "1",
        "type": kind,
        "source": "https://gitlab.com/g/n",
        "time": NOW,
        "provider": "gitlab",
        "project": "g/n",
    }
    return Event(**{**facts, **more})


def commit(
    message: str, sha: str = "a" * 40, url: str | None = "https://gitlab.com/g/n/-/commit/a"
) -> Commit:
    """A commit."""
    return Commit(sha=sha, message=message, url=url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PROJ-1", [("PROJ-1", False)]),
        ("see PROJ-12, and PROJ-3.", [("PROJ-12", False), ("PROJ-3", False)]),
        ("closes PROJ-1", [("PROJ-1", True)]),
        (
            "Fixes: PROJ-2, PROJ-3 and PROJ-4; see PROJ-5",
            [("PROJ-2", True), ("PROJ-3", True), ("PROJ-4", True), ("PROJ-5", False)],
        ),
        ("resolved issue PROJ-7 & PROJ-8", [("PROJ-7", True), ("PROJ-8", True)]),
        ("Implementing [PROJ-9]", [("PROJ-9", True)]),
        ("PROJ-1 first, then fixes PROJ-1", [("PROJ-1", True)]),
        ("Closes https://company.atlassian.net/browse/PROJ-6", [("PROJ-6", True)]),
        ("https://company.atlassian.net/browse/PROJ-6?focus=1", [("PROJ-6", False)]),
        ("feature/PROJ-123-add-login", [("PROJ-123", False)]),
        ("PROJ-123_login", [("PROJ-123", False)]),
        ("feature-PROJ-1", [("PROJ-1", False)]),
        ("prefixes PROJ-1", [("PROJ-1", False)]),
        ("un-fixes PROJ-1", [("PROJ-1", False)]),
        ("closes the door on PROJ-1", [("PROJ-1", False)]),
        ("proj-1 XPROJ-1 X-PROJ-1 PROJ-1a PROJ-01 PROJ-0 PROJ- OTHER-1 MY_PROJ-1", []),
        ("", []),
    ],
)
def test_issue_keys(text: str, expected: list[tuple[str, bool]]) -> None:
    """Keys of the project are found where they stand alone, and closing words are seen."""
    assert [tuple(found) for found in issue_keys(text, "PROJ")] == expected


def test_issue_keys_of_any_project() -> None:
    """Without a project whatever looks like a key is one."""
    assert [found.key for found in issue_keys("AB-1 closes CD2-3, E_F-4")] == ["AB-1", "CD2-3", "E_F-4"]


@given(st.text(alphabet="PROJ-123 ,.:/[]#&\nabfixclosedn", max_size=200))
def test_issue_keys_are_each_named_once_and_in_the_text(text: str) -> None:
    """Every key found stands in the text, once in the result, and belongs to the project."""
    found = [one.key for one in issue_keys(text, "PROJ")]
    assert len(set(found)) == len(found)
    assert all(key in text and key.startswith("PROJ-") for key in found)


def test_issue_keys_reads_a_bounded_part_in_time() -> None:
    """A text made to be slow is read as fast as any other, and no further than 100,000 characters."""
    assert issue_keys("closes PROJ-1, " * 50_000 + "PROJ-2") == (("PROJ-1", True),)
    assert issue_keys("closes " + "https://" * 20_000) == ()


@given(st.lists(st.sampled_from(["```", "```py", "``` ", "a", "", " ```"]), max_size=12))
def test_code_is_what_stands_between_fences(lines: list[str]) -> None:
    """From each beginning to the next end, as a regular expression would have it, which takes too long for it."""
    fence = re.compile(r"^```[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
    code = [part.removesuffix("\n") for part in fence.split("\n".join(lines))[1::2] if part.strip()]
    blocks = cast("list[dict[str, Any]]", adf("\n".join(lines))["content"])
    assert [block["content"][0]["text"] for block in blocks if block["type"] == "codeBlock"] == code


def test_a_text_full_of_fences_is_read_in_one_go() -> None:
    """Whoever may write an issue elsewhere must not be able to hold up everybody."""
    hostile = "```a\n" * 500_000
    assert "{code}" not in wiki(hostile)
    assert "codeBlock" not in str(adf(hostile))


def test_adf_has_paragraphs_breaks_links_and_code() -> None:
    """Blank lines part paragraphs, line ends break, URLs link, fences hold code."""
    text = "One\ntwo https://x.test/a.\n\n[three](https://x.test/b)\n```python\nif a:\n\n  b()\n```\nend"
    assert adf(text) == {
        "type": "doc",
        "version": 1,
        "content": [
            {
                "type": "paragraph",
                "content": [
                    {"type": "text", "text": "One"},
                    {"type": "hardBreak"},
                    {"type": "text", "text": "two "},
                    {
                        "type": "text",
                        "text": "https://x.test/a",
                        "marks": [{"type": "link", "attrs": {"href": "https://x.test/a"}}],
                    },
                    {"type": "text", "text": "."},
                ],
            },
            {
                "type": "paragraph",
                "content": [
                    {
                        "type": "text",
                        "text": "three",
                        "marks": [{"type": "link", "attrs": {"href": "https://x.test/b"}}],
                    }
                ],
            },
            {"type": "codeBlock", "content": [{"type": "text", "text": "if a:\n\n  b()"}]},
            {"type": "paragraph", "content": [{"type": "text", "text": "end"}]},
        ],
    }


@given(st.text(max_size=300) | st.text(alphabet="a \n`[](:/.htps{}!|", max_size=200))
def test_adf_is_always_a_document_that_jira_accepts(text: str) -> None:
    """Whatever the text, the document is valid: no empty text node, known nodes only."""
    assert text_problem(adf(text), adf=True) is None


@given(st.text(alphabet="ab \n.", max_size=100))
def test_adf_and_wiki_lose_no_word(text: str) -> None:
    """The words come out as they went in, in both forms."""
    assert plain_text(adf(text)) == plain_text(wiki(text)) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain - text_", "plain - text_"),
        (
            "{code} [~admin] !http://x.test/i.png! Hello!",
            "\\{code} \\[~admin] \\!http://x.test/i.png\\! Hello!",
        ),
        ("[a|b](https://x.test)", "[a b|https://x.test]"),
        ("https://x.test/[1]", "https://x.test/\\[1]"),
        ("a\r\nb", "a\nb"),
        ("```\nx {code} y\n```", "{code}\nx { code } y\n{code}"),
        ("", ""),
    ],
)
def test_wiki_escapes_macros_mentions_and_images(text: str, expected: str) -> None:
    """What would run a macro, call a person or load an image stays text."""
    assert wiki(text) == expected


def test_texts_are_shortened_with_a_note() -> None:
    """What is too long is cut to Jira's limit, and says so."""
    assert shortened("x" * 32_767) == "x" * 32_767
    cut = shortened("x" * 32_768)
    assert len(cut) == 32_767
    assert cut.endswith("[shortened: Jira takes no more than 32,767 characters]")
    assert one_line(" a\r\nb\x00c\td ") == "a b c d"
    assert len(one_line("x" * 300)) == 255


def test_fields_of_a_draft_follow_the_deployment() -> None:
    """Cloud has documents and account ids, Data Center wiki text and user names; only what is given is sent."""
    draft = IssueDraft(
        title="T\nx",
        description="d",
        issue_type="config_error",
        priority="High",
        assignee="me",
        fields={"duedate": "2026-01-01"},
    )
    cloud = fields_of(draft, config(issue_types={"config_error": "Bug"}))
    assert cloud == {
        "summary": "T x",
        "description": adf("d"),
        "issuetype": {"name": "Bug"},
        "priority": {"name": "High"},
        "assignee": {"accountId": "me"},
        "duedate": "2026-01-01",
    }
    server = fields_of(draft, load(JiraConfig, SERVER, subject="jira configuration"))
    assert (server["description"], server["assignee"], server["issuetype"]) == (
        "d",
        {"name": "me"},
        {"name": "config_error"},
    )
    assert fields_of(IssueDraft(), config()) == {}
    assert fields_of(IssueDraft(description=" "), config()) == {"description": None}


def test_labels_are_what_jira_takes() -> None:
    """An id is its own label where it can be; a foreign label never passes for one."""
    assert label_of("gitlab:g/n#1") == "gitlab:g/n#1"
    assert label_of("a b").startswith("integrations-sdk-")
    assert label_of("x" * 256) != label_of("x" * 257)
    assert tag_of("needs  review") == "needs-review"
    assert tag_of("gitlab:g/n#1") == "gitlab:g/n-1"
    assert tag_of(label_of("a b")) != label_of("a b")
    assert len(tag_of("integrations-sdk" + "x" * 300)) == 255
    assert tag_of("C#") == "C#"


@given(st.text(), st.text())
def test_labels_have_no_white_space_and_tell_ids_apart(one: str, other: str) -> None:
    """Every id has a valid label of its own, and no foreign label can be it."""
    label = label_of(f"gitlab:{one}#1")
    assert label.split() == [label]
    assert len(label) <= 255
    assert (label == label_of(f"gitlab:{other}#1")) == (one == other)
    assert tag_of(other) != label


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("21", "21"),
        ("start work", "21"),
        ("in progress", "21"),
        ("DONE", "31"),
        ("new", "11"),
        ("indeterminate", "21"),
        ("41", None),
    ],
)
def test_a_transition_is_chosen_by_id_name_status_or_category(to: str, expected: str | None) -> None:
    """The four readings are tried in this order, without regard to case."""
    known = [
        {"id": "11", "name": "Reset", "to": {"name": "To Do", "statusCategory": {"key": "new"}}},
        {
            "id": "21",
            "name": "Start work",
            "to": {"name": "In Progress", "statusCategory": {"key": "indeterminate"}},
        },
        {"id": "31", "name": "Finish", "to": {"name": "Fertig", "statusCategory": {"key": "done"}}},
        {"id": "12", "name": "41x"},
    ]
    chosen = choose_transition(known, to)
    assert (chosen["id"] if chosen else None) == expected


def test_jql_strings_are_quoted() -> None:
    """Quotes and backslashes do not end the string."""
    assert jql_string('a"b\\c') == '"a\\"b\\\\c"'


def test_an_issue_is_read_from_what_gitlab_gives() -> None:
    """The mapping may be the facade's three fields, or a whole issue of GitLab's API."""
    short = source_of_mapping({"iid": 123, "title": "T", "description": "D"}, project="myorg/myproject")
    assert (short.external_id, short.draft.title, short.draft.description) == (
        "gitlab:myorg/myproject#123",
        "T",
        "D",
    )
    assert (short.draft.labels, short.closed) == (None, None)
    whole = source_of_mapping(
        {
            "id": 76, "iid": 6, "project_id": 8, "title": "T", "description": None, "state": "closed", "issue_type": "issue",
            "labels": ["bug", "needs review", "bug", ""], "web_url": "https://gitlab.com/g/n/-/issues/6",
            "references": {"full": "g/n#6"}, "author": {"name": "a"},
        },
        project="other/one",
    )  # fmt: skip
    assert whole.external_id == "gitlab:g/n#6"
    assert whole.closed is True
    assert (whole.draft.labels, whole.draft.url) == (
        ("bug", "needs-review"),
        "https://gitlab.com/g/n/-/issues/6",
    )
    assert whole.draft.issue_type is None
    assert (
        source_of_mapping(
            {"iid": 1, "title": "T", "issue_type": "incident"}, project="p", known_types=["incident"]
        ).draft.issue_type
        == "incident"
    )
    assert (
        source_of_mapping(
            {"iid": 1, "title": "T", "issue_type": "Bug", "state": "reopened"}, project="p"
        ).closed
        is False
    )
    assert (
        source_of_mapping(
            {"iid": 1, "title": "T", "project": "x/y", "references": 3}, project=None
        ).external_id
        == "gitlab:x/y#1"
    )


def test_everything_wrong_with_an_issue_is_named() -> None:
    """One error names each field."""
    with pytest.raises(ConfigurationError) as caught:
        source_of_mapping({"iid": True, "title": " ", "description": 3, "labels": "x"}, project=None)
    assert [problem.path for problem in caught.value.problems] == ["iid", "title", "project", "description"]


def test_an_issue_is_read_from_an_event(payloads: Path) -> None:
    """GitLab's issue event carries number, text, labels and what was done."""
    body = json.loads((payloads / "gitlab" / "issue.json").read_text())
    facts = normalise({"x-gitlab-event": "Issue Hook"}, body)
    source = source_of_event(
        event("issue", data=body, **{k: v for k, v in facts.items() if k not in {"type", "source", "time"}})
    )
    assert source is not None
    assert source.external_id == f"gitlab:{facts['project']}#{facts['number']}"
    assert source.draft.labels == ("API",)
    assert source.draft.title == facts["title"]
    assert source_of_event(event("issue")) is None
    of_github = event(
        "issue",
        number=3,
        title="T",
        action="reopened",
        provider="github",
        data={"issue": {"labels": [{"name": "bug"}]}},
    )
    read = source_of_event(of_github)
    assert read is not None
    assert (read.external_id, read.draft.labels, read.closed) == ("github:g/n#3", ("bug",), False)
    bare = source_of_event(event("issue", number=3, title="T", action="closed"))
    assert bare is not None
    assert (bare.draft.labels, bare.closed) == (None, True)


def test_a_push_is_told_to_each_issue_with_its_own_commits() -> None:
    """Commits are gathered by the issues they name."""
    first = commit("PROJ-1 one\n\nmore", "1" * 40, "https://x.test/1")
    second = commit("closes PROJ-1, PROJ-2", "2" * 40, None)
    pushed = event(commits=(first, second), branch="main", actor=Actor(name="Octavia"))
    one, two = mentions_of(pushed, config())
    assert one.key == "PROJ-1"
    assert one.comment(one.items) == (
        "Octavia pushed to main of g/n:\n- [11111111](https://x.test/1) PROJ-1 one\n- 22222222 closes PROJ-1, PROJ-2"
    )
    assert (one.closing, two.closing, len(two.items)) == (True, True, 1)
    assert mentions_of(event(commits=(commit("OTHER-1"),)), config()) == ()
    (anonymous,) = mentions_of(event(commits=(commit("PROJ-1"),)), config())
    assert anonymous.heading == "Somebody pushed to a branch of g/n:"


@pytest.mark.parametrize(
    ("message", "branch", "settings", "expected"),
    [
        ("PROJ-1", "main", {}, None),
        ("PROJ-1", "main", {"transition_id": "21"}, "21"),
        ("PROJ-1", "feature", {"transition_id": "21"}, "21"),
        ("closes PROJ-1", "main", {}, "done"),
        ("closes PROJ-1", "main", {"transition_id": "21"}, "21"),
        ("closes PROJ-1", "main", {"transition_id": "21", "closing_transition": "Released"}, "Released"),
        ("closes PROJ-1", "feature", {}, None),
        ("closes PROJ-1", "feature", {"branches": ["feature"]}, "done"),
    ],
)
def test_where_a_commit_moves_an_issue(
    message: str, branch: str, settings: dict[str, object], expected: str | None
) -> None:
    """Closing words count on the default branch, or on the configured ones; `transition_id` always."""
    pushed = event(commits=(commit(message),), branch=branch, data={"project": {"default_branch": "main"}})
    (mention,) = mentions_of(pushed, config(**settings))
    assert transition_for(mention, config(**settings)) == expected


@pytest.mark.parametrize(
    ("action", "told", "resolved", "to"),
    [
        ("opened", True, False, None),
        ("updated", False, False, None),
        ("merged", True, True, "done"),
        ("closed", True, True, None),
        ("reopened", True, False, None),
    ],
)
def test_a_merge_request_is_told_by_its_state(
    action: str, *, told: bool, resolved: bool, to: str | None
) -> None:
    """Opening, merging, closing and reopening are told; only a merge moves the issue."""
    request = event(
        "merge_request", action=action, number=7, title="Login", text="Closes PROJ-1", branch="PROJ-2-login",
        target_branch="main", url="https://x.test/7", actor=Actor(name="Octavia"),
    )  # fmt: skip
    first, second = mentions_of(request, config())
    assert (first.key, first.closing, second.key, second.closing) == ("PROJ-1", True, "PROJ-2", False)
    assert (first.heading is not None, first.items[0].resolved, transition_for(first, config())) == (
        told,
        resolved,
        to,
    )
    if told:
        assert (
            first.comment(first.items)
            == f"Octavia {action} a merge request of g/n, PROJ-2-login into main:\n[!7 Login](https://x.test/7)"
        )


def test_a_merge_request_without_a_url_is_named() -> None:
    """Where the forge gives no address, title and number stand for it."""
    (mention,) = mentions_of(event("merge_request", action="opened", number=7, title="PROJ-1"), config())
    assert mention.comment(mention.items) == "Somebody opened a merge request of g/n:\n!7 PROJ-1"


def test_a_comment_is_known_again() -> None:
    """A commit by its address anywhere; a merge request's state by the newest comment about it."""
    comments = [{"body": adf("closed [x](https://x.test/7)")}, {"body": adf("opened [x](https://x.test/7)")}]
    said = plain_text(adf("opened [x](https://x.test/7)"))
    assert already_said(comments, "https://x.test/7")
    assert not already_said(comments, "https://x.test/7", said)
    assert already_said(comments[1:], "https://x.test/7", said)
    assert not already_said([{}, {"body": "x"}], "https://x.test/7")
    assert plain_text([{"type": "text", "text": "a", "marks": [3, {"attrs": 4}]}]) == "a"
