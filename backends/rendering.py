"""JSON that is read by people too, and templates."""

from __future__ import annotations

import json
from functools import cache

import jinja2

WIDTH = 120


def json_text(value: object) -> str:
    """JSON with a newline at the end; lists and objects that fit on a line stand on one.

    >>> print(json_text({"name": "a", "sizes": [1, 2]}), end="")
    {"name": "a", "sizes": [1, 2]}
    """
    return _json(value, 0) + "\n"


def _json(value: object, indent: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        items = [f"{json.dumps(key, ensure_ascii=False)}: {_json(each, indent + 2)}" for key, each in value.items()]
        opening, closing = "{", "}"
    else:
        items = [_json(each, indent + 2) for each in value]
        opening, closing = "[", "]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(items) + f"\n{' ' * indent}{closing}"


@cache
def templates(package: str) -> jinja2.Environment:
    """The templates of a package. An unknown variable is an error; whitespace is what the template says.

    In `.html.jinja` everything is escaped, unless it is marked as safe.
    """
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=jinja2.select_autoescape(["html.jinja"]),
    )
