"""`connectors.masking`: a credential that a server repeats is seen in no spelling."""

from __future__ import annotations

import asyncio
import base64
import html
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.base import Fault, Outcome, RejectedError
from integrations_sdk.connectors.masking import Masks, spellings
from integrations_sdk.errors import ConnectorError
from integrations_sdk.http.base import Headers, Response
from integrations_sdk.models import MASK
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from support.toy import ToyConnector

KEY = "c4N4ry/Key+=ü9"
LONG = "c4N4ry/Key+0123456789"


@pytest.mark.parametrize(
    ("secret", "repeated", "hidden"),
    [
        (KEY, f"token {KEY} is wrong", KEY),
        (KEY, quote(KEY, safe=""), quote(KEY, safe="")),
        (KEY, "c4N4ry%2fKey%2b%3d%c3%bc9", "c4N4ry%2fKey"),
        (KEY, json.dumps({"sent": KEY}), "c4N4ry"),
        (KEY, json.dumps({"sent": KEY}, ensure_ascii=False).replace("/", "\\/"), "c4N4ry"),
        (KEY, KEY.encode().hex(), KEY.encode().hex()),
        ('a<b>&"c4N4ry"', html.escape('a<b>&"c4N4ry"'), "c4N4ry"),
        ("Bearer c4N4ryToken", "no such token: c4N4ryToken", "c4N4ry"),
        ("https://hooks.slack.com/services/T000/B000/c4N4ry7890", "POST /services/T000/B000/c4N4ry7890", "c4N4ry"),
        ("https://hooks.slack.com/services/T000/B000/c4N4ry7890", "unknown: c4N4ry7890", "c4N4ry"),
        ("https://x.example/in?key=c4N4ry%2F890", "unknown: c4N4ry/890", "c4N4ry"),
        ("https://c4n4rykey0@o1.ingest.sentry.io/7", "sentry_key=c4n4rykey0", "c4n4ry"),
        ("http://us%40er:c4n4rypass@proxy:3128", "user us@er, password c4n4rypass", "c4n4ry"),
        ("-----BEGIN KEY-----\nc4N4ryLine\nother\n-----END KEY-----", "at c4N4ryLine\\nother", "c4N4ry"),
        ("-----BEGIN KEY-----\\nc4N4ryLine\\n-----END KEY-----", "at c4N4ryLine", "c4N4ry"),
        ("http://[::1/c4N4ryNoUrl", "http://[::1/c4N4ryNoUrl", "c4N4ry"),
    ],
)  # fmt: skip
def test_no_spelling_is_seen(secret: str, repeated: str, hidden: str) -> None:
    """Whole or in part, escaped or encoded: what gives access is masked."""
    assert hidden in repeated
    cleared = Masks([secret]).text(repeated)
    assert hidden not in cleared
    assert MASK in cleared


@given(before=st.binary(max_size=9), after=st.binary(max_size=9), url_safe=st.booleans())
def test_base64_hides_it_wherever_it_stands(before: bytes, after: bytes, *, url_safe: bool) -> None:
    """`Basic` holds user and password together, so the password begins anywhere within a group of three."""
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    cleared = Masks([KEY]).text(encode(before + KEY.encode() + after).decode())
    assert MASK in cleared
    left = "".join(cleared.split(MASK)).rstrip("=")
    assert len(left) <= (len(before) + len(after)) * 4 / 3 + 6  # no more than the edges


@pytest.mark.parametrize(
    "words", ["POST /services/…", "the webhooks of https://hooks.slack.com", "https", "-----BEGIN KEY-----"]
)
def test_words_stay(words: str) -> None:
    """What every such URL or file has in common is no secret."""
    masks = Masks(["https://hooks.slack.com/services/T000/c4N4ry", "-----BEGIN KEY-----\nc4N4ryLine\n"])
    assert masks.text(words) == words


def test_short_secrets() -> None:
    """To replace every `a` would tell what the secret is; four characters are masked as they are."""
    assert spellings("abc") == set()
    assert spellings("abcd") == {"abcd"}


