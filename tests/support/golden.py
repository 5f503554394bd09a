"""Golden files: what a renderer made is compared exactly with what stands in `tests/connectors/golden/`.

`INTEGRATIONS_SDK_GOLDEN=write` writes them anew; look at the difference before it is committed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

__all__ = ["compare"]

GOLDEN: Final = Path(__file__).parents[1] / "connectors" / "golden"


def compare(provider: str, name: str, made: object) -> None:
    """Text as it is (`name` with its suffix), anything else as JSON."""
    text = made if isinstance(made, str) else json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    path = GOLDEN / provider / name
    if os.environ.get("INTEGRATIONS_SDK_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    assert path.exists(), f"{path.name} is missing: set INTEGRATIONS_SDK_GOLDEN=write once"
    assert path.read_bytes().decode() == text
