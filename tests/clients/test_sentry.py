"""Sentry's own client: https://pypi.org/project/sentry-sdk."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against
from support.recording import Difference, Varies

versus = against("sentry", "sentry-sdk", "sentry_sdk")


TELLS = (
    Difference("auth.x-sentry-auth.sentry_client", "each says its own name"),
    Difference("body[0].sdk", "ours says its name in the envelope's header, the client in the event"),
    Difference("body[2].sdk", "as above"),
    Varies("body[0].event_id", "made up"),
    Varies("body[2].event_id", "made up"),
    Varies("body[0].sent_at", "the time of the call"),
    Varies("body[1].length", "follows from the rest"),
    Difference("body[2].timestamp", "seconds since 1970, or RFC 3339; Sentry takes both"),
    Difference("body[2].server_name", "the client says on which machine it runs"),
    Difference("body[2].tags", "ours sends none as an empty object"),
)


def given(stand_in: Any) -> dict[str, object]:
    return stand_in.config() | {"environment": "production", "release": "shop@1.0"}


def captured(stand_in: Any, capture: Any) -> None:
    import sentry_sdk

    client = sentry_sdk.Client(
        dsn=stand_in.config()["dsn"],
        default_integrations=False,
        auto_session_tracking=False,
        server_name="",
        environment="production",
        release="shop@1.0",
    )
    capture(client)
    client.close(timeout=5)


def test_a_message(versus: Versus) -> None:
    """An envelope with one event: headers, item, level and text."""
    versus(
        "capture_message",
        *TELLS,
        Difference(
            "body[2].message",
            "ours says it as `message.formatted`, the client as plain text; Sentry takes both",
        ),
        given=given,
        ours=lambda it: it.capture_message("Deployed", level="warning"),
        theirs=lambda it: captured(
            it, lambda client: client.capture_event({"message": "Deployed", "level": "warning"})
        ),
    )


def test_an_exception(versus: Versus) -> None:
    """Type, value and frames."""

    def fail() -> BaseException:
        try:
            raise ValueError("no disk")
        except ValueError as error:
            return error

    error = fail()

    def theirs(client: Any) -> None:
        from sentry_sdk.utils import event_from_exception

        event, hint = event_from_exception(error, client_options=client.options)
        client.capture_event(event, hint=hint)

    versus(
        "capture_exception",
        *TELLS,
        Difference("body[2].exception.values[0].module", "a built-in exception has none: ours leaves it out"),
        *(
            Difference(
                f"body[2].exception.values[0].stacktrace.frames[0].{name}",
                "lines of source and variables may hold secrets: ours sends none",
            )
            for name in ("context_line", "pre_context", "post_context", "vars")
        ),
        Difference(
            "body[2].exception.values[0].stacktrace.frames[0].filename",
            "ours is relative: folders of the machine tell nobody anything",
        ),
        Difference(
            "body[2].exception.values[0].stacktrace.frames[0].function",
            "ours says within which class or function",
        ),
        given=given,
        ours=lambda it: it.capture_exception(error),
        theirs=lambda it: captured(it, theirs),
    )
