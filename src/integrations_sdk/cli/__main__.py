"""`python -m integrations_sdk.cli`, which is the `integrations` command."""

from __future__ import annotations

import sys

from integrations_sdk.cli.command import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
