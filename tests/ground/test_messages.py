"""Messages that a person wants to read: a table of what is said of which event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.messages import humanise, message_for
from integrations_sdk.models import Actor, Commit, Event, Job, Level

HOME = "https://gitlab.example.com/shop/web"
BOT = Actor(name="Release Bot", username="release-bot")


def _event(kind: str, **fields: Any) -> Event:
    known = {"project": "shop/web", "project_url": HOME, "actor": BOT, "provider": "gitlab", **fields}
    return Event(id="1", type=kind, source=HOME, time=datetime(2026, 3, 1, tzinfo=UTC), **known)


def _commits(count: int) -> tuple[Commit, ...]:
    return tuple(
        Commit(sha=f"{n:08x}" + "e" * 32, message=f"Change {n}\n\nWhy.", author=BOT)
        for n in range(1, count + 1)
    )


def _jobs(count: int) -> tuple[Job, ...]:
    failed = (
        Job(name=f"unit {n}", status="failed", stage="test", url=f"{HOME}/-/jobs/{n}")
        for n in range(1, count + 1)
    )
    return (Job(name="lint", status="warning"), *failed, Job(name="image", status="success"))


# event type, fields → title, text, level
GOLDEN: list[tuple[str, dict[str, Any], str, str, Level]] = [
    ("push", {"branch": "main", "commits": _commits(1), "commit_count": 1},
     "1 commit pushed to main", "00000001 Change 1 (Release Bot)", Level.INFO),
    ("push", {"branch": "main", "commits": _commits(2), "commit_count": 2},
     "2 commits pushed to main",
     "00000002 Change 2 (Release Bot)\n00000001 Change 1 (Release Bot)", Level.INFO),
    ("push", {"branch": "main", "commits": _commits(8), "commit_count": 12},
     "12 commits pushed to main",
     "\n".join([*(f"0000000{n} Change {n} (Release Bot)" for n in (8, 7, 6, 5, 4)), "and 7 more"]), Level.INFO),
    ("push", {"branch": "main"}, "main updated", "", Level.INFO),
    ("push", {}, "the repository updated", "", Level.INFO),
    ("push", {"branch": "login", "action": "created"}, "Branch login created", "", Level.INFO),
    ("push", {"branch": "login", "action": "created", "commit_count": 2},
     "Branch login created with 2 commits", "", Level.INFO),
    ("push", {"branch": "login", "action": "deleted"}, "Branch login deleted", "", Level.INFO),
    ("tag_push", {"tag": "v1", "action": "created", "text": "Spring release"},
     "Tag v1 created", "Spring release", Level.INFO),
    ("tag_push", {"tag": "v1", "action": "deleted"}, "Tag v1 deleted", "", Level.INFO),
    ("tag_push", {}, "Tag of the repository pushed", "", Level.INFO),
    ("merge_request", {"number": 7, "action": "opened", "title": "Add login", "text": "Lets people in."},
     "Merge request !7 opened: Add login", "Lets people in.", Level.INFO),
    ("merge_request", {"number": 7, "action": "updated", "title": "Add login", "text": "Lets people in."},
     "Merge request !7 updated: Add login", "", Level.INFO),
    ("merge_request", {"number": 7, "action": "merged", "title": "Add login"},
     "Merge request !7 merged: Add login", "", Level.SUCCESS),
    ("merge_request", {"number": 7, "action": "approved", "title": "Add login"},
     "Merge request !7 approved: Add login", "", Level.SUCCESS),
    ("merge_request", {"number": 7, "action": "closed", "title": "Add login"},
     "Merge request !7 closed: Add login", "", Level.WARNING),
    ("merge_request", {"number": 2, "action": "opened", "title": "Add login", "provider": "github"},
     "Pull request #2 opened: Add login", "", Level.INFO),
    ("merge_request", {}, "Merge request", "", Level.INFO),
    ("pipeline", {"number": 31, "status": "failed", "branch": "main", "title": "Fix total <b>"},
     "Pipeline #31 failed on main", "Fix total <b>", Level.ERROR),
    ("pipeline", {"number": 31, "status": "success", "tag": "v1"}, "Pipeline #31 passed on tag v1", "", Level.SUCCESS),
    ("pipeline", {"number": 31, "status": "canceled", "branch": "main"},
     "Pipeline #31 was canceled on main", "", Level.WARNING),
    ("pipeline", {"number": 31, "status": "skipped"}, "Pipeline #31 was skipped", "", Level.INFO),
    ("pipeline", {"number": 31, "status": "running", "branch": "main"},
     "Pipeline #31 is running on main", "", Level.INFO),
    ("pipeline", {"number": 31, "status": "pending"}, "Pipeline #31 is pending", "", Level.INFO),
    ("pipeline", {"status": "success"}, "Pipeline passed", "", Level.SUCCESS),
    ("pipeline", {"status": "paused"}, "Pipeline is paused", "", Level.INFO),
    ("pipeline", {}, "Pipeline changed", "", Level.INFO),
    ("issue", {"number": 23, "action": "opened", "title": "Cart is empty", "text": "Steps."},
     "Issue #23 opened: Cart is empty", "Steps.", Level.INFO),
    ("issue", {"number": 23, "action": "closed", "title": "Cart is empty", "text": "Steps."},
     "Issue #23 closed: Cart is empty", "", Level.INFO),
    ("issue", {"number": 41, "subject": "issues/SHOP-41", "action": "opened", "title": "Cart", "provider": "jira"},
     "Issue SHOP-41 opened: Cart", "", Level.INFO),
    ("confidential_issue", {"number": 23, "action": "opened", "title": "Leak"},
     "Confidential: Issue #23 opened: Leak", "", Level.INFO),
    ("deployment", {"environment": "staging", "status": "success", "title": "Fix total"},
     "Deployment to staging succeeded", "Fix total", Level.SUCCESS),
    ("deployment", {"environment": "staging", "status": "failed", "text": "No capacity"},
     "Deployment to staging failed", "No capacity", Level.ERROR),
    ("deployment", {"environment": "staging", "status": "running"}, "Deployment to staging started", "", Level.INFO),
    ("deployment", {"status": "inactive"}, "Deployment is inactive", "", Level.INFO),
    ("deployment", {"action": "created"}, "Deployment created", "", Level.INFO),
    ("wiki_page", {"title": "Runbook", "action": "created", "text": "Add runbook"},
     'Wiki page "Runbook" created', "Add runbook", Level.INFO),
    ("wiki_page", {}, "Wiki page changed", "", Level.INFO),
    ("release", {"title": "Spring", "tag": "v1.2.0", "action": "created", "text": "What is new"},
     "Release Spring (v1.2.0) created", "What is new", Level.SUCCESS),
    ("release", {"title": "Version v1.2.0", "tag": "v1.2.0", "action": "updated", "text": "What is new"},
     "Release Version v1.2.0 updated", "", Level.INFO),
    ("release", {"tag": "v1.2.0", "action": "deleted"}, "Release v1.2.0 deleted", "", Level.INFO),
    ("feature_flag", {"title": "new-cart", "text": "The new cart", "action": "updated"},
     "Feature flag updated: new-cart", "The new cart", Level.INFO),
    ("workflow_job", {"title": "unit", "status": "failed"}, "Workflow job failed: unit", "", Level.ERROR),
    ("contact.created", {"title": "Anna", "action": "created"}, "Contact created: Anna", "", Level.INFO),
    ("member_added", {"action": "member_added"}, "Member added member added", "", Level.INFO),
    ("...", {}, "Event", "", Level.INFO),
    ("\x1b\u202e", {}, "Event", "", Level.INFO),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "fields", "title", "text", "level"), GOLDEN, ids=[f"{row[0]}: {row[2]}" for row in GOLDEN]
)
def test_says_what_happened(kind: str, fields: dict[str, Any], title: str, text: str, level: Level) -> None:
    """Title, text and colour are what one would say of the event."""
    message = message_for(_event(kind, **fields))
    assert (message.title, message.text, message.level) == (title, text, level)


def test_says_who_and_where() -> None:
    """Author, project, branches and the links that lead on are given."""
    url = f"{HOME}/-/merge_requests/7"
    message = message_for(_event("merge_request", number=7, branch="login", target_branch="main", url=url))
    assert (message.author, message.footer, message.url) == ("Release Bot", "shop/web", url)
    assert [(field.name, field.value) for field in message.fields] == [("Branch", "login → main")]
    assert [(link.label, link.url) for link in message.links] == [("Merge request", url), ("Project", HOME)]


def test_says_what_is_unknown_by_silence() -> None:
    """Without actor, project and URLs nothing is made up."""
    message = message_for(_event("pipeline", status="failed", actor=None, project=None, project_url=None))
    assert (message.author, message.footer, message.url) == (None, None, None)
    assert (message.fields, message.links) == ((), ())


def test_push_links_to_the_comparison() -> None:
    """A push leads to what changed; the deletion of a branch, to the project."""
    compare = f"{HOME}/-/compare/a...b"
    assert message_for(_event("push", branch="x", url=compare)).links[0].label == "Compare"
    assert message_for(_event("push", branch="x", url=f"{HOME}/-/tree/x")).links[0].label == "Commits"
    assert message_for(_event("push", branch="x", action="deleted", url=compare)).url == HOME


def test_failed_jobs_are_named_and_linked() -> None:
    """The jobs that broke the pipeline are listed with their stage and page, and how long it took."""
    message = message_for(
        _event("pipeline", status="failed", jobs=_jobs(1), sha="b2" * 20, duration=timedelta(seconds=63))
    )
    assert [(field.name, field.value, field.url) for field in message.fields] == [
        ("Commit", "b2b2b2b2", None),
        ("Duration", "1 min 3 s", None),
        ("Failed job", "unit 1 (test)", f"{HOME}/-/jobs/1"),
    ]


@pytest.mark.parametrize(
    ("kind", "fields", "key"),
    [
        ("pipeline", {"branch": "main", "number": 31}, "gitlab:shop/web:pipeline:main"),
        ("pipeline", {"tag": "v1", "number": 32}, "gitlab:shop/web:pipeline:v1"),
        (
            "deployment",
            {"environment": "production", "branch": "main"},
            "gitlab:shop/web:deployment:production",
        ),
        ("issue", {"number": 7}, "gitlab:shop/web:issue:7"),
        ("acme.alert", {"subject": "db-1", "project": None}, f"gitlab:{HOME}:acme.alert:db-1"),
        ("pipeline", {"number": 33}, None),
        ("push", {"branch": "main"}, None),
    ],
)
def test_what_it_is_about(kind: str, fields: dict[str, Any], key: str | None) -> None:
    """The key is that of the branch, environment or number, so that good news find the bad ones before."""
    assert message_for(_event(kind, **fields)).key == key


def test_lists_are_bounded() -> None:
    """Of many failed jobs five are named and the others counted."""
    fields = message_for(_event("pipeline", status="failed", jobs=_jobs(12))).fields
    assert [field.name for field in fields] == ["Failed job"] * 5 + ["Failed jobs"]
    assert fields[-1].value == "and 7 more"


@pytest.mark.parametrize(
    ("data", "label", "url"),
    [
        (
            {"merge_request": {"url": f"{HOME}/-/merge_requests/7"}},
            "Merge request",
            f"{HOME}/-/merge_requests/7",
        ),
        ({"workflow_run": {"pull_requests": [{"number": 2}]}}, "Merge request", f"{HOME}/pull/2"),
        ({"check_run": {"pull_requests": [{"number": 2}]}}, "Merge request", f"{HOME}/pull/2"),
        ({"workflow_run": {"pull_requests": ["odd"]}}, "Project", HOME),
        ({"merge_request": {"url": "javascript:alert(1)"}}, "Project", HOME),
    ],
)
def test_a_pipeline_links_to_its_merge_request(data: dict[str, Any], label: str, url: str) -> None:
    """GitLab gives the merge request's page, GitHub its number; anything else is no link."""
    link = message_for(_event("pipeline", status="failed", data=data)).links[0]
    assert (link.label, link.url) == (label, url)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://x", "https://a b", "https://", "file:///etc/passwd"]
)
def test_leads_nowhere_dangerous(url: str) -> None:
    """Only http and https URLs are linked; another gives way to the project's."""
    message = message_for(_event("issue", url=url, project_url=None))
    assert (message.url, message.links) == (None, ())
    assert message_for(_event("issue", url=url)).url == HOME


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<!-- How to -->\n\n\n\nReal *text* <b>\n\n\n\nEnd", "Real *text* <b>\n\nEnd"),
        ("Cut <!-- never closed", "Cut"),
        ("tab\tand\x00null\r\nnext", "tab and null\nnext"),
        ("x" * 600, "x" * 499 + "…"),
        ("\u202eevil", "evil"),
    ],
)
def test_descriptions_are_short_and_plain(text: str, shown: str) -> None:
    """Templates' comments, control characters and reversed text are left out, and what is long is cut."""
    assert message_for(_event("issue", text=text)).text == shown


