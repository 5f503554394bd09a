"""The reader of Adaptive Cards that Microsoft publishes understands every card for Teams, and all of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integrations_sdk.connectors.microsoft_teams.render import Payload, as_chat_message, as_workflow, cards
from integrations_sdk.models import Message
from support.coverage import record
from support.messages import CASES, messages
from support.node import Node, node_at

SOME = {
    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [{"type": "TextBlock", "text": "x"}],
}
WORDS = {"size", "spacing", "style", "weight"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def node(packages: Path) -> Node:
    """npm's package `adaptivecards`, which reads cards."""
    return node_at(packages, "cards.mjs")


def plain(card: Any) -> Any:
    """The same with words of its vocabulary in small letters, which make no difference."""
    if isinstance(card, list):
        return [plain(one) for one in card]
    if not isinstance(card, dict):
        return card
    return {name: value.lower() if name in WORDS else plain(value) for name, value in card.items()}


def check(node: Node, shown: Sequence[Payload]) -> None:
    """It complains of nothing, and read what was written; `msteams` is a word between us and Teams."""
    results = node([{"card": card, "version": card["version"]} for card in shown])
    for card, result in zip(shown, results, strict=True):
        assert result["value"]["complaints"] == []
        written = {name: value for name, value in card.items() if name != "msteams"}
        assert plain(result["value"]["card"]) == plain(written)
        record("microsoft_teams", "notify", "program adaptivecards 3.0.6")


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_a_card(node: Node, case: str) -> None:
    """Ordinary, hostile, too long, empty; with people called, and as either way of sending it carries it."""
    message = attrs.evolve(CASES[case], mentions=("ada@example.com",))
    shown = cards(message, ["grace@example.com"])
    sent: list[Any] = [as_workflow(card)["attachments"] for card in shown]
    posted: list[Any] = [as_chat_message(card)["attachments"] for card in shown]
    check(node, [attached[0]["content"] for attached in sent])
    check(node, [json.loads(attached[0]["content"]) for attached in posted])


# Each example starts Node: what fails is shown as it is found.
@settings(
    max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
@given(st.lists(messages(), min_size=1, max_size=8))
def test_any_message_is_a_card(node: Node, made: list[Message]) -> None:
    """Whatever it holds."""
    check(node, [card for message in made for card in cards(message)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": [{"type": "TextBlock", "text": "x", "weight": "heavy"}]},
        {"body": [{"type": "Unheard"}]},
        {"actions": [{"type": "Action.OpenUrl", "title": "x"}]},
        {"version": "1.1", "body": [{"type": "RichTextBlock", "inlines": ["x"]}]},
    ],
)
def test_it_would_say_so(node: Node, wrong: dict[str, Any]) -> None:
    """Of a card that is none: the checks above can fail."""
    check(node, [SOME])
    card = {**SOME, **wrong}
    (result,) = node([{"card": card, "version": card["version"]}])
    assert result["value"]["complaints"] != []
