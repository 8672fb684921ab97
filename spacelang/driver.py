"""The pipeline: text → tree → declarations → IR → files.

    load_program    parse and read a text and what it imports
    check           everything that is wrong, in one report; the claims of `from` lines are checked against the spaces
    lower           one IR for each space that the text declares
    emit, write     the files of the backends, into a directory

Checking needs no IR, so none of the later phases is imported before it is reached.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spacelang.ast.loader import Program, load_program, open_source
from spacelang.check import check
from spacelang.report.diagnostics import Report, SpacelangError, refuse
from spacelang.report.source import Source
from spacelang.report.suggest import did_you_mean

if TYPE_CHECKING:
    from spacelang.ir.nodes import SearchSpace


def check_source(source: Source, path: Path | None, report: Report) -> Program:
    """Parse, read and check a text; `report` gets everything that is wrong with it.

    Args:
        path: the file that the text comes from; imports are looked up next to it.
    """
    program = load_program(source, path, report)
    check(program, report)
    if any(each.origin for each in program.own_spaces):
        from spacelang.translate.origins import check_origins

        check_origins(program, path, report)
    return program


def compile_source(source: Source, path: Path | None = None, report: Report | None = None) -> tuple[SearchSpace, ...]:
    """The IR of every space that a text declares, in its order.

    Args:
        report: gets the warnings, for callers that show them.

    Raises:
        SpacelangError: with everything that is wrong.
    """
    report = Report() if report is None else report
    program = check_source(source, path, report)
    report.raise_if_failed()

    from spacelang.translate.lower import lower
    from spacelang.verify.space import mark_verified

    return tuple(map(mark_verified, lower(program)))


def compile_to(
    space: SearchSpace,
    directory: str | os.PathLike[str],
    backends: Iterable[str] | None = None,
    *,
    force: bool = False,
) -> list[Path]:
    """Generate files: `ir.json`, those of the backends, and `manifest.json`. All are rendered before any is written.

    Args:
        backends: names; None for all installed ones that take this kind of space.
        force: overwrite files that were edited since they were generated, or that spacelang didn't make.

    Returns: the paths of the files, in alphabetical order.

    Raises:
        SpacelangError: if a backend is unknown, broken or can't express the space; if files would be lost or can't be
            written.
    """
    from spacelang.backends.manifest import write_build
    from spacelang.backends.protocol import IR_FILE, backends_for, emit_all
    from spacelang.ir.nodes import to_json
    from spacelang.verify.space import verify

    if wrong := verify(space):
        raise SpacelangError(wrong)
    files = {IR_FILE: to_json(space), **emit_all(space, backends_for(space.kind, backends))}
    return write_build(space, files, Path(directory), force=force)


def load(path: str | os.PathLike[str]) -> SearchSpace:
    """The space that a file declares; if there are several, `FILE#NAME` selects one.

    Raises:
        SpacelangError: with everything that is wrong; if the file has no such space, or has several and none was named.
    """
    file, name = split_name(os.fspath(path))
    report = Report()
    source = open_source(Path(file), file, report)
    if source is None:
        raise SpacelangError(report.sorted())
    return choose(compile_source(source, Path(file)), name, file)


def loads(text: str, name: str | None = None) -> SearchSpace:
    """The space that a text declares; if there are several, the one called `name`. Imports start at the current folder.

    Raises:
        SpacelangError: as `load`.
    """
    return choose(compile_source(Source("<string>", text)), name, "<string>")


def split_name(argument: str) -> tuple[str, str | None]:
    """`FILE#NAME` as FILE and NAME. A file whose own name contains the `#` takes precedence."""
    file, mark, name = argument.rpartition("#")
    return (file, name) if mark and not Path(argument).exists() else (argument, None)


def choose(spaces: Sequence[SearchSpace], name: str | None, file: str) -> SearchSpace:
    """The space of this name, or the only one.

    Raises:
        SpacelangError: SP0810, SP0811.
    """
    names = [each.name for each in spaces]
    if not names:
        refuse("SP0811", f"{file} declares no space", "name a file with a hyperspace, a space or a model")
    if name is None and len(names) > 1:
        refuse("SP0810", f"{file} declares {len(names)} spaces", f"name one of them, as in {file}#{names[0]}")
    if name is not None and name not in names:
        refuse("SP0810", f"{file} declares no space `{name}`", did_you_mean(name, names))
    return next(each for each in spaces if name in (None, each.name))
