"""The contract of connectors can fail: each of these is broken in one way, and the test that is for it finds it."""

from __future__ import annotations

import asyncio
import logging
import threading
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import pytest

from integrations_sdk.connectors.base import (
    AuthenticationError,
    CheckResult,
    Connection,
    ConnectorError,
    Fault,
    Message,
    Outcome,
    Pause,
    RejectedError,
    Response,
    RetryPolicy,
    Secret,
    setting,
    settings,
)
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.errors import ProviderUnavailableError, TransportError
from integrations_sdk.mail.base import Envelope, MailReply
from integrations_sdk.models import IntegrationType
from integrations_sdk.testing import StandIn
from integrations_sdk.testing.connector_contract import (
    ConnectorContract,
    MailConnectorContract,
    contract_for,
)
from integrations_sdk.testing.connector_contract.case import ConnectorCase
from integrations_sdk.testing.connector_contract.samples import Act
from integrations_sdk.testing.sandbox import stand_in_of
from support.pager import guide

Pager: Any = guide()["PagerConnector"]
PagerConfig: Any = guide()["PagerConfig"]
PagerStandIn: Any = guide()["PagerStandIn"]


# --- broken connectors -----------------------------------------------------------------------------------------------


class Insistent(Pager):
    """Tries again by itself whatever went wrong."""

    async def notify(self, message: Message) -> Outcome:
        try:
            return await super().notify(message)
        except ConnectorError:
            return await super().notify(message)


class Overconfident(Pager):
    """Says that paging twice is paging once."""

    async def call(self, *args: Any, **options: Any) -> Response:
        return await super().call(*args, **{**options, "idempotent": True})


class Credulous(Pager):
    """Tells its caller that a lost page may be sent again."""

    async def notify(self, message: Message) -> Outcome:
        try:
            return await super().notify(message)
        except TransportError as error:
            error.retryable = True
            raise


class Impatient(Pager):
    """Waits for nothing that is asked for."""

    def pause(self, response: Response) -> Pause | None:
        return Pause(wait=timedelta(seconds=0.01))


class Resigned(Pager):
    """Takes every refusal for final."""

    retry = RetryPolicy(attempts=1)


class Dogged(Pager):
    """Begins again with an outage that it was told of."""

    async def check(self) -> CheckResult:
        try:
            return await super().check()
        except ProviderUnavailableError:
            return CheckResult(detail="it will come back")


class Patient(Pager):
    """Waits as long as it likes."""

    async def call(self, *args: Any, **options: Any) -> Response:
        return await super().call(*args, **{**options, "retry": RetryPolicy(attempts=1)})


class Optimist(Pager):
    """Takes refused credentials for a good sign: somebody answered."""

    async def check(self) -> CheckResult:
        try:
            return await super().check()
        except AuthenticationError:
            return CheckResult(detail="it answers")


class Dismissive(Pager):
    """Makes nothing of it that nothing is there."""

    async def check(self) -> CheckResult:
        await self.call("GET", "/me", operation="me", accept=(404,))
        return CheckResult()


class Mistaken(Pager):
    """Takes wrong credentials for a wrong request."""

    def fault(self, response: Response) -> Fault | None:
        found = super().fault(response)
        return found and Fault(RejectedError, found.message)


class Stubborn(Pager):
    """Asks with the same refused credentials over and over."""

    async def notify(self, message: Message) -> Outcome:
        for _ in range(2):
            if isinstance(done := await self.attempt(super().notify(message)), Outcome):
                return done
        return await super().notify(message)


class Brooding(Pager):
    """Waits before it says that it was refused."""

    async def notify(self, message: Message) -> Outcome:
        try:
            return await super().notify(message)
        except ConnectorError:
            await self.context.clock.sleep(5)
            raise


class Taciturn(Pager):
    """Says it in its own words alone."""

    def fault(self, response: Response) -> Fault | None:
        found = super().fault(response)
        return found and attrs.evolve(found, message="it did not work")


class Anonymous(Pager):
    """Does not say who and what."""

    async def notify(self, message: Message) -> Outcome:
        try:
            return await super().notify(message)
        except ConnectorError as error:
            raise RejectedError(error.message) from None


class Wanderer(Pager):
    """Follows wherever it is sent."""

    async def check(self) -> CheckResult:
        answer = await self.call("GET", "/me", operation="me", accept=(307,))
        if answer.status == 307:
            await self.call("GET", answer.headers["location"], operation="me")
        return CheckResult()


