"""From terms side by side to names, numbers, values and expressions.

Each function reports what is wrong with what it reads and then returns None, so that its caller goes on with the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from spacelang import ast, syntax
from spacelang.language import limits
from spacelang.report.diagnostics import Label, Report
from spacelang.report.mend import Place, put
from spacelang.report.source import Source, Span
from spacelang.report.suggest import closest, did_you_mean

VALUES_HELP = "write a number `3`, a set `{3, 5}`, a range `2..4` or, in a model, a list `[3, 5]`"
ARITHMETIC = ("+", "-", "*", "/", "div")


def describe(term: syntax.Term) -> str:
    """What a term is, for the middle of a sentence."""
    match term:
        case syntax.Word() | syntax.Symbol():
            return f"`{term.text}`"
        case syntax.Number():
            return f"the number {term.text}"
        case syntax.String():
            return "a text in quotes"
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
    """The report that all phases share, and where the syntax of this file is broken."""

    def __init__(self, report: Report, source: Source) -> None:
        super().__init__(report.diagnostics)
        spans = (each.span for each in report.diagnostics if each.code.startswith("SP00"))
        self.syntax_errors = tuple(each for each in spans if each is not None and each.source is source)


class Cursor:
    """Walks the terms of one phrase."""

    def __init__(self, phrase: syntax.Phrase, report: Findings) -> None:
        self.phrase = phrase
        self.report = report
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

    def group(self) -> syntax.Group | None:
        """The next term, if it is a group in braces."""
        term = self.peek()
        if not isinstance(term, syntax.Group):
            return None
        self._at += 1
        return term

    def here(self) -> Span:
        """The next term, or the last one where none is left: where to say that something is missing."""
        return self._terms[min(self._at, len(self._terms) - 1)].span

    def drop(self) -> None:
        """Steps over the rest, which belongs to something that is reported already."""
        self._at = len(self._terms)

    def end(self, once: Once | None = None) -> None:
        """Reports what is left over; a property named in it then doesn't count as missing."""
        rest = self._terms[self._at :]
        if not rest:
            return
        if once is not None:
            once.mention_all(rest)
        before = self._terms[self._at - 1].span
        self.report.error(
            "SP0109",
            f"{describe(rest[0])} can't stand here",
            rest[0].span.to(rest[-1].span),
            labels=[Label(before, "nothing may follow this")],
            help=_parted(rest[0], before),
        )
        self.drop()


def _parted(rest: syntax.Term, before: Span) -> str:
    """What ends a property; a word that follows one can only be the name of the next."""
    help = "a comma or a new line ends a property"
    return put(help, ",", Place.AFTER, before) if isinstance(rest, syntax.Word) else help


class Once:
    """Names that may be written once in a place; reports the second with a label at the first."""

    def __init__(self, what: str, report: Findings) -> None:
        self._what = what
        self._report = report
        self._first: dict[str, Span] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._first

    def mention(self, name: str, span: Span) -> None:
        """Counts `name` as written here, though in a way that is reported already."""
        self._first.setdefault(name, span)

    def mention_all(self, terms: Iterable[syntax.Term]) -> None:
        for each in terms:
            if isinstance(each, syntax.Word):
                self.mention(each.text, each.span)

    def add(self, name: ast.Name, again: bool = False) -> bool:
        """Whether this one counts: it is the first of its name, or may come `again`."""
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


def broken(span: Span, report: Findings) -> bool:
    """Whether a syntax error lies in this span, so that what seems missing there may just not have been parsed."""
    return any(each.start <= span.end and each.end >= span.start for each in report.syntax_errors)


# --- numbers and values ---------------------------------------------------------------------------------------------


def number(term: syntax.Number, report: Findings) -> ast.Number | None:
    if isfinite(term.value) and abs(term.value) <= limits.LARGEST_NUMBER:
        return ast.Number(term.value, term.span)
    report.error(
        "SP0310",
        "this number is too large to be meant",
        term.span,
        help=f"the largest legal number is {limits.LARGEST_NUMBER}",
    )
    return None


def one_number(cursor: Cursor, subject: ast.Name, form: str) -> ast.Number | None:
    """The single number behind `subject`; `form` says in a help text how it is written."""
    term = cursor.peek()
    if isinstance(term, syntax.Number):
        cursor.take()
        return number(term, cursor.report)
    if term is None:
        cursor.report.error("SP0108", f"`{subject.text}` needs a number", subject.span, help=f"write `{form}`")
        return None
    cursor.drop()
    message = f"`{subject.text}` takes one number, not {describe(term)}"
    cursor.report.error("SP0108", message, term.span, help=f"write `{form}`")
    return None


