"""The contract of refusals: which error they are, what it says, and that nothing is tried in vain."""

from __future__ import annotations

import html
import pickle
import re
from collections import Counter
from typing import Any

from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    PermissionDeniedError,
    RejectedError,
)
from integrations_sdk.models import CheckResult
from integrations_sdk.testing.connector_contract.bench import CHECK, Bench
from integrations_sdk.testing.connector_contract.case import ConnectorCase
from integrations_sdk.testing.standin import Reply

__all__ = ["RefusalContract"]


class RefusalContract(ConnectorCase):
    """What becomes of an answer that is a refusal."""

    def test_refused_credentials_ask_for_new_ones(self, doing: str) -> None:
        """Status 401 is an `AuthenticationError` in the vendor's words, and nothing is tried again and again."""
        self._refused(doing, 401, AuthenticationError)

    def test_a_missing_right_is_an_error_of_its_own(self, doing: str) -> None:
        """Status 403 is a `PermissionDeniedError`, or an `AuthenticationError` where the vendor means that by it."""
        self._refused(doing, 403, PermissionDeniedError, AuthenticationError)

    def test_what_is_not_there_is_said(self, doing: str) -> None:
        """Status 404 is a `RejectedError`, or says that the credentials do not reach it."""
        self._refused(doing, 404, RejectedError, PermissionDeniedError, AuthenticationError)

    def test_a_refusal_is_told_in_the_vendors_words(self, doing: str) -> None:
        """Status 422 is a `RejectedError` that quotes what the vendor says is wrong."""

        async def scenario(bench: Bench) -> None:
            bench.vendor.stand_in.fail(status=422, times=None)
            came = await bench.came(doing)
            if self._is_told(came, doing) and (said := _said(bench.vendor.exchanges[-1].reply)):
                parts = [part.strip() for part in re.split(r"[;:()\[\],]", came.message)]
                assert any(len(part) > 3 and part in said for part in parts), (
                    f"nothing of {said!r} is in {came.message!r}"
                )

        self.run(scenario, wire=False)

    def test_an_error_says_who_what_and_which_request(self, doing: str) -> None:
        """Provider, operation, integration, status, the vendor's request id and attempts are on it and in its text."""

        async def scenario(bench: Bench) -> None:
            bench.vendor.stand_in.fail(status=409, times=None, headers={"x-request-id": "r-4711"})
            error = await bench.came(doing)
            if not self._is_told(error, doing):
                return
            name, status = f"{self.connector.provider}-1", bench.vendor.exchanges[-1].reply.status
            assert (error.provider, error.integration_id) == (self.connector.provider, name)
            assert (error.status, error.request_id, error.attempts) == (status, "r-4711", 1)
            assert error.operation
            for said in (name, error.operation, f"HTTP {status}", "r-4711"):
                assert said in str(error), f"{said!r} is missing in {error}"

        self.run(scenario, wire=False)

    def test_an_error_crosses_to_another_process(self, doing: str) -> None:
        """What is pickled there is the same error here."""

        async def scenario(bench: Bench) -> None:
            bench.vendor.stand_in.fail(status=409, times=None)
            error = await bench.came(doing)
            if self._is_told(error, doing):
                again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
                assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))

        self.run(scenario, wire=False)

    def test_a_redirect_is_not_followed(self, doing: str) -> None:
        """No request, with or without credentials, goes where a vendor's answer says; and nothing counts as done."""
        elsewhere: list[str] = []

        def lured(request: Any) -> tuple[Reply, None]:
            elsewhere.append(request.path)
            return Reply(), None

        async def scenario(bench: Bench) -> None:
            away = f"{self._server.serve(lured)}/elsewhere"
            bench.vendor.spoil = lambda _, __: Reply(status=307, headers={"location": away})
            came = await bench.came(doing)
            assert elsewhere == [], "the redirect was followed"
            self._is_told(came, doing)

        self.run(scenario)

    def _refused(self, doing: str, status: int, *kinds: type[ConnectorError]) -> None:
        async def scenario(bench: Bench) -> None:
            bench.vendor.stand_in.fail(status=status, times=None)
            came = await bench.came(doing)
            if not self._is_told(came, doing):
                return
            assert isinstance(came, kinds), f"{status} is {came!r}"
            assert came.attempts == 1
            assert bench.clock.slept == [], "a refusal is not waited out"
            often = Counter((request.method, request.path) for request in bench.vendor.requests)
            assert max(often.values()) <= 2, "more than once again, with a new token, is in vain"

        self.run(scenario, wire=False)

    def _is_told(self, came: Any, doing: str) -> bool:  # whatever the operation gives
        """Whether it is an error; a check may also come to a warning, or know no better."""
        if doing == CHECK and isinstance(came, CheckResult):
            assert came.warnings or "refusals" in self.unseen, f"a refusal came to {came!r} without a warning"
            return False
        assert isinstance(came, ConnectorError), f"a refusal came to {came!r}"
        return True


def _said(reply: Reply) -> str:
    """What the vendor said, as text; empty where that is a page, out of which no words are read."""
    _, content = reply.encoded()
    said = html.unescape(content.decode("utf-8", "replace"))
    return "" if "<html" in said.lower() else said
