"""Mend's words in both versions of its API: https://docs.mend.io/platform-api, "API 3.0" and "SCA API 2.0". Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

import attrs

from integrations_sdk.connectors.base import (
    AccessToken,
    Fault,
    Finding,
    Following,
    JsonValue,
    Response,
    Secret,
    Severity,
    at,
    changed_query,
    fault_of,
    json_of,
    sentence,
    text_at,
    time_of,
    words_of,
)

__all__ = ["API_2", "API_3", "Api", "api_address", "finding_of", "is_open", "mend_fault", "session_of"]

_ENVIRONMENT: Final = re.compile(r"(?!api-)[a-z0-9-]+\.(mend\.io|whitesourcesoftware\.com)")
_SEVERITIES: Final = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
_DONE: Final = frozenset({"SUPPRESSED", "REMEDIATED"})
_CRITICAL_SCORE: Final = 9.0  # CVSS 3.1, section 5; API 2.0 knows no word for it


@attrs.frozen(kw_only=True)
class Api:
    """How a version of the API calls things.

    Attributes:
        root: where its paths begin.
        body: the name under which every answer holds what was asked for.
        findings: the path of a project's security findings.
        size: the parameter that says how many a page holds.
    """

    root: str
    body: str
    findings: str
    size: str
    following: Following


def _next_number(page: Response, query: str) -> str | None:
    """API 2.0 counts pages from 0 and says which is the last."""
    answer = json_of(page)
    last = str(at(answer, "additionalData", "isLastPage")).lower() != "false"
    number = int(parse_qs(query).get("page", ["0"])[-1])
    return None if last or not at(answer, "retVal") else changed_query(query, page=number + 1)


def _next_cursor(page: Response, query: str) -> str | None:
    """API 3.0 names the next page; of its address only the cursor is taken."""
    answer = json_of(page)
    following = parse_qs((text_at(answer, "additionalData", "next") or "").partition("?")[2])
    cursor = following.get("cursor", [""])[-1]
    return changed_query(query, cursor=cursor) if cursor and at(answer, "response") else None


API_2: Final = Api(
    root="/api/v2.0",
    body="retVal",
    findings="/projects/{project}/alerts/security",
    size="pageSize",
    following=_next_number,
)
API_3: Final = Api(
    root="/api/v3.0",
    body="response",
    findings="/projects/{project}/dependencies/findings/security",
    size="limit",
    following=_next_cursor,
)


def api_address(url: str) -> str:
    """The API's address, also of an environment's own (`https://saas-eu.mend.io`)."""
    root = re.sub(r"/api(/v\d\.\d)?$", "", url.rstrip("/"))
    host = urlsplit(root).hostname or ""
    return root.replace("://", "://api-", 1) if _ENVIRONMENT.fullmatch(host) else root


def session_of(
    said: JsonValue, now: datetime, usual: timedelta = timedelta(minutes=10)
) -> AccessToken | None:
    """The token in the answer to a login; None if there is none. Its life is said in milliseconds."""
    token, lasts = text_at(said, "jwtToken"), at(said, "tokenTTL") or at(said, "jwtTTL")
    if token is None:
        return None
    known = isinstance(lasts, int) and 0 < lasts < 10**11
    life = timedelta(milliseconds=int(str(lasts))) if known else usual
    return AccessToken(token=Secret(token), expires_at=now + life)


def is_open(finding: Mapping[str, JsonValue]) -> bool:
    """Whether nobody has resolved or ignored it."""
    told = at(dict(finding), "findingInfo") or at(dict(finding), "alertInfo")
    word = text_at(told, "findingStatus")
    return word not in _DONE if word else text_at(told, "status") in {None, "ACTIVE"}


def finding_of(finding: dict[str, JsonValue]) -> Finding:
    """A security alert (2.0) or finding (3.0) as the API shows it."""
    told = at(finding, "findingInfo") or at(finding, "alertInfo")
    name = text_at(finding, "name") or ""
    fix = text_at(finding, "topFix", "fixResolution")
    return Finding(
        reference=text_at(finding, "uuid") or name,
        title=f"{name} in {_package(at(finding, 'component'))}",
        severity=_severity(at(finding, "vulnerability")),
        kind=text_at(finding, "type") or "",
        status=(text_at(told, "findingStatus") or text_at(told, "status") or "open").lower(),
        project=text_at(finding, "project", "uuid"),
        location=text_at(finding, "component", "path")
        or text_at(finding, "component", "dependencyFile")
        or _package(at(finding, "component")),
        identifiers=(name,) if name else (),
        remedy=f"{text_at(finding, 'topFix', 'message') or 'Upgrade to version'} {fix}" if fix else None,
        url=f"https://www.mend.io/vulnerability-database/{name}"
        if name.startswith(("CVE-", "WS-"))
        else None,
        created_at=time_of(at(told, "detectedAt")),
    )


def mend_fault(response: Response) -> Fault | None:
    """What is wrong with an answer, with the support token that Mend asks for."""
    found = fault_of(response)
    if found is None or 300 <= response.status < 400:
        return found
    body = json_of(response)
    said = at(body, "response") or at(body, "retVal")
    inner = said if isinstance(said, str) else text_at(said, "errorMessage") or text_at(said, "message")
    token = text_at(body, "supportToken")
    words = inner or words_of(response) or found.message
    return Fault(found.kind, sentence(f"{words} (support token {token})" if token else words))


def _package(component: JsonValue) -> str:
    artifact, version = text_at(component, "artifactId"), text_at(component, "version")
    return (
        f"{artifact}@{version}"
        if artifact and version
        else text_at(component, "name") or "an unknown library"
    )


def _severity(vulnerability: JsonValue) -> Severity:
    score = at(vulnerability, "score")
    severity = _SEVERITIES.get(str(text_at(vulnerability, "severity")).upper(), Severity.MEDIUM)
    worst = isinstance(score, int | float) and score >= _CRITICAL_SCORE and severity is Severity.HIGH
    return Severity.CRITICAL if worst else severity
