"""Paths, queries and bodies: what is in a value stays in it."""

from __future__ import annotations

import email
import email.policy
import json
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.wire import (
    basic,
    chosen,
    encoded,
    json_bytes,
    multipart,
    query_string,
    url_path,
)
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Attachment

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT.filter(lambda value: value not in {"", ".", ".."}))
def test_a_value_is_one_segment_of_a_path(value: str) -> None:
    """Whatever it holds."""
    path = url_path("/job/{name}/build", name=value)
    assert path.count("/") == 3
    assert unquote(path.split("/")[2]) == value


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_no_value_leads_to_another_place(value: str) -> None:
    """`/repos/{name}/hooks` with `..` would be another resource, asked with the same credentials."""
    with pytest.raises(ConfigurationError) as caught:
        url_path("/job/{name}/{number}", name=value, number=7)
    assert [problem.path for problem in caught.value.problems] == ["name"]


@given(st.dictionaries(TEXT.filter(bool), TEXT, min_size=1))
def test_a_query_reads_as_it_was_written(query: dict[str, str]) -> None:
    """Repeated values come one after another; nothing is an empty query."""
    written = query_string(query)
    assert parse_qs(written[1:], keep_blank_values=True) == {name: [value] for name, value in query.items()}
    assert query_string({"a": ["1", "2"]}) == "?a=1&a=2"
    assert query_string({}) == query_string(None) == ""


@given(st.recursive(st.none() | st.booleans() | st.integers() | TEXT, st.lists, max_leaves=8))
def test_json_reads_as_it_was_written(value: object) -> None:
    """In UTF-8, without needless spaces."""
    assert json.loads(json_bytes(value)) == value


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    """UTF-8 has no form for it; a message that holds one is still sent."""
    assert json_bytes({"a": "\ud800"}) == b'{"a":"?"}'
    assert encoded(None, {"a": "\ud800"}, None)[0] == b"a=%3F"


def _endless() -> object:
    value: list[object] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value", [object(), {"a": {1, 2}}, float("nan"), [float("-inf")], _endless(), {(1, 2): 3}]
)
def test_what_json_cannot_hold_is_a_named_error(value: object) -> None:
    """Rather than a TypeError out of the depths; the value is not quoted."""
    with pytest.raises(ConfigurationError, match="what JSON can hold"):
        json_bytes(value)


@pytest.mark.parametrize(
    ("given", "body", "kind"),
    [
        (({"a": "é"}, None, None), '{"a":"é"}'.encode(), "application/json"),
        (([], None, None), b"[]", "application/json"),
        ((None, {"a": "b c"}, None), b"a=b+c", "application/x-www-form-urlencoded"),
        ((None, [("a", "1"), ("a", "2")], None), b"a=1&a=2", "application/x-www-form-urlencoded"),
        ((None, None, b"raw"), b"raw", None),
        ((None, None, None), b"", None),
    ],
)
def test_a_body_comes_with_its_content_type(
    given: tuple[object, object, bytes | None], body: bytes, kind: str
) -> None:
    """Raw bytes say nothing of theirs."""
    assert encoded(*given) == (body, kind)


def test_basic_credentials_are_those_of_the_rfc() -> None:
    """The example of RFC 7617 section 2; what is not ASCII goes in UTF-8."""
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic("test", "123£") == "Basic dGVzdDoxMjPCow=="


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), st.text(max_size=50), max_size=3
    ),
    st.dictionaries(
        st.text("ab0[]", min_size=1, max_size=9),
        st.builds(Attachment.of, st.text(max_size=20), st.binary(max_size=200)),
        max_size=3,
    ),
)
def test_a_form_with_files_is_read_as_it_was_meant(
    fields: dict[str, str], files: dict[str, Attachment]
) -> None:
    """By a parser that is not ours: as many parts, in order, each with its content; no name breaks out."""
    content, kind = multipart(fields, files)
    raw = b"content-type: " + kind.encode() + b"\r\n\r\n" + content
    parsed = email.message_from_bytes(raw, policy=email.policy.HTTP.clone(utf8=True))
    parts = (
        [part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart()]
        if fields or files
        else []
    )
    expected = [text.encode("utf-8", "replace") for text in fields.values()] + [
        file.content for file in files.values()
    ]
    assert [part.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for part in parts] == [
        part.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for part in expected
    ]
    assert content.count(b"content-disposition: form-data; name=") >= len(expected)


def test_the_names_of_files_are_written_as_browsers_do() -> None:
    """And a media type that is none does not reach the header."""
    file = Attachment.of('a"\r\nx: y.txt', b"1", "text/plain\r\nx: y")
    content, _ = multipart({}, {"file": file})
    assert (
        b'name="file"; filename="a%22%0D%0Ax: y.txt"\r\ncontent-type: application/octet-stream\r\n\r\n1\r\n'
        in content
    )


def test_the_first_that_has_a_value_is_chosen() -> None:
    """A source that is not there, or has none, is passed over; what none has is left out."""
    first, second = SimpleNamespace(a="1", b=""), SimpleNamespace(a="2", b="3", c=None)
    assert chosen(("a", "b", "c", "d"), None, first, second) == {"a": "1", "b": "3"}
