"""The canonical layout of a text. It changes spaces, line breaks and trailing commas, never what is said.

The rules:

- Two spaces of indentation; at most one blank line in a row, none behind an opening or before a closing brace; comments
  stay with their lines, above them or two spaces behind them.
- A group that stands on one line stays there, one on several lines stays on several. A set of values is written
  `{3, 5, 7}`, any other group `{ depth 2..4, stride 2 }`.
- A line of more than 120 columns opens its bodies, then its sets, then its lists, until it fits. What is opened has one
  phrase a line; values fill lines. In pipelines (`block`, `head`), where a comma and a line break mean different
  things, in `from` lines and at the top of a file, phrases stay on their line.
- Consecutive lines of one phrase, without a comment or a blank line between them, are aligned in columns if that fits:
  `WORD values`; what ends in a one-line body by the body; `stage stage1  mbv2  { … }`, `stem  conv  { … }` and
  `0 = mbv2  { … }` in columns two spaces apart. Not so in pipelines and at the top of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, TypeVar

from spacelang import syntax
from spacelang.source import Span

COLUMNS: Final = 120
_INDENT: Final = "  "
_PIPELINES: Final = frozenset({"block", "head"})
_Item = TypeVar("_Item")
_TITLES: Final = {"stem": 1, "stage": 2}
"""Lines that form tables, and how many of their words are the first column."""


def format_file(file: syntax.File) -> str:
    """The text of a file in its canonical layout; formatting that again changes nothing.

    >>> from spacelang.diagnostics import Report
    >>> from spacelang.parse import parse
    >>> from spacelang.source import Source
    >>> print(format_file(parse(Source("example", "stage  s {depth 2 .. 4 ,kernel { 3,5 },}"), Report())), end="")
    stage s { depth 2..4, kernel {3, 5} }
    """
    rows = _Formatter().block(file.lines, file.comments, _Place("file", COLUMNS))
    return "".join(f"{row}\n" for row in rows)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where lines stand: the word that their group follows, and how many columns they have."""

    owner: str
    columns: int

    @property
    def pipeline(self) -> bool:
        return self.owner in _PIPELINES


