"""`integrations worker`, or `python -m integrations_sdk.worker`: delivers what others enqueue, as a process of its own.

Any number of them work on one store, on one machine (SQLite) or on many (PostgreSQL). They serve every tenant and
project of the store, with the credentials that are sealed in it, so they need its key (`INTEGRATIONS_SDK_KEY`, or
the key file). SIGTERM or Ctrl-C ends one: what is being sent is finished, the rest given back; a second signal ends
it at once. Whatever ends one without that, the others take over what it held within its lease.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.delivery.metrics import DeliveryMetrics
from integrations_sdk.delivery.settings import DeliverySettings
from integrations_sdk.errors import ConfigurationError, IntegrationError
from integrations_sdk.http.guard import Guard
from integrations_sdk.logs import logger
from integrations_sdk.manager import AsyncIntegrationManagementManager
from integrations_sdk.process import new_event_loop, tune

__all__ = ["main"]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Deliver until told to stop; the exit status: 0 after a stop, 2 when it could not begin.

    Args:
        arguments: of the command line; None takes the process's own.
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s")
    try:
        manager = _manager(options)
        tune()
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_deliver(manager))
    except IntegrationError as error:
        print(f"cannot deliver: {error}", file=sys.stderr)  # noqa: T201  # what a command does
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="integrations worker",
        usage="%(prog)s --store URL [options]",
        description=(__doc__ or "").partition("\n\n")[2],
        epilog="exit codes: 0 after a stop, 2 when it could not begin",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual, store = WorkerLimits(), os.environ.get("INTEGRATIONS_SDK_STORE")
    add = parser.add_argument
    add(
        "--store",
        default=store,
        help="sqlite:////file.db or postgresql://…; default: $INTEGRATIONS_SDK_STORE",
    )
    add(
        "--gitlab-url",
        default=os.environ.get("GITLAB_URL", "https://gitlab.com"),
        help="default: %(default)s",
    )
    add("--concurrency", type=int, default=usual.concurrency, help="sends at a time; default: %(default)s")
    add(
        "--per-target",
        type=int,
        default=usual.per_target,
        help="sends at a time to one host; default: %(default)s",
    )
    add("--lease", type=float, default=usual.lease.total_seconds(), help="seconds; default: %(default)s")
    add("--grace", type=float, default=30, help="seconds that a stop waits for answers; default: %(default)s")
    add("--retention", type=float, default=7, help="days that the log is kept; default: %(default)s")
    add("--guard", action="store_true", help="keep webhooks out of private networks")
    add(
        "--allow",
        action="append",
        default=[],
        metavar="HOST",
        help="what the guard lets pass; may be repeated",
    )
    add("--connector", action="append", default=[], metavar="MODULE:CLASS", help="a connector of your own")
    add("--metrics-port", type=int, help="serve Prometheus metrics there, on 127.0.0.1 (extra `prometheus`)")
    add("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    return parser


def _manager(options: argparse.Namespace) -> AsyncIntegrationManagementManager:
    store = options.store or ""
    if store.partition(":")[0] not in {"sqlite", "postgresql", "postgres"}:
        remedy = "pass --store or set INTEGRATIONS_SDK_STORE, e.g. sqlite:////var/lib/app/integrations.db"
        raise ConfigurationError.of("worker", "store", "expected a store that others share", remedy)
    manager = AsyncIntegrationManagementManager(
        store=store,
        gitlab_url=options.gitlab_url,
        guard=Guard(allow=tuple(options.allow)) if options.guard or options.allow else None,
        delivery=DeliverySettings(
            limits=WorkerLimits(
                concurrency=options.concurrency,
                per_target=options.per_target,
                lease=timedelta(seconds=options.lease),
            ),
            retention=timedelta(days=options.retention),
            grace=timedelta(seconds=options.grace),
            metrics=(_metrics(options.metrics_port),) if options.metrics_port is not None else (),
        ),
    )
    for name in options.connector:
        manager.register_connector(_connector(name))
    return manager


async def _deliver(manager: AsyncIntegrationManagementManager) -> None:
    told_to_stop = _first_signal()
    async with manager:
        backlog = await manager.deliveries.backlog()
        logger().info("delivering", pending=backlog.pending, held=backlog.held)
        await told_to_stop.wait()
        logger().info("stopping")
    logger().info("stopped")


def _first_signal() -> asyncio.Event:
    """Is set by the first signal; the next one then does what signals do."""
    loop, came = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        came.set()

    with contextlib.suppress(NotImplementedError):  # on Windows a signal ends the process
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop)
    return came


def _connector(name: str) -> type[Connector[ConnectorConfig]]:
    module, _, attribute = name.partition(":")
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        expected = f"{name!r} cannot be imported"
        raise ConfigurationError.of("worker", "connector", expected, "expected MODULE:CLASS") from None
    if not isinstance(found, type) or not issubclass(found, Connector):
        raise ConfigurationError.of("worker", "connector", f"{name!r} is no connector class")
    return found


def _metrics(port: int) -> DeliveryMetrics:
    from integrations_sdk.delivery.prometheus import PrometheusMetrics

    metrics = PrometheusMetrics()
    logger().info("metrics", port=metrics.serve(port))
    return metrics


if __name__ == "__main__":
    sys.exit(main())
