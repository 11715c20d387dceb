"""One HTML file that needs no server and no network: template, style, scripts and data in one piece.

A content security policy in the page names the hash of its own style and script and forbids everything else, so
nothing that came from a run can execute even if it got past the escaping.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from typing import Final

from wkasim.view.document import page_data, safe_json
from wkasim.view.run import Run

__all__ = ["SCRIPTS", "html_page"]

SCRIPTS: Final = (
    "model.js",
    "layout.js",
    "words.js",
    "diagram.js",
    "panels.js",
    "questions.js",
    "controls.js",
    "main.js",
)
"""The parts of the page's script, in the order in which they are put together."""


def html_page(run: Run) -> str:
    """The page that shows a run."""
    style = _part("style.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_part(name) for name in SCRIPTS) + "\n})();\n"
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": escape(policy),
        "title": escape(run.title),
        "style": style,
        "data": safe_json(page_data(run)),
        "script": script,
    }
    page = _part("page.html")
    # Split once and put together, so that a run whose title is "{{data}}" changes nothing.
    pieces = page.split("{{")
    out = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        out += [parts[name], rest]
    return "".join(out)


def _part(name: str) -> str:
    return (files("wkasim.view") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