class Noisy(Pager):
    """Pages somebody to see whether that works."""

    async def check(self) -> CheckResult:
        await self.notify(Message(text="a test"))
        return CheckResult(detail="somebody was paged")


class Trusting(Pager):
    """Reads what it expects."""

    async def check(self) -> CheckResult:
        answer = await self.call("GET", "/me", operation="me")
        return CheckResult(detail=answer.json()["name"])


class Undemanding(Pager):
    """Takes any page for the vendor."""

    takes_pages = True

    async def check(self) -> CheckResult:
        await self.call("GET", "/me", operation="me")
        return CheckResult(detail="it answers")


class Half(Pager):
    """Makes do with half an answer."""

    async def check(self) -> CheckResult:
        try:
            return await super().check()
        except TransportError:
            return CheckResult(detail="half of it came")


class Boundless(Pager):
    """Reads answers of any size."""

    async def call(self, *args: Any, **options: Any) -> Response:
        self.max_response_bytes = 10**9
        return await super().call(*args, **options)


class Leaky(Pager):
    """Says with which token it was refused."""

    async def notify(self, message: Message) -> Outcome:
        try:
            return await super().notify(message)
        except ConnectorError as error:
            words = f"{error.message} (with {self.config.token.reveal()})"
            raise RejectedError(words, provider="pager", operation="page") from None


class Talkative(Pager):
    """Logs its token."""

    async def authorize(self) -> Mapping[str, str]:
        logging.getLogger("pager").debug("with %s", self.config.token.reveal())
        return dict(await super().authorize())


class Forgetful(Pager):
    """Keeps the answer of one call where the next one puts its own."""

    async def notify(self, message: Message) -> Outcome:
        self.last = await self.call("POST", "/pages", operation="page", json={"text": "x"})
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return self.done(self.last, "page")


class Restless(Pager):
    """Leaves work running."""

    async def check(self) -> CheckResult:
        self.context.spawn(asyncio.sleep(3600), "pager")
        return await super().check()


class Deaf(Pager):
    """Does not hear that it is cancelled."""

    async def check(self) -> CheckResult:
        try:
            return await super().check()
        except asyncio.CancelledError:
            return CheckResult(detail="never mind")


class Lingering(Pager):
    """Goes on when it is cancelled."""

    async def check(self) -> CheckResult:
        self.going = asyncio.ensure_future(super().check())
        return await asyncio.shield(self.going)


class Fragile(Pager):
    """Closes once."""

    closed = False

    async def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class Eager(Pager):
    """Wants every event there is."""

    def wants(self, event: object) -> str | None:
        return None


class Direct(Pager):
    """Knows no proxy and no authority."""

    connection = Connection()


class Gloomy(Pager):
    """Never finds that it works."""

    async def check(self) -> CheckResult:
        raise self.error(Fault(RejectedError, "no"), Response(status=200), "me")


class Threaded(Pager):
    """Says from which thread it pages."""

    async def notify(self, message: Message) -> Outcome:
        return await super().notify(Message(text=threading.current_thread().name))


class Attached(Pager):
    """Hangs something on its errors that goes nowhere else."""

    async def notify(self, message: Message) -> Outcome:
        try:
            return await super().notify(message)
        except ConnectorError as error:
            error.again = lambda: self.notify(message)  # wrong on purpose
            raise


class Idle(Pager):
    """Does nothing, and says so."""

    async def notify(self, message: Message) -> Outcome:
        return self.skipped("page", "it is late")


class Narrow(Pager):
    """Knows Latin letters."""

    async def notify(self, message: Message) -> Outcome:
        message.text.encode("latin-1")
        return await super().notify(message)


class Blank(Pager):
    """Acts on events, and comes to nothing."""

    async def handle_event(self, event: object) -> None:
        """Nothing."""


class Shouting(Pager):
    """Has a name that no attribute can have."""

    provider = "Pager-2"


class Open(Pager):
    """Shows its token to whoever looks at it."""

    def __repr__(self) -> str:
        return f"<pager with {self.config.token.reveal()}>"


class Worded(Pager):
    """Has a capability's method with a signature of its own."""

    async def notify(self, text: str, title: str) -> Outcome:
        return await super().notify(Message(text=text, title=title))


