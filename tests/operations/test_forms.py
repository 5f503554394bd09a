"""Forms with files are held against Discord's description: the message among the parts, and the files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from integrations_sdk.http.base import Request
from support.contracts import Conformity

pytestmark = pytest.mark.contracts

ROOT: Final = "https://discord.com/api/v10"
HOOK: Final = f"{ROOT}/webhooks/{'1' * 18}/token"
FILE: Final = "content-type: text/csv\r\n\r\na;b"

Parts = Mapping[str, str]
Said = Callable[..., list[str]]


def message(**fields: Any) -> tuple[str, str]:
    return 'name="payload_json"', f"\r\n{json.dumps({'content': 'x', **fields})}"


def file(number: int, rest: str = FILE) -> tuple[str, str]:
    return f'name="files[{number}]"; filename="a.csv"', rest


@pytest.fixture
def said(conformity: Conformity) -> Said:
    """What Discord's description has against a form."""

    def complaints(*parts: tuple[str, str], url: str = HOOK, end: str = "--b--\r\n") -> list[str]:
        pieces = [f"--b\r\ncontent-disposition: form-data; {named}\r\n{rest}\r\n" for named, rest in parts]
        request = Request(
            method="POST", url=url, headers={"content-type": "multipart/form-data; boundary=b"},
            content="".join([*pieces, end]).encode(),
        )  # fmt: skip
        operation = conformity.operation("discord", request, base_url=ROOT)
        assert operation is not None
        found = conformity.complaints("discord", request, base_url=ROOT)
        return [*found, *conformity.undescribed("discord", request, operation)]

    return complaints


def test_a_message_with_files_conforms(said: Said) -> None:
    """As JSON in a field, with or without its type; or field by field; its attachments are the files."""
    assert said(message(), file(0), file(1)) == []
    named, rest = message(attachments=[{"id": "7", "description": "a table"}])
    assert said((named, f"content-type: application/json\r\n{rest}"), file(7)) == []
    assert said(('name="content"', "\r\nx"), file(0)) == []


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ([('name="payload-json"', message()[1]), file(0)], "/payload-json: the contract has no such part"),
        ([message(), ('name="file"; filename="a"', FILE)], "/file: the contract has no such part"),
        ([message(), ('name="files[00]"; filename="a"', FILE)], "/files[00]: the contract has no such part"),
        ([message(), ('name="content"', "\r\nx")], "/content: the contract has no such part"),
        ([message(), file(0), file(0)], "/files[0]: there are 2 parts of this name"),
        ([message(), message()], "/payload_json: there are 2 parts of this name"),
        ([message(), file(0, "\r\na;b")], "/files[0]: a file has a name and a content type"),
        ([message(), ('name="files[0]"', FILE)], "/files[0]: a file has a name and a content type"),
        ([message(), *(file(number) for number in range(11))], "/files: 11 of at most 10"),
        ([message(contnet="x"), file(0)], "/contnet: the contract has no such field"),
        ([message(embeds=[{"titel": "x"}]), file(0)], "/embeds/titel: the contract has no such field"),
        ([message(tts="yes"), file(0)], "'tts': 'yes'} is not valid under any of the given schemas"),
        ([message(content=5), file(0)], "{'content': 5} is not valid under any of the given schemas"),
        ([message(attachments=[{"id": "1"}]), file(0)], "/payload_json/attachments: no files ['1']"),
        ([('name="payload_json"', "\r\n{"), file(0)], "Expecting property name"),
        ([('name="payload_json"; filename="m"', message()[1])], "/payload_json: a field in JSON"),
        ([('name="payload_json"', f"content-type: text/plain\r\n{message()[1]}")], "not text/plain"),
        ([('filename="a"', FILE)], "a part of a form has a name"),
    ],
)
def test_what_is_wrong_with_a_form_is_found(parts: list[tuple[str, str]], complaint: str, said: Said) -> None:
    """With the parts, and with the message among them."""
    assert any(complaint in line for line in said(*parts)), said(*parts)


def test_a_form_that_breaks_off_is_none(said: Said) -> None:
    """Its last line says that it ends."""
    assert any("no form with files" in line for line in said(message(), file(0), end=""))


def test_only_what_takes_forms_is_sent_one(said: Said) -> None:
    """The webhook for GitHub's events takes JSON alone, that for Slack's messages forms with its fields."""
    assert any("the contract has no such body" in line for line in said(message(), url=f"{HOOK}/github"))
    assert any("/title: " in line for line in said(('name="title"', "\r\nx"), url=f"{HOOK}/slack"))
    for part in (message(), file(0)):  # whose attachments are no files
        assert any("the contract has no such part" in line for line in said(part, url=f"{HOOK}/slack"))
