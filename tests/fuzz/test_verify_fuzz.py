"""The fuzzer's target, under Hypothesis: it runs wherever the tests do, also where there is no `atheris`."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.verify_fuzz import one_input


class Drawn:
    """Hypothesis as a provider of the fuzzer's data."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw

    def ConsumeIntInRange(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def ConsumeUnicode(self, count: int) -> str:
        return self._draw(st.text(st.characters(exclude_categories=()), max_size=count))

    def ConsumeBytes(self, count: int) -> bytes:
        return self._draw(st.binary(max_size=count))


@given(data=st.data())
@settings(max_examples=300)
def test_only_signature_errors_leave_and_nothing_forged_is_accepted(data: st.DataObject) -> None:
    """Of every sender and kind of secret: the authentic message is accepted, everything else is a `SignatureError`."""
    one_input(Drawn(data))
