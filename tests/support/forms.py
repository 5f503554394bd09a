"""Forms with files (RFC 7578) as Discord has them: one part is the message in JSON, the others are its attachments.

Source: https://docs.discord.com/developers/reference#uploading-files. Its description names neither kind of part; it has
the message's fields, in JSON and in the form alike, and how many attachments there may be.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage
from typing import Final, cast

import attrs

from integrations_sdk.http.base import Request
from support.undescribed import Spec, content_of, properties

__all__ = ["FORM", "Part", "in_json", "parts_of", "unfit"]

FORM: Final = "multipart/form-data"
_MESSAGE: Final = "payload_json"
_FILE: Final = re.compile(r"files\[(0|[1-9]\d*)\]")


@attrs.frozen
class Part:
    """A part of a form.

    Attributes:
        filename: None for a field.
        kind: its content type; None when it says none.
    """

    name: str
    filename: str | None
    kind: str | None
    content: bytes


def parts_of(request: Request) -> list[Part]:
    """Every part, in order; those of one name too.

    Raises:
        ValueError: the body is no form, does not end as it must, or a part of it has no name.
    """
    head = b"content-type: " + request.headers.get("content-type", "").encode() + b"\r\n\r\n"
    form = email.message_from_bytes(head + request.content, policy=email.policy.HTTP)
    if form.get_content_type() != FORM or not form.is_multipart() or form.defects:
        raise ValueError(f"no form with files: {form.defects}")
    return [_part(cast("EmailMessage", part)) for part in form.iter_parts()]


def in_json(request: Request) -> Request:
    """The request as it is without files, where a part of it is a message in JSON; any other as it is."""
    if not request.headers.get("content-type", "").startswith(FORM):
        return request
    with contextlib.suppress(ValueError):  # `unfit()` says what is wrong with the form
        message = next((part.content for part in parts_of(request) if part.name == _MESSAGE), b"")
        json.loads(message)
        headers = {**request.headers, "content-type": "application/json"}
        return attrs.evolve(request, headers=headers, content=message)
    return request


def unfit(spec: Spec, operation: str, request: Request) -> list[str]:
    """What the parts of a form have wrong, whatever the message among them says; nothing of what is no form."""
    if not request.headers.get("content-type", "").startswith(FORM):
        return []
    schema = content_of(spec, operation).get(FORM, {}).get("schema")
    if schema is None:
        return [f"  {FORM}: the contract has no such body"]
    if (fields := properties(spec, schema)) is None:  # any
        return []
    attachments = fields.get("attachments", {})
    files = properties(spec, attachments.get("items", {})) or {}
    most = attachments.get("maxItems", 0) if "filename" in files else 0
    try:
        return [f"  {line}" for line in _wrong(parts_of(request), fields, most)]
    except ValueError as error:
        return [f"  {error}"]


def _wrong(parts: Sequence[Part], fields: Mapping[str, Spec], most: int) -> Iterator[str]:
    files = [part for part in parts if most and _FILE.fullmatch(part.name)]
    messages = [part for part in parts if most and part.name == _MESSAGE]
    known = {part.name for part in (*files, *messages)} | (set() if messages else fields.keys())
    for name, times in Counter(part.name for part in parts).items():
        if name not in known:
            yield f"/{name}: the contract has no such part"
        elif times > 1:
            yield f"/{name}: there are {times} parts of this name"
    for part in files:
        if not part.filename or not part.kind:
            yield f"/{part.name}: a file has a name and a content type"
    for part in messages:
        yield from _misplaced(part, {_FILE.sub(r"\1", file.name) for file in files})
    if len(files) > most:
        yield f"/files: {len(files)} of at most {most}"


def _misplaced(message: Part, placeholders: set[str]) -> Iterator[str]:
    """What is wrong with the message as a part of the form: it is JSON, and knows the files by their numbers."""
    if message.filename is not None or message.kind not in {None, "application/json"}:
        yield f"/{message.name}: a field in JSON, not {message.kind}"
    said = json.loads(message.content)
    listed = said.get("attachments") if isinstance(said, dict) else None
    if unknown := {str(one.get("id")) for one in listed or ()} - placeholders:
        yield f"/{message.name}/attachments: no files {sorted(unknown)}"


def _part(part: EmailMessage) -> Part:
    name = part.get_param("name", header="content-disposition")
    if part.get_content_disposition() != "form-data" or not isinstance(name, str):
        raise ValueError(f"a part of a form has a name: {part['content-disposition']}")
    kind = part.get_content_type() if "content-type" in part else None
    return Part(name, part.get_filename(), kind, bytes(part.get_payload(decode=True) or b""))
