"""The canonical layout of a text: one form, whatever the line breaks were, with the same meaning.

The rules:

- Two spaces of indentation, and lines of at most 100 columns where they can be broken. Comments stay with their lines,
  above them or two spaces after them.
- A group stands on one line if it fits there and has no comments; otherwise each property has its own line. Spaces,
  blocks and heads always have one line for each of their parts. A set of values is written `{3, 5, 7}`, any other group
  `{ depth 2..4, stride 2 }`. Sets and lists that are too long for a line fill several.
- One blank line between declarations, none between imports. Elsewhere blank lines become one, and none are kept after
  an opening or before a closing brace.
- Consecutive lines without a comment or a blank line between them are aligned in columns, if all of them then fit:
  `WORD values`; lines that end in a one-line body, by the body; `stage stage1  mbv2  { … }`, `stem  conv  { … }` and
  `0 = mbv2  { … }` in columns two spaces apart. Lines in blocks and heads, and at the top of a file, aren't aligned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from spacelang import syntax
from spacelang.report.source import Span

WIDTH: Final = 100
_INDENT: Final = "  "
_PIPELINES: Final = frozenset({"block", "head"})
"""In these groups a line is one operator, and commas separate its parts."""
_BROKEN: Final = _PIPELINES | {"hyperspace", "space", "model"}
_HEADER: Final = frozenset({"import"})
_LINES: Final = frozenset({"from"})
"""Properties that hold commas, so that they go on to the end of their line."""
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
    entries = [_Entry(line.phrases, line.comments, line.trailing, line.blank_before, line.span) for line in file.lines]
    parted = [_declarations_parted(above, here) for above, here in pairwise(entries)]
    entries[1:] = [here._replace(blank=blank) for here, blank in zip(entries[1:], parted, strict=True)]
    rows = _stacked(entries, [_rows(each, WIDTH) for each in entries], file.comments)
    return "".join(f"{row}\n" for row in rows)


class _Entry(NamedTuple):
    """What gets its own lines: a phrase, or all phrases of a line whose commas have a meaning."""

    phrases: tuple[syntax.Phrase, ...]
    comments: tuple[syntax.Comment, ...]
    trailing: syntax.Comment | None
    blank: bool
    """Whether a blank line separates it from what is above."""
    span: Span


def _declarations_parted(above: _Entry, here: _Entry) -> bool:
    imports = _owner(above.phrases[0]) in _HEADER and _owner(here.phrases[0]) in _HEADER
    return here.blank and bool(here.comments) if imports else True


def _entries(group: syntax.Group, owner: str) -> Iterator[_Entry]:
    """The entries of a group: in a pipeline its lines, otherwise their phrases."""
    for line in group.lines:
        phrases = line.phrases
        if owner in _PIPELINES or _owner(phrases[0]) in _LINES:
            yield _Entry(phrases, line.comments, line.trailing, line.blank_before, line.span)
            continue
        last = len(phrases) - 1
        for at, phrase in enumerate(phrases):
            first = at == 0
            trailing = line.trailing if at == last else None
            yield _Entry((phrase,), line.comments if first else (), trailing, first and line.blank_before, phrase.span)


# --- on one line -----------------------------------------------------------------------------------------------------


def _flat(term: syntax.Term, owner: str = "") -> str:
    """A term on one line. `owner` is the word that its phrase starts with."""
    match term:
        case syntax.Group(lines):
            inner = ", ".join(_flat_phrase(phrase) for line in lines for phrase in line.phrases)
            return f"{{{inner}}}" if not lines or _is_set(term, owner) else f"{{ {inner} }}"
        case syntax.PerLayer(items):
            return f"[{', '.join(_flat(item, owner) for item in items)}]"
        case syntax.Word(text) | syntax.Symbol(text) | syntax.Number(_, text):
            return text
        case syntax.String(value):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case syntax.Range(low, high):
            return f"{low.text}..{high.text}"
        case syntax.Binary(operator, left, right):
            return f"{_flat(left)} {operator} {_flat(right)}"
        case syntax.Parenthesised(inner_term):
            return f"({_flat(inner_term)})"
        case syntax.Call(name, arguments):
            return f"{name.text}({', '.join(map(_flat, arguments))})"


def _flat_phrase(phrase: syntax.Phrase) -> str:
    owner = _owner(phrase)
    return " ".join(_flat(term, owner) for term in phrase.terms)


def _must_break(term: syntax.Term, owner: str) -> bool:
    """Whether a term can't stand on one line, however short it is."""
    if not isinstance(term, syntax.Group):
        return isinstance(term, syntax.PerLayer) and any(_must_break(each, owner) for each in term.items)
    if not term.lines:
        return bool(term.comments)
    if owner in _BROKEN or term.comments:
        return True
    return any(map(_line_must_break, term.lines))


