"""`compile` and `backends`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacelang.cli.console import print_parts, say, write, write_json
from spacelang.cli.inputs import load_space
from spacelang.cli.show import File, Json, simple_table


def compile(
    file: File,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write to.")],
    backend: Annotated[
        list[str] | None,
        typer.Option(
            "--backend", metavar="NAME", help="Only this one; may be repeated. `spacelang backends` lists them."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that spacelang didn't make.")] = False,
) -> None:
    """Generate files from a space: its supernet, distillation jobs, kernels to measure, encoding."""
    from spacelang.driver import compile_to

    space = load_space(file)
    written = compile_to(space, output, backend, force=force)
    for path in written:
        write(f"{path}\n")
    say(f"compiled {space.kind} {space.name} ({space.short_hash}): {len(written)} files in {output}")


def backends(json: Json = False) -> None:
    """List the installed backends."""
    from spacelang.backends.protocol import backend_names, load_backend

    found = list(map(load_backend, backend_names()))
    if json:
        listed = [{"name": each.name, "summary": each.summary, "kinds": list(each.kinds)} for each in found]
        write_json({"backends": listed})
        return
    table = simple_table("", ("backend", "takes", "makes"))
    for each in found:
        table.add_row(each.name, ", ".join(each.kinds), each.summary)
    print_parts(table)
