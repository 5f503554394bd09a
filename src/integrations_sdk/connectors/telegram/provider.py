"""`TelegramConnector`. Source: https://core.telegram.org/bots/api."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Final

import attrs

from integrations_sdk.connectors.base import (
    Attachment,
    AuthenticationError,
    CallOptions,
    Category,
    CheckResult,
    Connector,
    EventType,
    Fault,
    JsonValue,
    Message,
    Outcome,
    Pause,
    RateLimit,
    Response,
    at,
    fault_of,
    json_of,
    load,
    multipart,
    pause_of,
    split_text,
    text_at,
    utf16_length,
)
from integrations_sdk.connectors.telegram.config import LONGEST_TEXT, TelegramConfig, TelegramMessage
from integrations_sdk.connectors.telegram.render import MARKUPS, keyboard, rendered

__all__ = ["TelegramConnector"]

_OWN: Final = (
    "parse_mode", "chat_id", "message_thread_id", "disable_notification", "protect_content", "reply_markup",
)  # fmt: skip
_GROUP: Final = RateLimit(calls=20, period=timedelta(minutes=1))
_PERSON: Final = RateLimit(calls=5, period=timedelta(seconds=5))
# https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this

Body = dict[str, JsonValue]


class TelegramConnector(Connector[TelegramConfig]):
    """Posts messages and files as a bot."""

    provider = "telegram"
    title = "Telegram"
    category = Category.COMMUNICATION
    Config = TelegramConfig
    docs_url = "https://core.telegram.org/bots/api#sendmessage"
    setup = (
        "Write /newbot to @BotFather, copy the token",
        "Add the bot to the group, or make it an administrator of the channel; a person must write to it first",
        "The chat's number: in the bot's getUpdates after somebody wrote there",
    )
    permissions = ("to post: none in groups, Post Messages in channels; a person must have started the bot",)
    limits = (
        "One message per second to a person, 20 per minute to a group; that is kept.",
        "What exceeds 4,096 characters goes on in further messages.",
        "A file is a message of its own, of at most 50 MB.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"notify_only_broken_pipelines": True}

    @property
    def base_url(self) -> str:
        """The Bot API, for this bot: the token stands in the path."""
        return f"{self.config.api_url.rstrip('/')}/bot{self.config.bot_token.reveal()}"

    def fault(self, response: Response) -> Fault | None:
        """In Telegram's words; a bot that is not found has a wrong token, and a group that moved says where to."""
        found, body = fault_of(response), json_of(response)
        if found is None or not isinstance(body, dict):
            return found
        kind, words = found.kind, str(body.get("description") or found.message)
        if moved := at(body, "parameters", "migrate_to_chat_id"):
            words += f": configure `chat_id` {moved}"
        elif response.status == 404:
            words += ": check the token"
        if response.status == 404:
            kind = AuthenticationError
        return Fault(kind, words, str(body.get("error_code") or response.status))

    def pause(self, response: Response) -> Pause | None:
        """`parameters.retry_after`, in seconds."""
        return pause_of(at(json_of(response), "parameters", "retry_after"))

    async def check(self) -> CheckResult:
        """Ask who the bot is, and for the chat."""
        me = await self.ask("GET", "/getMe", operation="getMe")
        query = {"chat_id": str(self.config.chat_id)}
        chat = (await self.ask("GET", "/getChat", operation="getChat", query=query)).get("result")
        names = (text_at(chat, name) for name in ("title", "username", "first_name", "id"))
        return CheckResult(detail=f"@{at(me, 'result', 'username')} in {next(filter(None, names), None)}")

    async def notify(self, message: Message) -> Outcome:
        """Post the message, then its files; `reference` is the number of the first message in its chat."""
        markup = MARKUPS[self.config.parse_mode]
        texts = rendered(message, markup, self.config.mentions)
        bodies: list[Body] = [{"text": text, "parse_mode": markup.mode} for text in texts]
        if buttons := keyboard(message):
            bodies[-1]["reply_markup"] = buttons
        return await self._send(bodies, files=message.attachments)

    async def send_message(self, message: Mapping[str, object] | None = None, /, **fields: object) -> Outcome:
        """Post a message in Telegram's own fields: those of `TelegramMessage`.

        Args:
            message: the fields as a mapping, to which `fields` are added.

        Raises:
            ConfigurationError: naming every unknown or wrong field.
            ConnectorError: Telegram refused it, or did not answer. Parts before the failed one are posted.
        """
        given = load(TelegramMessage, {**(message or {}), **fields}, subject="telegram message")
        own: Body = {name: value for name in _OWN if (value := getattr(given, name)) is not None}
        own["link_preview_options"] = {"is_disabled": not given.link_preview}
        parts = split_text(given.text, LONGEST_TEXT, size=utf16_length)
        bodies: list[Body] = [{**own, "text": part} for part in parts]
        if given.reply_to_message_id is not None:
            bodies[0]["reply_parameters"] = {"message_id": given.reply_to_message_id}
        return await self._send(bodies)

    async def _send(self, bodies: list[Body], files: tuple[Attachment, ...] = ()) -> Outcome:
        """Post in order; the outcome of the first."""
        outcomes = [await self._post("sendMessage", self._addressed(body)) for body in bodies]
        outcomes += [await self._post("sendDocument", self._addressed({}), file) for file in files]
        first, *others = outcomes
        return attrs.evolve(first, detail=f"in {len(outcomes)} messages") if others else first

    async def _post(self, method: str, body: Body, file: Attachment | None = None) -> Outcome:
        chat = body["chat_id"]
        how = CallOptions(account=f"{self.context.integration_id}:{chat}")
        how["rate"] = _GROUP if str(chat).startswith(("-", "@")) else _PERSON
        if file is None:
            how["json"] = body
        else:
            form = {name: "true" if value is True else str(value) for name, value in body.items()}
            how["content"], how["content_type"] = multipart(form, {"document": file})
        response = await self.call("POST", f"/{method}", operation=method, **how)
        number = text_at(self.parse(response), "result", "message_id")
        return self.done(response, reference=number, data={"chat_id": chat})

    def _addressed(self, body: Body) -> Body:
        """The body with where it goes, and how loudly."""
        config = self.config
        usual: Body = {"chat_id": config.chat_id}
        if config.message_thread_id is not None and "chat_id" not in body:
            usual["message_thread_id"] = config.message_thread_id
        if config.disable_notification:
            usual["disable_notification"] = True
        if "text" in body:
            usual["link_preview_options"] = {"is_disabled": True}
        return {**usual, **body}
