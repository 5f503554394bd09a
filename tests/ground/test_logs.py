"""The log: silent by default, structured, and without secrets."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from integrations_sdk.logs import logger
from integrations_sdk.models import Secret


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_each_level_writes_event_and_fields(level: str, caplog: pytest.LogCaptureFixture) -> None:
    """One line with the event first and its fields, under the library's name and the method's level."""
    with caplog.at_level(logging.DEBUG, "integrations_sdk"):
        getattr(logger(), level)("something happened", target="slack-1", status=200)

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("integrations_sdk", level.upper())
    assert record.getMessage() == "event='something happened' target='slack-1' status=200"


def test_secrets_are_masked_wherever_they_are(caplog: pytest.LogCaptureFixture) -> None:
    """A secret among the fields shows as dots, on its own or inside something."""
    with caplog.at_level(logging.DEBUG, "integrations_sdk"):
        logger().info("x", token=Secret("canary"), several=[Secret("canary")], named={"a": Secret("canary")})

    assert "canary" not in caplog.text
    assert caplog.text.count("••••") == 3


def test_nothing_in_a_field_can_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """Line breaks and per cent signs in events and fields stay within their line."""
    with caplog.at_level(logging.DEBUG, "integrations_sdk"):
        logger().info("100 %s\nINFO forged", reason="a\r\nb %d")

    assert "\n" not in caplog.records[0].getMessage()
    assert "\r" not in caplog.records[0].getMessage()


def test_a_level_nobody_listens_to_writes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Below the configured level nothing is rendered."""
    with caplog.at_level(logging.WARNING, "integrations_sdk"):
        logger().info("quiet")
    assert not caplog.records


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh interpreter."""
    setup = f"import sys; sys.path[:0] = {sys.path!r}\n"
    return subprocess.run(
        [sys.executable, "-c", setup + script], capture_output=True, text=True, check=True, timeout=50
    )


def test_silent_until_the_application_configures_logging() -> None:
    """Errors written before any configuration appear nowhere, and structlog is imported with the first line only."""
    done = run(
        "from integrations_sdk.logs import logger\n"
        "logger().debug('x'); print('structlog' in sys.modules)\n"
        "logger().error('x'); print('structlog' in sys.modules)\n"
    )
    assert done.stdout.split() == ["False", "True"]
    assert done.stderr == ""


def test_basic_config_is_enough() -> None:
    """`logging.basicConfig()` shows the log; nothing global of structlog is configured."""
    done = run(
        "import logging, structlog; logging.basicConfig(level='INFO')\n"
        "from integrations_sdk.logs import logger\n"
        "logger().info('hello', a=1); print(structlog.is_configured())\n"
    )
    assert done.stderr == "INFO:integrations_sdk:event='hello' a=1\n"
    assert done.stdout.strip() == "False"
