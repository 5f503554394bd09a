"""Payload templates: what placeholders become, what is refused, and that nothing an event holds breaks out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations_sdk.connectors.webhook.template import MOST_BYTES, Template, template_problems
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Actor, Commit, Event

COMMITS = tuple(Commit(sha=str(n), message=f"commit {n}") for n in range(3))
EVENT = Event(
    id="e-1",
    type="merge_request",
    source="https://gitlab.example/p",
    time=datetime(2026, 1, 1, tzinfo=UTC),
    title='Fix "it"\n\\',
    number=7,
    duration=timedelta(seconds=1.5),
    actor=Actor(name="Änne"),
    commits=COMMITS,
    data={
        "object_attributes": {"ref": "main", "draft": False, "gone": None, "ratio": 0.5},
        "labels": [{"title": "API"}, {"title": "Docs"}],
        "0": {"x-y": "by name", "ü": {"1": "digits"}},
    },
)


def rendered(template: Any, event: Event = EVENT) -> Any:
    """What a template makes of an event."""
    return json.loads(Template.of(template).render(event))


@pytest.mark.parametrize(
    ("template", "body"),
    [
        ("{{ event.type }}", "merge_request"),
        ("{{event.type}}", "merge_request"),
        ("  {{ event.number }} ", 7),
        ("!{{ event.number }} {{ event.title }}", '!7 Fix "it"\n\\'),
        ("{{ event.number }}{{ event.number }}", "77"),
        ("{{ event.time }}", "2026-01-01T00:00:00Z"),
        ("{{ event.duration }}", 1.5),
        ("took {{ event.duration }} s", "took 1.5 s"),
        ("{{ event.actor.name }}", "Änne"),
        ("{{ event.actor }}", {"name": "Änne", "username": None, "email": None, "url": None}),
        ("by {{ event.data.labels }}", 'by [{"title":"API"},{"title":"Docs"}]'),
        ("{{ event.data.object_attributes.ref }}", "main"),
        ("{{ event.data.object_attributes.draft }}", False),
        ("draft: {{ event.data.object_attributes.draft }}", "draft: false"),
        ("{{ event.data.labels[1].title }}", "Docs"),
        ("{{ event.commits[-1].message }}", "commit 2"),
        ("{{ event.commits[-3].sha }}{{ event.commits[2].sha }}", "02"),
        ("{{ event.data.0.x-y }}", "by name"),
        ("{{ event.data.0.ü.1 }}", "digits"),
        # nowhere
        ("{{ event.branch }}", None),
        ("on {{ event.branch }}!", "on !"),
        ("{{ event.nothing }}", None),
        ("{{ event.title.nothing }}", None),
        ("{{ event.data.labels.title }}", None),
        ("{{ event.data.labels[2] }}", None),
        ("{{ event.commits[-4] }}", None),
        ("{{ event.data[0] }}", None),
        ("{{ event.failed }}", None),
        ("{{ event.get }}", None),
        ("{{ event.__class__ }}", None),
        ("{{ event.data.object_attributes.gone }}", None),
        # defaults
        ('{{ event.branch | default("-") }}', "-"),
        ('on {{event.branch|default("\\u00e4 \\"q\\" }}")}}', 'on ä "q" }}'),
        ("{{ event.branch | default(-2.5) }}", -2.5),
        ("{{ event.branch | default(true) }}", True),
        ("{{ event.data.object_attributes.gone | default(false) }}", False),
        ('{{ event.data.object_attributes.draft | default("-") }}', False),
        ('{{ event.title | default("-") }}', 'Fix "it"\n\\'),
        # what is no placeholder
        ("}} { event.type } {{", ...),
        ("}} { event.type }", "}} { event.type }"),
        (7, 7),
        (None, None),
        ([], []),
        ({}, {}),
        (
            {"text": "{{ event.type }}", "list": [1, True, None, 0.5, ["{{ event.number }}"]], 'k"\n': "ü"},
            {"text": "merge_request", "list": [1, True, None, 0.5, [7]], 'k"\n': "ü"},
        ),
    ],
)
def test_placeholders_become_values(template: Any, body: Any) -> None:
    """Alone with their type, within text as text; what is not there is null or nothing, unless a default is given."""
    if body is ...:
        with pytest.raises(ConfigurationError):
            rendered(template)
    else:
        assert rendered(template) == body


def test_the_whole_event_can_be_put_somewhere() -> None:
    """As it is sent without a template."""
    assert rendered({"event": "{{ event }}"}) == {"event": json.loads(json.dumps(dict(EVENT)))}


@pytest.mark.parametrize(
    ("template", "places"),
    [
        ("{{ title }}", ["payload_template, character 1"]),
        ("{{ events.title }}", ["payload_template, character 1"]),
        ("a {{ event.a + 1 }}{{ event.b }}{{ event.b | upper }}", ["payload_template, character 3",
                                                                  "payload_template, character 33"]),
        ({"a": ["x", "{{ event.a() }}"]}, ["payload_template.a[1], character 1"]),
        ("{{ event.a | default('-') }}", ["payload_template, character 1"]),
        ("{{ event.a | default(01) }}", ["payload_template, character 1"]),
        ("{{ event.a | default(null) }}", ["payload_template, character 1"]),
        ("{{ event.a | default([]) }}", ["payload_template, character 1"]),
        ('{{ event.a | default("\\q") }}', ["payload_template, character 1"]),
        ("{{ event.a[x] }}", ["payload_template, character 1"]),
        ("{{ event..a }}", ["payload_template, character 1"]),
        ("{{ event.a", ["payload_template, character 1"]),
        ("{{{ event.a }}}", ["payload_template, character 1"]),
        ("{{ }}", ["payload_template, character 1"]),
        ("{% if event.a %}{{ event.a }}", []),
        ({"{{ event.a }}": 1}, ["payload_template"]),
        ([float("nan"), float("inf")], ["payload_template[0]", "payload_template[1]"]),
        (["{{ event.a }}"] * 101, ["payload_template"]),
        (["x" * 40_000] * 2, ["payload_template"]),
        ({"x" * 70_000: 1}, ["payload_template"]),
        ([1] * 10_001, ["payload_template"]),
        ("{{ event." + "a" * 201 + " }}", ["payload_template, character 1"]),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_place(template: Any, places: list[str]) -> None:
    """All of it at once."""
    assert [problem.path for problem in template_problems(template)] == places
    if places:
        with pytest.raises(ConfigurationError):
            Template.of(template)


def test_nesting_is_bounded() -> None:
    """Also where it is without end."""
    deep: list[Any] = []
    for _ in range(30):
        deep = [deep]
    endless: list[Any] = []
    endless += [endless, endless]
    assert ["levels of nesting" in problem.wrong for problem in template_problems(deep)] == [True]
    assert next(iter(template_problems(endless)))


def test_a_body_is_bounded() -> None:
    """What does not fit is left out, and the rest is JSON still; the largest event fits once."""
    large = Event(
        id="1", type="x", source="x", time=EVENT.time, title="y", data={"a": "x" * (MOST_BYTES - 100)}
    )
    body = Template.of(
        ["{{ event.data.a }}", "{{ event.data.a }}", "<{{ event.data.a }}>", "{{ event.title }}"]
    )
    value = json.loads(body.render(large))
    assert (len(value[0]), value[1:]) == (MOST_BYTES - 100, [None, "<>", "y"])


def test_templates_are_equal_when_they_are_written_alike() -> None:
    """So that webhooks with the same template share their bodies."""
    one, other = Template.of({"a": "{{ event.id }}"}), Template.of({"a": "{{ event.id }}"})
    assert (one, hash(one)) == (other, hash(other))
    assert one != Template.of({"a": "{{ event.type }}"})


TEXT = st.text(max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["title", "data", "data.a", "data.a[0]", "data.a[-1].b", "actor.name", "commits[0].message"]
)
PLACEHOLDERS = st.builds(
    lambda name, default: f"{{{{ event.{name}{default} }}}}",
    NAMES,
    st.sampled_from(["", ' | default("ä\\n")', " | default(1)"]),
)
TEMPLATES: st.SearchStrategy[Any] = st.recursive(
    st.lists(PLACEHOLDERS | TEXT.filter(lambda text: "{" not in text), max_size=4).map("".join)
    | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXT.filter(lambda text: "{{" not in text), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(template=TEMPLATES, data=st.dictionaries(st.sampled_from("ab"), JSON), title=st.none() | st.text())
@example(template="{{ event.title }}", data={}, title="\ud800")
@example(template={"a": "<{{ event.title }}>"}, data={}, title='"}\x00\u2028')
def test_whatever_an_event_holds_the_body_is_json_of_the_templates_shape(
    template: Any, data: dict[str, Any], title: str | None
) -> None:
    """It never raises, is never longer than template and values, and no value breaks out of its place."""
    event = Event(id="1", type="x", source="x", time=EVENT.time, title=title, data=data)
    body = Template.of(template).render(event)
    assert _fits(template, json.loads(body))
    whole = len(json.dumps(dict(event)).encode())
    assert len(body) <= len(json.dumps(template)) + json.dumps(template).count("{{") * (2 * whole + 20)


def _fits(template: Any, value: Any) -> bool:
    """Whether only texts were replaced."""
    match template:
        case dict():
            clean = {key.encode("utf-8", "replace").decode(): item for key, item in template.items()}
            return value.keys() == clean.keys() and all(_fits(clean[key], value[key]) for key in value)
        case list():
            return len(value) == len(template) and all(map(_fits, template, value))
        case str() if "{{" in template:
            return True
        case str():
            return bool(value == template.encode("utf-8", "replace").decode())
    return bool(value == template)


@given(st.text() | st.text(alphabet='{} event.data[0]|default("-")', max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    """And what is understood makes JSON."""
    if not list(template_problems(text)):
        json.loads(Template.of(text).render(EVENT))