class Blocking(Pager):
    """Has a capability's method that cannot be awaited."""

    def notify(self, message: Message) -> Outcome:
        raise NotImplementedError


class Partial(Pager):
    """Has one method of a tracker."""

    async def create_issue(self, draft: object) -> Outcome:
        """Create it."""
        raise NotImplementedError


class Undocumented(Pager):
    """Has an operation without a word on it."""

    async def page_everybody(self) -> None: ...


class Silent(Pager):
    """Says nothing of its limits."""

    limits = ()


class Comma(Pager):
    """Has lost a comma."""

    setup = "Settings → API → New token"


class Misnamed(Pager):
    """Sets a field that there is not."""

    environment = {"PAGER_URL": "address"}


class Recommending(Pager):
    """Recommends what is no configuration."""

    recommended = {"team": 7}


class Endless(Pager):
    """Reads longer than it may take."""

    retry = RetryPolicy(read_timeout=timedelta(hours=1))


@settings
class QuotingConfig(PagerConfig):
    """A configuration that repeats what is wrong."""

    team: str = setting("Who is paged.", default="x", validate=lambda value: f"a team, not {value}")


@settings
class DumbConfig(PagerConfig):
    """A configuration with a field that says nothing of itself."""

    level: int = setting("", default=1)


@settings
class RefusingConfig(PagerConfig):
    """A configuration that refuses its own default."""

    level: int = setting("How loud.", default=11, validate=lambda value: "1 to 10" if value > 10 else None)


@settings
class LooseConfig(PagerConfig):
    """A configuration that takes anything for an address."""

    url: Any = setting("Address of the pager.")


@settings
class DoubledConfig(PagerConfig):
    """A configuration with two fields under one name."""

    pin: str | None = setting("Its PIN.", default=None, also=("api_token",))


@settings
class GrowingConfig(PagerConfig):
    """A configuration that is another with each reading."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "team", f"{self.team}!")


@settings
class NumberedConfig(PagerConfig):
    """A configuration whose text may be taken for a number."""

    token: Secret = setting("Its token.")
    line: int | str = setting("Which line.", default="1")


class Numbered(Pager):
    """Takes the text of a variable for another value."""

    Config = NumberedConfig
    environment = {"PAGER_LINE": "line"}


@settings
class ExposingConfig(PagerConfig):
    """A configuration that shows its secret in another field."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "team", self.token.reveal())


def configured(config: type) -> type:
    return type(f"With{config.__name__}", (Pager,), {"Config": config})


class Untyped(Pager):
    """Has an operation that does not say what it takes."""

    async def page_somebody(self, who) -> None:
        """Page them."""


class Unanswering(Pager):
    """Has an operation that does not say what it gives."""

    async def page_nobody(self):
        """Do nothing."""


