"""The connector and the stand-in of the guide "A connector of your own", as they stand there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["guide"]

_GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "writing-a-connector.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def guide() -> dict[str, Any]:
    """What the guide's blocks import and define, without what they do."""
    defined: dict[str, Any] = {"__name__": "guide"}
    for block in _BLOCK.findall(_GUIDE.read_text()):
        tree = ast.parse(block)
        tree.body = [
            node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef)
        ]
        exec(compile(tree, str(_GUIDE), "exec", dont_inherit=True), defined)
    return defined