def test_titles_are_one_short_line() -> None:
    """However long or broken the names are, the title is one line of at most 200 characters."""
    message = message_for(_event("issue", title="two\nlines\u2028and\x00more " + "x" * 500, number=1))
    assert message.title.startswith("Issue #1: two lines and more xxx")
    assert message.title.endswith("…")
    assert len(message_for(_event("push", branch="b" * 100_000)).title) == 200


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"), (0.4, "0.4 s"), (1, "1 s"), (59.6, "1 min"), (60, "1 min"), (63, "1 min 3 s"),
        (3600, "1 h"), (3605, "1 h"), (7500, "2 h 5 min"), (86400, "1 d"), (100_000, "1 d 3 h"),
        (-5, "0.0 s"),
    ],
)  # fmt: skip
def test_durations_are_humanised(seconds: float, said: str) -> None:
    """Two units at most, and none that is zero."""
    assert humanise(timedelta(seconds=seconds)) == said


WORDS = st.none() | st.text(max_size=30)


@given(
    kind=st.sampled_from([row[0] for row in GOLDEN]) | st.text(min_size=1, max_size=30),
    fields=st.fixed_dictionaries(
        dict.fromkeys(
            ("action", "status", "title", "text", "url", "branch", "target_branch", "tag", "sha", "subject"),
            WORDS,
        )
    ),
    number=st.none() | st.integers(),
    jobs=st.lists(
        st.builds(Job, name=st.text(max_size=9), status=st.just("failed"), stage=WORDS, url=WORDS), max_size=8
    ),
    commits=st.lists(st.builds(Commit, sha=st.text(max_size=9), message=st.text(max_size=30)), max_size=8),
    name=st.text(max_size=9),
)
def test_any_event_can_be_told(
    kind: str, fields: dict[str, Any], number: int | None, jobs: list[Job], commits: list[Commit], name: str
) -> None:
    """Whatever an event holds, there is a bounded one-line title and no dangerous link."""
    event = _event(
        kind, number=number, jobs=tuple(jobs), commits=tuple(commits), actor=Actor(name=name), **fields
    )
    message = message_for(event)
    assert 0 < len(message.title) <= 200
    assert len(message.title.splitlines()) == 1
    assert all(link.url.startswith(("http://", "https://")) for link in message.links)
