"""Walking through the terms of a text, and reporting names that are unknown, written twice or missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from spacelang import ast, syntax
from spacelang.report.diagnostics import Label, Report
from spacelang.report.mend import Place, put, write
from spacelang.report.source import Source, Span
from spacelang.report.suggest import closest, did_you_mean

RANGE_HELP = "a range has two dots: `2..4`; a set has commas: `{2, 4}`"


def describe(term: syntax.Term) -> str:
    """What a term is, for the middle of a sentence."""
    match term:
        case syntax.Word() | syntax.Symbol():
            return f"`{term.text}`"
        case syntax.Number():
            return f"the number {term.text}"
        case syntax.String():
            return "text in quotes"
        case syntax.Range():
            return "a range"
        case syntax.Call():
            return f"`{term.name.text}(…)`"
        case syntax.PerLayer():
            return "a list"
        case syntax.Group():
            return "a group in braces"
    return "an expression"


class Findings(Report):
    """The report that all phases share, with the places where the syntax of this file is broken."""

    def __init__(self, report: Report, source: Source) -> None:
        super().__init__(report.diagnostics)
        self.spoilt = report.spoilt
        spans = (each.span for each in report.diagnostics if each.code.startswith("SP00"))
        self._misnamed: set[str] = set()
        self.syntax_errors = tuple(each for each in spans if each is not None and each.source is source)

    def misnamed(self, term: syntax.Term, meant: str) -> None:
        """Reports something that was meant as a name but isn't one; once for each name."""
        if meant in self._misnamed:
            return
        self._misnamed.add(meant)
        what = "isn't written in quotes" if isinstance(term, syntax.String) else "can't have a `-` in it"
        # A name that is used elsewhere must change there too, which one edit can't do.
        alone = term.span.source.text.count(term.span.text) == 1
        help = write(f"write {meant}", *[meant] * alone)
        self.error("SP0112", f"a name {what}", term.span, help=help)


class Cursor:
    """Walks the terms of one phrase."""

    def __init__(self, phrase: syntax.Phrase, report: Findings) -> None:
        self.phrase = phrase
        self.report = report
        self.continued = False
        """Whether the missing comma before this phrase has already been reported."""
        self.rest: syntax.Phrase | None = None
        """What follows a missing comma."""
        self.unit_said = False
        """Whether units inside a set have been reported, so that a missing unit after it isn't."""
        self._terms = phrase.terms
        self._at = 0

    @property
    def span(self) -> Span:
        return self.phrase.span

    def peek(self) -> syntax.Term | None:
        return self._terms[self._at] if self._at < len(self._terms) else None

    def take(self) -> syntax.Term | None:
        term = self.peek()
        self._at += term is not None
        return term

    def word(self) -> ast.Name | None:
        """The next term, if it is a word."""
        term = self.peek()
        if not isinstance(term, syntax.Word):
            return None
        self._at += 1
        return ast.Name(term.text, term.span)

    def skip(self, text: str) -> bool:
        """Steps over the next term, if it is this word or symbol."""
        term = self.peek()
        found = isinstance(term, syntax.Word | syntax.Symbol) and term.text == text
        self._at += found
        return found

    def declared(self) -> ast.Name | None:
        """The next term, if it is a name or was meant to be one, as `my-phone` and `"phone"`, which is reported."""
        term = self.peek()
        meant = None if term is None else meant_name(term)
        if term is None or meant is None:
            return self.word()
        self._at += 1
        self.report.misnamed(term, meant)
        return ast.Name(meant, term.span)

    def group(self) -> syntax.Group | None:
        """The next term, if it is a group in braces."""
        term = self.peek()
        if not isinstance(term, syntax.Group):
            return None
        self._at += 1
        return term

    def here(self) -> Span:
        """The place to say that something is missing: the next term, or the last one at the end."""
        return self._terms[min(self._at, len(self._terms) - 1)].span

    def drop(self) -> None:
        """Steps over the rest, because it belongs to something that has already been reported."""
        self._at = len(self._terms)

    def end(self, once: Once | None = None) -> None:
        """Reports any terms that are left. A property named among them then doesn't count as missing."""
        rest = self._terms[self._at :]
        if not rest:
            return
        if isinstance(rest[0], syntax.Word) and len(rest) > 1 and rest[0].text not in _JOINTS and self._at > 1:
            self._missing_comma(rest, self._terms[self._at - 1].span)
            return
        if once is not None:
            once.mention_all(rest)
        before = self._terms[self._at - 1].span
        self.report.error(
            "SP0109",
            f"{describe(rest[0])} doesn't belong here",
            rest[0].span.to(rest[-1].span),
            labels=[Label(before, "nothing may follow this")],
            help=RANGE_HELP if _is_joint(rest[0]) else _parted(rest[0], before),
        )
        self.drop()

    def _missing_comma(self, rest: tuple[syntax.Term, ...], before: Span) -> None:
        """The rest is read as a phrase of its own (by `cursors`)."""
        if not self.continued:
            message = f"a comma is missing before {describe(rest[0])}"
            self.report.error("SP0109", message, rest[0].span, help=_parted(rest[0], before))
        self.rest = syntax.Phrase(rest, rest[0].span.to(rest[-1].span))
        self.drop()


def _parted(rest: syntax.Term, before: Span) -> str:
    """Help that says what ends a property; a word that follows one can only be the name of the next."""
    help = "a comma or a new line ends a property"
    return put(help, ",", Place.AFTER, before) if isinstance(rest, syntax.Word) else help


_JOINTS = ("to", "and", "or", "until", "through")


def _is_joint(term: syntax.Term) -> bool:
    return isinstance(term, syntax.Word) and term.text in _JOINTS


