"""What importing costs, beside `import slack_sdk`, each time in a fresh interpreter.

    python benchmarks/imports.py [--quick] [--json]

The child process measures the statement alone, without its own start. Bytecode is compiled before.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from functools import partial
from typing import Final

from measuring.rounds import interleaved, options, ratio, report

SLACK_SDK: Final = "import slack_sdk"
PACKAGE: Final = "import integrations_sdk"
FACADE: Final = "from integrations_sdk import IntegrationManagementManager"
READY: Final = f"{FACADE}; IntegrationManagementManager('group/project')"
CONFIGURED: Final = (
    f"{READY}.slack.create_slack_integration("
    "{'webhook_url': 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX'})"
)

CASES: Final = {
    "import slack_sdk": SLACK_SDK,
    "slack_sdk.WebhookClient, made": "from slack_sdk import WebhookClient; WebhookClient('https://example.com/')",
    "import requests": "import requests",
    "import integrations_sdk": PACKAGE,
    "import IntegrationManagementManager": FACADE,
    "the manager, made": READY,
    "the manager with a Slack integration": CONFIGURED,
}

CHILD: Final = """
import sys, time
started = time.perf_counter()
exec(sys.argv[1])
print(time.perf_counter() - started, flush=True)
"""

LOADED: Final = (
    "import sys; before = set(sys.modules); exec(sys.argv[1]); print(len(set(sys.modules) - before))"
)


def child(code: str, statement: str) -> float:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code, statement], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Measure and print."""
    arguments = options(__doc__.partition("\n")[0]).parse_args()
    rounds = 5 if arguments.quick else 25
    modules = {name: child(LOADED, statement) for name, statement in CASES.items()}
    found = interleaved({name: partial(child, CHILD, statement) for name, statement in CASES.items()}, rounds)
    report(
        f"Importing, in fresh interpreters; {rounds} rounds",
        {
            name: f"{statistics.median(seconds) * 1e3:,.1f} ms, {modules[name]:,.0f} modules"
            for name, seconds in found.items()
        },
        {
            "import_vs_slack_sdk": ratio(found, "import integrations_sdk", "import slack_sdk"),
            "facade_vs_slack_sdk": ratio(found, "import IntegrationManagementManager", "import slack_sdk"),
            "ready_vs_slack_sdk": ratio(found, "the manager, made", "import slack_sdk"),
            "configured_vs_slack_sdk": ratio(
                found, "the manager with a Slack integration", "import slack_sdk"
            ),
            "requests_vs_slack_sdk": ratio(found, "import requests", "import slack_sdk"),
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    main()