def test_data_is_cleared_throughout() -> None:
    """Names and values at any depth; what holds nothing is handed on as it is."""
    masks = Masks([LONG])
    given: dict[str, Any] = {"a": [{LONG: 1, "b": f"x{LONG}"}, None, 2.5, True]}
    cleared = {"a": [{MASK: 1, "b": f"x{MASK}"}, None, 2.5, True]}
    assert masks.data(given, json.dumps(given).encode()) == cleared
    assert masks.data(given, b"") is given


def test_good_data_is_not_taken_for_a_credential() -> None:
    """A weak password can be a word of the vendor's, and a parameter's name must stay what it is."""
    masks = Masks(["password"])
    given: dict[str, Any] = {"name": "password"}
    assert masks.data(given, json.dumps(given).encode()) is given
    assert masks.text("wrong password") == f"wrong {MASK}"


def test_answers_are_cleared() -> None:
    """Headers and body, whatever the body's charset; what holds nothing is handed on as it is."""
    masks = Masks([KEY])
    cleared = masks.response(
        Response(status=400, headers=Headers({"x-error": KEY}), content=b"\xff" + KEY.encode(), attempts=3)
    )
    assert (cleared.headers["x-error"], cleared.content, cleared.attempts) == (
        MASK,
        b"\xff" + MASK.encode(),
        3,
    )
    harmless = reply(400, "no")
    assert masks.response(harmless) is harmless


def _asked(*answers: Response, token: str = KEY, **options: Any) -> Outcome | ConnectorError:
    """What becomes of an answer."""

    async def main() -> Outcome | ConnectorError:
        toy = connect(ToyConnector, {"url": "https://toy.example", "token": token}, ScriptedHttp(answers))

        async def ask() -> Outcome:
            answer = await toy.call("GET", "https://toy.example/", operation="ask", **options)
            data = toy.parse(answer, "ask")
            return toy.done(
                answer, "ask", reference=f"r{data['id']}", url=f"u{data['id']}", detail="d", data=data
            )

        return await toy.attempt(ask())

    return asyncio.run(main())


def test_errors_are_cleared_before_they_are_cut() -> None:
    """A secret at the place where a long text is cut off is not shown by half."""
    for before in range(280, 300):
        error = _asked(reply(400, {"error": "x" * before + KEY}))
        assert isinstance(error, RejectedError)
        assert KEY[:3] not in str(error)


def test_errors_show_no_credential_lent_for_an_hour() -> None:
    """What was made of the configured credentials is masked like them."""
    token = "lent-credential-0815"
    for headers in ({"authorization": f"Bearer {token}"}, {"cookie": f"session={token}"}):
        assert token not in str(_asked(reply(401, {"error": f"bad {token}"}), headers=headers))
    shown = _asked(
        reply(401, {"error": "delivery-0815 was seen"}), headers={"idempotency-key": "delivery-0815"}
    )
    assert "delivery-0815" in str(shown)


def test_codes_and_request_ids_are_cleared_and_bounded() -> None:
    """They come from the vendor as well, and end up in logs and terminals."""
    fault = Fault(RejectedError, "\x1b[2Jno\u202e\n" + "x" * 2000, f"code\x9b {KEY}")
    toy = connect(ToyConnector, {"url": "https://toy.example", "token": KEY}, ScriptedHttp())
    error = toy.error(fault, reply(400, x_request_id=f"id\x1b{KEY}" + "x" * 400), "ask")
    assert str(error).isprintable()
    assert (error.code, len(error.message)) == (f"code {MASK}", 1000)
    assert error.request_id is not None
    assert error.request_id.startswith(f"id {MASK}")
    assert len(error.request_id) < 320


def test_outcomes_are_cleared() -> None:
    """A vendor that repeats credentials in a good answer gets them into no outcome."""
    outcome = _asked(reply(200, {"id": LONG, "sent": [LONG]}, x_request_id=LONG), token=LONG)
    assert isinstance(outcome, Outcome)
    assert outcome.data == {"id": MASK, "sent": [MASK]}
    assert (outcome.reference, outcome.url, outcome.request_id) == (f"r{MASK}", f"u{MASK}", MASK)
