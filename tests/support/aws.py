"""What the tests of AWS' services share: its own models of them, and a server of the moto project."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any
from urllib import request as urllib_request
from urllib.parse import parse_qsl

from integrations_sdk.http.base import Headers, Request
from support.coverage import record
from support.needs import unavailable


@cache
def _model(service: str) -> Any:
    from botocore.session import get_session

    return get_session().get_service_model(service)


def complaints(service: str, operation: str, given: dict[str, Any]) -> str:
    """What AWS' own model of an operation has against its input; empty when nothing."""
    from botocore.validate import ParamValidator

    shape = _model(service).operation_model(operation).input_shape
    unknown = sorted(given.keys() - shape.members.keys())
    report: str = ParamValidator().validate(given, shape).generate_report()
    return "; ".join([*(f"unknown {name}" for name in unknown), *([report] if report else [])])


def parameters_of(form: Mapping[str, str]) -> dict[str, Any]:
    """What a form of the query protocol says, in the shapes of AWS' model."""
    plain = {
        name: value for name, value in form.items() if "." not in name and name not in {"Action", "Version"}
    }
    entries: dict[str, dict[str, str]] = {}
    for name, value in form.items():
        if found := re.fullmatch(r"MessageAttributes\.entry\.(\d+)\.(?:Value\.)?(\w+)", name):
            entries.setdefault(found[1], {})[found[2]] = value
    attributes = {entry.pop("Name"): entry for entry in entries.values()}
    return {**plain, **({"MessageAttributes": attributes} if attributes else {})}


def action_of(request: Request) -> tuple[str, dict[str, Any]]:
    """The operation that a request asks for, and its input, in either of AWS' protocols."""
    if target := Headers(request.headers).get("x-amz-target"):
        return target.rpartition(".")[2], json.loads(request.content)
    form = dict(parse_qsl(request.content.decode()))
    return form["Action"], parameters_of(form)


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of AWS as the moto project serves it, on the loopback interface."""
    try:
        from moto import server
    except ImportError:
        unavailable("moto is not installed (group `tests`)")
    with warnings.catch_warnings():  # it is not ours: its libraries warn of one another
        warnings.simplefilter("ignore")
        running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        running.start()
        host, port = running.get_host_and_port()
        reset = urllib_request.Request(
            f"http://{host}:{port}/moto-api/reset", method="POST"
        )  # its state is the process's
        urllib_request.urlopen(reset, timeout=10).close()
        yield f"http://{host}:{port}"
        running.stop()


def by_moto(provider: str, *operations: str) -> None:
    """The moto project took these operations for what AWS takes, and what came of them was looked at."""
    for operation in operations:
        record(provider, operation, f"program moto {version('moto')}")
