"""The outline of a document, and the parts that can be folded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

from spacelang import ast, syntax
from spacelang.editor.analysis import Analysis
from spacelang.report.source import Source, Span


class Entry(NamedTuple):
    """A declaration or a part of one; `kind` is its first word."""

    name: str
    kind: str
    span: Span
    selection: Span
    children: tuple[Entry, ...] = ()


class Fold(NamedTuple):
    """1-based lines, both included."""

    first: int
    last: int
    kind: Literal["region", "comment", "imports"]


def outline(analysis: Analysis) -> list[Entry]:
    """The declarations of the document in the order of its text."""
    module = analysis.program.main
    found = [
        *(Entry(each.name.text, "block", each.span, each.name.span) for each in module.blocks),
        *(Entry(each.name.text, "device", each.span, each.name.span) for each in module.devices),
        *(Entry(each.name.text, each.kind, each.span, each.name.span, _parts(each)) for each in module.spaces),
    ]
    return sorted(found, key=lambda each: each.span.start)


def _parts(space: ast.Space) -> tuple[Entry, ...]:
    found = [Entry(f"{each.id.value} = {each.block.text}", "use", each.span, each.block.span) for each in space.blocks]
    for stage in (*space.stem, *space.stages):
        name = stage.name or stage.block
        if name is not None:
            found.append(Entry(name.text, stage.role, stage.span, name.span))
    found += [Entry(each.name.text, "section", each.span, each.name.span) for each in space.sections]
    return tuple(sorted(found, key=lambda each: each.span.start))


def folds(analysis: Analysis) -> list[Fold]:
    """Groups and runs of comments of several lines, and the imports."""
    source = analysis.source
    found = [*_groups(analysis.parsed.file.lines), *_comments(analysis), *_imports(analysis)]
    return sorted({each for each in found if each.last > each.first and each.first <= _lines(source)})


def _groups(lines: tuple[syntax.Line, ...]) -> Iterator[Fold]:
    for line in lines:
        for phrase in line.phrases:
            for term in phrase.terms:
                if isinstance(term, syntax.Group):
                    closing = term.span.source.position(max(term.span.start, term.span.end - 1))[0]
                    yield Fold(term.span.line, closing - 1, "region")  # the closing brace stays visible
                    yield from _groups(term.lines)


def _comments(analysis: Analysis) -> Iterator[Fold]:
    source = analysis.source
    lines = [
        source.position(each.start)[0]
        for each in analysis.tokens
        if each.type == "COMMENT" and _alone(source, each.start)
    ]
    starts = [at for at, line in enumerate(lines) if at == 0 or lines[at - 1] != line - 1]
    for first, after in pairwise([*starts, len(lines)]):
        yield Fold(lines[first], lines[after - 1], "comment")


def _alone(source: Source, start: int) -> bool:
    return not source.text[source.text.rfind("\n", 0, start) + 1 : start].strip()


def _imports(analysis: Analysis) -> Iterator[Fold]:
    lines = [each.span.line for each in analysis.program.main.imports]
    if lines:
        yield Fold(lines[0], lines[-1], "imports")


def _lines(source: Source) -> int:
    return source.text.count("\n") + 1
