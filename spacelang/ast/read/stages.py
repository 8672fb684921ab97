"""Stages and the lists of blocks that they choose from."""

from __future__ import annotations

from spacelang import ast, syntax
from spacelang.ast.read import sections
from spacelang.ast.read.cursor import Cursor, Findings, Once, cursors, describe, meant_name, phrases, property_name
from spacelang.ast.read.terms import one_number, values
from spacelang.language.schema import ACTIVATIONS, STAGE, named, names
from spacelang.report.suggest import closest

USE_FORM = "ID = BLOCK { PARAMETER VALUES, … }"


def uses(group: syntax.Group, report: Findings) -> tuple[ast.BlockUse, ...]:
    """The body of `blocks { … }`."""
    read = (_use(Cursor(phrase, report)) for phrase in phrases(group))
    return tuple(each for each in read if each is not None)


def _use(cursor: Cursor) -> ast.BlockUse | None:
    report, term = cursor.report, cursor.peek()
    if not isinstance(term, syntax.Number):
        message = f"a block in a list starts with its search id, not with {describe(cursor.phrase.terms[0])}"
        report.error("SP0112", message, cursor.phrase.terms[0].span, help=f"write `{USE_FORM}`")
        return None
    id = one_number(cursor, ast.Name("blocks", term.span), USE_FORM)
    if not cursor.skip("="):
        report.error("SP0112", "`=` is missing after the search id", cursor.here(), help=f"write `{USE_FORM}`")
        return None
    block = cursor.declared()
    if block is None:
        report.error("SP0112", f"search id {term.text} names no block", cursor.here(), help=f"write `{USE_FORM}`")
        return None
    group = cursor.group()
    help = "list the block once for each, with search ids of their own"
    arguments = _arguments(group, report, help) if group is not None else ()
    cursor.end()
    return None if id is None else ast.BlockUse(id, block, arguments, cursor.span)


def needed_group(cursor: Cursor, name: ast.Name) -> syntax.Group | None:
    """The group that must follow `name`."""
    group = cursor.group()
    if group is None:
        cursor.report.error(
            "SP0108", f"`{name.text}` needs a group", cursor.here(), help=f"write `{name.text} {{ … }}`"
        )
        cursor.drop()
    return group


def _arguments(group: syntax.Group, report: Findings, several: str) -> tuple[ast.Argument, ...]:
    """several: the help text if an argument is given several names."""
    once = Once("argument", report)
    read: list[ast.Argument] = []
    for cursor in cursors(phrases(group), report):
        name = property_name(cursor, once)
        if name is not None and once.add(name):
            read.append(_argument(cursor, name, several))
    return tuple(read)


def _argument(cursor: Cursor, name: ast.Name, several: str = "take one of them: its layers are alike") -> ast.Argument:
    """One argument of a block. If its numbers can't be read it has none, so that it still doesn't count as missing."""
    if cursor.peek() is None and name.text in ACTIVATIONS:
        message = f"a parameter takes one activation, so `{name.text}` is one too many"
        cursor.report.error("SP0403", message, name.span, help=several)
        value = None
    else:
        value = cursor.word() or (None if _names(cursor, name, several) else values(cursor, name))
    cursor.end()
    return ast.Argument(name, value or ast.Values("set", (), None, cursor.span), cursor.span)


def _names(cursor: Cursor, name: ast.Name, several: str) -> bool:
    """Whether several names come next, or one in quotes, which is reported."""
    term = cursor.peek()
    if isinstance(term, syntax.String) and (meant := meant_name(term)):
        cursor.report.misnamed(term, meant)
        cursor.drop()
        return True
    if isinstance(term, syntax.PerLayer):
        named: list[syntax.Term] = list(term.items)
    else:
        named = [phrase.terms[0] for phrase in phrases(term)] if isinstance(term, syntax.Group) else []
    if not named or not all(isinstance(each, syntax.Word) for each in named):
        return False
    assert term is not None
    cursor.report.error(
        "SP0403",
        f"`{name.text}` takes one name, not several",
        term.span,
        help=several,
    )
    cursor.drop()
    return True


