"""The records: mappings, JSON, HTML, equality, and what their properties promise."""

from __future__ import annotations

import copy
import html.parser
import json
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, IntEnum
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk import models
from integrations_sdk.codec import load
from integrations_sdk.errors import (
    AuthenticationError,
    BlockedAddressError,
    ConfigurationError,
    ConnectorError,
    DeliveryError,
    RateLimitedError,
)
from integrations_sdk.models import (
    Actor,
    Attachment,
    Build,
    BuildRequest,
    BuildStatus,
    CheckResult,
    Commit,
    CommitStatus,
    Event,
    EventType,
    Field,
    Integration,
    IntegrationState,
    IntegrationType,
    Issue,
    IssueDraft,
    Job,
    Level,
    Link,
    LogEntry,
    Message,
    Metric,
    MetricKind,
    Outcome,
    OutcomeList,
    OutcomeStatus,
    Record,
    RecordList,
    Scope,
    Secret,
    html_table,
    plain,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCRIPT = "<script>alert('x')</script>\"&"


def integration(**given: Any) -> Integration:
    """An integration with these fields."""
    return Integration(
        **{
            "integration_id": "slack-1",
            "integration_type": "slack",
            "name": "Slack 1",
            "tenant_id": "acme",
            "project_id": None,
            "config": {"channel": "#ci", "webhook_url": "••••"},
            "created_at": NOW,
            "updated_at": NOW,
            **given,
        }
    )


def outcome(
    target: str = "slack-1", status: OutcomeStatus = OutcomeStatus.SUCCEEDED, **given: Any
) -> Outcome:
    """An outcome with these fields."""
    return Outcome(**{"target": target, "provider": "slack", "operation": "x", "status": status, **given})


RECORDS: list[Record] = [
    integration(),
    outcome(),
    Actor(name="a"),
    Commit(sha="a", message="b"),
    Job(name="a", status="failed", duration=timedelta(seconds=1)),
    Event(id="1", type="push", source="s", time=NOW),
    Link(label="a", url="b"),
    Field(name="a", value="b"),
    Message(text="x", links=(Link(label="a", url="b"),)),
    IssueDraft(title="x"),
    Issue(reference="P-1", title="x", status="open"),
    BuildRequest(branch="main"),
    Build(reference="1", status=BuildStatus.RUNNING),
    CommitStatus(sha="a", status=BuildStatus.SUCCESS),
    Metric(name="a.b", value=1.5),
    LogEntry(message="x"),
    CheckResult(detail="x"),
]
each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)


def test_models_exports_what_it_lists() -> None:
    """Every name of `__all__` is there."""
    assert all(hasattr(models, name) for name in models.__all__)


# --- plain ----------------------------------------------------------------------------------------


class Colour(Enum):
    """Not a text itself."""

    RED = ("r", 1)


class Number(IntEnum):
    """A number as well."""

    ONE = 1


@attrs.frozen
class Point:
    """An attrs class that is no record."""

    x: int
    secret: Secret


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (1.5, 1.5),
        ("x", "x"),
        (Secret("canary"), "••••"),
        (Secret(""), "••••"),
        (NOW, "2026-01-02T03:04:05Z"),
        (NOW.replace(microsecond=5), "2026-01-02T03:04:05.000005Z"),
        (NOW.astimezone(timezone(timedelta(hours=5))), "2026-01-02T03:04:05Z"),
        (NOW.replace(tzinfo=None), "2026-01-02T03:04:05Z"),
        (timedelta(minutes=1, milliseconds=500), 60.5),
        (Level.ERROR, "error"),
        (Number.ONE, 1),
        (Colour.RED, ["r", 1]),
        ((1, [2, {"a": (3,)}]), [1, [2, {"a": [3]}]]),
        ({5}, [5]),
        (frozenset({5}), [5]),
        ({1: NOW}, {"1": "2026-01-02T03:04:05Z"}),
        (Point(1, Secret("canary")), {"x": 1, "secret": "••••"}),
        (Link(label="a", url="b"), {"label": "a", "url": "b"}),
        ([Message(text="x", links=(Link(label="a", url="b"),))][0]["links"], [{"label": "a", "url": "b"}]),
    ],
)
def test_plain_is_the_json_form(value: object, expected: object) -> None:
    """UTC times, seconds, values of enumerations, lists, and dots for secrets, of exactly JSON's types."""
    found = plain(value)
    assert found == expected
    assert json.loads(json.dumps(found)) == found
    assert type(found) is type(expected)


