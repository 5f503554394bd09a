"""How the documentation is built: `nox -s docs`. It needs no network and no service."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "integrations_sdk"
author = "The integrations_sdk authors"
copyright = "The integrations_sdk authors"  # noqa: A001  # the name Sphinx asks for
version = release = version_of("integrations-sdk")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "providers", "docstrings"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"integrations_sdk {version}"
html_copy_source = False
html_show_sourcelink = False

suppress_warnings = ["ref.python"]  # `type` in a signature is taken for one of the fields of that name
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
