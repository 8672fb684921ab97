"""What `check` and `fmt` do. No typer here: it takes longer to load than they take to run (see `quick`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from spacelang.cli.console import show_diagnostics, wants_color, write
from spacelang.cli.exits import DIFFERENT, FAILED
from spacelang.cli.inputs import STDIN, read_input
from spacelang.report.diagnostics import Diagnostic, Report, Severity, SpacelangError
from spacelang.report.render import Format, render
from spacelang.report.source import Source


def check_files(
    files: Iterable[str],
    format: Format = Format.TEXT,
    strict: bool = False,
    quiet: bool = False,
    stdin_filename: str | None = None,
) -> int:
    """Check files, and those in folders; print what is wrong. The exit code.

    Args:
        strict: warnings fail too.
        quiet: print findings only.
        stdin_filename: what stdin is called, and where its imports start.
    """
    from spacelang.driver import check_source

    report = Report()
    named = list(_named(files, report))
    for file in named:
        own = Report()
        source, path = _read(file, stdin_filename, own)
        if source:
            check_source(source, path, own)
        report.diagnostics += own.diagnostics
    found = _once(report.sorted())
    write(render(found, format, color=wants_color(sys.stdout)))
    if format is Format.TEXT and not found and not quiet:
        write(f"{len(named)} file{'s' * (len(named) != 1)} checked, no errors\n")
    fails = report.failed or (strict and any(each.severity is Severity.WARNING for each in found))
    return FAILED if fails else 0


def _once(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings, without repeating those on a file that several import."""
    return list({(each.code, str(each.span), each.message): each for each in diagnostics}.values())


def format_files(
    files: Iterable[str],
    check: bool = False,
    diff: bool = False,
    quiet: bool = False,
    stdin_filename: str | None = None,
    update_origin: bool = False,
) -> int:
    """Format files, and those in folders, in place, and stdin to stdout. The exit code.

    Args:
        check: only say which would change.
        diff: only show what would change.
        quiet: don't say which files were formatted.
        stdin_filename: what stdin is called.
        update_origin: write `from` lines again, for what the spaces say now.
    """
    from spacelang.files import write_atomic

    report = Report()
    changed = 0
    for file in _named(files, report):
        texts = _formatted(file, stdin_filename, report, update_origin)
        if texts is None:
            continue
        before, after = texts
        if file == STDIN and not (check or diff):
            write(after)
        elif before != after:
            changed += 1
            shown = (stdin_filename or "<stdin>") if file == STDIN else file
            if diff:
                write(_diff(shown, before, after))
            elif not check:
                write_atomic(file, after)
            if not (diff or quiet):
                write(f"{'would format' if check else 'formatted'} {shown}\n")
    show_diagnostics(report.sorted())
    if report.failed:
        return FAILED
    return DIFFERENT if changed and (check or diff) else 0


def _formatted(file: str, stdin_filename: str | None, report: Report, update_origin: bool) -> tuple[str, str] | None:
    """The text before and after; None if it can't be read or parsed."""
    from spacelang.syntax.format import format_file
    from spacelang.syntax.parse import parse

    own = Report()
    source, path = _read(file, stdin_filename, own)
    wanted = _with_origin(source, path, own) if source and update_origin else source
    tree = parse(wanted, own) if wanted else None
    report.diagnostics += own.diagnostics
    if source is None or tree is None or own.failed:
        return None
    return source.text, format_file(tree)


def _with_origin(source: Source, path: Path | None, report: Report) -> Source | None:
    from spacelang.translate.origins import update_origins

    try:
        return Source(source.name, update_origins(source, path))
    except SpacelangError as error:
        report.diagnostics += error.diagnostics
        return None


def _diff(file: str, before: str, after: str) -> str:
    import difflib

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), file, f"{file}, formatted", lineterm="")
    colors = {"-": "31", "+": "32", "@": "36"} if wants_color(sys.stdout) else {}
    painted = (f"\x1b[{colors[line[0]]}m{line}\x1b[0m" if line[:1] in colors else line for line in lines)
    return "".join(line + "\n" for line in painted)


def _read(file: str, stdin_filename: str | None, report: Report) -> tuple[Source | None, Path | None]:
    source, path = read_input(file, report)
    if file == STDIN and source and stdin_filename:
        return Source(stdin_filename, source.text), Path(stdin_filename)
    return source, path


# --- folders ---------------------------------------------------------------------------------------------------------


def _named(files: Iterable[str], report: Report) -> Iterator[str]:
    """Each file once, with those in the folders among them."""
    seen: set[str] = set()
    for file in files:
        found = _in_folder(file, report) if file != STDIN and os.path.isdir(file) else [file]
        yield from (each for each in found if each not in seen)
        seen.update(found)


def _in_folder(folder: str, report: Report) -> list[str]:
    """The `.space` files in a folder and those below it, but those that git ignores, in alphabetical order."""
    listed = _known_to_git(folder)
    found = sorted(os.path.join(folder, each) for each in (_walked(folder) if listed is None else listed))
    if not found:
        report.error("SP0212", f"there is no .space file in `{folder}`", help="files that git ignores don't count")
    return found


def _known_to_git(folder: str) -> list[str] | None:
    """None where the folder isn't in a git repository, or there is no git."""
    import subprocess

    listing = ["git", "-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.space"]
    try:
        run = subprocess.run(listing, capture_output=True, check=False)
    except OSError:
        return None
    if run.returncode:
        return None
    names = map(os.fsdecode, filter(None, run.stdout.split(b"\0")))
    return [each for each in dict.fromkeys(names) if os.path.isfile(os.path.join(folder, each))]


def _walked(folder: str) -> Iterator[str]:
    """Files in hidden folders don't count."""
    for place, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        yield from (
            os.path.relpath(os.path.join(place, each), folder)
            for each in files
            if each.endswith(".space") and os.path.isfile(os.path.join(place, each))
        )