def _line_must_break(line: syntax.Line) -> bool:
    if line.comments or line.trailing or _owner(line.phrases[0]) in _LINES:
        return True
    return any(_must_break(term, _owner(phrase)) for phrase in line.phrases for term in phrase.terms)


# --- on several lines ------------------------------------------------------------------------------------------------


def _rows(entry: _Entry, width: int) -> list[str]:
    """An entry as rows of text of at most `width` columns, without the indentation of its group."""
    terms = [(term, _owner(phrase)) for phrase in entry.phrases for term in phrase.terms]
    gaps = _gaps(entry.phrases)
    parts = [_part(term, owner, width) for term, owner in terms]
    long = sorted((at for at, (term, _) in enumerate(terms) if _breakable(term)), key=lambda at: len(parts[at][0]))
    while long and any(len(row) > width for row in _joined(parts, gaps)):
        at = long.pop()
        if len(parts[at]) == 1:
            parts[at] = _broken(*terms[at], width)
    return _joined(parts, gaps)


def _part(term: syntax.Term, owner: str, width: int) -> list[str]:
    return _broken(term, owner, width) if _must_break(term, owner) else [_flat(term, owner)]


def _gaps(phrases: Iterable[syntax.Phrase]) -> list[str]:
    """What goes before each term: a space, or a comma where a phrase begins."""
    gaps: list[str] = []
    for phrase in phrases:
        gaps += [", ", *[" "] * (len(phrase.terms) - 1)]
    return gaps


def _breakable(term: syntax.Term) -> bool:
    match term:
        case syntax.Group(lines):
            return bool(lines)
        case syntax.PerLayer(items):
            return bool(items)
        case syntax.Call(_, arguments):
            return bool(arguments)
    return False


def _broken(term: syntax.Term, owner: str, width: int) -> list[str]:
    width -= len(_INDENT)
    match term:
        case syntax.PerLayer(items):
            return ["[", *_indented(_list_rows(items, owner, width)), "]"]
        case syntax.Call(name, arguments):
            return [f"{name.text}(", *_indented(_filled([_flat(each) for each in arguments], width)), ")"]
        case syntax.Group() if _is_set(term, owner) and term.lines:
            return ["{", *_indented(_set_rows(term, width)), "}"]
        case syntax.Group():
            return ["{", *_indented(_body(term, owner, width)), "}"]
    raise AssertionError(f"{term} can't be broken")


def _body(group: syntax.Group, owner: str, width: int) -> list[str]:
    entries = list(_entries(group, owner))
    bodies = [_rows(each, width) for each in entries]
    if owner not in _PIPELINES:
        _align(entries, bodies, width)
    return _stacked(entries, bodies, group.comments)


def _set_rows(group: syntax.Group, width: int) -> list[str]:
    """The values of a set; those between two comments are filled together."""
    entries = list(_entries(group, ""))
    runs: list[list[_Entry]] = []
    for each in entries:
        if not runs or each.comments or runs[-1][-1].trailing:
            runs.append([])
        runs[-1].append(each)
    heads = [_Entry(run[0].phrases, run[0].comments, run[-1].trailing, False, run[0].span) for run in runs]
    bodies = [_filled([_flat_phrase(each.phrases[0]) for each in run], width, ends=run is runs[-1]) for run in runs]
    return _stacked(heads, bodies, group.comments)


def _list_rows(items: Sequence[syntax.Term], owner: str, width: int) -> list[str]:
    if not any(_must_break(each, owner) for each in items):
        return _filled([_flat(each, owner) for each in items], width)
    parts = [_part(each, owner, width) for each in items]
    for part in parts[:-1]:
        part[-1] += ","
    return [row for part in parts for row in part]


def _filled(items: Sequence[str], width: int, ends: bool = True) -> list[str]:
    """Items with commas between them, on as many rows as are needed. ends: no comma after the last one."""
    rows: list[str] = []
    for at, item in enumerate(items):
        text = item if ends and at == len(items) - 1 else f"{item},"
        if rows and len(rows[-1]) + 1 + len(text) <= width:
            rows[-1] += f" {text}"
        else:
            rows.append(text)
    return rows


