"""`hyperspace`, `space` and `model`: one form, three degrees of freedom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar, cast

from spacelang import ast, syntax
from spacelang.ast.read import blocks, sections
from spacelang.ast.read.cursor import (
    Cursor,
    Findings,
    Once,
    broken,
    cursors,
    describe,
    property_name,
    unknown,
    unknown_property,
)
from spacelang.ast.read.stages import needed_group, stage, uses
from spacelang.ast.read.terms import one_number, values
from spacelang.language.schema import REPEATED, SECTIONS, SPACE, TARGETS, named, names
from spacelang.report.mend import Place, put, write

T = TypeVar("T")
SpaceKind = Literal["hyperspace", "space", "model"]


def space(cursor: Cursor, kind: ast.Name) -> ast.Space | None:
    """`hyperspace name on device { … }`, with the cursor after the first word."""
    report, form = cursor.report, f"write `{kind.text} NAME on DEVICE {{ … }}`"
    name = cursor.declared()
    if name is None or name.text == "on":
        report.error("SP0112", f"a {kind.text} needs a name", (name or cursor.phrase).span, help=form)
        return None
    if not cursor.skip("on"):
        report.error("SP0112", f"{kind.text} `{name.text}` doesn't say its device", cursor.here(), help=form)
        return None
    device = cursor.declared()
    if device is None:
        report.error("SP0112", "`on` needs the name of a device", cursor.here(), help=form)
        return None
    body = cursor.group()
    if body is None:
        report.error("SP0112", f"{kind.text} `{name.text}` has no body", cursor.here(), help=form)
        return None
    cursor.end()
    return _Body(kind, name, report).read(device, body, cursor)


class _Body:
    """Collects the properties of one space."""

    def __init__(self, kind: ast.Name, name: ast.Name, report: Findings) -> None:
        self.kind = kind
        self.name = name
        self.report = report
        self.origin: ast.Origin | None = None
        self.numbers: dict[str, ast.Number | None] = {}
        self.resolution: ast.Values | None = None
        self.blocks: tuple[ast.BlockUse, ...] = ()
        self.stem: list[ast.Stage] = []
        self.stages: list[ast.Stage] = []
        self.head: tuple[ast.Operator, ...] = ()
        self.targets: ast.Targets | None = None
        self.sections: list[ast.Section] = []

    def read(self, device: ast.Name, body: syntax.Group, cursor: Cursor) -> ast.Space:
        once = Once("property", self.report)
        for line in body.lines:
            if _starts_with(line.phrases[0], "from"):
                self._from(line, once)
                continue
            for cursor_of in cursors(line.phrases, self.report):
                self._property(cursor_of, once)
        absent = [each for each in SPACE if each.required and each.name not in once]
        sections.missing(self.name, body, absent, self.report)
        return ast.Space(
            cast(SpaceKind, self.kind.text), self.name, device, self.origin, self.numbers.get("input"), self.resolution,
            self.numbers.get("classes"), self.blocks, tuple(self.stem), tuple(self.stages), self.head, self.targets,
            tuple(self.sections), cursor.span,
        )  # fmt: skip

    def _property(self, cursor: Cursor, once: Once) -> None:
        name = property_name(cursor, once)
        if name is None:
            return
        if named(SPACE, name.text) is None:
            unknown_property(cursor, f"property of a {self.kind.text}", name, once, names(SPACE))
        elif once.add(name, again=name.text in REPEATED):
            self._take(cursor, name)
            cursor.end(once)

    def _take(self, cursor: Cursor, name: ast.Name) -> None:
        match name.text:
            case "input" | "classes":
                self.numbers[name.text] = self._number(cursor, name)
            case "resolution":
                self.resolution = values(cursor, name)
            case "blocks":
                self.blocks = self._grouped(cursor, name, uses) or ()
            case "stem" | "stage":
                read = stage(cursor, name)
                if read is not None:
                    (self.stem if name.text == "stem" else self.stages).append(read)
            case "head":
                self.head = self._grouped(cursor, name, blocks.head) or ()
            case "targets":
                self.targets = _targets(cursor, name)
            case "from":
                self._misplaced_from(name)
                cursor.drop()
            case _:
                self._section(cursor, name)

    def _number(self, cursor: Cursor, name: ast.Name) -> ast.Number | None:
        found = named(SPACE, name.text)
        assert found is not None
        value = one_number(cursor, name, found.form)
        if value is None:
            return None
        if found.unit:
            unit(cursor, name, found.unit)
        return value if sections.in_domain(value, name.text, found, self.report) else None

    def _grouped(
        self, cursor: Cursor, name: ast.Name, reader: Callable[[syntax.Group, Findings], tuple[T, ...]]
    ) -> tuple[T, ...] | None:
        group = needed_group(cursor, name)
        if group is None:
            return None
        read = reader(group, self.report)
        if not group.lines and not broken(group.span, self.report):
            self.report.error("SP0121", f"`{name.text}` is empty", group.span, help="write its entries, one a line")
        return read

    def _section(self, cursor: Cursor, name: ast.Name) -> None:
        group = needed_group(cursor, name)
        if group is not None:
            read = sections.entries(name, group, SECTIONS[name.text], self.report)
            self.sections.append(ast.Section(name, read, cursor.span))

    def _from(self, line: syntax.Line, once: Once) -> None:
        """`from hyperspace vnni, sha256 "…", encoding "…"`: the only property that holds commas."""
        cursor = Cursor(line.phrases[0], self.report)
        keyword = cursor.word()
        assert keyword is not None
        if once.add(keyword):
            self.origin = origin(cursor, keyword, line)

    def _misplaced_from(self, name: ast.Name) -> None:
        self.report.error("SP0119", "`from` goes on a line of its own", name.span, help="start a new line before it")


def _starts_with(phrase: syntax.Phrase, word: str) -> bool:
    first = phrase.terms[0]
    return isinstance(first, syntax.Word) and first.text == word


def unit(cursor: Cursor, subject: ast.Name, wanted: str) -> ast.Name | None:
    """The unit that must follow the value."""
    report, here = cursor.report, cursor.here()
    given = cursor.word()
    if cursor.unit_said:
        return given
    if given is None:
        if cursor.peek() is None:
            report.error(
                "SP0110",
                f"`{subject.text}` needs its unit",
                here,
                help=put(f"write `{wanted}` after the value", f" {wanted}", Place.AFTER),
            )
    elif given.text not in (wanted, wanted.removesuffix("s")):
        report.error("SP0110", f"`{subject.text}` is measured in {wanted}, not in {given.text}", given.span,
                     help=write(f"give the values in `{wanted}`", wanted))  # fmt: skip
    return given


def _targets(cursor: Cursor, name: ast.Name) -> ast.Targets | None:
    metric, (latency,) = cursor.word(), TARGETS
    if metric is None:
        cursor.report.error(
            "SP0108", "`targets` needs the name of its metric", cursor.here(), help="write `targets latency {…} ms`"
        )
        cursor.drop()
        return None
    if metric.text != latency.name:
        unknown(cursor.report, "SP0111", "kind of targets", metric, [latency.name])
    written = values(cursor, metric)
    if written is None:
        cursor.drop()
        return None
    return ast.Targets(metric, written, unit(cursor, name, latency.unit), cursor.span)


# --- where a space comes from ---------------------------------------------------------------------------------------

ORIGIN_FORM = 'write `from hyperspace NAME, sha256 "…", encoding "…"`'
ORIGIN_TEXTS = ("sha256", "encoding", "checksum")
KINDS = ("hyperspace", "space", "model")


def origin(cursor: Cursor, keyword: ast.Name, line: syntax.Line) -> ast.Origin | None:
    kind, name = cursor.word(), cursor.word()
    texts = _origin_texts(line.phrases[1:], cursor.report)
    if kind is None or name is None:
        cursor.report.error("SP0119", "`from` needs a kind and a name", cursor.here(), help=ORIGIN_FORM)
        return None
    cursor.end()
    if kind.text not in KINDS:
        unknown(cursor.report, "SP0119", "kind of origin", kind, KINDS)
        return None
    return ast.Origin(kind, name, texts.get("sha256"), texts.get("encoding"), texts.get("checksum"), line.span)


def _origin_texts(rest: tuple[syntax.Phrase, ...], report: Findings) -> dict[str, ast.Text]:
    once, texts = Once("property", report), dict[str, ast.Text]()
    for phrase in rest:
        cursor = Cursor(phrase, report)
        name = property_name(cursor, once)
        if name is None:
            continue
        if name.text not in ORIGIN_TEXTS:
            unknown_property(cursor, "property of `from`", name, once, ORIGIN_TEXTS)
            continue
        term = cursor.take()
        if not isinstance(term, syntax.String):
            given = f", not {describe(term)}" if term else ""
            span = term.span if term else name.span
            report.error("SP0108", f"`{name.text}` takes text in quotes{given}", span, help=ORIGIN_FORM)
        elif once.add(name):
            texts[name.text] = ast.Text(term.value, term.span)
            cursor.end()
    return texts