class Lost(RejectedError):
    """An error that another process gets without what it knows."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return RejectedError, (self.message,)


def declaring(**attributes: Any) -> type:
    """A pager that says something else of itself."""
    return type(f"Declaring({', '.join(attributes)})", (Pager,), {"__doc__": "Documented.", **attributes})


def failing(base: Any = Pager, kind: type[ConnectorError] | None = None, **facts: Any) -> type:
    """A connector whose errors are of another kind, or say something else."""

    def spoilt(method: Any) -> Any:
        async def called(self: object, *args: object) -> object:
            try:
                return await method(self, *args)
            except ConnectorError as error:
                made = error if kind is None else kind(error.message)
                vars(made).update({**vars(error), **facts})
                raise made from None

        return called

    said = kind.__name__ if kind else ", ".join(facts)
    methods = {"check": spoilt(base.check), "notify": spoilt(base.notify)}
    return type(f"Failing({said})", (base,), methods)


def giving(**facts: Any) -> type:
    """A pager whose outcomes say something else."""

    async def notify(self: Any, message: Message) -> Outcome:
        return attrs.evolve(await Pager.notify(self, message), **facts)

    async def check(self: Any) -> Any:
        return facts.get("check", await Pager.check(self))

    methods = {"check": check} if "check" in facts else {"notify": notify}
    return type(f"Giving({', '.join(facts)})", (Pager,), methods)


BROKEN: list[tuple[type, str, dict[str, Any]]] = [
    (Insistent, "test_nothing_is_done_twice", {"doing": "notify", "fault": {"status": 500, "acts": True}}),
    (Insistent, "test_nothing_is_done_twice", {"doing": "notify", "fault": {"truncate": True}}),
    (
        Overconfident,
        "test_nothing_is_done_twice",
        {"doing": "notify", "fault": {"reset": True, "acts": True}},
    ),
    (Credulous, "test_nothing_is_done_twice", {"doing": "notify", "fault": {"truncate": True}}),
    (Impatient, "test_a_wait_in_seconds_is_kept", {"doing": "check", "status": 429}),
    (Impatient, "test_a_wait_until_a_date_is_kept", {"doing": "notify"}),
    (Impatient, "test_a_wait_beyond_the_deadline_is_told", {"doing": "notify"}),
    (Resigned, "test_a_refusal_without_a_wait_is_repeated_all_the_same", {"doing": "notify"}),
    (Resigned, "test_a_check_is_repeated_after_a_server_error", {"status": 502}),
    (Resigned, "test_a_check_is_repeated_after_a_broken_connection", {}),
    (Dogged, "test_an_outage_ends_in_an_error", {"doing": "check"}),
    (Half, "test_a_connection_that_always_breaks_is_an_error", {"doing": "check"}),
    (Half, "test_half_an_answer_is_no_answer", {"doing": "check"}),
    (Half, "test_a_silent_vendor_is_given_up", {"doing": "check"}),
    (Half, "test_the_deadline_holds", {"doing": "check"}),
    (Patient, "test_the_policy_bounds_every_request", {}),
    (Optimist, "test_refused_credentials_ask_for_new_ones", {"doing": "check"}),
    (Mistaken, "test_refused_credentials_ask_for_new_ones", {"doing": "notify"}),
    (Stubborn, "test_refused_credentials_ask_for_new_ones", {"doing": "notify"}),
    (Brooding, "test_refused_credentials_ask_for_new_ones", {"doing": "notify"}),
    (failing(attempts=3), "test_refused_credentials_ask_for_new_ones", {"doing": "notify"}),
    (Mistaken, "test_a_missing_right_is_an_error_of_its_own", {"doing": "notify"}),
    (Dismissive, "test_what_is_not_there_is_said", {"doing": "check"}),
    (Taciturn, "test_a_refusal_is_told_in_the_vendors_words", {"doing": "notify"}),
    (Anonymous, "test_an_error_says_who_what_and_which_request", {"doing": "notify"}),
    (Wanderer, "test_a_redirect_is_not_followed", {"doing": "check"}),
    (Noisy, "test_a_check_leaves_nothing_behind", {}),
    (Trusting, "test_any_shape_of_json_breaks_nothing", {"doing": "check"}),
    (Trusting, "test_any_field_may_be_of_another_kind", {"doing": "check"}),
    (Trusting, "test_bytes_that_are_no_text_break_nothing", {"doing": "check"}),
    (Undemanding, "test_a_sign_in_page_is_no_answer", {"doing": "check"}),
    (Boundless, "test_too_large_an_answer_is_given_up", {"doing": "notify"}),
    (Leaky, "test_what_a_vendor_echoes_is_not_shown", {"doing": "notify"}),
    (Talkative, "test_what_a_vendor_echoes_is_not_shown", {"doing": "check"}),
    (Forgetful, "test_many_at_once_are_told_apart", {"doing": "notify"}),
    (Restless, "test_a_check_that_works_says_so", {}),
    (Deaf, "test_cancelling_ends_it_at_once", {"doing": "check"}),
    (Lingering, "test_cancelling_ends_it_at_once", {"doing": "check"}),
    (Fragile, "test_closing_twice_is_closing", {}),
    (Eager, "test_it_wants_nothing_that_is_filtered_out", {}),
    (Eager, "test_it_wants_what_it_is_subscribed_to", {}),
    (Direct, "test_a_proxy_is_used_for_every_request", {}),
    (Direct, "test_a_private_authority_is_trusted_for_every_request", {}),
    (Direct, "test_certificates_are_checked_unless_told_otherwise", {}),
    (Gloomy, "test_a_manager_finds_it_healthy", {}),
    (Threaded, "test_both_managers_do_the_same", {"doing": "notify"}),
    (Attached, "test_an_error_crosses_to_another_process", {"doing": "notify"}),
    (Idle, "test_an_operation_comes_to_something", {"doing": "notify"}),
    (Narrow, "test_any_text_arrives_or_is_refused", {"text": "half \ud83d of a pair"}),
    (Blank, "test_events_of_any_type_are_acted_on_or_left", {}),
    (Shouting, "test_it_has_a_name", {}),
    (Open, "test_it_shows_no_secret_of_itself", {}),
    (configured(LooseConfig), "test_all_mistakes_are_named_at_once", {}),
    (configured(DoubledConfig), "test_every_name_of_a_field_is_taken", {}),
    (configured(GrowingConfig), "test_what_is_stored_is_the_same_when_read", {}),
    (Numbered, "test_the_environment_configures_it", {"extra": {"line": "7"}}),
    (Worded, "test_its_capabilities_fit_their_protocols", {}),
    (Blocking, "test_its_capabilities_fit_their_protocols", {}),
    (Partial, "test_no_capability_is_half_there", {}),
    (Undocumented, "test_its_operations_are_documented", {}),
    (Silent, "test_it_says_how_it_is_set_up", {}),
    (Comma, "test_it_says_how_it_is_set_up", {}),
    (Misnamed, "test_its_environment_names_its_fields", {}),
    (Recommending, "test_what_it_recommends_is_a_configuration", {}),
    (Endless, "test_its_rules_make_sense", {}),
    (configured(QuotingConfig), "test_no_mistake_is_quoted", {}),
    (configured(DumbConfig), "test_each_field_explains_itself", {}),
    (configured(DumbConfig), "test_its_schema_describes_it", {}),
    (configured(RefusingConfig), "test_defaults_are_values", {}),
    (configured(GrowingConfig), "test_defaults_are_values", {}),
    (configured(LooseConfig), "test_each_field_explains_itself", {}),
    (configured(ExposingConfig), "test_what_is_stored_is_the_same_when_read", {}),
    (Untyped, "test_its_operations_are_documented", {}),
    (Unanswering, "test_its_operations_are_documented", {}),
    *(
        (declaring(**attributes), test, {})
        for test, attributes in [
            ("test_it_has_a_name", {"__doc__": None}),
            ("test_it_has_a_name", {"title": " Pager"}),
            ("test_it_has_a_name", {"category": "paging"}),
            ("test_it_says_how_it_is_set_up", {"docs_url": "http://pager.example"}),
            ("test_it_says_how_it_is_set_up", {"limits": (" ",)}),
            ("test_its_rules_make_sense", {"max_response_bytes": 0}),
            ("test_its_rules_make_sense", {"retry": RetryPolicy(connect_timeout=timedelta(hours=1))}),
            ("test_its_environment_names_its_fields", {"environment": {"pager url": "url"}}),
            ("test_what_it_recommends_is_a_configuration", {"recommended": {"token": "t-1"}}),
            ("test_it_wants_what_it_is_subscribed_to", {"default_events": ("push, tag_push",)}),
            ("test_it_wants_nothing_that_is_filtered_out", {"wants": lambda *_: ""}),
        ]
    ),
    *(
        (failing(**facts), test, {"doing": doing, **arguments})
        for test, doing, arguments, spoils in [
            ("test_the_deadline_holds", "check", {}, [{"kind": RejectedError}]),
            ("test_a_silent_vendor_is_given_up", "check", {}, [{"kind": RejectedError}]),
            (
                "test_a_connection_that_always_breaks_is_an_error",
                "check",
                {},
                [{"kind": RejectedError}, {"sent": False}, {"attempts": 99}, {"provider": ""}],
            ),
            (
                "test_an_outage_ends_in_an_error",
                "check",
                {},
                [{"kind": RejectedError}, {"retryable": False}, {"attempts": 1}],
            ),
            (
                "test_a_wait_beyond_the_deadline_is_told",
                "notify",
                {},
                [{"kind": RejectedError}, {"retryable": False}, {"retry_after": None}],
            ),
            (
                "test_an_error_says_who_what_and_which_request",
                "notify",
                {},
                [
                    {"provider": ""},
                    {"integration_id": None},
                    {"status": None},
                    {"request_id": None},
                    {"operation": ""},
                ],
            ),
            ("test_an_error_crosses_to_another_process", "notify", {}, [{"kind": Lost}]),
        ]
        for facts in spoils
    ),
    *(
        (giving(**facts), "test_an_operation_comes_to_something", {"doing": "notify"})
        for facts in [
            {"provider": "pagers"},
            {"operation": ""},
            {"attempts": 0},
            {"data": {"at": float("nan")}},
        ]
    ),
    *(
        (giving(check=check), "test_a_check_that_works_says_so", {})
        for check in ["fine", CheckResult(detail="fine\nreally")]
    ),
]


@contextmanager
def under_contract(kind: type, stand_in: Any = PagerStandIn, **hooks: Any) -> Iterator[ConnectorCase]:
    """A case of the contract, as pytest would run it."""
    keywords = {"connector": kind, "stand_in": stand_in}
    made = types.new_class("Case", (contract_for(kind),), keywords, lambda space: space.update(hooks))
    made.setup_class()
    try:
        yield made()
    finally:
        made.teardown_class()


def kept(
    kind: type, test: str, caplog: pytest.LogCaptureFixture, extra: Any = None, **arguments: Any
) -> bool:
    """Whether a connector passes a test of the contract."""
    with under_contract(kind, extra=extra or {}) as case:
        if test == "test_what_a_vendor_echoes_is_not_shown":
            arguments["caplog"] = caplog
        try:
            getattr(case, test)(**arguments)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001  # whatever a broken one raises
            return False
    return True


@pytest.mark.parametrize(
    ("kind", "test", "arguments"), BROKEN, ids=[f"{kind.__name__}-{test}" for kind, test, _ in BROKEN]
)
def test_what_is_broken_fails(
    kind: type, test: str, arguments: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """And the sound connector passes the same test."""
    arguments = dict(arguments)
    assert not kept(kind, test, caplog, **arguments), "the broken connector passes"
    caplog.clear()
    arguments.pop("extra", None)
    assert kept(Pager, test, caplog, **arguments), "the sound connector fails"


# --- the harness -----------------------------------------------------------------------------------------------------


def test_a_request_that_would_leave_this_machine_fails() -> None:
    """A stand-in whose configuration leads elsewhere is found before anything is sent."""

    class Elsewhere(PagerStandIn):
        def config(self) -> dict[str, object]:
            return {"url": "http://pager.invalid", "token": "t-1"}

    with under_contract(Pager, Elsewhere) as case:
        for wire in (True, False):
            with pytest.raises(
                pytest.fail.Exception, match=r"<Request GET http://pager.invalid/…> would leave"
            ):
                case.run(lambda bench: bench.do("check"), wire=wire)


def test_a_stand_in_that_breaks_is_not_the_connectors_fault() -> None:
    """What it raised is raised to the test."""

    class Broken(PagerStandIn):
        def authorized(self, request: object) -> None:
            raise ZeroDivisionError

    with under_contract(Pager, Broken) as case, pytest.raises(ZeroDivisionError):
        case.run(lambda bench: bench.came("check"))


def test_an_operation_of_ones_own_can_be_the_act() -> None:
    """`acts` says what is tried beside the check; managers reach it by `call()`."""

    class Calling(Pager):
        async def call_everybody(self, why: str) -> Outcome:
            """Page them all."""
            return await self.notify(Message(text=why))

    with under_contract(Calling, acts=(Act("call_everybody", ("fire",)),)) as case:
        assert case.doings() == ["check", "call_everybody"]
        case.test_both_managers_do_the_same("call_everybody")
        case.test_an_operation_comes_to_something("call_everybody")


def test_further_configuration_reaches_the_connector() -> None:
    """`extra`, beside the stand-in's own."""
    with under_contract(Pager, extra={"team": "night shift"}) as case:
        assert case.run(_team, wire=False) == "night shift"


