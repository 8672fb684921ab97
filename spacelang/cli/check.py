"""`check`, `fmt` and `explain`: what needs the text only, so no IR is loaded."""

from __future__ import annotations

import shutil
import textwrap
from typing import Annotated

import typer

from spacelang.cli import complete
from spacelang.cli.console import error, write, write_json
from spacelang.cli.exits import FAILED
from spacelang.cli.texts import check_files, format_files
from spacelang.report.render import Format

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE…",
        help="`.space` files, folders of them (but for what git ignores), or `-` for stdin.",
        show_default=False,
        autocompletion=complete.spaces,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print findings only.")]
StdinFilename = Annotated[
    str | None, typer.Option(metavar="FILE", help="What stdin is called, and where its imports start.")
]


def check(
    files: Files,
    format: Annotated[
        Format, typer.Option(help="How to print what is found; `github` and `sarif` are for code scanning.")
    ] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    quiet: Quiet = False,
    stdin_filename: StdinFilename = None,
) -> None:
    """Check files and print everything that is wrong with them."""
    raise typer.Exit(check_files(files, format, strict, quiet, stdin_filename))


def fmt(
    files: Files,
    check: Annotated[bool, typer.Option("--check", help="Only say which files would change; exit 2 if any.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Only show what would change; exit 2 if anything.")] = False,
    update_origin: Annotated[
        bool, typer.Option("--update-origin", help="Write `from` lines again, for what the spaces say now.")
    ] = False,
    quiet: Quiet = False,
    stdin_filename: StdinFilename = None,
) -> None:
    """Format files in place; `-` formats stdin to stdout. Only the syntax must be right."""
    raise typer.Exit(format_files(files, check, diff, quiet, stdin_filename, update_origin))


def explain(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="As in `error[SP0301]`; 301 will do.", autocompletion=complete.codes)
    ],
    json: Annotated[bool, typer.Option("--json", help="For another program.")] = False,
) -> None:
    """Explain a diagnostic's code: why it is an error, and how to mend it."""
    from spacelang.report.codes import CODES
    from spacelang.report.suggest import did_you_mean

    full = f"SP{code.upper().removeprefix('SP').zfill(4)}"
    entry = CODES.get(full)
    if entry is None:
        error(f"there is no code {code}", did_you_mean(full, CODES))
        raise typer.Exit(FAILED)
    if json:
        write_json({name: getattr(entry, name) for name in ("code", "title", "explanation", "bad", "good")})
        return
    width = min(shutil.get_terminal_size().columns, 100)
    parts = [f"{entry.code}: {entry.title}", textwrap.fill(entry.explanation, width)]
    parts += [f"Wrong:\n\n{_indented(entry.bad)}"] if entry.bad else []
    parts += [f"Right:\n\n{_indented(entry.good)}"] if entry.good else []
    write("\n\n".join(parts) + "\n")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.rstrip().splitlines())