class _Formatter:
    """Renders nodes as rows of text without the indentation of what they stand in.

    Groups on several rows are rendered once for each place (`_blocks`), since lines are tried in more than one way.
    """

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, int, bool], list[str]] = {}
        self._spread: dict[int, bool] = {}

    def block(
        self, lines: Sequence[syntax.Line], comments: Sequence[syntax.Comment], place: _Place, opened: bool = False
    ) -> list[str]:
        """The rows of a file, or of what stands between the braces of a group; `opened` if that stood on one line."""
        lines = [part for line in lines for part in self._parts(line, place, opened)]
        bodies = [self._line(line, place) for line in lines]
        if not place.pipeline and place.owner != "file":
            self._align(lines, bodies, place.columns)
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

    def _parts(self, line: syntax.Line, place: _Place, opened: bool) -> list[syntax.Line]:
        """The lines that a line becomes: itself if it fits, else one for each phrase, or values as many as fit."""
        if len(line.phrases) == 1 or place.pipeline or place.owner == "file" or _first_word(line) == "from":
            return [line]
        if not opened and _width(self._rows(line, place, frozenset())) <= place.columns:
            return [line]
        if all(map(_is_value, line.phrases)):
            chunks = list(
                _filled(line.phrases, [self._flat(phrase.terms[0]) for phrase in line.phrases], place.columns)
            )
        else:
            chunks = [[phrase] for phrase in line.phrases]
        parts = [syntax.Line(tuple(chunk), (), None, False, chunk[0].span.to(chunk[-1].span)) for chunk in chunks]
        parts[0] = replace(parts[0], comments=line.comments, blank_before=line.blank_before)
        parts[-1] = replace(parts[-1], trailing=line.trailing)
        return parts

    def _line(self, line: syntax.Line, place: _Place) -> list[str]:
        opened: frozenset[str] = frozenset()
        rows = self._rows(line, place, opened)
        for kind in ("body", "set", "list"):
            if _width(rows) <= place.columns:
                break
            opened |= {kind}
            rows = self._rows(line, place, opened)
        return rows

    def _rows(self, line: syntax.Line, place: _Place, opened: frozenset[str]) -> list[str]:
        """`opened` says which kinds of brackets are put on several rows though they could stand on one."""
        phrases = []
        for phrase in line.phrases:
            owner = phrase.terms[0].text if isinstance(phrase.terms[0], syntax.Word) else ""
            terms = [self._term(term, _Place(owner, place.columns), opened) for term in phrase.terms]
            phrases.append(_joined(terms, " "))
        return _joined(phrases, ", ")

    def _align(self, lines: Sequence[syntax.Line], bodies: list[list[str]], columns: int) -> None:
        """Pad the rows of runs of similar lines, in place."""
        cells = [self._cells(line) if len(rows) == 1 else None for line, rows in zip(lines, bodies, strict=True)]
        run = [0]
        for above, here, line in zip(cells, cells[1:], lines[1:], strict=False):
            alone = above is None or here is None or above.shape != here.shape or line.comments or line.blank_before
            run.append(run[-1] + bool(alone))
        for _, members in groupby(range(len(lines)), key=run.__getitem__):
            indices = list(members)
            table = [each for index in indices if (each := cells[index])]
            rows = _aligned(table)
            if rows and _width(rows) <= columns:
                for index, row in zip(indices, rows, strict=True):
                    bodies[index] = [row]

    def _cells(self, line: syntax.Line) -> _Cells | None:
        if len(line.phrases) > 1:
            return None
        (phrase,) = line.phrases
        owner = phrase.terms[0].text if isinstance(phrase.terms[0], syntax.Word) else ""
        return _cells(phrase, [self._flat(term, owner) for term in phrase.terms])

    def _term(self, term: syntax.Term, place: _Place, opened: frozenset[str]) -> list[str]:
        if isinstance(term, syntax.Group):
            return self._group(term, place, opened)
        if isinstance(term, syntax.PerLayer):
            return self._list(term, place, opened)
        return [self._flat(term)]

    def _group(self, group: syntax.Group, place: _Place, opened: frozenset[str]) -> list[str]:
        spread = self._is_spread(group)
        kind = "set" if _is_set(group, place.owner) else "body"
        if not spread and (kind not in opened or not group.lines):
            return [self._flat(group, place.owner)]
        key = (group.span.start, place.columns, spread)
        if key not in self._blocks:
            inside = _Place(place.owner, place.columns - len(_INDENT))
            rows = self.block(group.lines, group.comments, inside, opened=not spread)
            self._blocks[key] = ["{", *(f"{_INDENT}{row}" if row else "" for row in rows), "}"]
        return self._blocks[key]

    def _list(self, values: syntax.PerLayer, place: _Place, opened: frozenset[str]) -> list[str]:
        items = [self._term(item, place, opened) for item in values.items]
        if "list" in opened and items and all(len(item) == 1 for item in items):
            texts = [item[0] for item in items]
            chunks = _filled(texts, texts, place.columns - len(_INDENT))
            return ["[", *(f"{_INDENT}{', '.join(chunk)}," for chunk in chunks), "]"]
        inside = _joined(items, ", ") if items else [""]
        return _joined([["["], inside, ["]"]], "")

    def _is_spread(self, group: syntax.Group) -> bool:
        """Whether a group must stand on several rows: it did, or there are several lines, or comments, in it."""
        start = group.span.start
        if start not in self._spread:
            self._spread[start] = self._must_spread(group)
        return self._spread[start]

    def _must_spread(self, group: syntax.Group) -> bool:
        if len(group.lines) != 1 or group.comments:
            return bool(group.lines or group.comments)
        (line,) = group.lines
        if line.comments or line.trailing is not None:
            return True
        text = group.span.source.text
        if "\n" in text[group.span.start : line.span.start] or "\n" in text[line.span.end : group.span.end]:
            return True
        return any(self._is_spread(inner) for phrase in line.phrases for inner in _groups(phrase.terms))

    def _flat(self, term: syntax.Term, owner: str = "") -> str:
        """A term on one row."""
        match term:
            case syntax.Word(text) | syntax.Symbol(text) | syntax.Number(_, text):
                return text
            case syntax.String(value):
                escaped = value.replace("\\", "\\\\").replace('"', '\\"')
                return f'"{escaped}"'
            case syntax.Range(low, high):
                return f"{low.text}..{high.text}"
            case syntax.Binary(operator, left, right):
                return f"{self._flat(left)} {operator} {self._flat(right)}"
            case syntax.Parenthesised(inner):
                return f"({self._flat(inner)})"
            case syntax.Call(name, arguments):
                return f"{name.text}({', '.join(map(self._flat, arguments))})"
            case syntax.PerLayer(items):
                return f"[{', '.join(map(self._flat, items))}]"
            case syntax.Group():
                return self._flat_group(term, owner)

    def _flat_group(self, group: syntax.Group, owner: str) -> str:
        if not group.lines:
            return "{}"
        (row,) = self._rows(group.lines[0], _Place(owner, COLUMNS), frozenset())
        return f"{{{row}}}" if _is_set(group, owner) else f"{{ {row} }}"


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


