"""What others wrote to verify and sign, in JavaScript: npm's `standardwebhooks` and `@octokit/webhooks`.

The packages are installed into a folder of their own; without node, npm or a registry these tests are skipped,
saying so, unless INTEGRATIONS_SDK_REQUIRE_SERVICES is set.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations_sdk.errors import SignatureError
from integrations_sdk.models import Secret
from integrations_sdk.signing import generate_key_pair, generate_secret, profile_headers, sign, verify
from support.node import Node, Task, installed, node_at
from support.rotation import across_a_rotation

HERE = Path(__file__).parent / "interop"
BODY = '{"type":"push","name":"ä","nested":{"n":[1,2.5,null]}}'
TEXT = "It's a Secret to Everybody"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """The packages of `interop/`, with the script that lets them work."""
    return node_at(installed(HERE, tmp_path_factory.mktemp("interop")), "interop.mjs")


def test_node_accepts_ours(node: Node) -> None:
    """Each package takes the headers of its kind of call, of one secret or of several; and nothing that was changed."""
    now, old, new, pair = datetime.now(UTC), generate_secret(), generate_secret(), generate_key_pair()
    body = BODY.encode()
    both = sign("standard_webhooks", body, [new, old, pair.private_key], now=now, id="msg_1")
    github = profile_headers("github", body, [Secret(TEXT)], event_type="merge_request", id="d-1", now=now)
    good: list[Task] = [
        {"do": "standard.verify", "secret": old.reveal(), "headers": both, "body": BODY},
        {"do": "standard.verify", "secret": new.reveal(), "headers": both, "body": BODY},
        {"do": "ed25519.verify", "secret": pair.public_key, "headers": both, "body": BODY},
        {"do": "github.receive", "secrets": [TEXT], "headers": github, "body": BODY},
        {"do": "github.receive", "secrets": ["other", TEXT], "headers": github, "body": BODY},
    ]
    bad = [
        *({**task, "body": BODY.replace("push", "pusj")} for task in good),
        {**good[0], "secret": generate_secret().reveal()},
        {**good[2], "secret": generate_key_pair().public_key},
        {**good[3], "secrets": ["other"]},
    ]
    results = node([*good, *bad])

    read = json.loads(BODY)
    received = {"id": "d-1", "name": "pull_request", "payload": read}
    assert [result.get("value") for result in results[:5]] == [read, read, True, received, received]
    for result in results[5:]:
        assert "No matching signature" in result["error"] or "does not match" in result["error"]


def test_we_accept_nodes(node: Node) -> None:
    """What the packages sign, and not what was changed since."""
    now, secret = datetime.now(UTC), generate_secret()
    time = int(now.timestamp())
    standard, github = node(
        [
            {"do": "standard.sign", "secret": secret.reveal(), "id": "msg_1", "time": time, "body": BODY},
            {"do": "github.sign", "secret": TEXT, "body": BODY},
        ]
    )
    sent = {"webhook-id": "msg_1", "webhook-timestamp": str(time), "webhook-signature": standard["value"]}
    for source, headers, shared in (
        ("standard_webhooks", sent, secret),
        ("github", {"X-Hub-Signature-256": github["value"]}, Secret(TEXT)),
    ):
        verify(source, headers, BODY.encode(), [shared], now=now)
        with pytest.raises(SignatureError):
            verify(source, headers, BODY.encode() + b" ", [shared], now=now)


# --- deliveries across a rotation -----------------------------------------------------------------


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.torture)])
@pytest.mark.parametrize("profile", ["standard", "gitlab", "github"])
def test_nothing_is_refused_across_a_rotation(node: Node, profile: str, count: int) -> None:
    """Every delivery is accepted with what the receiver knows at that time; after the overlap none with the old secret."""
    first = TEXT if profile == "github" else generate_secret().reveal()
    deliveries = asyncio.run(across_a_rotation(profile, count, first))
    if profile == "github":
        tasks: list[Task] = [{"do": "github.receive", "secrets": sent.known} for sent in deliveries]
        late: Task = {"do": "github.receive", "secrets": [first]}
    else:
        tasks = [{"do": "standard.verify", "secret": sent.known[0]} for sent in deliveries]
        late = {"do": "standard.verify", "secret": first}
    after = deliveries[count * 3 // 4 :]

    results = node(
        [
            {**task, "headers": sent.headers, "body": sent.body}
            for task, sent in [*zip(tasks, deliveries, strict=True), *((late, sent) for sent in after)]
        ]
    )

    refused = [number for number, result in enumerate(results[:count]) if "error" in result]
    assert refused == []
    assert all("error" in result for result in results[count:])
    assert len({sent.headers["webhook-id"] for sent in deliveries}) == count
