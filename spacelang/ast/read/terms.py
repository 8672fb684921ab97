"""From terms side by side to numbers, values and expressions.

Each function reports what is wrong with what it reads and then returns None, so that its caller goes on with the rest.
"""

from __future__ import annotations

from math import isfinite

from spacelang import ast, syntax
from spacelang.ast.read.cursor import RANGE_HELP, Cursor, Findings, broken, describe, phrases
from spacelang.language import limits
from spacelang.report.source import Span

VALUES_HELP = "write a number `3`, a set `{3, 5}`, a range `2..4` or, in a model, a list `[3, 5]`"
ARITHMETIC = ("+", "-", "*", "/", "div")


# --- numbers and values ---------------------------------------------------------------------------------------------


def number(term: syntax.Number, report: Findings) -> ast.Number | None:
    if isfinite(term.value) and abs(term.value) <= limits.LARGEST_NUMBER:
        return ast.Number(term.value, term.span)
    report.error(
        "SP0310",
        "this number is too large",
        term.span,
        help=f"the largest legal number is {limits.LARGEST_NUMBER}",
    )
    return None


def one_number(cursor: Cursor, subject: ast.Name, form: str) -> ast.Number | None:
    """The single number after `subject`; `form` shows in the help text how to write it."""
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
    """The numbers after `subject`: one, a set, a range with its step, or a list for the layers."""
    term, report = cursor.take(), cursor.report
    match term:
        case syntax.Number():
            return _values("one", [number(term, report)], term.span)
        case syntax.Range():
            return _range(cursor, term)
        case syntax.Group():
            return _set(term, subject, cursor)
        case syntax.PerLayer():
            return _values("per_layer", [_member(item, "list", report) for item in term.items], term.span)
        case None:
            report.error("SP0108", f"`{subject.text}` needs a value", subject.span, help=VALUES_HELP)
            return None
    message = f"`{subject.text}` takes numbers, not {describe(term)}"
    report.error("SP0108", message, term.span, help=RANGE_HELP if _is_difference(term) else VALUES_HELP)
    cursor.drop()
    return None


def _is_difference(term: syntax.Term) -> bool:
    """Whether this is an expression such as `2-4`, which was probably meant as a range."""
    return isinstance(term, syntax.Binary) and term.op == "-" and isinstance(term.right, syntax.Number)


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


def _set(group: syntax.Group, subject: ast.Name, cursor: Cursor) -> ast.Values | None:
    report = cursor.report
    group = _without_units(group, subject, cursor)
    if broken(group.span, report):
        return None
    members: list[ast.Number | None] = []
    for phrase in phrases(group):
        inner = Cursor(phrase, report)
        inner.take()
        members.append(_member(phrase.terms[0], "set", report))
        if members[-1] is not None:
            inner.end()
    if not members:
        report.error("SP0302", f"`{subject.text}` has no values to choose from", group.span, help=VALUES_HELP)
        return None
    return _values("set", members, group.span)


def _without_units(group: syntax.Group, subject: ast.Name, cursor: Cursor) -> syntax.Group:
    """The set without units after its values. Such units are reported once."""
    units = [
        phrase.terms[1]
        for phrase in phrases(group)
        if len(phrase.terms) == 2
        and isinstance(phrase.terms[0], syntax.Number)
        and isinstance(phrase.terms[1], syntax.Word)
    ]
    if not units:
        return group
    unit = units[0].span.text
    numbers = ", ".join(phrase.terms[0].span.text for phrase in phrases(group))
    known = subject.text == "latency"
    message = f"the unit `{unit}` is written once, after the set" if known else f"`{subject.text}` has no unit"
    cursor.report.error("SP0110", message, units[0].span, help=f"write `{{{numbers}}}{f' {unit}' if known else ''}`")
    cursor.unit_said = True
    lines = tuple(
        line._replace(phrases=tuple(phrase._replace(terms=phrase.terms[:1]) for phrase in line.phrases))
        for line in group.lines
    )
    return group._replace(lines=lines)


def _member(term: syntax.Term, place: str, report: Findings) -> ast.Number | None:
    if isinstance(term, syntax.Number):
        return number(term, report)
    message = f"a {place} holds numbers, not {describe(term)}"
    mend = "a range goes by itself: `32..64 step 8`" if isinstance(term, syntax.Range) else ""
    report.error("SP0108", message, term.span, help=mend)
    return None


def _values(
    form: str, numbers: list[ast.Number | None], span: Span, step: ast.Number | None = None
) -> ast.Values | None:
    """None if a number couldn't be read, because half of a set would only cause more errors."""
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
            report.error("SP0120", "a comparison isn't a number", term.span, help="comparisons go after `when`")
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
