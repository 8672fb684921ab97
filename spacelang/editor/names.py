"""Declarations and their uses, across files: definition, references, rename."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from spacelang import ast
from spacelang.ast.loader import STD, Program
from spacelang.check.parameters import uses
from spacelang.editor.analysis import Analysis, Workspace
from spacelang.language.schema import FUNCTIONS, HEAD_NAMES, LAYER_NAMES, SPACE, STAGE, names
from spacelang.report.diagnostics import refuse
from spacelang.report.source import Span

Kind = Literal["block", "device", "space", "parameter", "name", "stage"]


class Symbol(NamedTuple):
    """What a name stands for; `span` is the name where it is declared."""

    kind: Kind
    name: str
    span: Span


class Occurrence(NamedTuple):
    span: Span
    symbol: Symbol

    @property
    def declares(self) -> bool:
        return _same_place(self.span, self.symbol.span)


def occurrences(program: Program, module: ast.Module) -> Iterator[Occurrence]:
    """Every name in a module whose declaration is known, including the declarations themselves."""
    for block in module.blocks:
        yield from _declared("block", block.name)
        yield from _of_body(block)
    for device in module.devices:
        yield from _declared("device", device.name)
    for space in module.spaces:
        yield from _declared("space", space.name)
        yield from _of_space(space, program)


def _declared(kind: Kind, name: ast.Name) -> Iterator[Occurrence]:
    yield Occurrence(name.span, Symbol(kind, name.text, name.span))


def _of_body(block: ast.Block) -> Iterator[Occurrence]:
    known: dict[str, Symbol] = {}
    for each in block.parameters:
        known.setdefault(each.text, Symbol("parameter", each.text, each.span))
    for step in block.body:
        if isinstance(step, ast.Let):
            known.setdefault(step.name.text, Symbol("name", step.name.text, step.name.span))
    yield from (Occurrence(each.span, each) for each in known.values())
    yield from (Occurrence(span, known[name]) for name, _, span in uses(block) if name in known)


def _of_space(space: ast.Space, program: Program) -> Iterator[Occurrence]:
    yield from _use("device", space.device, program.devices.get(space.device.text))
    if space.origin is not None:
        yield from _use("space", space.origin.name, program.spaces.get(space.origin.name.text))
    yield from _of_uses(space.blocks, program)
    for stage in (*space.stem, *space.stages):
        if stage.name is not None:
            yield from _declared("stage", stage.name)
        yield from _of_uses(stage.blocks or (), program)
        if stage.block is not None:
            yield from _block_use(stage.block, (*(each.name for each in stage.arguments), *stage.uniform), program)


def _of_uses(given: Iterable[ast.BlockUse], program: Program) -> Iterator[Occurrence]:
    for each in given:
        yield from _block_use(each.block, (one.name for one in each.arguments), program)


def _block_use(name: ast.Name, arguments: Iterable[ast.Name], program: Program) -> Iterator[Occurrence]:
    block = program.blocks.get(name.text)
    yield from _use("block", name, block)
    parameters = {each.text: each for each in block.parameters} if block else {}
    for each in arguments:
        if each.text in parameters:
            yield Occurrence(each.span, Symbol("parameter", each.text, parameters[each.text].span))


def _use(kind: Kind, name: ast.Name, found: ast.Block | ast.Device | ast.Space | None) -> Iterator[Occurrence]:
    if found is not None:
        yield Occurrence(name.span, Symbol(kind, name.text, found.name.span))


# --- answers ----------------------------------------------------------------------------------------------------------


def symbol_at(analysis: Analysis, offset: int) -> Occurrence | None:
    """The name at an offset of the document, with what it stands for."""
    for each in occurrences(analysis.program, analysis.program.main):
        if each.span.start <= offset <= each.span.end:
            return each
    return None


def definition(analysis: Analysis, offset: int) -> tuple[Span, Span] | None:
    """The name or import at an offset, and where it is declared."""
    found = symbol_at(analysis, offset)
    if found is not None:
        return found.span, found.symbol.span
    main = analysis.program.main
    for line, module in zip(main.imports, analysis.program.imported[main.source.name], strict=True):
        if module is not None and line.path.span.start <= offset <= line.path.span.end:
            return line.path.span, Span(module.source, 0, 0)
    return None


def references(workspace: Workspace, symbol: Symbol) -> list[Span]:
    """Every place that names a symbol, in all files of the workspace and those that they import, in order."""
    found: dict[tuple[str, int], Span] = {}
    for analysis in workspace.everything():
        for module in analysis.program.modules:
            for each in occurrences(analysis.program, module):
                if _same_place(each.symbol.span, symbol.span):
                    found[each.span.source.name, each.span.start] = each.span
    return [found[key] for key in sorted(found)]


def rename(workspace: Workspace, analysis: Analysis, offset: int, name: str) -> list[Span]:
    """The places where the new name has to be written.

    Raises:
        SpacelangError: if nothing here can be renamed, or the name isn't free.
    """
    symbol = renamable(analysis, offset).symbol
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        refuse("SP2503", f"`{name}` is not a name", "names are made of the letters a-z and A-Z, digits and _")
    if name in _taken(symbol, analysis):
        refuse("SP2503", f"`{name}` already means something here", "choose another name")
    return references(workspace, symbol)


def renamable(analysis: Analysis, offset: int) -> Occurrence:
    """The name at an offset, if it may be changed.

    Raises:
        SpacelangError: if there isn't a name, or if it belongs to the library.
    """
    found = symbol_at(analysis, offset)
    if found is None:
        refuse(
            "SP2502",
            "there isn't a name to rename here",
            "rename a block, device, space, stage, parameter or bound name",
        )
    if found.symbol.span.source.name.startswith(STD):
        refuse(
            "SP2502",
            f"`{found.symbol.name}` belongs to the library",
            "copy it into a file of your own and rename it there",
        )
    return found


def _taken(symbol: Symbol, analysis: Analysis) -> set[str]:
    """The names that would clash where the symbol is declared."""
    program = analysis.program
    match symbol.kind:
        case "block":
            return set(program.blocks)
        case "device":
            return set(program.devices)
        case "space":
            return set(program.spaces)
        case "stage":
            return {
                each.name.text
                for space in program.main.spaces
                if space.span.start <= symbol.span.start <= space.span.end
                for each in space.stages
                if each.name is not None
            }
    reserved = {*LAYER_NAMES, *HEAD_NAMES, *FUNCTIONS, *names(STAGE), *names(SPACE)}
    # Not `program.blocks`: a name may be declared twice.
    block = next(each for module in program.modules for each in module.blocks if _within(symbol.span, each.span))
    return reserved | {each.symbol.name for each in _of_body(block)}


def _within(inner: Span, outer: Span) -> bool:
    return inner.source is outer.source and outer.start <= inner.start < outer.end


def _same_place(one: Span, other: Span) -> bool:
    return one.start == other.start and one.source.name == other.source.name
