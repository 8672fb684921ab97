"""What is written to the terminal, and where: results to stdout, everything said about them to stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from spacelang.report.diagnostics import Diagnostic
from spacelang.report.render import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

quiet = False
"""Whether remarks and progress are left out (`spacelang -q`)."""

PIPED_COLUMNS = 200
"""Width of tables when no terminal gives one."""
MEASURED_COLUMNS = 10_000
"""More than any table needs, so that what it needs can be measured."""


def wants_color(stream: TextIO) -> bool:
    """Whether to colour what goes there: a terminal that can, unless NO_COLOR is set; FORCE_COLOR overrules."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write(text: str) -> None:
    """A result."""
    sys.stdout.write(text)


def write_json(content: dict[str, Any]) -> None:
    """A result for another program; `format_version` goes up when a field is removed or changes its meaning."""
    import json

    sys.stdout.write(json.dumps({"format_version": 1, **content}, indent=2, ensure_ascii=False) + "\n")


def say(text: str) -> None:
    """A remark."""
    if not quiet:
        _to_stderr(text)


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def error(message: str, help: str = "") -> None:
    """A failure that isn't a finding in a text."""
    from spacelang.report.render.escape import escape

    start = "\x1b[1;31merror\x1b[0m" if wants_color(sys.stderr) else "error"
    _to_stderr(f"{start}: {escape(message)}" + (f"\n = help: {escape(help)}" if help else ""))


def show_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Findings of a command whose result is something else."""
    sys.stdout.flush()
    sys.stderr.write(to_text(diagnostics, color=wants_color(sys.stderr)))


def print_parts(*parts: RenderableType) -> None:
    """Texts and rich tables, below each other; no width cuts off what goes into a file, nor breaks a word or number."""
    from rich.console import Console
    from rich.table import Table

    from spacelang.cli.narrow import fitted

    color = wants_color(sys.stdout)
    console = Console(force_terminal=color, no_color=not color, highlight=False, markup=False)
    terminal = console.width if sys.stdout.isatty() else PIPED_COLUMNS
    with console.capture() as captured:
        for part in parts:
            console.width = MEASURED_COLUMNS
            pieces = list(fitted(console, part, terminal)) if isinstance(part, Table) else [part]
            console.width = max(terminal, *(console.measure(each).minimum for each in pieces))
            for each in pieces:
                console.print(each)
    write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
