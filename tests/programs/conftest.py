"""Real programs, each started once for a session of tests, and a manager that speaks to them over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import attrs
import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.connectors.prometheus import CONTENT_TYPE, MetricRegistry
from support.node import installed
from support.programs import Program, running

RULES = {
    "groups": [
        {
            "name": "deploys",
            "rules": [
                {"record": "deploys:failed:sum", "expr": "sum(program_deploys_failed)"},
                {
                    "alert": "DeploysFail",
                    "expr": "program_deploys_failed > 0",
                    "labels": {"severity": "warning"},
                    "annotations": {"summary": "{{ $value }} deploys failed"},
                },
            ],
        }
    ]
}


@pytest.fixture
def mgr() -> Iterator[IntegrationManagementManager]:
    """A manager over a store in memory, as an application has it."""
    with IntegrationManagementManager(project_id="shop/web") as made:
        yield made


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of `node/`, and the packages of npm that they use."""
    return installed(Path(__file__).parent / "node", tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="session")
def pushgateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Prometheus's Pushgateway."""
    folder = tmp_path_factory.mktemp("pushgateway")
    with running(
        "prometheus-pushgateway",
        lambda address: [f"--web.listen-address={address}", "--web.enable-admin-api"],
        ready="/-/ready",
        folder=folder,
    ) as program:
        yield program


@pytest.fixture(scope="session")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Prometheus's Alertmanager, which tells nobody, alone in its cluster."""
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "config.yml").write_text(
        json.dumps({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]})
    )
    with running(
        "prometheus-alertmanager",
        lambda address: [
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
            f"--config.file={folder / 'config.yml'}",
            f"--storage.path={folder / 'data'}",
        ],
        ready="/-/ready",
        folder=folder,
    ) as program:
        yield program


@attrs.frozen
class Exposed:
    """An application that exposes what it measures."""

    registry: MetricRegistry
    url: str


@pytest.fixture(scope="session")
def exposed() -> Iterator[Exposed]:
    """A registry, served as the guide says."""
    registry = MetricRegistry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = registry.render().encode()
            self.send_response(200)
            self.send_header("content-type", CONTENT_TYPE)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield Exposed(registry, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, pushgateway: Program, alertmanager: Program, exposed: Exposed
) -> Iterator[Program]:
    """Prometheus, which scrapes the Pushgateway and an application, and tells Alertmanager what its rules find."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yml").write_text(json.dumps(RULES))
    (folder / "config.yml").write_text(json.dumps(_scraping(pushgateway, alertmanager, exposed)))
    with running(
        "prometheus",
        lambda address: [
            f"--web.listen-address={address}",
            f"--config.file={folder / 'config.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
        ],
        ready="/-/ready",
        folder=folder,
    ) as program:
        yield program


@pytest.fixture(scope="session")
def victoria_metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """VictoriaMetrics, which speaks for Datadog and for Prometheus."""
    folder = tmp_path_factory.mktemp("victoria-metrics")
    with running(
        "victoria-metrics",
        lambda address: [f"-httpListenAddr={address}", f"-storageDataPath={folder / 'data'}"],
        ready="/health",
        folder=folder,
    ) as program:
        yield program


def _scraping(pushgateway: Program, alertmanager: Program, exposed: Exposed) -> dict[str, Any]:
    def at(place: Program | Exposed) -> list[dict[str, Any]]:
        return [{"targets": [place.url.removeprefix("http://")]}]

    return {
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": at(alertmanager)}]},
        "scrape_configs": [
            {"job_name": "pushgateway", "honor_labels": True, "static_configs": at(pushgateway)},
            {"job_name": "exposed", "static_configs": at(exposed)},
        ],
    }