@pytest.mark.parametrize("value", [object(), b"bytes", {"a": [object()]}, Actor, 1j])
def test_what_has_no_json_form_is_a_type_error(value: object) -> None:
    """Anything else is refused by its type's name, wherever it is."""
    with pytest.raises(TypeError, match="has no JSON form"):
        plain(value)


# --- the mapping ----------------------------------------------------------------------------------


@each_record
def test_records_are_mappings(record: Record) -> None:
    """Keys are the fields, values their JSON form; the whole protocol of a mapping holds."""
    assert isinstance(record, Mapping)
    assert list(record) == [field.name for field in attrs.fields(type(record))]
    assert len(record) == len(list(record))
    assert dict(record) == plain(record) == {name: plain(getattr(record, name)) for name in record}
    assert {**record} == dict(record.items())
    assert json.loads(json.dumps(dict(record))) == dict(record)
    assert all(name in record for name in record)
    assert "no such field" not in record
    assert record.get("no such field", "default") == "default"


@pytest.mark.parametrize("key", ["no such field", "summary", "__class__", "_repr_html_", 5, None])
def test_only_fields_are_keys(key: Any) -> None:
    """Methods, properties and anything else are no keys."""
    record = Message(text="x")
    with pytest.raises(KeyError):
        record[key]
    assert key not in record


def test_items_are_json_while_attributes_are_typed() -> None:
    """`record.created_at` is a time, `record["created_at"]` its text."""
    record = integration(state=IntegrationState.DISABLED)
    assert record.created_at is NOW
    assert record["created_at"] == "2026-01-02T03:04:05Z"
    assert record.state is IntegrationState.DISABLED
    assert record["state"] == "disabled"
    assert type(record["state"]) is str


@each_record
def test_records_are_frozen_values(record: Record) -> None:
    """They cannot be changed, take no stray attributes, and survive copying and pickling as equals."""
    name = next(iter(record))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(record, name, "x")
    with pytest.raises((AttributeError, attrs.exceptions.FrozenInstanceError)):
        record.stray = 1  # wrong on purpose
    for other in (
        copy.copy(record),
        copy.deepcopy(record),
        pickle.loads(pickle.dumps(record)),
        attrs.evolve(record),
    ):
        assert other == record
        assert type(other) is type(record)


@each_record
def test_records_take_keywords_only(record: Record) -> None:
    """Positional arguments are refused: fields may be reordered."""
    with pytest.raises(TypeError):
        type(record)("x")  # wrong on purpose


def test_records_of_different_kinds_are_never_equal() -> None:
    """Equality compares kind and fields, not the mapping."""
    assert Link(label="a", url="b") == Link(label="a", url="b")
    assert Link(label="a", url="b") != {"label": "a", "url": "b"}
    assert hash(Link(label="a", url="b")) == hash(Link(label="a", url="b"))


# --- HTML -----------------------------------------------------------------------------------------


class Reader(html.parser.HTMLParser):
    """Reads tags and text back."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append(tag)
        assert not attributes

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.texts.append(data)


@given(cell=st.text(), title=st.text(), caption=st.text())
def test_html_is_escaped_everywhere(cell: str, title: str, caption: str) -> None:
    """Whatever is in a cell, a title or the caption, the table has no tag but its own."""
    reader = Reader(html_table([[cell]], header=[title], caption=caption))
    assert set(reader.tags) <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_html_table() -> None:
    """Caption and header only where given; None is an empty cell; lists and mappings are written out."""
    assert html_table([]) == "<table><tbody></tbody></table>"
    assert html_table([[None, 5, True, ["a", None, "b"], {"k": [1, 2]}]], header=["a<b"], caption="c&d") == (
        "<table><caption>c&amp;d</caption><thead><tr><th>a&lt;b</th></tr></thead>"
        "<tbody><tr><td></td><td>5</td><td>True</td><td>a, , b</td><td>k: 1, 2</td></tr></tbody></table>"
    )


def test_records_show_as_escaped_tables() -> None:
    """Jupyter's view of a record, and of a list of them, has every field and runs nothing."""
    record = integration(name=SCRIPT, config={SCRIPT: [SCRIPT]})
    for shown in (
        record._repr_html_(),
        RecordList([record])._repr_html_(),
        OutcomeList([outcome(detail=SCRIPT)])._repr_html_(),
    ):
        assert "<script" not in shown
        assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&quot;&amp;" in shown
    assert Reader(record._repr_html_()).texts[:3] == ["Integration", "integration_id", "slack-1"]


