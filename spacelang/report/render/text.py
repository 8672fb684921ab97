"""Diagnostics for people.

error[SP0302]: width 70 is not a multiple of 16
  --> vnni.space:12:46
   |
 3 |   widths multiple of 16
   |                      -- declared here
   …
12 |   stage stage1 { depth 2..4, stride 2, width 32..70 }
   |                                                  ^^ widths are multiples of 16 on this device
   = help: use 64 or 80
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from spacelang.report.diagnostics import Diagnostic, Severity
from spacelang.report.render.escape import escape
from spacelang.report.render.excerpt import excerpt
from spacelang.report.source import Source, Span

_STYLES = {"error": "1;31", "warning": "1;33", "strong": "1", "frame": "1;34", "second": "36"}

Paint = Callable[[str, str], str]


def _ansi(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _plain(text: str, style: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place to underline, with the message about it."""

    span: Span
    message: str
    sign: str
    style: str

    @property
    def lines(self) -> tuple[int, int]:
        source = self.span.source
        return source.position(self.span.start)[0], source.position(max(self.span.start, self.span.end - 1))[0]


def to_text(diagnostics: Sequence[Diagnostic], *, color: bool = False) -> str:
    """Each diagnostic with its excerpt, then a summary line. color: with ANSI colours."""
    paint = _ansi if color else _plain
    blocks = ["\n".join(_lines(each, paint)) + "\n\n" for each in diagnostics]
    return "".join(blocks) + summary(diagnostics) + "\n"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`, or `no errors`."""
    found = [each.severity for each in diagnostics]
    counts = [(found.count(severity), str(severity)) for severity in Severity]
    return ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts if n) or "no errors"


def _lines(diagnostic: Diagnostic, paint: Paint) -> Iterator[str]:
    severity = str(diagnostic.severity)
    yield paint(f"{severity}[{diagnostic.code}]", severity) + paint(f": {escape(diagnostic.message)}", "strong")

    marks = _marks(diagnostic, severity)
    gutter = max((len(str(max(mark.lines))) for mark in marks), default=0)
    for source, group in groupby(marks, key=lambda mark: mark.span.source):
        yield from _excerpts(source, list(group), gutter, paint)

    if diagnostic.path:
        yield f"{paint('-->', 'frame')} {escape(diagnostic.path)}"
    if diagnostic.note and diagnostic.span is None:
        yield from _said("note", diagnostic.note, gutter, paint)
    if diagnostic.help:
        yield from _said("help", diagnostic.help, gutter, paint)


def _marks(diagnostic: Diagnostic, severity: str) -> list[_Mark]:
    """The primary place's source first; in each source, in the order of the text."""
    if diagnostic.span is None:
        return []
    marks = [_Mark(diagnostic.span, diagnostic.note, "^", severity)]
    marks += [_Mark(label.span, label.message, "-", "second") for label in diagnostic.labels]
    sources = list(dict.fromkeys(mark.span.source for mark in marks))
    return sorted(marks, key=lambda mark: (sources.index(mark.span.source), mark.span.start))


def _excerpts(source: Source, marks: Sequence[_Mark], gutter: int, paint: Paint) -> Iterator[str]:
    """The marked lines of one source, with `…` for lines left out between them."""
    place = next((mark for mark in marks if mark.sign == "^"), marks[0]).span
    bar = paint("|", "frame")
    yield f"{' ' * gutter}{paint('-->', 'frame')} {escape(str(place))}"
    yield f"{' ' * gutter} {bar}"

    rows = sorted({line for mark in marks for line in mark.lines})
    for above, number in zip([None, *rows], rows, strict=False):
        if above is not None and number > above + 1:
            yield f"{' ' * gutter} {paint('…', 'frame')}"
        on_line = [mark for mark in marks if number in mark.lines]
        shown = excerpt(source, number, [mark.span for mark in on_line])
        yield f"{paint(f'{number:>{gutter}} |', 'frame')} {shown.text}".rstrip()
        for mark, (start, end) in zip(on_line, shown.underlined, strict=True):
            message = f" {escape(mark.message)}" if mark.message and number == mark.lines[1] else ""
            yield f"{' ' * gutter} {bar} {' ' * start}{paint(mark.sign * (end - start) + message, mark.style)}"


def _said(word: str, text: str, gutter: int, paint: Paint) -> Iterator[str]:
    """`= help: …`; the lines of a longer text are aligned below each other."""
    first, *rest = text.split("\n")
    yield f"{' ' * gutter} {paint('=', 'frame')} {paint(word, 'strong')}: {escape(first)}"
    for line in rest:
        yield f"{' ' * (gutter + len(word) + 5)}{escape(line)}"