def _indented(rows: Iterable[str]) -> Iterator[str]:
    return (f"{_INDENT}{row}" if row else "" for row in rows)


def _stacked(entries: Sequence[_Entry], bodies: Sequence[list[str]], comments: Sequence[syntax.Comment]) -> list[str]:
    """The entries of a file or group, given as rows in `bodies`, with all comments and blank lines."""
    rows: list[str] = []
    for entry, body in zip(entries, bodies, strict=True):
        if rows and entry.blank:
            rows.append("")
        rows.extend(_comment_rows(entry.comments, entry.span))
        rows.extend(body)
        if entry.trailing is not None:
            rows[-1] += f"  {entry.trailing.text}"
    if rows and comments and _parted(_end(entries[-1]), comments[0].span):
        rows.append("")
    rows.extend(_comment_rows(comments, None))
    return rows


def _joined(parts: Sequence[list[str]], gaps: Sequence[str]) -> list[str]:
    """Parts of one or more rows side by side: each begins on the last row of the one before."""
    rows: list[str] = []
    current: list[str] = []
    for index, part in enumerate(parts):
        current.append(gaps[index] if index else "")
        current.append(part[0])
        if len(part) > 1:
            rows.append("".join(current))
            rows.extend(part[1:-1])
            current = [part[-1]]
    rows.append("".join(current))
    return rows


# --- comments and blank lines ---------------------------------------------------------------------------------------


def _comment_rows(comments: Sequence[syntax.Comment], below: Span | None) -> Iterator[str]:
    """Comments, keeping the blank lines between them and before what is below."""
    following = [*(comment.span for comment in comments[1:]), below]
    for comment, after in zip(comments, following, strict=False):
        yield comment.text
        if after is not None and _parted(comment.span, after):
            yield ""


def _parted(above: Span, below: Span) -> bool:
    """Whether nothing but at least one blank line lies between two places."""
    between = above.source.text[above.end : below.start]
    return between.count("\n") > 1 and not between.strip(", \t\r\n")


def _end(entry: _Entry) -> Span:
    return entry.span if entry.trailing is None else entry.trailing.span


# --- what phrases and groups are --------------------------------------------------------------------------------------


def _owner(phrase: syntax.Phrase) -> str:
    """The word that a phrase starts with, which says what its groups are."""
    first = phrase.terms[0]
    return first.text if isinstance(first, syntax.Word) else ""


def _is_set(group: syntax.Group, owner: str) -> bool:
    return owner not in _PIPELINES and all(_is_value(phrase) for line in group.lines for phrase in line.phrases)


def _is_value(phrase: syntax.Phrase) -> bool:
    if len(phrase.terms) > 1 or _owner(phrase) in _LINES:
        return False
    return not isinstance(phrase.terms[0], syntax.Group | syntax.Symbol)


# --- alignment ------------------------------------------------------------------------------------------------------


class _Cells(NamedTuple):
    """A line as columns. Lines of the same `shape` are aligned with each other, `gap` spaces between their columns."""

    shape: tuple[str | int, ...]
    gap: int
    texts: list[str]


def _align(entries: Sequence[_Entry], bodies: list[list[str]], width: int) -> None:
    """Pad the rows of runs of similar entries, in place."""
    cells = [_cells(entry) if len(rows) == 1 else None for entry, rows in zip(entries, bodies, strict=True)]
    run = [0]
    for above, here, entry in zip(cells, cells[1:], entries[1:], strict=False):
        alone = above is None or here is None or above.shape != here.shape or entry.comments or entry.blank
        run.append(run[-1] + bool(alone))
    for _, members in groupby(range(len(entries)), key=run.__getitem__):
        table = {index: each for index in members if (each := cells[index])}
        rows = _aligned(list(table.values()))
        if all(len(row) <= width for row in rows):
            for index, row in zip(table, rows, strict=True):
                bodies[index] = [row]


def _cells(entry: _Entry) -> _Cells | None:
    """How an entry whose terms stand on one row is aligned; None if it isn't."""
    if len(entry.phrases) > 1:
        return None
    (phrase,) = entry.phrases
    texts = [_flat(term, _owner(phrase)) for term in phrase.terms]
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