class Once:
    """Names that may be written only once in a place. A second one is reported, with a label at the first."""

    def __init__(self, what: str, report: Findings) -> None:
        self._what = what
        self._report = report
        self._first: dict[str, Span] = {}
        self._meant: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._first or name in self._meant

    def excuse(self, name: str) -> None:
        """Notes that `name` was probably meant by a misspelt word, so it isn't missing."""
        self._meant.add(name)

    def mention(self, name: str, span: Span) -> None:
        """Counts `name` as written here, though with an error that has been reported."""
        self._first.setdefault(name, span)

    def mention_all(self, terms: Iterable[syntax.Term]) -> None:
        for each in terms:
            if isinstance(each, syntax.Word):
                self.mention(each.text, each.span)

    def add(self, name: ast.Name, again: bool = False) -> bool:
        """Whether this one counts: it is the first with its name, or may be written `again`."""
        first = self._first.setdefault(name.text, name.span)
        if again or first is name.span:
            return True
        self._report.error(
            "SP0106",
            f"{self._what} `{name.text}` is written twice",
            name.span,
            labels=[Label(first, "first written here")],
            help="keep one of them",
        )
        return False


def phrases(group: syntax.Group) -> Iterable[syntax.Phrase]:
    return (phrase for line in group.lines for phrase in line.phrases)


def cursors(phrases: Iterable[syntax.Phrase], report: Findings) -> Iterator[Cursor]:
    """A cursor for each property: decimal commas are corrected, and a missing comma starts another cursor."""
    for phrase in with_points(phrases, report):
        cursor = Cursor(phrase, report)
        yield cursor
        while cursor.rest is not None:
            cursor = Cursor(cursor.rest, report)
            cursor.continued = True
            yield cursor


WHOLE = frozenset({"depth", "kernel", "width", "resolution", "stride", "classes"})
"""Properties that have whole numbers only, so a comma between two can't stand for a decimal point."""


def with_points(phrases: Iterable[syntax.Phrase], report: Findings) -> list[syntax.Phrase]:
    """The phrases, none of which may start with a number; one after a decimal comma joins the one before."""
    mended: list[syntax.Phrase] = []
    for phrase in phrases:
        number = _with_point(mended[-1], phrase) if mended else None
        if number is None:
            mended.append(phrase)
            continue
        first = mended[-1].terms[0]
        if isinstance(first, syntax.Word) and first.text in WHOLE:
            written = f"{{{number.text.replace('.', ', ')}}}"
            mend = write(f"write {written}", written)
            report.error("SP0108", f"several values of `{first.text}` go in braces", number.span, help=mend)
            continue
        message = "a number has a decimal point, not a comma"
        report.error("SP0018", message, number.span, help=write(f"write {number.text}", number.text))
        terms = (*mended[-1].terms[:-1], number, *phrase.terms[1:])
        mended[-1] = syntax.Phrase(terms, mended[-1].span.to(phrase.span))
    return mended


def _with_point(before: syntax.Phrase, after: syntax.Phrase) -> syntax.Number | None:
    whole, part = before.terms[-1], after.terms[0]
    if not (isinstance(whole, syntax.Number) and isinstance(part, syntax.Number)):
        return None
    if not (whole.text.isdigit() and part.text.isdigit() and part.span.start == whole.span.end + 1):
        return None
    text = f"{whole.text}.{part.text}"
    return syntax.Number(float(text), text, whole.span.to(part.span))


def meant_name(term: syntax.Term) -> str | None:
    """The name that an expression with hyphens, or text in quotes, was meant to be; None if there isn't one."""
    if isinstance(term, syntax.String):
        name = re.sub(r"\W", "_", term.value, flags=re.ASCII)
        return name if re.match(r"[A-Za-z_]", name) else None
    if not isinstance(term, syntax.Binary) or term.op != "-":
        return None
    left = meant_name(term.left) or (term.left.text if isinstance(term.left, syntax.Word) else None)
    right = term.right.text if isinstance(term.right, syntax.Word | syntax.Number) else None
    return f"{left}_{right}" if left and right and re.fullmatch(r"\w+", right) else None


def broken(span: Span, report: Findings) -> bool:
    """Whether a syntax error lies in this span, so that what seems to be missing may only be unparsed."""
    return any(each.start <= span.end and each.end >= span.start for each in report.syntax_errors)


def unknown(report: Findings, code: str, what: str, name: ast.Name, options: Iterable[str]) -> None:
    """Reports an unknown word."""
    report.error(code, f"unknown {what} `{name.text}`", name.span, help=did_you_mean(name.text, options))


def property_name(cursor: Cursor, once: Once) -> ast.Name | None:
    """The word that a property starts with. Whether it is written twice isn't checked yet."""
    name = cursor.word()
    if name is not None:
        return name
    term = cursor.phrase.terms[0]
    if isinstance(term, syntax.Binary) and isinstance(term.left, syntax.Word):
        # To the grammar, `depth -1` is a subtraction.
        message = f"`{term.left.text}` takes neither an expression nor a negative number"
        cursor.report.error("SP0120", message, term.span, help="write the number")
        once.mention(term.left.text, term.span)
    else:
        once.mention_all(cursor.phrase.terms)
        cursor.report.error(
            "SP0105", f"a property starts with its name, not with {describe(term)}", term.span,
            help="write `name value`, one property a line or commas between them",
        )  # fmt: skip
    return None


def unknown_property(cursor: Cursor, what: str, name: ast.Name, once: Once, options: Iterable[str]) -> None:
    """Reports an unknown property; the one that was probably meant then doesn't count as missing."""
    options = list(options)
    unknown(cursor.report, "SP0105", what, name, options)
    near = closest(name.text, options)
    if near is not None:
        once.excuse(near)
