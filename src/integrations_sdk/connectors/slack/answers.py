"""What Slack's answers mean: its error codes, as errors and what to do about them. Pure.

The Web API says `{"ok": false, "error": code}` with status 200, an incoming webhook the bare code with
a status of 4xx. Sources: https://docs.slack.dev/reference/methods/chat.postMessage and
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConnectorError,
    Fault,
    JsonValue,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Response,
    fault_of,
    json_of,
)

__all__ = ["answers_probe", "fault_in"]

_REINSTALL: Final = "install the app again and configure its new token"
_NEW_WEBHOOK: Final = "the webhook is gone: make a new one and configure its URL"
_RESTRICTED: Final = "a workspace admin restricts posting there: choose another channel, or ask them"
_ARCHIVED: Final = "the channel is archived: configure another one"
_LATER: Final = "Slack is in trouble: try later"

_ERRORS: Final[Mapping[type[ConnectorError], Mapping[str, str]]] = {
    AuthenticationError: {
        "invalid_auth": "check the token, and whether the app may be used from this address",
        "not_authed": "configure `bot_token`",
        "account_inactive": _REINSTALL,
        "token_revoked": _REINSTALL,
        "token_expired": _REINSTALL,
        "invalid_token": _NEW_WEBHOOK,
        "no_service": _NEW_WEBHOOK,
        "no_service_id": _NEW_WEBHOOK,
        "no_active_hooks": _NEW_WEBHOOK,
        "no_team": "the workspace does not exist any more",
        "team_disabled": "the workspace is disabled",
    },
    PermissionDeniedError: {
        "missing_scope": "add the scope to the app and install it again",
        "not_in_channel": "invite the app to the channel: /invite @app",
        "not_allowed_token_type": "use a bot token, xoxb-…",
        "no_permission": "the token lacks what this needs: check the app's scopes",
        "access_denied": "ask a workspace admin",
        "accesslimited": "ask a workspace admin: the network is restricted",
        "ekm_access_denied": "ask a workspace admin: posting is suspended",
        "enterprise_is_restricted": "use a token of a workspace, not of the organisation",
        "team_access_not_granted": "install the app in that workspace",
        "action_prohibited": _RESTRICTED,
        "posting_to_general_channel_denied": _RESTRICTED,
        "restricted_action": _RESTRICTED,
        "restricted_action_read_only_channel": _RESTRICTED,
        "restricted_action_thread_only_channel": "only answers are allowed there: give `thread_ts`",
        "restricted_action_non_threadable_channel": "no answers are allowed there: leave out `thread_ts`",
    },
    RateLimitedError: {"ratelimited": "", "rate_limited": ""},
    ProviderUnavailableError: {
        "internal_error": _LATER,
        "fatal_error": _LATER,
        "service_unavailable": _LATER,
        "request_timeout": _LATER,
        "rollup_error": _LATER,
        "team_added_to_org": "the workspace is being migrated: try later",
    },
    RejectedError: {
        "channel_not_found": "check the channel's name or id; a private one must have invited the app",
        "is_archived": _ARCHIVED,
        "channel_is_archived": _ARCHIVED,
        "user_not_found": "check the user's id",
        "users_not_found": "nobody in the workspace has that email address",
        "msg_too_long": "shorten the text",
        "msg_blocks_too_long": "all blocks together may hold about 13,000 characters",
        "messages_tab_disabled": "switch on the messages tab in the app's settings",
        "no_text": "give `text`, `blocks` or `attachments`",
        "invalid_payload": "the message is malformed",
        "too_many_attachments": "give at most 100 attachments",
    },
}
_BY_CODE: Final = {code: (kind, remedy) for kind, codes in _ERRORS.items() for code, remedy in codes.items()}
_PROBED: Final = frozenset({"no_text", "invalid_payload", "missing_text_or_fallback_or_attachments"})


def fault_in(response: Response) -> Fault | None:
    """What is wrong with an answer of either kind; None when it is good.

    A code that is not known here is a refusal where the status says nothing worse.
    """
    body = json_of(response)
    code = _code(response, body)
    by_status = fault_of(response)
    if code is None:
        return by_status
    other = (by_status.kind if by_status is not None else RejectedError, "")
    kind, remedy = _BY_CODE.get(code, other)
    if response.status == 429:
        kind = RateLimitedError
    details = _details(body)
    return Fault(kind, code + (f" ({details})" if details else "") + (f": {remedy}" if remedy else ""), code)


def answers_probe(response: Response) -> bool:
    """Whether a webhook refused an empty message for being empty, which only a live one does."""
    return response.ok or (response.status == 400 and response.text.strip() in _PROBED)


def _code(response: Response, body: JsonValue) -> str | None:
    if isinstance(body, dict):
        error = body.get("error")
        failed = body.get("ok") is not True and (response.ok or error is not None)
        return str(error or "unknown_error") if failed else None
    plain = response.text.strip()
    return plain if not response.ok and re.fullmatch(r"[a-z][a-z_]{2,60}", plain) else None


def _details(body: JsonValue) -> str:
    """Which scope is missing, and Slack's word on each wrong field."""
    if not isinstance(body, dict):
        return ""
    metadata = body.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    said = [str(message) for message in messages[:3]] if isinstance(messages, list) else []
    needed = body.get("needed")
    return "; ".join([*([f"needs {needed}"] if needed else []), *said])[:300]