def values(cursor: Cursor, subject: ast.Name) -> ast.Values | None:
    """The numbers behind `subject`: one, a set, a range with its step, or a list for the layers."""
    term, report = cursor.take(), cursor.report
    match term:
        case syntax.Number():
            return _values("one", [number(term, report)], term.span)
        case syntax.Range():
            return _range(cursor, term)
        case syntax.Group():
            return _set(term, subject, report)
        case syntax.PerLayer():
            return _values("per_layer", [_member(item, "list", report) for item in term.items], term.span)
        case None:
            report.error("SP0108", f"`{subject.text}` needs a value", subject.span, help=VALUES_HELP)
            return None
    message = f"`{subject.text}` takes numbers, not {describe(term)}"
    report.error("SP0108", message, term.span, help=VALUES_HELP)
    cursor.drop()
    return None


def _range(cursor: Cursor, term: syntax.Range) -> ast.Values | None:
    ends = [number(each, cursor.report) for each in (term.low, term.high)]
    span, step = term.span, None
    if cursor.skip("step"):
        written = cursor.take()
        if not isinstance(written, syntax.Number):
            cursor.report.error("SP0108", "`step` needs a number", (written or term).span, help="write `A..B step N`")
            return None
        step = number(written, cursor.report)
        span = span.to(written.span)
        if step is None:
            return None
    return _values("range", ends, span, step)


def _set(group: syntax.Group, subject: ast.Name, report: Findings) -> ast.Values | None:
    if broken(group.span, report):
        return None
    members: list[ast.Number | None] = []
    for phrase in phrases(group):
        cursor = Cursor(phrase, report)
        cursor.take()
        members.append(_member(phrase.terms[0], "set", report))
        if members[-1] is not None:
            cursor.end()
    if not members:
        report.error("SP0302", f"`{subject.text}` has no values to choose from", group.span, help=VALUES_HELP)
        return None
    return _values("set", members, group.span)


def _member(term: syntax.Term, place: str, report: Findings) -> ast.Number | None:
    if isinstance(term, syntax.Number):
        return number(term, report)
    message = f"a {place} holds numbers, not {describe(term)}"
    mend = "a range stands alone: `32..64 step 8`" if isinstance(term, syntax.Range) else ""
    report.error("SP0108", message, term.span, help=mend)
    return None


def _values(
    form: str, numbers: list[ast.Number | None], span: Span, step: ast.Number | None = None
) -> ast.Values | None:
    """None where a number couldn't be read: half of a set would only give further errors."""
    read = tuple(each for each in numbers if each is not None)
    if len(read) < len(numbers) or not read:
        return None
    return ast.Values(form, read, step, span)  # type: ignore[arg-type]


# --- expressions ----------------------------------------------------------------------------------------------------


def expression(term: syntax.Term, report: Findings) -> ast.Expr | None:
    match term:
        case syntax.Number():
            return number(term, report)
        case syntax.Word():
            return ast.Ref(term.text, term.span)
        case syntax.Parenthesised():
            return expression(term.inner, report)
        case syntax.Binary() if term.op in ARITHMETIC:
            left, right = expression(term.left, report), expression(term.right, report)
            if left is None or right is None:
                return None
            return ast.Binary(term.op, left, right, term.span)  # type: ignore[arg-type]
        case syntax.Call():
            arguments = [expression(each, report) for each in term.arguments]
            read = tuple(each for each in arguments if each is not None)
            name = ast.Name(term.name.text, term.name.span)
            return ast.Call(name, read, term.span) if len(read) == len(arguments) else None
        case syntax.Binary():
            report.error("SP0120", "a comparison is no number", term.span, help="comparisons stand behind `when`")
        case _:
            report.error(
                "SP0120",
                f"an expression can't hold {describe(term)}",
                term.span,
                help="expressions are numbers, names, + - * / div, and the functions round8, min and max",
            )
    return None


def comparison(term: syntax.Term, report: Findings) -> ast.Compare | None:
    if isinstance(term, syntax.Parenthesised):
        return comparison(term.inner, report)
    if isinstance(term, syntax.Binary) and term.op not in ARITHMETIC:
        left, right = expression(term.left, report), expression(term.right, report)
        if left is None or right is None:
            return None
        return ast.Compare(term.op, left, right, term.span)  # type: ignore[arg-type]
    report.error("SP0120", f"`when` needs a comparison, not {describe(term)}", term.span, help="write `when A != B`")
    return None


def unknown(report: Findings, code: str, what: str, name: ast.Name, options: Iterable[str]) -> None:
    """Reports an unknown word."""
    report.error(code, f"unknown {what} `{name.text}`", name.span, help=did_you_mean(name.text, options))


def property_name(cursor: Cursor, once: Once) -> ast.Name | None:
    """The word that a property starts with; not yet whether it is its first."""
    name = cursor.word()
    if name is not None:
        return name
    term = cursor.phrase.terms[0]
    if isinstance(term, syntax.Binary) and isinstance(term.left, syntax.Word):
        # `depth -1` is a difference to the grammar.
        message = f"`{term.left.text}` takes no expression and nothing negative"
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
        once.mention(near, name.span)
