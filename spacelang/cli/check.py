"""`check`, `fmt` and `explain`: what needs the text only, so no IR is loaded."""

from __future__ import annotations

import difflib
import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import Annotated

import typer

from spacelang.cli.console import error, show_diagnostics, wants_color, write
from spacelang.cli.exits import DIFFERENT, FAILED
from spacelang.cli.inputs import STDIN, read_input
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.render import Format, render

Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="`.space` files; `-` is stdin.", show_default=False)]


def check(
    files: Files,
    format: Annotated[
        Format, typer.Option(help="How to print what is found; `json` is for another program.")
    ] = Format.TEXT,
) -> None:
    """Check files and print everything that is wrong with them."""
    from spacelang.driver import check_source

    report = Report()
    for file in files:
        own = Report()
        source, path = read_input(file, own)
        if source:
            check_source(source, path, own)
        report.diagnostics += own.diagnostics
    found = _once(report.sorted())
    write(render(found, format, color=wants_color(sys.stdout)))
    if format is Format.TEXT and not found:
        write(f"{len(files)} file{'s' * (len(files) > 1)} checked, no errors\n")
    if report.failed:
        raise typer.Exit(FAILED)


def _once(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Without what several files say of one that they all import."""
    return list({(each.code, str(each.span), each.message): each for each in diagnostics}.values())


def fmt(
    files: Files,
    check: Annotated[bool, typer.Option("--check", help="Only say which files would change; exit 2 if any.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Only show what would change; exit 2 if anything.")] = False,
) -> None:
    """Format files in place; `-` formats stdin to stdout. Only the syntax must be right."""
    from spacelang.files import write_atomic

    report = Report()
    changed = 0
    for file in files:
        before, after = _formatted(file, report)
        if before is None or after is None:
            continue
        if diff:
            write(_diff(file, before, after))
        if file == STDIN and not (check or diff):
            write(after)
        elif before != after:
            changed += 1
            if not (check or diff):
                write_atomic(file, after)
            if not diff:
                write(f"{'would format' if check else 'formatted'} {file}\n")
    show_diagnostics(report.sorted())
    if report.failed:
        raise typer.Exit(FAILED)
    if changed and (check or diff):
        raise typer.Exit(DIFFERENT)


def _formatted(file: str, report: Report) -> tuple[str | None, str | None]:
    from spacelang.syntax.format import format_file
    from spacelang.syntax.parse import parse

    own = Report()
    source, _ = read_input(file, own)
    tree = parse(source, own) if source else None
    report.diagnostics += own.diagnostics
    if source is None or tree is None or own.failed:
        return None, None
    return source.text, format_file(tree)


def _diff(file: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), file, f"{file}, formatted", lineterm="")
    colors = {"-": "31", "+": "32", "@": "36"} if wants_color(sys.stdout) else {}
    painted = (f"\x1b[{colors[line[0]]}m{line}\x1b[0m" if line[:1] in colors else line for line in lines)
    return "".join(line + "\n" for line in painted)


def explain(code: Annotated[str, typer.Argument(metavar="CODE", help="As in `error[SP0301]`.")]) -> None:
    """Explain a diagnostic's code: why it is an error, and how to mend it."""
    from spacelang.report.codes import CODES
    from spacelang.report.suggest import did_you_mean

    entry = CODES.get(code.upper())
    if entry is None:
        error(f"there is no code {code}", did_you_mean(code.upper(), CODES))
        raise typer.Exit(FAILED)
    width = min(shutil.get_terminal_size().columns, 100)
    parts = [f"{entry.code}: {entry.title}", textwrap.fill(entry.explanation, width)]
    parts += [f"Wrong:\n\n{_indented(entry.bad)}"] if entry.bad else []
    parts += [f"Right:\n\n{_indented(entry.good)}"] if entry.good else []
    write("\n\n".join(parts) + "\n")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.rstrip().splitlines())
