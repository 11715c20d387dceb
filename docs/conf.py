"""How the documentation site is made: `sphinx-build -W docs site`, from the Markdown files beside this one."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "wkasim"
html_show_copyright = False
author = "The wkasim authors"
version = release = installed_version("wkasim")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
"""Headings can be linked to as code hosts do it, so that every link works in both places."""

html_theme = "furo"
html_title = "wkasim"
html_show_sourcelink = False
