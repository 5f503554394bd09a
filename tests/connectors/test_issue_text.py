"""The text of issues: complete, and found again by its mark."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.issue_text import is_marked, issue_text, mark_of
from integrations_sdk.models import IssueDraft


def test_the_text_has_what_was_said_the_address_and_the_mark() -> None:
    """Description, address and mark follow each other, each only where there is one."""
    draft = IssueDraft(title="t", description=" It broke. ", url="https://x/1", external_id="gitlab:a/b#1")
    mark = mark_of("gitlab:a/b#1")
    assert issue_text(draft) == f"It broke.\n\nhttps://x/1\n\n<sub>sync id {mark}</sub>"
    assert issue_text(IssueDraft(title="t")) == ""
    assert (
        issue_text(IssueDraft(description="see https://x/1 there", url="https://x/1"))
        == "see https://x/1 there"
    )


@given(st.text(st.characters(exclude_categories=()), min_size=1), st.text())
def test_a_marked_text_is_found_by_its_id_alone(external_id: str, description: str) -> None:
    """Whatever is said above it, the text is found by its own id and by no other."""
    text = issue_text(IssueDraft(description=description, external_id=external_id))
    assert is_marked(text, external_id)
    assert not is_marked(text, external_id + "0")
    assert mark_of(external_id) in text
    assert len(mark_of(external_id)) < 50  # GitLab's index leaves longer words out


def test_a_foreign_mark_in_the_description_finds_nothing() -> None:
    """What somebody quotes in a description is removed, so that it cannot pass for the issue quoted."""
    quoted = issue_text(IssueDraft(description="original", external_id="victim"))
    assert not is_marked(issue_text(IssueDraft(description=quoted, external_id="other")), "victim")
    assert not is_marked(issue_text(IssueDraft(description=quoted)), "victim")
    assert not is_marked(quoted + "\n" + issue_text(IssueDraft(external_id="other")), "victim")
    assert not is_marked(None, "victim")


def test_a_new_text_keeps_the_mark_of_the_one_it_replaces() -> None:
    """Without an id of its own, a change leaves the issue where it is found."""
    before = issue_text(IssueDraft(description="before", external_id="1"))
    assert is_marked(issue_text(IssueDraft(description="after"), before=before), "1")
    assert is_marked(issue_text(IssueDraft(description="after", external_id="2"), before=before), "2")
    assert issue_text(IssueDraft(description="after"), before=None) == "after"
