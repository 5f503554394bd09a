"""Keep integrations in a SQLite file, their credentials sealed, and change the key without a pause.

Run it: `python examples/sqlite_store_and_key_rotation.py`.

Without `INTEGRATIONS_SDK_KEY` the key is in a file of mode 0600 that is made when it is first needed.
"""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
from pathlib import Path

from integrations_sdk import ConfigurationError, IntegrationManagementManager
from integrations_sdk.secrets.keys import KeyRing
from integrations_sdk.secrets.sealed import SealedSecrets
from integrations_sdk.store.opening import open_store
from integrations_sdk.testing import Sandbox


def main() -> None:
    """Store with the old key, reseal with both, go on with the new one."""
    old, new = new_key(), new_key()
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        url = f"sqlite:///{folder}/integrations.db"
        os.environ["INTEGRATIONS_SDK_KEY"] = old
        with IntegrationManagementManager("myorg/myproject", store=url) as mgr:
            mgr.slack.create(sandbox.slack.bot_config())
            mgr.datadog.create(sandbox.config("datadog"))
        token, key = str(sandbox.slack.bot_config()["bot_token"]), sandbox.datadog.api_key
        files = b"".join(path.read_bytes() for path in Path(folder).iterdir())
        print("a credential is readable in the file:", token.encode() in files or key.encode() in files)
        print("after a restart:", use(url))

        os.environ["INTEGRATIONS_SDK_KEY"] = f"{new},{old}"  # the first seals, every one opens
        print("with both keys:", use(url))
        print("resealed:", asyncio.run(reseal(url)))

        os.environ["INTEGRATIONS_SDK_KEY"] = new
        print("with the new key alone:", use(url))
        os.environ["INTEGRATIONS_SDK_KEY"] = old
        print("with the old key alone:", use(url))


def use(url: str) -> str:
    """Open the store in a new manager, and send with what is kept there."""
    with IntegrationManagementManager("myorg/myproject", store=url) as mgr:
        try:
            return ", ".join(
                str(outcome.status)
                for outcome in (
                    mgr.slack.notify("slack-1", "Still here."),
                    mgr.datadog.send_metrics("datadog-1", {"name": "restarts", "value": 1}),
                )
            )
        except ConfigurationError as error:
            return f"refused: {error.problems[0]}"


async def reseal(url: str) -> int:
    """Seal whatever another key sealed with the first one; the application may go on meanwhile."""
    store = open_store(url)
    try:
        return await SealedSecrets(store, KeyRing.from_env()).reseal()
    finally:
        await store.close()


def new_key() -> str:
    """32 random bytes in base64; keep them where your other secrets are."""
    return base64.b64encode(os.urandom(32)).decode()


if __name__ == "__main__":
    main()