async def _team(bench: Any) -> object:
    return bench.connector.config.team


def test_each_kind_of_connector_has_its_contract() -> None:
    """One over a mail server keeps that of mail; both have at least 25 tests, and all of what is common."""
    assert contract_for(Registry().get("smtp")) is MailConnectorContract
    assert contract_for(Pager) is ConnectorContract
    tests = {
        kind: {name for name in dir(kind) if name.startswith("test_")}
        for kind in (ConnectorContract, MailConnectorContract)
    }
    assert min(map(len, tests.values())) >= 25
    assert {"test_many_at_once_are_told_apart", "test_both_managers_do_the_same"} <= set.intersection(
        *tests.values()
    )


def test_every_provider_has_a_stand_in() -> None:
    """Or its contract could not be tested."""
    for provider in IntegrationType:
        assert isinstance(stand_in_of(provider), StandIn)


# --- over mail -------------------------------------------------------------------------------------------------------

Smtp: Any = Registry().get("smtp")
UNSENT = TransportError("could not connect", sent=False)
WRONG_PASSWORD = {"step": "auth", "reply": MailReply(535, "5.7.8 no"), "kind": AuthenticationError}


class SendingAgain(Smtp):
    """Sends again whatever became of it."""

    async def submit(self, envelope: Envelope, **options: Any) -> Any:
        try:
            return await super().submit(envelope, **options)
        except TransportError:
            return await super().submit(envelope, **options)


