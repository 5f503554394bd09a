"""`BaseConnector`: a connector that is given a plain mapping, and is registered as the object it is.

For systems of one's own that are written as three methods and a dict. With a typed configuration, kept credentials
and several integrations of one class, derive from `Connector` instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import attrs

from integrations_sdk.connectors.config import ConnectorConfig, fields_of
from integrations_sdk.connectors.connector import Connector
from integrations_sdk.connectors.context import ConnectorContext
from integrations_sdk.connectors.masking import Credentials
from integrations_sdk.errors import ProviderUnavailableError, RejectedError, StateError
from integrations_sdk.models import Category, CheckResult, Event, EventType, JsonValue, Message, Outcome

__all__ = ["BaseConnector", "PlainConfig", "adopted"]


@attrs.frozen(kw_only=True)
class PlainConfig(ConnectorConfig):
    """The fields that every integration has, and a plain mapping, of which nothing is known.

    Attributes:
        values: what the connector was constructed with; any text in it may be a credential, so none is shown.
    """

    values: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    def __getitem__(self, name: str) -> Any:  # as the mapping
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A value of the mapping, or the default."""
        return self.values.get(name, default)


class BaseConnector(Connector[PlainConfig]):
    """A system of one's own: override `send_notification()`, `sync_data()`, `health_check()`, those that it has.

    `mgr.register_connector("name", connector)` makes it a provider with one integration: events are dispatched to it,
    its health is watched, and its methods are called with `mgr.provider("name").call(integration_id, "method")`.
    `self.call()` sends requests under all the rules, once it is registered.

    Args:
        config: anything; it stays in this process, and is stored nowhere. Also as `self.config["name"]`.
    """

    provider = ""
    title = ""
    category = Category.CUSTOM
    Config = ConnectorConfig
    limits: ClassVar[tuple[str, ...]] = ("Its configuration lives in the process that registered it.",)
    default_events = tuple(EventType)
    takes_pages = True  # what a system of one's own answers is its maker's to judge

    def __init__(self, config: Mapping[str, Any]) -> None:  # its context comes with registering
        self.config = PlainConfig(values=dict(config))
        self._credentials = Credentials(lambda: _texts(self.config.values))

    def __getattr__(self, name: str) -> Any:
        if name == "context":
            msg = f"{type(self).__name__} is not registered yet: mgr.register_connector(name, connector)"
            raise StateError(msg)
        raise AttributeError(name)

    async def send_notification(self, event_data: dict[str, Any]) -> bool:
        """Tell the system what happened; whether it took it.

        Args:
            event_data: an event, or a message to people, in JSON form.
        """
        raise NotImplementedError

    async def sync_data(self) -> Any:
        """Fetch what is to be synchronised, in a form of one's own."""
        raise NotImplementedError

    async def health_check(self) -> bool:
        """Whether the system works; without any effect that anybody could notice."""
        raise NotImplementedError

    def attach(self, config: ConnectorConfig, context: ConnectorContext) -> None:
        """Take what the integration is configured with, and the context to run in."""
        usual = {field.name: getattr(config, field.name) for field in fields_of(ConnectorConfig)}
        self.config = attrs.evolve(self.config, **usual)
        self.context = context

    async def check(self) -> CheckResult:
        """`health_check()`; without one nothing is known, and a warning says so."""
        if type(self).health_check is BaseConnector.health_check:
            return CheckResult(warnings=("nothing was asked: override health_check() to have it watched",))
        if not await self.health_check():
            raise self._failed(ProviderUnavailableError, "health_check")
        return CheckResult(detail="health_check() says so")

    async def notify(self, message: Message) -> Outcome:
        """`send_notification()` with the message."""
        return await self._send({"event_type": "message", "summary": message.summary, **dict(message)})

    async def handle_event(self, event: Event) -> Outcome:
        """`send_notification()` with the event; skipped without one."""
        return await self._send(dict(event))

    async def _send(self, event_data: dict[str, JsonValue]) -> Outcome:
        if type(self).send_notification is BaseConnector.send_notification:
            return self.skipped("send_notification", f"{self.title} does not act on events")
        if not await self.send_notification(event_data):
            raise self._failed(RejectedError, "send_notification")
        target = self.context.integration_id or self.provider
        return Outcome(target=target, provider=self.provider, operation="send_notification")

    def _failed(
        self, kind: type[ProviderUnavailableError | RejectedError], operation: str
    ) -> ProviderUnavailableError | RejectedError:
        return kind(
            f"{operation}() returned False",
            provider=self.provider,
            operation=operation,
            integration_id=self.context.integration_id,
            attempts=1,
        )


def adopted(name: str, connector: BaseConnector) -> type[BaseConnector]:
    """The class under which an object is registered: whatever is opened of it is that object.

    Args:
        name: the provider's.
    """
    kind = type(connector)

    def opened(_: type[BaseConnector], config: ConnectorConfig, context: ConnectorContext) -> BaseConnector:
        connector.attach(config, context)
        return connector  # no instance of the class asked for, so Python does not construct it anew

    title = kind.title or name.replace("_", " ").capitalize()
    vars(connector).update(provider=name, title=title)  # what it says of itself in outcomes and errors
    named = {"provider": name, "title": title, "__new__": opened, "__doc__": kind.__doc__}
    return type(kind.__name__, (kind,), named)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