def stage(cursor: Cursor, keyword: ast.Name) -> ast.Stage | None:
    """`stem BLOCK { … }`, `stage NAME { … }` or `stage NAME BLOCK { … }`, with the cursor after the first word."""
    report, is_stem = cursor.report, keyword.text == "stem"
    form = "stem BLOCK { … }" if is_stem else "stage NAME { … }` or `stage NAME BLOCK { … }"
    first = cursor.declared()
    second = None if is_stem else cursor.declared()
    group = cursor.group()
    if first is None:
        what = "a block" if is_stem else "a name"
        report.error("SP0112", f"a {keyword.text} needs {what}", keyword.span, help=f"write `{form}`")
    elif group is None:
        report.error("SP0112", f"{keyword.text} `{first.text}` has no body", cursor.here(), help=f"write `{form}`")
    cursor.end()
    if first is None or group is None:
        return None
    name, block = (None, first) if is_stem else (first, second)
    return _Body(report).read(keyword, name, block, group, cursor)


class _Body:
    """Collects the properties of one stage; names that aren't properties of stages are arguments of its block."""

    def __init__(self, report: Findings) -> None:
        self.report = report
        self.depth: ast.Values | None = None
        self.stride: ast.Number | None = None
        self.width: ast.Widths | None = None
        self.uniform: tuple[ast.Name, ...] = ()
        self.blocks: tuple[ast.BlockUse, ...] | None = None
        self.arguments: list[ast.Argument] = []

    def read(
        self, keyword: ast.Name, name: ast.Name | None, block: ast.Name | None, group: syntax.Group, cursor: Cursor
    ) -> ast.Stage:
        once = Once("property", self.report)
        for inner in cursors(phrases(group), self.report):
            property = property_name(inner, once)
            if property is not None and once.add(property):
                self._take(inner, property)
                inner.end(once)
        absent = [each for each in STAGE if each.required and each.name not in once]
        # `dpth 2..4` counts as an argument here; `check` asks whether `depth` was meant.
        if absent:
            meant = {closest(each.name.text, names(absent)) for each in self.arguments}
            absent = [each for each in absent if each.name not in meant]
        sections.missing(name or block or keyword, group, absent, self.report)
        return ast.Stage(
            "stem" if keyword.text == "stem" else "stage", name, block, self.depth, self.stride, self.width,
            self.uniform, tuple(self.arguments), self.blocks, cursor.span,
        )  # fmt: skip

    def _take(self, cursor: Cursor, name: ast.Name) -> None:
        match name.text:
            case "depth":
                self.depth = values(cursor, name)
            case "stride":
                self.stride = self._stride(cursor, name)
            case "width":
                self.width = _widths(cursor, name)
            case "uniform":
                self.uniform = _uniform(cursor, name)
            case "blocks":
                self.blocks = self._blocks(cursor, name)
            case _:
                self.arguments.append(_argument(cursor, name))

    def _stride(self, cursor: Cursor, name: ast.Name) -> ast.Number | None:
        found = named(STAGE, "stride")
        assert found is not None
        value = one_number(cursor, name, found.form)
        return value if value is not None and sections.in_domain(value, name.text, found, self.report) else None

    def _blocks(self, cursor: Cursor, name: ast.Name) -> tuple[ast.BlockUse, ...] | None:
        group = needed_group(cursor, name)
        return None if group is None else uses(group, self.report)


def _widths(cursor: Cursor, name: ast.Name) -> ast.Widths | None:
    """`2 of 32..64` or plain values."""
    start = cursor.here()
    first = values(cursor, name)
    if first is None or not cursor.skip("of"):
        return None if first is None else ast.Widths(None, first, first.span)
    window = first.numbers[0]
    if first.form != "one":
        cursor.report.error("SP0108", "`of` needs one number before it", first.span, help="write `width 2 of 32..64`")
        cursor.drop()
        return None
    behind = values(cursor, ast.Name("of", start))
    return None if behind is None else ast.Widths(window, behind, start.to(behind.span))


def _uniform(cursor: Cursor, name: ast.Name) -> tuple[ast.Name, ...]:
    """The names of the choices that a stage's layers share: `{width, kernel}`, or a single one."""
    single, group = cursor.word(), cursor.group()
    if single is not None:
        return (single,)
    once, found = Once("name", cursor.report), list[ast.Name]()
    if group is None or not group.lines:
        span = cursor.here() if group is None else group.span
        cursor.report.error(
            "SP0108", "`uniform` takes the names of choices", span, help="write `uniform {width, kernel}`"
        )
        cursor.take()
    for phrase in phrases(group) if group is not None else ():
        inner = Cursor(phrase, cursor.report)
        word = inner.word()
        if word is None:
            message = f"`uniform` takes names, not {describe(phrase.terms[0])}"
            cursor.report.error("SP0108", message, phrase.span, help="write `uniform {width, kernel}`")
        elif once.add(word):
            found.append(word)
            inner.end()
    return tuple(found)
