"""`Connector`: the base class of every provider.

A provider is class attributes, a config class and a few short methods; retry, rate limits, deadlines,
errors, redaction and logs are done here and in `http/`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Final, Generic, TypeVar, Unpack, cast

import attrs

from integrations_sdk.connectors.capabilities import EventSink, Notifier
from integrations_sdk.connectors.config import ConnectorConfig, connection_of, environment_of, secret_values
from integrations_sdk.connectors.context import ConnectorContext
from integrations_sdk.connectors.faults import Fault, fault_of, json_of, request_id, sentence, unexpected
from integrations_sdk.connectors.masking import Credentials, Masks
from integrations_sdk.connectors.pages import meaning_of, page_in
from integrations_sdk.connectors.paging import MOST_PAGES, Following, linked
from integrations_sdk.connectors.subscription import unwanted
from integrations_sdk.connectors.telemetry import packed
from integrations_sdk.connectors.wire import CallOptions, encoded, query_string
from integrations_sdk.errors import ConnectorError, RejectedError
from integrations_sdk.http.base import (
    Call,
    Connection,
    Pause,
    RateLimit,
    Request,
    Response,
    RetryPolicy,
)
from integrations_sdk.http.retry import retry_after
from integrations_sdk.messages import message_for
from integrations_sdk.models import (
    Category,
    CheckResult,
    Event,
    JsonValue,
    Outcome,
    OutcomeStatus,
    Secret,
)

__all__ = ["Connector"]

_AMBIGUOUS: Final = frozenset({500, 502, 504})
"""Server errors that leave open whether the request had its effect; 503 says that it had none."""

C_co = TypeVar("C_co", bound=ConnectorConfig, covariant=True)  # so that each is a Connector[ConnectorConfig]
T = TypeVar("T")


class Connector(Generic[C_co]):
    """One provider, configured: credentials and HTTP together.

    Subclasses set the class attributes, offer capabilities by having their methods
    (`connectors.capabilities`), and may override what is said to be overridable.

    Class attributes:
        provider: lower-case name, e.g. `slack`; `[a-z][a-z0-9_]*`.
        title: for people, e.g. `Slack`.
        Config: the configuration class.
        docs_url: the vendor's API documentation.
        setup: steps to get the credentials.
        permissions: what the credentials must be allowed to do, least privilege.
        limits: what people should know before they rely on it.
        default_events: acted on when the configuration says nothing; empty: none.
        environment: environment variable → field, for `from_env()`; by itself what the fields say (`setting(env=…)`).
        rate: the documented limit per account.
        max_response_bytes: longer answers are given up, after decompression.
        takes_pages: a page of HTML may be a good answer; elsewhere it is taken for a proxy's or a sign-in's.
        user_supplied_urls: its URLs come from people other than the operator, so the manager's guard is for them.
        recommended: the configuration its built-in template starts from.
    """

    provider: ClassVar[str]
    title: ClassVar[str]
    category: ClassVar[Category]
    Config: ClassVar[type[ConnectorConfig]]
    docs_url: ClassVar[str] = ""
    setup: ClassVar[tuple[str, ...]] = ()
    permissions: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[tuple[str, ...]] = ()
    default_events: ClassVar[tuple[str, ...]] = ()
    environment: ClassVar[Mapping[str, str]] = {}
    rate: ClassVar[RateLimit | None] = None
    max_response_bytes: ClassVar[int] = 10 * 1024 * 1024
    takes_pages: ClassVar[bool] = False
    user_supplied_urls: ClassVar[bool] = False
    recommended: ClassVar[Mapping[str, JsonValue]] = {}
    retry: RetryPolicy = RetryPolicy()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "Config" in vars(cls) and "environment" not in vars(cls):
            cls.environment = environment_of(cls.Config)

    def __init__(self, config: C_co, context: ConnectorContext) -> None:
        self.config = config
        self.context = context
        self._credentials = Credentials(lambda: secret_values(config))

    # --- to be overridden ---------------------------------------------------

    @property
    def base_url(self) -> str:
        """Where relative paths start; no slash at its end."""
        return ""

    async def authorize(self) -> Mapping[str, str]:
        """Headers that carry the credentials."""
        return {}

    async def check(self) -> CheckResult:
        """Ask the vendor whether the credentials work, without any effect that anybody could notice.

        Raises:
            ConnectorError: they do not, or the vendor does not answer.
        """
        raise NotImplementedError

    def fault(self, response: Response) -> Fault | None:
        """What is wrong with an answer, None when it is good. The status decides unless this is overridden."""
        return fault_of(response)

    def pause(self, response: Response) -> Pause | None:  # noqa: ARG002  # for subclasses
        """What the body of a refusal (403, 429, 503) asks to wait; None leaves it to the headers."""
        return None

    async def handle_event(self, event: Event) -> Outcome:
        """Act on an event that `wants()` let through. A notifier tells people; an event sink records it."""
        if issubclass(type(self), Notifier):  # remembered; isinstance() looks at each method anew
            return await cast("Notifier", self).notify(message_for(event))
        if issubclass(type(self), EventSink):
            return await cast("EventSink", self).send_event(event)
        return self.skipped("events", f"{self.title} does not act on events")

    def wants(self, event: Event) -> str | None:
        """None to act on the event, otherwise why not."""
        return unwanted(event, self.config, self.default_events)

    async def close(self) -> None:
        """Let go of what the connector itself holds; the HTTP client is not its own."""

    # --- for subclasses -----------------------------------------------------

    async def call(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        json: object = None,
        form: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        content: bytes | None = None,
        content_type: str | None = None,
        compress: bool = False,
        query: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        retry: RetryPolicy | None = None,
        rate: RateLimit | None = None,
        account: str = "",
        authorize: bool = True,
        accept: Collection[int] = (),
    ) -> Response:
        """Send one request under all the rules, and return its answer if `fault()` finds it good.

        Args:
            url: absolute, or a path below `base_url` (build it with `url_path`).
            operation: the vendor's word for it, e.g. `chat.postMessage`; shown in errors and logs.
            json, form, content: the body, at most one of them.
            compress: send the body in gzip where that is worth it; the vendor must take it.
            idempotent: repeating does no more than doing it once; None: GET, HEAD, PUT, DELETE and OPTIONS are.
            retry: in place of the connector's `retry`.
            rate: in place of the provider's `rate`.
            account: counts against a limit of its own, e.g. a channel; empty: the integration's.
            accept: statuses that are an answer here rather than a fault, e.g. 404 where nothing need be there.

        Raises:
            ConnectorError: the one that fits; see `integrations_sdk.errors`.
        """
        body, kind = encoded(json, form, content)
        kind = content_type or kind
        body, packing = packed(body) if compress else (body, {})
        policy = retry or self.retry
        credentials = await self.authorize() if authorize else {}
        if credentials or headers:
            self._credentials.note({**credentials, **(headers or {})})
        sent = {
            "accept": "application/json",
            **({"content-type": kind} if kind else {}),
            **credentials,
            **packing,
            **(headers or {}),
        }
        request = Request(
            method=method,
            url=(url if url.startswith(("https://", "http://")) else self.base_url + url)
            + query_string(query),
            headers=sent,
            content=body,
            connection=self.connection,
            connect_timeout=policy.connect_timeout.total_seconds(),
            read_timeout=policy.read_timeout.total_seconds(),
            max_response_bytes=self.max_response_bytes,
        )
        safe = idempotent if idempotent is not None else method in {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}
        answer = await self.context.http.send(
            request,
            Call(
                provider=self.provider,
                operation=operation,
                integration_id=self.context.integration_id,
                account=account or self.context.integration_id or "",
                idempotent=safe,
                retry=policy,
                rate=rate or self.rate,
                pause=self.pause,
                meaning=lambda response: meaning_of(self.fault(response), response.status),
            ),
        )
        response = attrs.evolve(answer, operation=operation)
        if not response.ok:
            response = self.masks.response(response)
        fault = None if response.status in accept else self.fault(response)
        fault = fault or (None if self.takes_pages else page_in(response))
        if fault is not None:
            # Once more without credentials: the vendor's words are cut to a length, and so may a secret be.
            failure = self.error(self.fault(self.masks.response(response)) or fault, response)
            if response.status in _AMBIGUOUS and not safe:
                failure.retryable = False  # it may have had its effect: to repeat it is the caller's decision
            raise failure
        return response

    async def ask(
        self, method: str, url: str, *, operation: str, **options: Unpack[CallOptions]
    ) -> dict[str, JsonValue]:
        """`call()` for an answer of which nothing but its JSON object is wanted (`parse()`).

        Raises:
            ConnectorError: as `call()`, and when the answer is not a JSON object.
        """
        return self.parse(await self.call(method, url, operation=operation, **options))

    async def records(
        self,
        path: str,
        *,
        operation: str,
        query: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        items: str | None = None,
        following: Following = linked,
    ) -> AsyncIterator[dict[str, JsonValue]]:
        """Every object of a paged listing; a page is asked for when the one before is used up.

        Args:
            items: the name under which a page holds them; None: a page is a list.
            following: where the next page is; by default where the headers say (`next_query()`).

        Raises:
            ConnectorError: as `call()`, when a page has no JSON array there, and after 10,000 pages.
        """
        page = query_string(query).removeprefix("?")
        for _ in range(MOST_PAGES + 1):
            url = f"{path}?{page}" if page else path
            response = await self.call("GET", url, operation=operation, headers=headers)
            for record in self.parse_list(response, items=items):
                yield record
            found = following(response, page)
            if found is None or found == page:  # a server that names the same page again would never end
                return
            page = found
        raise self.error(Fault(RejectedError, "the listing does not end"), response)

    async def attempt(self, work: Awaitable[T]) -> T | ConnectorError:
        """What `work` comes to, or the error it fails with: for several parts of which each counts for itself."""
        try:
            return await work
        except ConnectorError as error:
            return error

    def error(self, fault: Fault, response: Response, operation: str = "") -> ConnectorError:
        """The error for a fault, with all that the answer says and no secret that it echoes.

        Args:
            operation: in place of the answer's.
        """
        pause = None if response.ok else self.pause(response)
        failure = fault.kind(
            self.shown(fault.message),
            provider=self.provider,
            operation=operation or response.operation,
            integration_id=self.context.integration_id,
            status=response.status,
            request_id=self.masks.optional(request_id(response)),
            attempts=response.attempts,
            retry_after=pause.wait if pause else retry_after(response.headers, self.context.clock.now()),
            code=None if fault.code is None else self.shown(fault.code),
        )
        failure.retryable = failure.retryable if fault.retryable is None else fault.retryable
        return failure

    def shown(self, text: str) -> str:
        """A vendor's words as they may be shown: one line of at most 1000 characters, without credentials."""
        return sentence(self.masks.text(text), longest=1000)

    def lent(self, secret: Secret | str) -> str:
        """The value of a secret that is no configuration's, but passed on in a call; it is masked as well."""
        self._credentials.note({"secret": Secret(secret).reveal()})
        return Secret(secret).reveal()

    @property
    def masks(self) -> Masks:
        """What keeps this integration's credentials out of what is shown, those it was lent included."""
        return self._credentials.masks

    @property
    def connection(self) -> Connection:
        """How to connect, from the configuration."""
        return connection_of(self.config, self.context.guard if self.user_supplied_urls else None)

    def parse(self, response: Response, operation: str = "") -> dict[str, JsonValue]:
        """The answer's JSON object, without credentials that it repeats (`json_of()` is for what hands them out).

        Raises:
            RejectedError: it is not a JSON object; something other than the vendor's API answered.
        """
        value = self.masks.data(json_of(response), response.content)
        if not isinstance(value, dict):
            raise self.error(unexpected(response, "object"), response, operation)
        return value

    def parse_list(
        self, response: Response, operation: str = "", *, items: str | None = None
    ) -> list[dict[str, JsonValue]]:
        """The objects of the answer's JSON array, without credentials that they repeat.

        Args:
            items: the name of the array in the answer's JSON object; None: the answer is the array.

        Raises:
            RejectedError: it is not a JSON array; something other than the vendor's API answered.
        """
        value = self.masks.data(json_of(response), response.content)
        if items is not None and isinstance(value, dict):
            value = value.get(items)
        if not isinstance(value, list):
            raise self.error(unexpected(response, "array"), response, operation)
        return [item for item in value if isinstance(item, dict)]

    def done(
        self,
        response: Response,
        operation: str = "",
        *,
        reference: str | None = None,
        url: str | None = None,
        detail: str | None = None,
        data: Mapping[str, JsonValue] | None = None,
    ) -> Outcome:
        """The outcome of an operation that succeeded; `data` is taken as it is (`parse()` it).

        Args:
            operation: in place of the answer's.
        """
        return Outcome(
            target=self.context.integration_id or self.provider,
            provider=self.provider,
            operation=operation or response.operation,
            attempts=response.attempts,
            http_status=response.status,
            request_id=self.masks.optional(request_id(response)),
            reference=self.masks.optional(reference),
            url=self.masks.optional(url),
            detail=self.masks.optional(detail),
            duration=timedelta(seconds=response.elapsed),
            data=dict(data or {}),
        )

    def skipped(self, operation: str, why: str) -> Outcome:
        """The outcome of an operation that there was no reason to do."""
        return Outcome(
            target=self.context.integration_id or self.provider,
            provider=self.provider,
            operation=operation,
            status=OutcomeStatus.SKIPPED,
            attempts=0,
            detail=why,
        )
