"""`cli.judging`: a call is judged as an application that calls `mgr.events.receive()` would."""

from __future__ import annotations

import json

import pytest

from integrations_sdk.cli.judging import Judge
from integrations_sdk.http.serving import Arrived
from integrations_sdk.models import Secret
from integrations_sdk.testing import sign

BODY = json.dumps({"object_kind": "push", "ref": "refs/heads/main"})


@pytest.fixture
def judge(manager, run, clock):
    """Judges a body that was signed with a secret; the facts that are answered and told."""

    def make(source, *known, status=200):
        judging = Judge(manager.events, source=source, secrets=[Secret(one) for one in known], status=status)

        def call(body=BODY, secret="shared", *, id_="1", sender=source or "gitlab"):
            headers = sign(sender, body, secret, event="Push Hook", id=id_, now=clock.now())
            content = body.encode() if isinstance(body, str) else body
            arrived = Arrived(method="POST", target="/", headers=headers, body=content)
            return run(judging.judge(arrived))

        return call

    return make


def test_authentic_once(judge):
    """Then repeated: both are taken, for the sender has done nothing wrong."""
    call = judge("gitlab", "other", "shared", status=202)
    first, again = call(), call()
    assert (first.status, first.verified, first.event.branch, first.refused) == (202, True, "main", False)
    assert (again.status, again.verified, again.event, again.repeated) == (202, True, None, True)


def test_forged(judge):
    """401, and why; nothing is read of it."""
    verdict = judge("gitlab", "shared", status=202)(secret="guess")
    assert (verdict.status, verdict.verified, verdict.event, verdict.refused) == (401, False, None, True)
    assert "not the configured token" in verdict.reason


def test_not_of_its_source(judge):
    """400, whoever sent it."""
    verdict = judge("gitlab", "shared")(body="[]")
    assert (verdict.status, verdict.content, verdict.verified) == (400, "not understood", None)
    assert verdict.reason.startswith("body: expected a JSON object")


def test_without_a_secret(judge):
    """It is read, and not called authentic."""
    verdict = judge("gitlab")(secret="anything")
    assert (verdict.status, verdict.verified, verdict.event.type) == (200, None, "push")


def test_without_a_source(judge):
    """Nothing is looked at."""
    verdict = judge(None, status=503)(body=b"\xff")
    assert (verdict.status, verdict.verified, verdict.event, verdict.refused) == (503, None, None, False)


@pytest.mark.parametrize(
    ("source", "body", "content"),
    [
        ("slack", {"type": "url_verification", "challenge": "abc"}, "abc"),
        ("slack", {"type": "url_verification", "challenge": 5}, ""),
        ("slack", {"type": "event_callback", "challenge": "abc"}, ""),
        ("stripe", {"type": "url_verification", "challenge": "abc"}, ""),
    ],
)
def test_slacks_challenge_is_answered(judge, source, body, content):
    """What Slack asks of a new URL, and of no other sender."""
    assert judge(source, "shared")(body=json.dumps(body)).content == content


def test_a_forged_challenge_is_not_answered(judge):
    """Nothing of what a stranger sends comes back."""
    body = json.dumps({"type": "url_verification", "challenge": "abc"})
    assert judge("slack", "shared")(body=body, secret="guess").content == "not authentic"
