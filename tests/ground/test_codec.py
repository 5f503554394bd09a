"""The edge: what people write is read strictly, and what was stored comes back as it was."""

from __future__ import annotations

import contextlib
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.codec import closest, load, parse_time, restore
from integrations_sdk.connectors.config import not_empty, one_of, setting, settings
from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.models import (
    Actor,
    Build,
    BuildStatus,
    CheckResult,
    Commit,
    CommitStatus,
    Event,
    Integration,
    IntegrationState,
    Issue,
    IssueDraft,
    Job,
    JsonValue,
    Level,
    Link,
    LogEntry,
    Message,
    Metric,
    MetricKind,
    Outcome,
    OutcomeStatus,
    Record,
    Secret,
    plain,
)


@settings
class Nested:
    """A group of settings."""

    label: str = setting("What it is called.")
    size: int = setting("How large.", default=1, also=("length",))


@settings
class Everything:
    """One setting of each type."""

    name: str = setting("What it is called.")
    token: Secret = setting("The key to it.", also=("api_token", "password"))
    count: int = setting("How many.", default=1)
    ratio: float = setting("How much.", default=0.5)
    enabled: bool = setting("Whether.", default=True)
    timeout: timedelta = setting("How long.", default=timedelta(seconds=5))
    since: datetime | None = setting("From when.", default=None)
    level: Level = setting("How bad.", default=Level.INFO)
    events: tuple[str, ...] = setting("Which.", default=(), validate=not_empty)
    limits: Mapping[str, int] = setting("Limits.", factory=dict)
    extra: dict[str, JsonValue] = setting("Anything.", factory=dict)
    maybe: dict[str, JsonValue] | None = setting("Anything, or not.", default=None)
    nested: Nested | None = setting("A group.", default=None)
    groups: tuple[Nested, ...] = setting("Groups.", default=())
    mode: str = setting("One of two.", default="a", validate=one_of("a", "b"))
    size: int | str | None = setting("A number or a word.", default=None)


GOOD: dict[str, Any] = {"name": "x", "token": "s3cr3t"}


def problems(**given: object) -> dict[str, str]:
    """What is wrong with these fields beside good ones, by path."""
    with pytest.raises(ConfigurationError) as caught:
        load(Everything, {**GOOD, **given}, subject="test configuration")
    assert caught.value.subject == "test configuration"
    return {problem.path: problem.wrong for problem in caught.value.problems}


# --- load: what is right ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ("name", "text", "text"),
        ("count", 5, 5),
        ("count", -5, -5),
        ("ratio", 5, 5.0),
        ("ratio", 0.25, 0.25),
        ("enabled", False, False),
        ("timeout", 1.5, timedelta(seconds=1.5)),
        ("timeout", timedelta(hours=1), timedelta(hours=1)),
        ("since", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("since", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (
            "since",
            datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            datetime(2025, 12, 31, 22, tzinfo=UTC),
        ),
        ("since", datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),  # taken as UTC
        ("level", "warning", Level.WARNING),
        ("level", Level.ERROR, Level.ERROR),
        ("events", ["push", "tag"], ("push", "tag")),
        ("events", ("push",), ("push",)),
        ("events", {"push"}, ("push",)),
        ("events", [], ()),
        ("limits", {"a": 1, ".b": 2}, {"a": 1, ".b": 2}),
        ("extra", {"a": [1, {"b": None}], "": ""}, {"a": [1, {"b": None}], "": ""}),
        ("maybe", {"a": 1}, {"a": 1}),
        ("nested", {"label": "n", "length": 3}, Nested(label="n", size=3)),
        ("nested", Nested(label="n"), Nested(label="n")),
        ("groups", [{"label": "a"}, Nested(label="b")], (Nested(label="a"), Nested(label="b"))),
        ("mode", "b", "b"),
        ("size", 3, 3),
        ("size", "large", "large"),
        ("since", None, None),
        ("count", None, 1),
    ],
)
def test_values_are_converted(field: str, given: object, expected: object) -> None:
    """Each type takes its JSON form and its own values; None is the default."""
    found = getattr(load(Everything, {**GOOD, field: given}, subject="x"), field)
    assert found == expected
    assert type(found) is type(expected)


