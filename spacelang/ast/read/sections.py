"""Sections that their tables in `schema` describe completely: `device`, `quality`, `evolution`, `distill`, `train`."""

from __future__ import annotations

from collections.abc import Iterable

from spacelang import ast, syntax
from spacelang.ast.read.cursor import (
    Cursor,
    Findings,
    Once,
    broken,
    cursors,
    describe,
    phrases,
    property_name,
    unknown,
    unknown_property,
)
from spacelang.ast.read.terms import one_number
from spacelang.language.schema import Property, named, names
from spacelang.report.diagnostics import Label, Report
from spacelang.report.mend import Place, put
from spacelang.report.suggest import legal, listed, spelled

Value = ast.Number | ast.Name | ast.Text | ast.Values


def entries(
    owner: ast.Name, group: syntax.Group, properties: tuple[Property, ...], report: Findings
) -> tuple[ast.Entry, ...]:
    """The properties written in a section, each checked against the table; what is wrong is reported and left out."""
    once = Once("property", report)
    read: list[ast.Entry] = []
    for cursor in cursors(phrases(group), report):
        name = property_name(cursor, once)
        if name is None:
            continue
        found = named(properties, name.text)
        if found is None:
            unknown_property(cursor, f"property of `{owner.text}`", name, once, names(properties))
        elif once.add(name):
            entry = _entry(cursor, name, found)
            cursor.end(once)
            if entry is not None:
                read.append(entry)
    missing(owner, group, (each for each in properties if each.required and each.name not in once), report)
    return tuple(read)


def missing(owner: ast.Name, group: syntax.Group, properties: Iterable[Property], report: Findings) -> None:
    """Reports required properties that aren't written, unless the group has a syntax error that may have eaten them."""
    absent = list(properties)
    if not absent or broken(group.span, report):
        return
    what = listed([f"`{each.name}`" for each in absent], "and")
    forms = ", ".join(f"`{each.form}`" for each in absent)
    report.error("SP0107", f"`{owner.text}` lacks {what}", owner.span, help=f"add {forms}")


def _entry(cursor: Cursor, name: ast.Name, found: Property) -> ast.Entry | None:
    value = _value(cursor, name, found)
    if value is None:
        return None
    inner = _inner(cursor, name, value, found)
    return ast.Entry(name, value, inner, cursor.span)


def _value(cursor: Cursor, name: ast.Name, found: Property) -> tuple[Value, ...] | None:
    match found.kind:
        case "group":
            return ()
        case "word":
            word = _word(cursor, name, found)
            return None if word is None else (word,)
        case "widths rule":
            return _widths_rule(cursor, name, found)
    number = _number(cursor, name, found)
    return None if number is None else (number,)


def _inner(cursor: Cursor, name: ast.Name, value: tuple[Value, ...], found: Property) -> tuple[ast.Entry, ...] | None:
    """The group after the value: required for a `group` property; for the estimator, allowed only after `sampled`."""
    group = cursor.group()
    if not found.group:
        if group is not None:
            cursor.report.error(
                "SP0109",
                f"`{name.text}` has no properties of its own",
                group.span,
                help=put(f"write `{found.form}`", "", Place.AWAY),
            )
        return None
    word = value[0] if value else None
    wanted = found.kind == "group" or (isinstance(word, ast.Name) and word.text == found.words[-1])
    if group is None:
        if wanted:
            subject = word if isinstance(word, ast.Name) else name
            inside = ", ".join(each.form for each in found.group)
            message = f"`{subject.text}` lacks {listed([f'`{each.name}`' for each in found.group], 'and')}"
            cursor.report.error("SP0107", message, subject.span, help=f"write `{subject.text} {{ {inside} }}`")
            cursor.drop()
        return None
    if not wanted and isinstance(word, ast.Name):
        message = f"only `{name.text} {found.words[-1]}` has properties"
        cursor.report.error("SP0118", message, group.span, labels=[Label(word.span, f"here it is `{word.text}`")],
                            help=put("leave the group out", "", Place.AWAY))  # fmt: skip
        return None
    return entries(word if isinstance(word, ast.Name) else name, group, found.group, cursor.report)


def _word(cursor: Cursor, name: ast.Name, found: Property) -> ast.Name | None:
    word = cursor.word()
    if word is None:
        term = cursor.take()
        given = f", not {describe(term)}" if term else ""
        span = term.span if term else name.span
        cursor.report.error(
            "SP0108",
            f"`{name.text}` takes a word{given}",
            span,
            help=legal(found.words) if term else f"legal here: {listed(found.words)}",
        )
        return None
    if word.text in found.words:
        return word
    unknown(cursor.report, "SP0111", name.text, word, found.words)
    # Its group would only be checked against the wrong table.
    cursor.group()
    return None


def _widths_rule(cursor: Cursor, name: ast.Name, found: Property) -> tuple[Value, ...] | None:
    start = cursor.here()
    multiple = ast.Name("multiple", start)
    if not (cursor.skip("multiple") and cursor.skip("of")):
        term = cursor.take()
        span = start if term is None else term.span
        cursor.report.error("SP0108", "`widths` needs the device's rule", span, help=f"write `{found.form}`")
        cursor.drop()
        return None
    number = _number(cursor, name, found)
    return None if number is None else (multiple, ast.Name("of", start), number)


def _number(cursor: Cursor, name: ast.Name, found: Property) -> ast.Number | None:
    value = one_number(cursor, name, found.form)
    if value is not None and in_domain(value, name.text, found, cursor.report):
        return value
    return None


def in_domain(value: ast.Number, subject: str, found: Property, report: Report) -> bool:
    """Whether a number is legal for its property; reports it if it isn't."""
    if found.kind != "number" and value.value != int(value.value):
        report.error("SP0306", f"`{subject}` takes whole numbers, not {spelled(value.value)}", value.span)
        return False
    if not found.domain.holds(value.value):
        message = f"`{subject}` can't be {spelled(value.value)}"
        report.error("SP0307", message, value.span, help=f"legal here: {found.domain}")
        return False
    return True
