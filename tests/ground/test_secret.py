"""A secret shows itself only when asked to by name."""

from __future__ import annotations

import copy
import html
import io
import json
import logging
import pickle
import pprint
import string
import traceback
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import StateError
from integrations_sdk.models import MASK, Record, Secret, html_table, plain
from integrations_sdk.models.secret import REFERENCE_SCHEMES

CANARY = "canary-9c1f"


@attrs.frozen(kw_only=True)
class Holder(Record):
    """A record with a secret in it."""

    token: Secret


def logged(secret: Secret) -> str:
    """What the standard log makes of it."""
    stream = io.StringIO()
    handler, log = logging.StreamHandler(stream), logging.Logger("test")  # noqa: LOG001  # one for this test alone
    log.addHandler(handler)
    log.error("%s %r %10s", secret, secret, [secret])
    log.error("%(a)s", {"a": secret})
    log.error(secret)
    return stream.getvalue()


def raised(secret: Secret) -> str:
    """What a traceback with local variables makes of it."""
    try:
        raise ValueError(secret, {"token": secret})
    except ValueError as error:
        kept = error
    return "".join(traceback.TracebackException.from_exception(kept, capture_locals=True).format())


SHOWN: dict[str, Callable[[Secret], object]] = {
    "repr": repr,
    "str": str,
    "format": format,
    "format with a width": lambda secret: format(secret, ">30"),
    "f-string": lambda secret: f"{secret} {secret!r} {secret!s} {secret!a} {secret:>30} {secret=}",
    "str.format": lambda secret: "{} {!r} {:>9}".format(*[secret] * 3),
    "%": lambda secret: "%s %r %a" % (secret, secret, secret),  # noqa: UP031  # this very operator
    "Template": lambda secret: string.Template("$a").substitute(a=secret),
    "inside others": lambda secret: repr([{"a": (secret,)}]),
    "pprint": pprint.pformat,
    "logging": logged,
    "traceback": raised,
    "pickle": lambda secret: b"".join(pickle.dumps([secret], protocol) for protocol in range(6)),
    "JSON": lambda secret: json.dumps([plain(secret), plain({"a": [secret]}), dict(Holder(token=secret))]),
    "JSON with default": lambda secret: json.dumps([secret], default=str),
    "attrs": lambda secret: repr(Holder(token=secret)) + repr(attrs.asdict(Holder(token=secret))),
    "HTML": lambda secret: (
        Holder(token=secret)._repr_html_() + html_table([[secret]]) + html.escape(str(secret))
    ),
    "state": lambda secret: (
        repr(secret.__getstate__()) + repr(secret.__reduce__()) + repr(secret.__reduce_ex__(4))
    ),
    "dir": lambda secret: repr(dir(secret)),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_no_output_shows_it(show: Callable[[Secret], object]) -> None:
    """Whatever writes a secret out writes dots, or nothing."""
    shown = show(Secret(CANARY))
    text = shown if isinstance(shown, str | bytes) else repr(shown)
    assert CANARY not in text if isinstance(text, str) else CANARY.encode() not in text


@pytest.mark.parametrize(
    "use",
    [
        lambda secret: secret + "x",
        lambda secret: "x" + secret,
        lambda secret: "".join(iter([secret])),
        json.dumps,
        len,
        int,
        bytes,
        vars,
    ],
)
def test_it_is_no_string(use: Callable[[Any], object]) -> None:
    """It cannot be used as text by mistake, and the error that says so does not show it."""
    with pytest.raises(TypeError) as caught:
        use(Secret(CANARY))
    assert CANARY not in str(caught.value)


def test_reveal_is_the_only_way_to_the_value() -> None:
    """`reveal()` gives the value; what is shown instead is the mask."""
    assert Secret(CANARY).reveal() == CANARY
    assert str(Secret(CANARY)) == f"{Secret(CANARY)}" == MASK
    assert repr(Secret(CANARY)) == f"Secret({MASK!r})"


def test_a_secret_of_a_secret_is_the_same_secret() -> None:
    """Wrapping twice does no harm."""
    assert Secret(Secret(CANARY)).reveal() == CANARY


def test_a_pickle_carries_no_value() -> None:
    """What is unpickled is a secret that refuses to reveal, and says what to do instead."""
    found = pickle.loads(pickle.dumps(Secret(CANARY)))
    assert isinstance(found, Secret)
    assert not found
    assert not found.is_reference
    with pytest.raises(StateError, match="env:NAME"):
        found.reveal()
    with pytest.raises(StateError):
        Secret(found)


def test_a_copy_is_the_secret_itself() -> None:
    """Copying within the process keeps the value."""
    secret = Secret(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"a": secret})["a"] is secret


@given(one=st.text(st.characters(exclude_categories=())), other=st.text(st.characters(exclude_categories=())))
def test_equality_is_that_of_the_values(one: str, other: str) -> None:
    """Equal values are equal secrets with equal hashes, whatever characters are in them."""
    assert (Secret(one) == Secret(other)) == (one == other)
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))


def test_a_secret_equals_no_string() -> None:
    """Comparing with text, which is not done in constant time, never succeeds."""
    assert Secret("x") != "x"
    assert Secret("x") != 5


def test_unpickled_secrets_keep_equality_and_hash_in_step() -> None:
    """What compares equal hashes equally, also without a value."""
    found = pickle.loads(pickle.dumps(Secret(CANARY)))
    assert found == Secret("")
    assert hash(found) == hash(Secret(""))


@pytest.mark.parametrize(("value", "truth"), [("x", True), ("", False)])
def test_truth_is_having_a_value(value: str, truth: bool) -> None:
    """An empty secret is false."""
    assert bool(Secret(value)) is truth


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        *((f"{scheme}:x", True) for scheme in sorted(REFERENCE_SCHEMES)),
        ("file:/run/secrets/x", True),
        ("file:///run/secrets/x", True),
        ("file://host/x", True),
        ("env:", False),
        ("env", False),
        ("", False),
        ("ENV:X", False),
        ("https://example.com", False),
        ("vault://x", False),
        ("xoxb-1:2", False),
    ],
)
def test_what_is_a_reference(value: str, reference: bool) -> None:
    """A known scheme, a colon and something after it; URLs are not."""
    assert Secret(value).is_reference is reference
