"""Self-contained HTML pages: one file that needs nothing from anywhere.

Data goes into a page as JSON and becomes text nodes there; nothing of a log is ever HTML or
script.  A content security policy in the page allows its own script and style only, by hash.
"""
from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

from tracer.errors import PytraceError

_FILES = Path(__file__).resolve().parent / "files"
# What could end the element that the data is in, or be taken for markup.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def embed(data: Any) -> str:
    """JSON that is safe within a ``script`` element: ASCII, without ``<``, ``>`` and ``&``."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).translate(_ESCAPES)


def _read(*names: str) -> str:
    return "\n".join((_FILES / name).read_text("utf-8") for name in names)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def write_page(name: str, title: str, data: Mapping[str, Any], out: TextIO) -> None:
    """Write the page of ``files/NAME.html`` with its style and script, and data for the script.

    Raises PytraceError when jinja2 is not installed.
    """
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError:
        raise PytraceError("HTML pages need the package jinja2 "
                           "(pip install 'pytrace[report]')") from None
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(_FILES), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True,
                                     lstrip_blocks=True)
    style = _read("base.css", f"{name}.css")
    script = _read("common.js", f"{name}.js")
    policy = ("default-src 'none'; base-uri 'none'; form-action 'none'; "
              f"style-src {_hash(style)}; script-src {_hash(script)}")
    template = environment.get_template(f"{name}.html")
    # Only what is ours, and JSON without markup, goes in as it is.
    out.write(template.render(title=title.encode("utf-8", "replace").decode(),
                              policy=Markup(policy), style=Markup(style), script=Markup(script),
                              data=Markup(embed(data))))
