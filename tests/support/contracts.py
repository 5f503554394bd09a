"""The vendors' own API descriptions, and whether a request is as they say."""

from __future__ import annotations

import functools
import gzip
import importlib.util
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from integrations_sdk.http.base import Headers, Request
from support.forms import FORM, in_json, unfit
from support.undescribed import closed, undescribed

__all__ = ["CONTRACTS", "Conformity", "missing", "unpacked", "validator"]

CONTRACTS: Final = Path(
    os.environ.get("INTEGRATIONS_SDK_CONTRACTS", Path(__file__).parents[3] / "shared" / "contracts")
)


def missing() -> str | None:
    """Why requests cannot be checked here; None when they can. Fails where they must be."""
    why = None
    if not (CONTRACTS / "validate.py").exists():
        why = f"no vendor contracts at {CONTRACTS} (set INTEGRATIONS_SDK_CONTRACTS)"
    elif importlib.util.find_spec("openapi_core") is None:
        why = "openapi-core is not installed (group `contracts`)"
    if why and os.environ.get("INTEGRATIONS_SDK_REQUIRE_CONTRACTS"):
        pytest.fail(f"the vendors' contracts are required: {why}")
    return why


@functools.cache
def validator() -> ModuleType:
    """The module that holds requests against the descriptions; skips, saying so, where there is none."""
    if why := missing():
        pytest.skip(why)
    spec = importlib.util.spec_from_file_location("contracts_validate", CONTRACTS / "validate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["contracts_validate"] = module
    spec.loader.exec_module(module)
    # `core()` asks it.
    module.spec = functools.cache(lambda contract, given=module.spec: closed(given(contract)))
    return module


class Conformity:
    """Checks requests against a vendor's own API description."""

    def __init__(self, validator: ModuleType) -> None:
        self._validator = validator

    def check(self, contract: str, request: Request, *, base_url: str, beyond: tuple[str, ...] = ()) -> None:
        """Assert that the request conforms to a contract.

        Args:
            contract: its name, which is its file's (`datadog_v2`).
            base_url: the part of the URL that stands for the contract's server URL.
            beyond: names that the vendor documents and the contract lacks, `?parameter` or `/field`.
        """
        assert request.url.startswith(base_url), f"{request.url} is not below {base_url}"
        errors = self.complaints(contract, request, base_url=base_url)
        if operation := self.operation(contract, request, base_url=base_url):
            errors = errors + self.undescribed(contract, request, operation)
        errors = [error for error in errors if not error.strip().startswith(beyond)]
        assert errors == [], "\n".join(errors)

    def complaints(self, contract: str, request: Request, *, base_url: str) -> list[str]:
        """What the contract has against the request, as it is before compression; empty when nothing.

        A form with files is held against it by the message in it; the files are of `undescribed()`.
        """
        request = in_json(unpacked(request))
        parts = urlsplit(request.url.removeprefix(base_url))
        with _tolerant():
            errors: list[str] = self._validator.request_errors(
                contract,
                request.method,
                parts.path,
                query=parse_qs(parts.query, keep_blank_values=True),
                headers=dict(request.headers),
                **_body(request.content, request.headers.get("content-type", "")),
            )
        return errors

    def undescribed(self, contract: str, request: Request, operation: str) -> list[str]:
        """The names in the request that the contract's operation has not, and files that it has otherwise."""
        with _tolerant():
            spec = self._validator.spec(contract)
        if "x-amz-operations" in spec:
            return []
        request = unpacked(request)
        return [*undescribed(spec, operation, in_json(request)), *unfit(spec, operation, request)]

    def operation(self, contract: str, request: Request, *, base_url: str) -> str | None:
        """The operation of the contract that the request is, e.g. `GET /users/{id}`; None when it has no such."""
        if not request.url.startswith(base_url):
            return None
        with _tolerant():
            targets = self._validator.spec(contract).get("x-amz-operations")
        if targets is not None:  # AWS has one path, and names the operation in a header
            target = Headers(request.headers).get("x-amz-target", "")
            return target.rpartition(".")[2] if target in targets else None
        path = urlsplit(request.url.removeprefix(base_url)).path
        segments = path.strip("/").split("/")
        with _tolerant():
            known: list[tuple[str, str]] = self._validator.operations(contract)
        fitting = [
            template
            for method, template in known
            if method == request.method
            and len(parts := template.strip("/").split("/")) == len(segments)
            and all(map(_fits, parts, segments))
        ]
        best = min(fitting, key=lambda template: template.count("{"), default=None)
        return best and f"{request.method} {best}"


def unpacked(request: Request) -> Request:
    """The request before compression, its headers in lower case."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    packed = headers.pop("content-encoding", None) == "gzip"
    content = gzip.decompress(request.content) if packed else request.content
    return attrs.evolve(request, headers=headers, content=content)


@contextmanager
def _tolerant() -> Iterator[None]:
    """The validator is not ours: it leaves files open, and its libraries warn of one another."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@functools.cache
def _pattern(part: str) -> re.Pattern[str]:
    """Of one segment of a template: `{id}`, `{id}:cancel`, `{issue_id}.{format}`."""
    literals = re.split(r"\{[^}]*\}", part)
    return re.compile(".+".join(map(re.escape, literals)))


def _fits(part: str, segment: str) -> bool:
    return _pattern(part).fullmatch(segment) is not None


def _body(content: bytes, kind: str) -> dict[str, Any]:
    if not content:
        return {}
    if "json" in kind:
        return {"json": json.loads(content), "content_type": kind}
    if kind.startswith("application/x-www-form-urlencoded"):
        return {"form": parse_qs(content.decode(), keep_blank_values=True)}
    return {"text": content if kind.startswith(FORM) else content.decode(), "content_type": kind}
