"""What to send with, from what the user gives for `http=`."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from typing import cast

from integrations_sdk.clock import Clock
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.http.base import HttpSender, Transport
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.guard import unguardable

__all__ = ["open_http", "open_transport"]


def open_http(
    http: object | None, clock: Clock, *, telemetry: bool = False, guarded: bool = False
) -> HttpSender:
    """A client over what the user gave for `http=`; a transport that was brought is not closed with it.

    Args:
        guarded: some requests will come with a guard.

    Raises:
        ConfigurationError: `http` is nothing to send with, or cannot hold a guard.
        MissingExtraError: `telemetry` without OpenTelemetry's API.
    """
    return HttpClient(open_transport(http, guarded=guarded), clock, telemetry=telemetry, owned=http is None)


def open_transport(http: object | None = None, *, guarded: bool = False) -> Transport:
    """A transport for what was given.

    | given | used |
    |---|---|
    | nothing | aiohttp if it is installed (extra `fast`), otherwise `httpx2` |
    | `httpx2.AsyncClient`, `httpx.AsyncClient` | that client, as it is; never closed |
    | an object with `async def send(request)` and `async def close()` | itself |

    No HTTP library is imported but the one that is used.

    Raises:
        ConfigurationError: it is something else, e.g. a blocking client; or a client, and `guarded`.
    """
    if http is None:
        return _installed()
    if _is_transport(http):
        return cast("Transport", http)
    from integrations_sdk.http.httpx_transport import HttpxTransport, is_httpx_client

    if is_httpx_client(http):
        if guarded:
            raise unguardable()
        return HttpxTransport(http)
    raise ConfigurationError.of(
        "HTTP client",
        "http",
        f"expected an httpx2.AsyncClient, an httpx.AsyncClient or a Transport, not {type(http).__name__}",
        "bring an asynchronous client, or leave it out",
    )


def _installed() -> Transport:
    if find_spec("aiohttp") is not None:
        from integrations_sdk.http.aiohttp_transport import AiohttpTransport

        return AiohttpTransport()
    from integrations_sdk.http.httpx_transport import HttpxTransport

    return HttpxTransport()


def _is_transport(value: object) -> bool:
    # blocking clients have both names as well, and so has a class instead of its instance
    methods = (getattr(value, name, None) for name in ("send", "close"))
    return not isinstance(value, type) and all(map(inspect.iscoroutinefunction, methods))