def test_a_list_of_records_is_one_row_each() -> None:
    """The fields are the columns; an empty list says so; it stays an ordinary list."""
    records = RecordList([Link(label="a", url="b"), Link(label="c", url="d")])
    assert Reader(records._repr_html_()).texts == ["label", "url", "a", "b", "c", "d"]
    assert RecordList()._repr_html_() == "<p>none</p>"
    assert records == [Link(label="a", url="b"), Link(label="c", url="d")]


def test_a_list_shows_an_overview_where_the_record_has_one() -> None:
    """Outcomes leave out what is of use only for one of them; the record itself shows every field."""
    one = outcome(detail="created", data={"key": "a lot"})
    listed, alone = (Reader(shown._repr_html_()).texts for shown in (OutcomeList([one]), one))
    assert listed[: len(Outcome.overview)] == list(Outcome.overview)
    assert "created" in listed
    assert "data" not in listed
    assert set(one) <= set(alone)


# --- outcomes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "truth"), [("succeeded", True), ("failed", False), ("skipped", False)])
def test_an_outcome_is_true_when_it_succeeded(status: str, truth: bool) -> None:
    """Only success is true, however many fields there are."""
    assert bool(outcome(status=OutcomeStatus(status))) is truth


def test_outcome_of_an_error_keeps_all_it_says() -> None:
    """Status, request id, attempts, what to do, and the whole text."""
    error = RateLimitedError(
        "slow down", provider="slack", operation="chat.postMessage", integration_id="slack-1",
        status=429, request_id="r-1", attempts=3, retry_after=timedelta(seconds=5),
    )  # fmt: skip
    found = Outcome.from_error(error, target="slack-1", provider="p", operation="o")
    assert found == Outcome(
        target="slack-1", provider="slack", operation="chat.postMessage", status=OutcomeStatus.FAILED, attempts=3,
        http_status=429, request_id="r-1", error=str(error), retryable=True, retry_after=timedelta(seconds=5),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "retryable", "needs_reauth"),
    [
        (AuthenticationError("x"), False, True),
        (BlockedAddressError("x"), False, False),
        (ConnectorError("x"), False, False),
    ],
)
def test_outcome_of_an_error_that_knows_little(
    error: ConnectorError, retryable: bool, needs_reauth: bool
) -> None:
    """Provider and operation are filled in; what to do follows from the kind of error."""
    found = Outcome.from_error(error, target="t", provider="p", operation="o")
    assert (found.provider, found.operation, found.attempts, found.error) == ("p", "o", 0, "x")
    assert (found.retryable, found.needs_reauth) == (retryable, needs_reauth)
    assert found.status is OutcomeStatus.FAILED


def test_outcome_lists_sort_out_what_failed() -> None:
    """Failures and successes come in order; what was skipped is neither."""
    good, bad, skipped = (
        outcome("a"),
        outcome("b", OutcomeStatus.FAILED, error="no"),
        outcome("c", OutcomeStatus.SKIPPED),
    )
    outcomes = OutcomeList([good, bad, skipped])
    assert outcomes.successes == [good]
    assert outcomes.failures == [bad]
    assert isinstance(outcomes.failures, OutcomeList)
    assert isinstance(outcomes.successes, OutcomeList)
    assert OutcomeList() == []


def test_raise_for_failures_names_each() -> None:
    """Without a failure the list comes back; with some, one error names every target and its reason."""
    fine = OutcomeList([outcome("a"), outcome("c", OutcomeStatus.SKIPPED)])
    assert fine.raise_for_failures() is fine
    failed = OutcomeList(
        [outcome("a"), *(outcome(name, OutcomeStatus.FAILED, error=f"no {name}") for name in "bc")]
    )
    with pytest.raises(DeliveryError) as caught:
        failed.raise_for_failures()
    assert str(caught.value) == "2 of 3 targets failed\n  b: no b\n  c: no c"