# --- what groups and lines are --------------------------------------------------------------------------------------


def _is_value(phrase: syntax.Phrase) -> bool:
    return len(phrase.terms) == 1 and not isinstance(phrase.terms[0], syntax.Group | syntax.Symbol)


def _is_set(group: syntax.Group, owner: str) -> bool:
    return owner not in _PIPELINES and all(_is_value(phrase) for line in group.lines for phrase in line.phrases)


def _groups(terms: Iterable[syntax.Term]) -> Iterator[syntax.Group]:
    """The outermost groups among terms; they stand alone or in lists."""
    for term in terms:
        if isinstance(term, syntax.Group):
            yield term
        elif isinstance(term, syntax.PerLayer):
            yield from _groups(term.items)


def _first_word(line: syntax.Line) -> str:
    first = line.phrases[0].terms[0]
    return first.text if isinstance(first, syntax.Word) else ""


# --- rows -----------------------------------------------------------------------------------------------------------


def _width(rows: list[str]) -> int:
    return max(map(len, rows))


def _joined(parts: Sequence[list[str]], separator: str) -> list[str]:
    """Parts of one or more rows side by side: each begins on the last row of the one before."""
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


def _filled(items: Sequence[_Item], texts: Sequence[str], columns: int) -> Iterator[list[_Item]]:
    """Items in chunks of as many as fit into a row with a comma behind each; `texts` are how they are written."""
    chunk: list[_Item] = []
    width = 0
    for item, text in zip(items, texts, strict=True):
        if chunk and width + len(text) + 1 > columns:
            yield chunk
            chunk, width = [], 0
        chunk.append(item)
        width += len(text) + 2
    yield chunk


# --- alignment ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cells:
    """A line as columns. Lines of the same `shape` are aligned with each other, `gap` spaces between their columns."""

    shape: tuple[str | int, ...]
    gap: int
    texts: list[str]


def _cells(phrase: syntax.Phrase, texts: list[str]) -> _Cells | None:
    """How a line of one phrase is aligned; `texts` are its terms. None for a line that isn't."""
    first = phrase.terms[0]
    rest = texts[1:]
    names = all(isinstance(term, syntax.Word | syntax.Number | syntax.Symbol) for term in phrase.terms[:-1])
    body = isinstance(phrase.terms[-1], syntax.Group) and names and not _is_set(phrase.terms[-1], "")
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