def test_enumerations_are_members() -> None:
    """A word becomes the member itself, not a text that merely equals it."""
    assert load(Everything, {**GOOD, "level": "error"}, subject="x").level is Level.ERROR


def test_secrets_come_as_text_or_secret() -> None:
    """Text is wrapped, a `Secret` stays what it is."""
    secret = Secret("x")
    assert load(Everything, GOOD, subject="x").token == Secret("s3cr3t")
    assert load(Everything, {**GOOD, "token": secret}, subject="x").token is secret


@pytest.mark.parametrize("alias", ["token", "api_token", "password"])
def test_other_names_are_accepted(alias: str) -> None:
    """A field may have other names."""
    assert load(Everything, {"name": "x", alias: "v"}, subject="x").token == Secret("v")


# --- load: what is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "bad", "expected"),
    [
        ("name", "", "some text"),
        ("name", 5, "some text"),
        ("name", b"x", "some text"),
        ("name", ["x"], "some text"),
        ("token", "", "some text, or a reference such as env:NAME"),
        ("token", 5, "some text, or a reference such as env:NAME"),
        ("count", "5", "a whole number"),
        ("count", 5.0, "a whole number"),
        ("count", True, "a whole number"),
        ("ratio", "0.5", "a number"),
        ("ratio", True, "a number"),
        ("ratio", math.nan, "a number"),
        ("ratio", 10**400, "a number"),
        ("enabled", "true", "true or false"),
        ("enabled", 1, "true or false"),
        ("timeout", "5", "a number of seconds"),
        ("timeout", 1e300, "a number of seconds"),
        ("timeout", math.inf, "a number of seconds"),
        ("since", "yesterday", "a time such as 2026-01-01T00:00:00Z"),
        ("since", 5, "a time such as 2026-01-01T00:00:00Z"),
        ("since", "0001-01-01T00:00:00+14:00", "a time such as 2026-01-01T00:00:00Z"),
        ("level", "terrible", "one of info, success, warning, error"),
        ("level", [], "one of info, success, warning, error"),
        ("events", "push", "a list, each item some text"),
        ("events", {"push": 1}, "a list, each item some text"),
        ("events", 5, "a list, each item some text"),
        ("limits", ["a"], "a mapping, each value a whole number"),
        ("extra", [1], "a mapping, each value any JSON value"),
        ("maybe", 5, "a mapping, each value any JSON value"),
        ("nested", 5, "a mapping of label, size"),
        ("nested", [("label", "x")], "a mapping of label, size"),
        ("mode", "c", "one of a, b"),
        ("size", 1.5, "a whole number or some text"),
    ],
)
def test_wrong_values_say_what_was_expected(field: str, bad: object, expected: str) -> None:
    """Each wrong value is named by its field and what was expected; nothing is coerced."""
    assert problems(**{field: bad}) == {field: f"expected {expected}"}


def test_elements_have_paths_of_their_own() -> None:
    """Inside lists, mappings and groups every wrong element is named by its own path."""
    found = problems(
        events=["push", 5, "", " "],
        limits={"a": "x", "b": 1, "c": True},
        extra={"a": object(), "b": {1: 2}},
        groups=[{"label": ""}, 5, {"lable": "x"}],
        nested={"label": "x", "size": "large"},
    )
    assert found == {
        "events[1]": "expected some text",
        "events[2]": "expected some text",
        "limits.a": "expected a whole number",
        "limits.c": "expected a whole number",
        "extra.a": "expected any JSON value",
        "extra.b": "expected any JSON value",
        "groups[0].label": "expected some text",
        "groups[1]": "expected a mapping of label, size",
        "groups[2].lable": "unknown field",
        "groups[2].label": "missing; expected some text",
        "nested.size": "expected a whole number",
    }
    assert problems(events=["push", " ", "a\nb"]) == {
        "events[1]": "expected some text",
        "events[2]": "expected text without line breaks",
    }


