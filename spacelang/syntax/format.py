"""The canonical layout of a text. It changes spaces and trailing commas, never what is said or what stands on a line.

The rules:

- Two spaces of indentation; at most one blank line in a row, none behind an opening or before a closing brace; comments
  stay with their lines, above them or two spaces behind them.
- A group that stands on one line stays there, however long it is, and one on several lines stays on several: a stage a
  line reads, and differs, well. A set of values is written `{3, 5, 7}`, any other group `{ depth 2..4, stride 2 }`.
  Lists, `[3, 5]`, stand on one line.
- Consecutive lines of one phrase, without a comment or a blank line between them, are aligned in columns: `WORD
  values`; what ends in a one-line body by the body; `stage stage1  mbv2  { … }`, `stem  conv  { … }` and
  `0 = mbv2  { … }` in columns two spaces apart. Not so in pipelines (`block`, `head`) and at the top of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from spacelang import syntax
from spacelang.report.source import Span

_INDENT: Final = "  "
_PIPELINES: Final = frozenset({"block", "head"})
_TITLES: Final = {"stem": 1, "stage": 2}
"""Lines that form tables, and how many of their words are the first column."""


def format_file(file: syntax.File) -> str:
    """The text of a file in its canonical layout; formatting that again changes nothing.

    >>> from spacelang.report.diagnostics import Report
    >>> from spacelang.syntax.parse import parse
    >>> from spacelang.report.source import Source
    >>> print(format_file(parse(Source("example", "stage  s {depth 2 .. 4 ,kernel { 3,5 },}"), Report())), end="")
    stage s { depth 2..4, kernel {3, 5} }
    """
    rows = _stacked(file.lines, [_line(line) for line in file.lines], file.comments)
    return "".join(f"{row}\n" for row in rows)


# --- nodes as rows of text, without the indentation of what they stand in ---------------------------------------------


def _line(line: syntax.Line) -> list[str]:
    return _joined([_joined(_terms(phrase), " ") for phrase in line.phrases], ", ")


def _terms(phrase: syntax.Phrase) -> list[list[str]]:
    owner = _owner(phrase)
    return [_term(term, owner) for term in phrase.terms]


def _term(term: syntax.Term, owner: str = "") -> list[str]:
    """`owner` is the word that the term's phrase starts with."""
    match term:
        case syntax.Group():
            return _group(term, owner)
        case syntax.PerLayer(items):
            return _joined([["["], _joined([_term(item, owner) for item in items], ", "), ["]"]], "")
        case syntax.Word(text) | syntax.Symbol(text) | syntax.Number(_, text):
            return [text]
        case syntax.String(value):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return [f'"{escaped}"']
        case syntax.Range(low, high):
            return [f"{low.text}..{high.text}"]
        case syntax.Binary(operator, left, right):
            return _joined([_term(left), _term(right)], f" {operator} ")
        case syntax.Parenthesised(inner):
            return _joined([["("], _term(inner), [")"]], "")
        case syntax.Call(name, arguments):
            return _joined([[f"{name.text}("], _joined(list(map(_term, arguments)), ", "), [")"]], "")


def _group(group: syntax.Group, owner: str) -> list[str]:
    if not group.lines and not group.comments:
        return ["{}"]
    bodies = [_line(line) for line in group.lines]
    if len(bodies) == 1 and len(bodies[0]) == 1 and _on_one_line(group):
        ((row,),) = bodies
        return [f"{{{row}}}" if _is_set(group, owner) else f"{{ {row} }}"]
    if owner not in _PIPELINES:
        _align(group.lines, bodies)
    rows = _stacked(group.lines, bodies, group.comments)
    return ["{", *(f"{_INDENT}{row}" if row else "" for row in rows), "}"]


def _stacked(
    lines: Sequence[syntax.Line], bodies: Sequence[list[str]], comments: Sequence[syntax.Comment]
) -> list[str]:
    """The lines of a file or group, given as rows in `bodies`, with all comments and blank lines."""
    rows: list[str] = []
    for line, body in zip(lines, bodies, strict=True):
        if rows and line.blank_before:
            rows.append("")
        rows.extend(_comment_rows(line.comments, line.span))
        rows.extend(body)
        if line.trailing is not None:
            rows[-1] += f"  {line.trailing.text}"
    if rows and comments and _parted(_end(lines[-1]), comments[0].span):
        rows.append("")
    rows.extend(_comment_rows(comments, None))
    return rows


