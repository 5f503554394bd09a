"""The contract of secrecy: a vendor that repeats what it was sent gives nothing away."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from integrations_sdk.models import plain
from integrations_sdk.testing.connector_contract.bench import Bench
from integrations_sdk.testing.connector_contract.case import ConnectorCase
from integrations_sdk.testing.standin import Received, Reply

__all__ = ["SecrecyContract"]

_REPEATED_IN: Final = (
    "message", "error", "errors", "detail", "title", "code", "id", "key", "name", "status", "state", "url", "html_url",
)  # fmt: skip


class SecrecyContract(ConnectorCase):
    """What is shown when the credentials come back in an answer."""

    def test_what_a_vendor_echoes_is_not_shown(self, doing: str, caplog: pytest.LogCaptureFixture) -> None:
        """Path, headers and body of the request as the answer: no error, log, outcome or pickle shows a credential."""
        sought: set[str] = set()
        changes: dict[str, Any] = self.canaries()  # Any: fields of the configuration

        async def scenario(bench: Bench) -> list[str]:
            sought.update(_sought(self.secrets(bench.connector.config)))
            shown: list[str] = []
            for status in (200, 400, 401, 500):
                bench.vendor.spoil = lambda request, _, status=status: _echo(request, status)
                shown += _shown(await bench.came(doing))
            return shown

        with caplog.at_level(logging.DEBUG):
            shown = self.run(scenario, wire=False, **changes)
        shown += [f"{record.getMessage()} {record.args!r} {record.msg!r}" for record in caplog.records]
        for text in shown:
            assert not [secret for secret in sought if secret in text], f"a secret is shown: {text[:600]}"


def _sought(secrets: list[str]) -> Iterator[str]:
    """Each secret as it is, of a URL what gives access, and what base64 makes of its inner part."""
    for secret in secrets:
        for text in {secret, *_giving_access(secret)}:
            yield text
            raw = text.encode()
            for before in range(3):
                whole = base64.b64encode(bytes(before) + raw).decode()
                yield whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


def _giving_access(secret: str) -> Iterator[str]:
    """Of a URL: user, password, and the path with the query, where they are long enough to be told apart."""
    if "://" in secret:
        parts = urlsplit(secret)
        found = (parts.username or "", parts.password or "", f"{parts.path}?{parts.query}".removesuffix("?"))
        yield from (part for part in found if len(part) >= 8)


def _echo(request: Received, status: int) -> Reply:
    said = " ".join(
        [
            f"{request.method} {request.path}?{request.query_string}",
            *(f"{name}: {value}" for name, value in request.headers.items()),
            request.body.decode("utf-8", "replace"),
        ]
    )
    line = said.replace("\r", " ").replace("\n", " ")
    words = dict.fromkeys(("x-request-id", "x-error"), line.encode("ascii", "replace").decode())
    if request.headers.get("accept", "") != "application/json":
        return Reply(status=status, text=line, headers=words)
    return Reply(status=status, json=dict.fromkeys(_REPEATED_IN, line), headers=words)


def _shown(came: object) -> Iterator[str]:
    """Everything that a result or an error can be looked at as."""
    yield repr(came)
    yield str(came)
    yield pickle.dumps(came).decode("latin-1")
    if not isinstance(came, BaseException):
        yield json.dumps(plain(came), ensure_ascii=False)
        return
    yield "".join(traceback.format_exception(came))
    error: BaseException | None = came
    while error is not None:
        yield f"{error!r} {error.args!r} {vars(error)!r}"
        error = error.__cause__ or error.__context__