def test_everything_wrong_is_in_one_error() -> None:
    """Unknown, missing, wrong and doubled fields are all reported together, each with what to do."""
    with pytest.raises(ConfigurationError) as caught:
        load(
            Everything,
            {"token": "a", "password": "b", "cuont": 1, "zzz": 1, "count": "x"},
            subject="slack configuration",
        )

    assert str(caught.value).startswith("slack configuration: 5 problems\n")
    assert set(caught.value.problems) == {
        Problem("password", "the same as `token`", "give it once"),
        Problem("cuont", "unknown field", "did you mean `count`?"),
        Problem("zzz", "unknown field", closest("zzz", attrs.fields_dict(Everything))),
        Problem("count", "expected a whole number"),
        Problem("name", "missing; expected some text", "add it: What it is called"),
    }


@pytest.mark.parametrize("missing", [{}, {"name": None}])
def test_missing_fields_say_what_they_are_for(missing: dict[str, object]) -> None:
    """None is the same as leaving a field out; a required one is then missing."""
    with pytest.raises(ConfigurationError) as caught:
        load(Everything, missing, subject="x")
    assert [problem.path for problem in caught.value.problems] == ["name", "token"]


def test_a_field_without_a_sentence_is_missing_all_the_same() -> None:
    """Records have no documentation per field: the remedy is then just to add it."""
    with pytest.raises(ConfigurationError, match=r"url: missing; expected some text \(add it\)"):
        load(Link, {"label": "x"}, subject="x")


def test_an_optional_type_is_named_by_what_it_can_be() -> None:
    """A required field that may be None is described by its other type."""
    with pytest.raises(ConfigurationError, match="project_id: missing; expected some text"):
        load(Integration, {}, subject="x")


@pytest.mark.parametrize("given", [None, [], "text", 5, [("name", "x")]])
def test_what_is_no_mapping_is_refused(given: object) -> None:
    """Whatever else is passed in place of a mapping is one named error."""
    with pytest.raises(ConfigurationError, match="expected a mapping of field names to values"):
        load(Everything, given, subject="x")  # wrong on purpose


def test_field_names_need_not_be_text() -> None:
    """A key that is no text is an unknown field."""
    with pytest.raises(ConfigurationError, match="5: unknown field"):
        load(Everything, {**GOOD, 5: 1}, subject="x")  # wrong on purpose


@given(value=st.sampled_from(["canary", ["canary"], {"canary": "canary"}, b"canary", Secret("canary")]))
def test_values_are_never_quoted(value: object) -> None:
    """No value, wherever it was put by mistake, is in the error."""
    for field in ("count", "ratio", "enabled", "timeout", "since", "level", "nested", "mode"):
        with pytest.raises(ConfigurationError) as caught:
            load(Everything, {**GOOD, field: value}, subject="x")
        assert "canary" not in str(caught.value).replace("nested.canary", "")
        context = caught.value.__context__
        assert context is None or isinstance(context, ConfigurationError)


@settings
class Checked:
    """Settings with validators and a check over all."""

    url: Secret | None = setting(
        "Where.", default=None, validate=lambda value: None if ":" in value else "a URL"
    )
    a: int | None = setting("First.", default=None)
    b: int | None = setting("Second.", default=None)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """One of both."""
        if "a" not in given and "b" not in given:
            yield Problem("a", "missing; expected a or b")
        if "a" in given and "b" in given:
            yield Problem("b", "not together with a")


def test_fields_are_checked_together() -> None:
    """`check()` sees the given fields by name, and its problems join the others, one for each field."""
    assert load(Checked, {"a": 1}, subject="x") == Checked(a=1)
    for fields, expected in (
        ({}, ["a"]),
        ({"a": 1, "b": 2}, ["b"]),
        ({"a": 1, "b": "x"}, ["b"]),
        ({"c": 1}, ["c", "a"]),
    ):
        with pytest.raises(ConfigurationError) as caught:
            load(Checked, fields, subject="x")
        assert [problem.path for problem in caught.value.problems] == expected