def _joined(parts: Sequence[list[str]], separator: str) -> list[str]:
    """Parts of one or more rows side by side: each begins on the last row of the one before. One empty row of none."""
    rows: list[str] = []
    current: list[str] = []
    for index, part in enumerate(parts):
        current.append(separator if index else "")
        current.append(part[0])
        if len(part) > 1:
            rows.append("".join(current))
            rows.extend(part[1:-1])
            current = [part[-1]]
    rows.append("".join(current))
    return rows


# --- comments and blank lines ---------------------------------------------------------------------------------------


def _comment_rows(comments: Sequence[syntax.Comment], below: Span | None) -> Iterator[str]:
    """Comments, each followed by a blank line where one parts it from the next, or the last from what is below."""
    following = [*(comment.span for comment in comments[1:]), below]
    for comment, after in zip(comments, following, strict=False):
        yield comment.text
        if after is not None and _parted(comment.span, after):
            yield ""


def _parted(above: Span, below: Span) -> bool:
    """Whether nothing but at least one blank line lies between two places."""
    between = above.source.text[above.end : below.start]
    return between.count("\n") > 1 and not between.strip(", \t\r\n")


def _end(line: syntax.Line) -> Span:
    return line.span if line.trailing is None else line.trailing.span


# --- what phrases and groups are --------------------------------------------------------------------------------------


def _owner(phrase: syntax.Phrase) -> str:
    """The word that a phrase starts with, which says what its groups are."""
    first = phrase.terms[0]
    return first.text if isinstance(first, syntax.Word) else ""


def _is_set(group: syntax.Group, owner: str) -> bool:
    return owner not in _PIPELINES and all(_is_value(phrase) for line in group.lines for phrase in line.phrases)


def _is_value(phrase: syntax.Phrase) -> bool:
    return len(phrase.terms) == 1 and not isinstance(phrase.terms[0], syntax.Group | syntax.Symbol)


def _on_one_line(group: syntax.Group) -> bool:
    """Whether a group of one line has no comments in it, and no line break between its line and its braces."""
    (line,) = group.lines
    text = group.span.source.text
    gaps = text[group.span.start : line.span.start] + text[line.span.end : group.span.end]
    return not line.comments and "\n" not in gaps


# --- alignment ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cells:
    """A line as columns. Lines of the same `shape` are aligned with each other, `gap` spaces between their columns."""

    shape: tuple[str | int, ...]
    gap: int
    texts: list[str]


def _align(lines: Sequence[syntax.Line], bodies: list[list[str]]) -> None:
    """Pad the rows of runs of similar lines, in place."""
    cells = [_cells(line) if len(rows) == 1 else None for line, rows in zip(lines, bodies, strict=True)]
    run = [0]
    for above, here, line in zip(cells, cells[1:], lines[1:], strict=False):
        alone = above is None or here is None or above.shape != here.shape or line.comments or line.blank_before
        run.append(run[-1] + bool(alone))
    for _, members in groupby(range(len(lines)), key=run.__getitem__):
        table = {index: each for index in members if (each := cells[index])}
        for index, row in zip(table, _aligned(list(table.values())), strict=True):
            bodies[index] = [row]


def _cells(line: syntax.Line) -> _Cells | None:
    """How a line whose terms stand on one row is aligned; None if it isn't."""
    if len(line.phrases) > 1:
        return None
    (phrase,) = line.phrases
    texts = [row for (row,) in _terms(phrase)]
    first, last = phrase.terms[0], phrase.terms[-1]
    rest = texts[1:]
    names = all(isinstance(term, syntax.Word | syntax.Number | syntax.Symbol) for term in phrase.terms[:-1])
    body = isinstance(last, syntax.Group) and names and not _is_set(last, _owner(phrase))
    assigned = any(isinstance(term, syntax.Symbol) for term in phrase.terms)
    if not rest or (assigned and not body) or not (assigned or isinstance(first, syntax.Word)):
        return None
    if not body:
        return _Cells(("values",), 1, [texts[0], " ".join(rest)])
    title = _TITLES.get(texts[0])
    if title is None or title == len(texts):
        return _Cells(("assigned" if assigned else "body",), 2 if assigned else 1, [" ".join(texts[:-1]), texts[-1]])
    return _Cells((texts[0], len(texts)), 2, [" ".join(texts[:title]), *texts[title:]])


def _aligned(table: list[_Cells]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*(cells.texts for cells in table), strict=True)]
    rows = []
    for cells in table:
        gap = " " * cells.gap
        rows.append(gap.join(text.ljust(width) for text, width in zip(cells.texts, widths, strict=True)).rstrip())
    return rows
