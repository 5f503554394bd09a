"""`integrations listen`: shows the webhook calls that arrive, and whether they are authentic."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from integrations_sdk.cli.console import Writer, open_writer
from integrations_sdk.cli.judging import Judge
from integrations_sdk.cli.receiver import Answer, receiving
from integrations_sdk.cli.showing import Presenter, Seen
from integrations_sdk.connectors.masking import Masks
from integrations_sdk.delivery.settings import DeliverySettings
from integrations_sdk.errors import IntegrationError
from integrations_sdk.http.serving import Arrived
from integrations_sdk.manager import AsyncIntegrationManagementManager
from integrations_sdk.models import Secret
from integrations_sdk.signing import SOURCES

__all__ = ["main"]

_FAILED: Final = 1
_REFUSED: Final = 3
_INTERRUPTED: Final = 130

_DESCRIPTION: Final = """\
Show the webhook calls that arrive at this machine: method, path, headers and body, credentials masked.

With --source each is also verified and read as an application does it with mgr.events.receive(): the line
after the first says whether it is authentic, and what it tells. Such a call is answered 401 when it is not
authentic, 400 when it is nothing that the source sends, otherwise --status.
"""

_EPILOG: Final = """\
examples:
  integrations listen --port 8080
  integrations listen --source gitlab --secret env:GITLAB_WEBHOOK_SECRET
  integrations listen --source standard_webhooks --secret env:NEW --secret env:OLD --once --json

exit codes:
  0    ended by Ctrl-C or SIGTERM, or --count calls were answered
  1    it cannot listen there, or a secret is not to be had
  2    the arguments are wrong
  3    --count calls were answered, and at least one was refused
  130  ended before --count calls were answered
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code, see its help."""
    options = _options(arguments)
    try:
        return asyncio.run(_listen(options))
    except KeyboardInterrupt:  # where signals cannot be handled in the loop
        return _INTERRUPTED if options.count else 0
    except BaseExceptionGroup as group:  # of the server's tasks
        if group.split(BrokenPipeError)[1] is not None:
            raise
        raise BrokenPipeError from None


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="integrations listen",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=_number(0, 65_535), default=0, metavar="N", help="default: one that is free")
    add(
        "--host",
        default="127.0.0.1",
        metavar="NAME",
        help="default: 127.0.0.1, which only this machine reaches",
    )
    add("--source", choices=SOURCES, metavar="NAME", help=f"who sends: {', '.join(SOURCES)}")
    add(
        "--secret",
        type=_reference,
        action="append",
        default=[],
        metavar="REF",
        help="reference to what is shared with the source, e.g. env:NAME or file:/run/secrets/x; may be repeated",
    )
    add("--status", type=_number(200, 599), default=200, metavar="N", help="to be answered; default: 200")
    add("--once", dest="count", action="store_const", const=1, help="the same as --count 1")
    add("--count", type=_number(1), metavar="N", help="end after so many calls")
    add("--json", action="store_true", help="one JSON object a line instead of text")
    add(
        "--body-limit",
        type=_number(0),
        default=8_192,
        metavar="N",
        help="characters of a body; default: 8192",
    )
    options = parser.parse_args(arguments)
    if options.secret and options.source is None:
        parser.error("--secret needs --source: say who signs with it")
    return options


def _number(least: int, most: int | None = None) -> Callable[[str], int]:
    def number(text: str) -> int:
        if text.isdecimal() and int(text) >= least and (most is None or int(text) <= most):
            return int(text)
        wanted = f"a number from {least} to {most}" if most is not None else f"a number, {least} or more"
        raise argparse.ArgumentTypeError(f"expected {wanted}")

    return number


def _reference(text: str) -> Secret:
    secret = Secret(text)
    if not secret.is_reference:
        wrong = (
            "expected a reference such as env:NAME: what stands on a command line is seen by everybody here"
        )
        raise argparse.ArgumentTypeError(wrong)
    return secret


async def _listen(options: argparse.Namespace) -> int:
    async with AsyncIntegrationManagementManager(delivery=DeliverySettings(worker=False)) as mgr:
        try:
            secrets = [await mgr.runtime.secrets.resolve(secret) for secret in options.secret]
        except IntegrationError as error:
            return _failed(str(error))
        judge = Judge(mgr.events, source=options.source, secrets=secrets, status=options.status)
        masks = Masks(secret.reveal() for secret in secrets)
        session = _Session(options, judge, Presenter(masks, body_limit=options.body_limit))
        _on_signals(session.end)
        try:
            async with receiving(session.handle, host=options.host, port=options.port) as urls:
                _announce(options, urls)
                await session.ended.wait()
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            return _failed(f"cannot listen at {options.host}, port {options.port}: {error.strerror or error}")
    return session.code()


class _Session:
    """One run of the command."""

    def __init__(self, options: argparse.Namespace, judge: Judge, presenter: Presenter) -> None:
        self._left: int | None = options.count
        self._as_json: bool = options.json
        self._judge = judge
        self._presenter = presenter
        self._writer: Writer = open_writer(sys.stdout, plain=options.json)
        self._refused = 0
        self.ended = asyncio.Event()

    async def handle(self, arrived: Arrived) -> Answer:
        """Judge a call, show it, and say what to answer."""
        if self._left == 0:
            return Answer(status=503, content="no more calls are taken")
        if self._left is not None:
            self._left -= 1
        verdict = await self._judge.judge(arrived)
        self._refused += verdict.refused
        self._show(Seen(at=datetime.now(UTC), arrived=arrived, verdict=verdict))
        if self._left == 0:
            self.ended.set()
        return Answer(status=verdict.status, content=verdict.content)

    def end(self) -> None:
        """End it, as Ctrl-C does."""
        self.ended.set()

    def code(self) -> int:
        """The exit code."""
        if self._left:
            return _INTERRUPTED
        return _REFUSED if self._left == 0 and self._refused else 0

    def _show(self, seen: Seen) -> None:
        if self._as_json:
            self._writer.line("json", json.dumps(self._presenter.record(seen)))
            return
        for line in self._presenter.lines(seen):
            self._writer.line(*line)


def _on_signals(end: Callable[[], None]) -> None:
    """Have Ctrl-C and SIGTERM end in good order; a second one ends at once."""
    loop = asyncio.get_running_loop()

    def first() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        end()

    with contextlib.suppress(NotImplementedError):  # Windows; there Ctrl-C is a `KeyboardInterrupt`
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, first)


def _announce(options: argparse.Namespace, urls: Sequence[str]) -> None:
    for url in urls:
        sys.stderr.write(f"listening at {url}\n")
    if not _is_loopback(options.host):
        sys.stderr.write("warning: whoever reaches this machine can call it, and fill what it writes to\n")
    if options.source is not None and not options.secret:
        sys.stderr.write(f"warning: without --secret anybody can pretend to be {options.source}\n")
    sys.stderr.flush()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _failed(why: str) -> int:
    sys.stderr.write(f"integrations listen: {why}\n")
    return _FAILED