def test_what_is_no_value_does_not_break_the_check_of_all() -> None:
    """It is named by its field; the check of the fields together, which cannot cope with it, adds nothing, or raises
    if there is nothing else wrong."""

    @settings
    class Fragile:
        size: int = setting("How large.", default=1)
        labels: JsonValue = setting("Anything.", default=None)

        @classmethod
        def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
            if {given.get("size"), given.get("labels")} & {7}:
                yield Problem("size", "expected another")

    with pytest.raises(ConfigurationError) as caught:
        load(Fragile, {"size": [], "sise": 1}, subject="x")
    assert [problem.path for problem in caught.value.problems] == ["sise", "size"]
    with pytest.raises(TypeError):
        load(Fragile, {"labels": []}, subject="x")


def test_a_mapping_of_secrets_may_be_empty() -> None:
    """Each of them is validated, not the mapping."""

    @settings
    class Hooks:
        channels: dict[str, Secret] = setting("By name.", factory=dict, validate=not_empty)

    assert load(Hooks, {"channels": {}}, subject="x").channels == {}
    with pytest.raises(ConfigurationError, match=r"channels\.ops: expected some text"):
        load(Hooks, {"channels": {"ops": " "}}, subject="x")


def test_secrets_are_validated_revealed_and_references_later() -> None:
    """A secret's validator sees its value; a reference is passed over, as its value is not known yet."""
    assert load(Checked, {"a": 1, "url": "x:y"}, subject="x").url == Secret("x:y")
    assert load(Checked, {"a": 1, "url": "env:URL"}, subject="x").url == Secret("env:URL")
    with pytest.raises(ConfigurationError, match="url: expected a URL"):
        load(Checked, {"a": 1, "url": "canary"}, subject="x")


def test_reading_a_module_imports_no_cattrs() -> None:
    """cattrs is imported with the first conversion."""
    script = "import sys; sys.path[:0] = {!r}\nimport integrations_sdk.codec\nprint('cattrs' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script.format(sys.path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert done.stdout.strip() == "False"


# --- closest, parse_time ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("webhok_url", ["webhook_url", "token"], "did you mean `webhook_url`?"),
        ("zzz", ["b", "a"], "known: a, b"),
        ("zzz", [], "known: none"),
    ],
)
def test_closest(word: str, known: list[str], expected: str) -> None:
    """A near word is suggested; otherwise all known ones are listed."""
    assert closest(word, known) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.000+0000", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2016-08-12 15:23:28 UTC", datetime(2016, 8, 12, 15, 23, 28, tzinfo=UTC)),
        ("2016-08-12 15:23:28 -0700", datetime(2016, 8, 12, 22, 23, 28, tzinfo=UTC)),
        (" 2026-01-02 ", datetime(2026, 1, 2, tzinfo=UTC)),
    ],
)
def test_times_as_vendors_write_them(text: str, expected: datetime) -> None:
    """Every usual form is read, in UTC; without a zone it is UTC."""
    assert parse_time(text) == expected
    assert parse_time(text).utcoffset() == timedelta(0)


@given(
    text=st.text(max_size=30) | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
)
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    """Whatever the text, it is a time in UTC or a `ValueError`."""
    with contextlib.suppress(ValueError):
        assert parse_time(text).tzinfo is not None


# --- restore: round trips ---------------------------------------------------------------------------

text = st.text(max_size=8)
maybe_text = st.none() | text
moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
durations = st.timedeltas(min_value=timedelta(days=-1000), max_value=timedelta(days=1000))
maybe_durations = st.none() | durations
numbers = st.integers(-(2**53), 2**53)
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(text, json_values, max_size=3)
words = st.dictionaries(text, text, max_size=3)


def tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Short tuples."""
    return st.lists(of, max_size=2).map(tuple)


actors = st.builds(Actor, name=text, username=maybe_text, email=maybe_text, url=maybe_text)
commits = st.builds(Commit, sha=text, message=text, url=maybe_text, author=st.none() | actors)
jobs = st.builds(Job, name=text, status=text, stage=maybe_text, url=maybe_text, duration=maybe_durations)
links = st.builds(Link, label=text, url=text)
texts_of_event = [
    "subject", "sender_id", "action", "status", "project", "project_url", "title", "text", "url",
    "branch", "target_branch", "tag", "sha", "environment",
]  # fmt: skip
RECORDS: list[st.SearchStrategy[Any]] = [
    st.builds(
        Event, id=text, type=text, source=text, time=moments, data=objects, provider=text,
        **dict.fromkeys(texts_of_event, maybe_text), number=st.none() | numbers, actor=st.none() | actors,
        commits=tuples(commits), commit_count=numbers, jobs=tuples(jobs), duration=maybe_durations,
    ),
    st.builds(
        Outcome, target=text, provider=text, operation=text, status=st.sampled_from(OutcomeStatus), attempts=numbers,
        http_status=st.none() | numbers, request_id=maybe_text, error=maybe_text, retryable=st.booleans(),
        retry_after=maybe_durations, duration=maybe_durations, data=objects,
    ),
    st.builds(
        Integration, integration_id=text, integration_type=text, name=text, tenant_id=text, project_id=maybe_text,
        config=objects, state=st.sampled_from(IntegrationState), version=numbers, created_at=moments, updated_at=moments,
    ),
    st.builds(Message, text=text, title=text, level=st.sampled_from(Level), links=tuples(links), mentions=tuples(text)),
    st.builds(Metric, name=text, value=st.floats(allow_nan=False), kind=st.sampled_from(MetricKind), tags=words, time=st.none() | moments, interval=durations),
    st.builds(LogEntry, message=text, time=st.none() | moments, attributes=objects),
    st.builds(Build, reference=text, status=st.sampled_from(BuildStatus), number=st.none() | numbers, duration=maybe_durations),
    st.builds(CommitStatus, sha=text, status=st.sampled_from(BuildStatus), project=maybe_text),
    st.builds(Issue, reference=text, title=text, status=text, labels=tuples(text), data=objects),
    st.builds(IssueDraft, title=maybe_text, labels=st.none() | tuples(text), fields=objects),
    st.builds(CheckResult, detail=text, warnings=tuples(text)),
]  # fmt: skip


@given(record=st.one_of(RECORDS))
def test_records_come_back_as_they_were(record: Record) -> None:
    """`plain()`, JSON and `restore()` give an equal record of the same types all the way down."""
    found = restore(type(record), json.loads(json.dumps(plain(record))))
    assert found == record
    assert repr(found) == repr(record)


def test_enumerations_come_back_as_members() -> None:
    """A restored state is the member, so `is` holds."""
    found = restore(Outcome, {"target": "a", "provider": "b", "operation": "c", "status": "failed"})
    assert found.status is OutcomeStatus.FAILED


def test_fields_come_and_go() -> None:
    """A field the class no longer has is left out, one that is new takes its default."""
    assert restore(Link, {"label": "a", "url": "b", "gone": 1}) == Link(label="a", url="b")
    assert restore(Message, {"text": "a"}) == Message(text="a")


def test_secrets_come_back_masked() -> None:
    """What `plain()` masked stays masked."""
    assert restore(Checked, {"url": plain(Secret("canary"))}).url == Secret("••••")


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "$.id"),
        ({"id": "a", "type": "b", "source": "c", "time": "x"}, "$.time"),
        ({"id": "a", "type": "b", "source": "c", "time": "2026-01-01T00:00:00Z", "jobs": 5}, "$.jobs"),
        (
            {"id": "a", "type": "b", "source": "c", "time": "2026-01-01T00:00:00Z", "actor": {}},
            "$.actor.name",
        ),
        (None, "$"),
    ],
)
def test_data_that_does_not_fit_is_named(data: Any, path: str) -> None:
    """Damaged data is one error with the place of the damage."""
    with pytest.raises(ConfigurationError, match="stored Event") as caught:
        restore(Event, data)
    assert path in {problem.path for problem in caught.value.problems}


def test_unknown_members_are_damage() -> None:
    """A word that is no member of an enumeration does not slip in."""
    with pytest.raises(ConfigurationError, match=r"\$\.status"):
        restore(Outcome, {"target": "a", "provider": "b", "operation": "c", "status": "vanished"})