class Greeting(Smtp):
    """Sends a mail to see whether that works."""

    async def check(self) -> CheckResult:
        await self.notify(Message(text="a test"))
        return CheckResult()


class Hopeful(Smtp):
    """Takes any answer for a good one."""

    async def check(self) -> CheckResult:
        try:
            return await super().check()
        except ConnectorError:
            return CheckResult()


class Resigning(Smtp):
    """Takes every refusal for final."""

    retry = RetryPolicy(attempts=1)


class Hopeless(Smtp):
    """Does not hear that it is cancelled."""

    async def check(self) -> CheckResult:
        try:
            return await super().check()
        except asyncio.CancelledError:
            return CheckResult()


class Quoting(Smtp):
    """Repeats what the server repeats."""

    def _clear(self, error: ConnectorError) -> None:
        """Nothing."""


BROKEN_MAIL: list[tuple[type, str, dict[str, Any]]] = [
    (SendingAgain, "test_nothing_is_sent_twice", {"doing": "notify"}),
    (Greeting, "test_a_check_leaves_nothing_behind", {}),
    (Hopeful, "test_an_outage_ends_in_an_error", {"doing": "check"}),
    (Hopeful, "test_the_deadline_holds", {"doing": "check"}),
    (Quoting, "test_what_a_server_echoes_is_not_shown", {"doing": "notify"}),
    (Resigning, "test_a_refusal_for_now_is_tried_again", {"doing": "notify", "failure": UNSENT}),
    (Hopeful, "test_a_refusal_is_told_in_the_servers_words", {"doing": "check", **WRONG_PASSWORD}),
    (Hopeful, "test_an_error_crosses_to_another_process", {"doing": "check"}),
    (Resigning, "test_a_check_is_repeated_after_a_broken_connection", {}),
    (Hopeless, "test_cancelling_ends_it_at_once", {"doing": "check"}),
    *(
        (failing(Smtp, **facts), test, {"doing": "check", **arguments})
        for test, arguments, spoils in [
            (
                "test_a_refusal_is_told_in_the_servers_words",
                WRONG_PASSWORD,
                [
                    {"kind": RejectedError},
                    {"message": "no"},
                    {"provider": ""},
                    {"operation": ""},
                    {"code": None},
                ],
            ),
            (
                "test_an_outage_ends_in_an_error",
                {},
                [{"kind": RejectedError}, {"retryable": False}, {"attempts": 1}],
            ),
            ("test_the_deadline_holds", {}, [{"kind": RejectedError}]),
            ("test_an_error_crosses_to_another_process", {}, [{"kind": Lost}]),
        ]
        for facts in spoils
    ),
]


@pytest.mark.parametrize(
    ("kind", "test", "arguments"),
    BROKEN_MAIL,
    ids=[f"{kind.__name__}-{test}" for kind, test, _ in BROKEN_MAIL],
)
def test_what_is_broken_over_mail_fails(kind: type, test: str, arguments: dict[str, Any]) -> None:
    """And the sound connector passes the same test."""
    for tried, sound in ((kind, False), (Smtp, True)):
        with under_contract(tried, partial(stand_in_of, "smtp")) as case:
            try:
                getattr(case, test)(**arguments)
            except (AssertionError, pytest.fail.Exception, ConnectorError):
                assert not sound
            else:
                assert sound, "the broken connector passes"


@pytest.mark.parametrize("contract", [ConnectorContract, MailConnectorContract])
def test_each_test_of_a_contract_is_seen_to_fail(contract: type) -> None:
    """A test that no broken connector fails proves nothing."""
    seen = {test for _, test, _ in [*BROKEN, *BROKEN_MAIL]}
    assert {name for name in dir(contract) if name.startswith("test_")} <= seen
