"""`check` and `fmt` without typer.

Hooks and editors start these two all day, and loading typer takes longer than they do. Only plain command lines are
taken: files and the options below. Everything else, `--help` and mistakes among it, is left to typer, which knows the
same options (a test compares).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacelang.report.render import Format

FLAGS = {
    "check": {"--strict": "strict", "-q": "quiet", "--quiet": "quiet", "--json": "json"},
    "fmt": {
        "--check": "check",
        "--diff": "diff",
        "-q": "quiet",
        "--quiet": "quiet",
        "--update-origin": "update_origin",
    },
}
VALUES = {
    "check": {"--format": "format", "--stdin-filename": "stdin_filename"},
    "fmt": {"--stdin-filename": "stdin_filename"},
}


def quick(arguments: Sequence[str]) -> int | None:
    """The exit code of a plain `check` or `fmt`; None for any other command line."""
    if not arguments or arguments[0] not in FLAGS or "_SPACELANG_COMPLETE" in os.environ:
        return None
    options = _parsed(arguments[0], arguments[1:])
    if options is None:
        return None
    from spacelang.cli import texts

    run: Callable[..., int] = texts.check_files if arguments[0] == "check" else texts.format_files
    return run(**options)


def _parsed(command: str, arguments: Iterable[str]) -> dict[str, Any] | None:
    files: list[str] = []
    options: dict[str, Any] = {}
    rest = iter(arguments)
    for each in rest:
        name, given, value = each.partition("=")
        if each == "-" or not each.startswith("-"):
            files.append(each)
        elif each in FLAGS[command]:
            options[FLAGS[command][each]] = True
        elif name in VALUES[command]:
            options[VALUES[command][name]] = value if given else next(rest, None)
        else:
            return None
    if not files or None in options.values() or not _with_format(options):
        return None
    return {"files": files, **options}


def _with_format(options: dict[str, Any]) -> bool:
    """Puts the format in the place of its name, and of `--json`. Whether there is one of that name."""
    if options.pop("json", False):
        options["format"] = "json"
    if "format" not in options:
        return True
    if options["format"] not in list(Format):
        return False
    options["format"] = Format(options["format"])
    return True
