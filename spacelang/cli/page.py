"""`report`: what a run found, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacelang.cli.console import write


def report(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `spacelang run` made.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The HTML file to write.")] = Path(
        "report.html"
    ),
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="FOLDER", help="Another run, whose files are drawn as a baseline."),
    ] = None,
) -> None:
    """Write what a run found as one page that needs no network: its space, search, models, and how each was made."""
    from spacelang.page import write_page

    write_page(folder, output, against or ())
    write(f"{output.resolve().as_uri()}\n")