# --- the others -----------------------------------------------------------------------------------


def test_an_integration_names_its_provider() -> None:
    """`provider` is the design's word for `integration_type`; it is no key."""
    assert integration().provider == "slack"
    assert "provider" not in integration()


def test_scope_sees_the_default_tenant() -> None:
    """Nothing said: the default tenant, all projects, gitlab.com."""
    assert Scope() == Scope(tenant_id="default", project_id=None, gitlab_url="https://gitlab.com")


def test_words_of_the_library_are_texts() -> None:
    """Types and states compare as the texts they stand for, so a third party's provider is just another text."""
    assert IntegrationType.SLACK == "slack"
    assert [event.value for event in EventType] == [
        "push", "merge_request", "pipeline", "issue", "deployment", "tag_push", "wiki_page", "release",
    ]  # fmt: skip
    assert f"{MetricKind.GAUGE}" == "gauge"


@pytest.mark.parametrize(
    ("message", "title"),
    [("one", "one"), ("one\n\ntwo", "one"), ("\n  one\ntwo", "one"), ("", ""), ("\n", "")],
)
def test_a_commits_title_is_its_first_line(message: str, title: str) -> None:
    """Leading white space does not count."""
    assert Commit(sha="a", message=message).title == title


@pytest.mark.parametrize(
    ("status", "failed"), [("failed", True), ("success", False), (None, False), ("FAILED", False)]
)
def test_an_event_knows_whether_it_reports_a_failure(status: str | None, failed: bool) -> None:
    """Only the normalised word counts."""
    assert Event(id="1", type="pipeline", source="s", time=NOW, status=status).failed is failed


def test_failed_jobs_are_those_that_failed() -> None:
    """In their order, and no others."""
    jobs = tuple(
        Job(name=name, status=status) for name, status in (("a", "failed"), ("b", "success"), ("c", "failed"))
    )
    event = Event(id="1", type="pipeline", source="s", time=NOW, jobs=jobs)
    assert [job.name for job in event.failed_jobs] == ["a", "c"]


@pytest.mark.parametrize(
    ("message", "summary"),
    [
        (Message(title="t", text="x\ny"), "t"),
        (Message(text="x\ny"), "x"),
        (Message(), ""),
    ],
)
def test_a_messages_summary_is_one_line(message: Message, summary: str) -> None:
    """The title, else the first line of the text."""
    assert message.summary == summary


def test_every_level_has_a_colour_of_its_own() -> None:
    """As `#rrggbb`, each another."""
    colours = [level.colour for level in Level]
    assert len(set(colours)) == len(Level)
    assert all(len(colour) == 7 and int(colour[1:], 16) >= 0 and colour[0] == "#" for colour in colours)


def test_records_do_not_share_what_can_be_changed() -> None:
    """Defaults that could be changed are made anew for each record."""
    for first, second in ((outcome(), outcome()), (Metric(name="a", value=1), Metric(name="a", value=1))):
        for field in attrs.fields(type(first)):
            value = getattr(first, field.name)
            assert not isinstance(value, dict) or value is not getattr(second, field.name)


def test_an_attachment_is_bytes_and_has_a_json_form() -> None:
    """Content goes in and out as bytes; the record holds base64, and shows it to nobody."""
    made = Attachment.of("report.csv", b"a;b\x00")
    assert (made.content, made.media_type) == (b"a;b\x00", "text/csv")
    assert json.loads(json.dumps(dict(made))) == {
        "name": "report.csv",
        "data": "YTtiAA==",
        "media_type": "text/csv",
    }
    assert "YTti" not in repr(made)
    assert Attachment.of("x", b"").media_type == "application/octet-stream"
    given = {"text": "t", "attachments": [{"name": "a", "data": "!"}, {"name": "b", "data": "YTtiAA=="}]}
    with pytest.raises(ConfigurationError, match=r"attachments\[0\]\.data: expected content in base64"):
        load(Message, given, subject="message")
