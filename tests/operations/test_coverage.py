"""The table of what was checked: a line for each operation, provider by provider, and how many there are of each kind."""

from __future__ import annotations

from support.coverage import CHECKS, record, table

CHECKED = [
    ("slack", "notify", "client slack_sdk 3.37"),
    ("slack", "notify", "contract slack: POST /chat.postMessage"),
    ("slack", "notify", "contract slack: GET /auth.test"),
    ("slack", "send_message", "https://docs.slack.dev/messaging"),
    ("prometheus", "push", "program prometheus 2.53"),
    ("prometheus", "push", "https://prometheus.io/docs/"),
]


def test_each_operation_has_one_line() -> None:
    """Kind by kind, a contract's operations together, aligned below the provider's name."""
    *lines, _ = table(CHECKED)
    assert lines == [
        "prometheus",
        "  push          program prometheus 2.53; https://prometheus.io/docs/",
        "slack",
        "  notify        contract slack: GET /auth.test, POST /chat.postMessage; client slack_sdk 3.37",
        "  send_message  https://docs.slack.dev/messaging",
    ]


def test_the_last_line_counts_operations() -> None:
    """Each once for a kind, however many checks it has; those alone that nothing but a page stands for."""
    *_, summary = table(CHECKED)
    assert summary == "3 operations: 1 by contract, 1 by client, 1 by program, 1 by documentation alone"


def test_what_is_recorded_is_in_the_table_once() -> None:
    """However often it is."""
    before = set(CHECKS)
    for _ in range(2):
        record("a provider", "an operation", "program x 1.0")
    assert CHECKS - before == {("a provider", "an operation", "program x 1.0")}
    CHECKS.discard(("a provider", "an operation", "program x 1.0"))
