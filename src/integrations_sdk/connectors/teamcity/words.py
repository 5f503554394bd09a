"""TeamCity's words: what a build is asked for with, states, errors. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    Build,
    BuildRequest,
    BuildStatus,
    ConfigurationError,
    Fault,
    JsonValue,
    Response,
    at,
    fault_of,
    given,
    json_of,
    objects_at,
    parameter_text,
    sentence,
    text_at,
    time_of,
    words_of,
)
from integrations_sdk.connectors.teamcity.config import TeamCityConfig

__all__ = [
    "FIELDS",
    "build_body",
    "build_of",
    "build_state",
    "locator_value",
    "next_builds",
    "number_of",
    "teamcity_fault",
]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./-]+")

FIELDS: Final = "id,number,state,status,statusText,buildTypeId,webUrl,startDate,finishDate,canceledInfo(text)"
"""What is asked of a build: https://www.jetbrains.com/help/teamcity/rest/teamcity-rest-api-documentation.html."""


def number_of(reference: str) -> str:
    """A build's id.

    Raises:
        ConfigurationError: it is none.
    """
    number = reference.removeprefix("id:")
    if not (number.isascii() and number.isdecimal()):
        wrong = "expected the id of a build, such as 4711"
        raise ConfigurationError.of(
            "build reference", "reference", wrong, "take it from the outcome of trigger_build()"
        )
    return number


def locator_value(text: str) -> str:
    """A value in a locator. Commas and parentheses would end it, so what has any of them goes in base64.

    Source: https://www.jetbrains.com/help/teamcity/rest/locators.html
    """
    if _PLAIN.fullmatch(text):
        return text
    return f"($base64:{base64.urlsafe_b64encode(text.encode('utf-8', 'replace')).decode()})"


def next_builds(page: Response, _query: str) -> str | None:
    """The query of the next page. A page may be short although there are more: looking ends after 5,000 builds."""
    return str(at(json_of(page), "nextHref") or "").partition("?")[2] or None


def build_body(job: str, request: BuildRequest, config: TeamCityConfig, comment: str) -> dict[str, JsonValue]:
    """What puts a build into the queue.

    Source: https://www.jetbrains.com/help/teamcity/rest/start-and-cancel-builds.html
    """
    values = {name: parameter_text(value) for name, value in config.properties.items()} | dict(
        request.parameters
    )
    properties: list[JsonValue] = [{"name": name, "value": value} for name, value in values.items()]
    change: JsonValue = {"locator": f"version:{locator_value(request.commit_sha or '')},buildType:(id:{job})"}
    return given(
        buildType={"id": job},
        branchName=request.branch or request.tag,
        properties={"property": properties} if properties else None,
        lastChanges={"change": [change]} if request.commit_sha and config.build_commit else None,
        personal=config.personal or None,
        comment={"text": comment},
    )


def build_state(build: Mapping[str, JsonValue]) -> BuildStatus:
    """A build's status; one that ended without success, in whatever word, failed."""
    if build.get("canceledInfo") is not None:
        return BuildStatus.CANCELED
    if build.get("state") == "queued":
        return BuildStatus.PENDING
    if build.get("state") in {"finished", "deleted"}:
        word = build.get("status")
        # UNKNOWN is the status of builds that were canceled.
        outcomes = {"SUCCESS": BuildStatus.SUCCESS, "UNKNOWN": BuildStatus.CANCELED}
        return outcomes.get(str(word), BuildStatus.FAILED)
    return BuildStatus.RUNNING


def build_of(build: dict[str, JsonValue]) -> Build:
    """A build as the API shows it; its number is text there, and need be none."""
    number, url = str(build.get("number") or ""), build.get("webUrl")
    started, ended = time_of(build.get("startDate")), time_of(build.get("finishDate"))
    return Build(
        reference=text_at(build, "id") or "",
        status=build_state(build),
        job=text_at(build, "buildTypeId") or "",
        number=int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None,
        url=url if isinstance(url, str) else None,
        duration=max(ended - started, timedelta(0)) if started and ended else None,
    )


def teamcity_fault(response: Response) -> Fault | None:
    """What is wrong with an answer: `errors` in JSON, or plain text that begins with a class's name.

    Source: https://www.jetbrains.com/help/teamcity/rest/, "Errors".
    """
    found = fault_of(response)
    if found is None or 300 <= response.status < 400:
        return found
    errors = objects_at(json_of(response), "errors")
    said = "; ".join(str(error.get("message")) for error in errors) or words_of(response)
    extra = at(errors[0], "additionalMessage") if errors else None
    words = sentence(f"{said} ({extra})" if extra else said)
    return Fault(found.kind, words or found.message)
