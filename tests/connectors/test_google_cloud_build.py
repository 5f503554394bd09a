"""Google Cloud Build: what is started and how it is followed, the service account's tokens, and errors.

The description has the global paths; those with a location: https://cloud.google.com/build/docs/api/reference/rest.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from integrations_sdk.connectors.base import (
    AuthenticationError,
    BuildRequest,
    BuildStatus,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    service_account,
    service_account_key,
)
from integrations_sdk.connectors.google_cloud_build import CloudBuildConnector
from integrations_sdk.connectors.google_cloud_build.words import build_of, build_reference
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.google_cloud_build import CloudBuildStandIn
from support.build_servers import SHA, Host, Served, drained, event
from support.keys import rsa_pair

CANARY = "ya29.canary-0123456789"
PROJECT = CloudBuildStandIn.project
CONFIG = {"project_id": PROJECT, "access_token": CANARY, "trigger": "deploy"}
ROOT = f"/v1/projects/{PROJECT}"
run = asyncio.run


class CloudBuild(Served[CloudBuildStandIn, CloudBuildConnector]):
    def __init__(self, **more: Any) -> None:
        super().__init__(CloudBuildConnector, CloudBuildStandIn(), **more)

    def with_key(self, **more: Any) -> CloudBuildConnector:
        """The same with a service account."""
        given = {**self.server.key_config(*rsa_pair()), **more}
        return connect(CloudBuildConnector, given, self.http, clock=self.clock)


# --- pure -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PENDING", "pending"),
        ("QUEUED", "pending"),
        ("WORKING", "running"),
        ("SUCCESS", "success"),
        ("FAILURE", "failed"),
        ("INTERNAL_ERROR", "failed"),
        ("TIMEOUT", "failed"),
        ("CANCELLED", "canceled"),
        ("EXPIRED", "canceled"),
        ("STATUS_UNKNOWN", "pending"),
        ("NEW_WORD", "pending"),
        (None, "pending"),
    ],
)
def test_states_have_a_status(word: str | None, status: str) -> None:
    """Every word of the API is known, and an unknown one is no success."""
    assert build_of({"status": word}).status == BuildStatus(status)


@pytest.mark.parametrize("text", ["", "a/b", "a:cancel", "..", "ä"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """A reference from a request must not reach another address."""
    with pytest.raises(ConfigurationError, match="expected the id of a build"):
        build_reference(text)


def test_only_the_key_of_a_service_account_is_one() -> None:
    """Its file as it was downloaded, with a private RSA key in it."""
    private, public = rsa_pair()
    other = ECKey.generate_key("P-256").as_pem(private=True).decode()
    account = {"type": "service_account", "client_email": "a@x.iam.gserviceaccount.com"}
    assert service_account_key(json.dumps({**account, "private_key": private})) is None
    for wrong in (
        "", "{", "[]", "{}", private, json.dumps(account), json.dumps({**account, "private_key": public}),
        json.dumps({**account, "private_key": other}), json.dumps({**account, "private_key": private, "type": "authorized_user"}),
        "[" * 100_000,
    ):  # fmt: skip
        assert service_account_key(wrong) == "the content of a service account's key file, JSON"
    found = service_account(json.dumps({**account, "private_key": private}))
    assert found is not None
    assert (found.email, found.key_id) == ("a@x.iam.gserviceaccount.com", None)
    assert "BEGIN" not in repr(found)


# --- configuration ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"project_id": "Shop Web"}, "project_id"),
        ({"project_id": None}, "project_id"),
        ({"location": "Frankfurt"}, "location"),
        ({"access_token": None}, "service_account_key"),
        ({"service_account_key": "env:KEY"}, "access_token"),
        ({"access_token": None, "service_account_key": "{}"}, "service_account_key"),
        ({"triggers": [" "]}, "triggers[0]"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects, without its value."""
    with pytest.raises(ConfigurationError) as caught:
        connect(CloudBuildConnector, {**CONFIG, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


# --- starting ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "given", "source"),
    [
        (BuildRequest(branch="main", commit_sha=SHA), {}, {"commitSha": SHA}),
        (BuildRequest(branch="main", commit_sha=SHA), {"build_commit": False}, {"branchName": "main"}),
        (BuildRequest(branch="main"), {}, {"branchName": "main"}),
        (BuildRequest(tag="v1"), {}, {"tagName": "v1"}),
        (BuildRequest(tag="v1", commit_sha=SHA), {"build_commit": False}, {"tagName": "v1"}),
        (BuildRequest(), {}, {}),
        (
            BuildRequest(parameters={"_STAGE": "test"}),
            {"substitutions": {"_STAGE": "prod", "_DRY": True}},
            {"substitutions": {"_STAGE": "test", "_DRY": "true"}},
        ),
    ],
)
def test_a_trigger_is_given_one_revision(
    request_: BuildRequest, given: dict[str, Any], source: dict[str, Any]
) -> None:
    """The most exact one; and the request's substitutions go before the configured."""
    cloud = CloudBuild(**given)
    outcome = run(cloud.connector.trigger_build(request_))
    assert cloud.server.asked == [source]
    assert outcome.reference == next(iter(cloud.server.builds))
    assert outcome.url == cloud.server.builds[outcome.reference]["logUrl"]
    assert (outcome.detail, outcome.data) == (
        "started deploy",
        {"builds": [{"job": "deploy", "reference": outcome.reference}]},
    )
    assert cloud.asked() == [f"POST {ROOT}/triggers/deploy:run"]
    assert not cloud.http.calls[-1].idempotent


def test_a_region_has_paths_of_its_own() -> None:
    """And takes the source by its name."""
    cloud = CloudBuild(location="europe-west1")
    cloud.server.location = "europe-west1"
    outcome = run(cloud.connector.trigger_build(BuildRequest(branch="main")))
    assert cloud.asked() == [f"POST {ROOT}/locations/europe-west1/triggers/deploy:run"]
    assert cloud.server.asked == [
        {"projectId": PROJECT, "triggerId": "deploy", "source": {"branchName": "main"}}
    ]
    assert outcome.reference is not None
    assert run(cloud.connector.get_build(outcome.reference)).status is BuildStatus.PENDING
    assert run(cloud.connector.cancel_build(outcome.reference))
    assert run(cloud.connector.check()).warnings == ()


def test_a_build_without_a_trigger() -> None:
    """As Cloud Build describes one."""
    cloud = CloudBuild(trigger=None)
    steps: Any = {"steps": [{"name": "ubuntu", "args": ["true"]}]}
    outcome = run(cloud.connector.create_build(steps))
    assert cloud.server.asked == [steps]
    assert outcome.reference == next(iter(cloud.server.builds))
    with pytest.raises(RejectedError, match="no steps"):
        run(cloud.connector.create_build({}))
    with pytest.raises(ConfigurationError, match="job: missing; nothing says what to build"):
        run(cloud.connector.trigger_build(BuildRequest()))


def test_several_triggers_run_together() -> None:
    """One that is not there fails by itself."""
    outcome = run(CloudBuild(triggers=["gone"]).connector.trigger_build(BuildRequest()))
    assert not outcome
    assert "1 of 2 jobs were not started" in str(outcome.error)


# --- following --------------------------------------------------------------


def test_a_build_goes_from_the_queue_to_its_result() -> None:
    """Pending, running, ended with how long it took."""
    cloud = CloudBuild()
    reference = run(cloud.connector.trigger_build(BuildRequest())).reference or ""
    builds = [run(cloud.connector.get_build(reference)) for _ in range(3)]
    assert [build.status for build in builds] == [
        BuildStatus.PENDING,
        BuildStatus.RUNNING,
        BuildStatus.SUCCESS,
    ]
    assert (builds[-1].job, builds[-1].duration) == ("deploy", timedelta(seconds=90))
    with pytest.raises(RejectedError, match=r"not found.*code NOT_FOUND"):
        run(cloud.connector.get_build("gone"))


def test_a_build_is_canceled() -> None:
    """Unless it has ended."""
    cloud = CloudBuild()
    reference = run(cloud.connector.trigger_build(BuildRequest())).reference or ""
    run(cloud.connector.cancel_build(reference))
    assert run(cloud.connector.get_build(reference)).status is BuildStatus.CANCELED
    with pytest.raises(RejectedError, match="has ended"):
        run(cloud.connector.cancel_build(reference))


def test_builds_are_listed_page_by_page() -> None:
    """Newest first; by Google's own filter; none at all is an empty answer."""
    cloud = CloudBuild()

    async def whole() -> tuple[list[str], list[str], list[str]]:
        known = cloud.connector
        none = [build.reference async for build in known.list_builds()]
        for _ in range(250):
            await known.trigger_build(BuildRequest())
        newest = next(reversed(cloud.server.builds))
        await known.cancel_build(newest)
        every = [build.reference async for build in known.list_builds()]
        return none, every, [build.reference async for build in known.list_builds('status="CANCELLED"')]

    none, every, canceled = run(whole())
    assert (none, every) == ([], [*reversed(cloud.server.builds)])
    assert canceled == every[:1]


def test_a_listing_that_names_itself_ends() -> None:
    """The same token again leads nowhere new."""
    http = ScriptedHttp([reply(200, {"builds": [{"id": "1"}], "nextPageToken": "x"})])
    known = connect(CloudBuildConnector, CONFIG, http)

    async def whole() -> list[str]:
        return [build.reference async for build in known.list_builds()]

    assert run(whole()) == ["1", "1"]


def test_the_result_is_shown_beside_the_commit() -> None:
    """Pending at once, running and the result from the background, each once."""
    host = Host()
    cloud = CloudBuild(others={"gitlab-1": host}, report_status_to="gitlab-1", trigger_on_push=True)
    cloud.server.result = "TIMEOUT"

    async def whole() -> None:
        await cloud.connector.handle_event(event())
        await drained()

    run(whole())
    assert host.shown == ["pending", "running", "failed"]
    assert host.told_statuses[-1].context == "google_cloud_build/deploy"


# --- service accounts -------------------------------------------------------


def test_a_service_account_is_given_a_token() -> None:
    """Once, for an hour, however many ask; from the configured endpoint, whatever the file says of another."""
    cloud = CloudBuild()
    known = cloud.with_key()

    async def whole() -> None:
        await asyncio.gather(*(known.check() for _ in range(5)))
        assert cloud.server.granted == 1
        await cloud.clock.sleep(3500)
        await known.check()
        assert cloud.server.granted == 1
        await cloud.clock.sleep(60)
        await known.check()
        assert cloud.server.granted == 2

    run(whole())
    assert cloud.asked()[0] == "POST /token"
    assert all(request.url.startswith(cloud.server.url) for request in cloud.http.requests)


def test_a_token_that_is_refused_is_not_used_again() -> None:
    """The call fails, and the next one asks for another."""
    cloud = CloudBuild()
    known = cloud.with_key()
    run(known.check())
    cloud.server.end_tokens()
    with pytest.raises(AuthenticationError, match="invalid authentication credentials"):
        run(known.check())
    run(known.check())
    assert cloud.server.granted == 2


def test_a_key_that_was_deleted_is_refused() -> None:
    """As credentials, though the endpoint says it with a 400; and the key is not in the error."""
    cloud = CloudBuild()
    known = cloud.with_key()
    cloud.server.public_key = RSAKey.generate_key(2048).as_pem(private=False).decode()
    with pytest.raises(AuthenticationError, match=r"Invalid JWT Signature.*code invalid_grant") as caught:
        run(known.check())
    assert caught.value.needs_reauth
    assert rsa_pair()[0].splitlines()[3] not in str(caught.value)


def test_the_proof_is_dated_by_our_clock() -> None:
    """And good for an hour, as long as Google allows."""
    cloud = CloudBuild()
    run(cloud.with_key().check())
    from joserfc import jwt

    form = dict(pair.split("=") for pair in cloud.http.requests[0].content.decode().split("&"))
    claims = jwt.decode(form["assertion"], RSAKey.import_key(rsa_pair()[1])).claims
    assert datetime.fromtimestamp(claims["iat"], UTC) == cloud.clock.now().replace(microsecond=0)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"


# --- health and errors ------------------------------------------------------


def test_the_check_changes_nothing() -> None:
    """It looks for the triggers, by name or id, and warns of those that are not there."""
    cloud = CloudBuild(triggers=["1f6e2c1a", "gone"])
    result = run(cloud.connector.check())
    assert (result.detail, result.warnings) == (
        f"{PROJECT}, 1 triggers",
        ("there is no trigger gone in global",),
    )
    assert {request.method for request in cloud.http.requests} == {"GET"}


def error(status: int, name: str, words: str, **headers: str) -> Any:
    return reply(status, {"error": {"code": status, "message": words, "status": name}}, **headers)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(401, "UNAUTHENTICATED", "invalid credentials"), AuthenticationError, "invalid credentials"),
        (error(403, "PERMISSION_DENIED", "cloudbuild.builds.create denied"), PermissionDeniedError, "builds.create denied"),
        (error(404, "NOT_FOUND", "Requested entity was not found."), RejectedError, "was not found"),
        (error(400, "INVALID_ARGUMENT", "invalid build"), RejectedError, "invalid build"),
        (error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", retry_after="5"), RateLimitedError, "retry after 5 s"),
        (error(503, "UNAVAILABLE", "try again"), ProviderUnavailableError, "try again"),
        (reply(200, "<html>", content_type="text/html"), RejectedError, "is the URL the API's?"),
    ],
)  # fmt: skip
def test_errors_say_what_google_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, in Google's words and with its name for it."""
    with pytest.raises(kind) as caught:
        run(connect(CloudBuildConnector, CONFIG, ScriptedHttp([answer])).trigger_build(BuildRequest()))
    assert words in str(caught.value)


def test_a_token_endpoint_that_is_none_is_said() -> None:
    """Something else answered."""
    cloud = CloudBuild()
    http = ScriptedHttp([reply(200, {"hello": "world"}), answered_by(cloud.server)])
    known = connect(CloudBuildConnector, cloud.server.key_config(*rsa_pair()), http)
    with pytest.raises(RejectedError, match="is the URL a token endpoint"):
        run(known.check())
