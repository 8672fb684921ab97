"""Blocks and heads: pipelines of operators, one a line."""

from __future__ import annotations

from collections.abc import Mapping

from spacelang import ast, syntax
from spacelang.ast.read.cursor import Cursor, Findings, Once, broken, describe, meant_name, unknown, with_points
from spacelang.ast.read.terms import comparison, expression, one_number, values
from spacelang.ir.forms import HEAD_OPERATORS, OperatorForm, modifiers, operator_forms
from spacelang.ir.operators import OPERATORS, Part
from spacelang.language.schema import ACTIVATIONS, SHORTCUTS
from spacelang.report.suggest import did_you_mean, legal, listed

BLOCK_FORM = "block NAME(PARAMETER, …) { … }"


def block(cursor: Cursor) -> ast.Block | None:
    """`block name(parameters) { body }`, with the cursor after the word `block`."""
    term, report = cursor.take(), cursor.report
    if isinstance(term, syntax.Call):
        name, parameters = ast.Name(term.name.text, term.name.span), _parameters(term, report)
    elif isinstance(term, syntax.Word):
        name, parameters = ast.Name(term.text, term.span), ()
    elif term is not None and (meant := _misnamed(term, cursor)):
        name, parameters = meant
    else:
        report.error("SP0112", "a block needs a name", (term or cursor.phrase).span, help=f"write `{BLOCK_FORM}`")
        return None
    body = cursor.group()
    if body is None:
        report.error("SP0112", f"block `{name.text}` has no body", cursor.here(), help=f"write `{BLOCK_FORM}`")
        return None
    cursor.end()
    return ast.Block(name, parameters, _body(body, report), cursor.span)


def _misnamed(term: syntax.Term, cursor: Cursor) -> tuple[ast.Name, tuple[ast.Name, ...]] | None:
    """Reports a header such as `my-conv(act)` or `"conv"(act)`; the name that was meant, None if it can't be told."""
    call: syntax.Term | None = None
    if isinstance(term, syntax.Binary) and isinstance(term.right, syntax.Call):
        call = term.right
        term = term._replace(right=call.name, span=term.span.to(call.name.span))
    elif isinstance(term, syntax.String) and isinstance(cursor.peek(), syntax.Parenthesised):
        after = cursor.take()
        assert isinstance(after, syntax.Parenthesised)
        call = syntax.Call(syntax.Word("", after.span), (after.inner,), after.span)
    meant = meant_name(term)
    if meant is None:
        return None
    cursor.report.misnamed(term, meant)
    parameters = _parameters(call, cursor.report) if isinstance(call, syntax.Call) else ()
    return ast.Name(meant, term.span), parameters


def _parameters(call: syntax.Call, report: Findings) -> tuple[ast.Name, ...]:
    names: list[ast.Name] = []
    for each in call.arguments:
        if isinstance(each, syntax.Word):
            names.append(ast.Name(each.text, each.span))
        elif meant := meant_name(each):
            report.misnamed(each, meant)
            names.append(ast.Name(meant, each.span))
        else:
            report.error(
                "SP0112", f"a parameter is a name, not {describe(each)}", each.span,
                help="what it may be is said where the block is used",
            )  # fmt: skip
    return tuple(names)


def _body(group: syntax.Group, report: Findings) -> tuple[ast.Let | ast.Operator | ast.Shortcut, ...]:
    steps: list[ast.Let | ast.Operator | ast.Shortcut] = []
    for line in group.lines:
        step = _step(line, report)
        if step is not None:
            steps.append(step)
    if not group.lines and not broken(group.span, report):
        report.error("SP0414", "this block is empty", group.span, help="write its operators, one a line")
    return tuple(steps)


def _step(line: syntax.Line, report: Findings) -> ast.Let | ast.Operator | ast.Shortcut | None:
    terms = line.phrases[0].terms
    if len(terms) > 1 and isinstance(terms[1], syntax.Symbol) and terms[1].text == "=":
        return _let(line, report)
    if isinstance(terms[0], syntax.Word) and terms[0].text == "shortcut":
        return _shortcut(line, report)
    return operator(line, operator_forms(), report)


def _let(line: syntax.Line, report: Findings) -> ast.Let | None:
    cursor = Cursor(line.phrases[0], report)
    name = cursor.declared()
    if name is None:
        bound = line.phrases[0].terms[0]
        report.error("SP0112", f"only a name can be bound, not {describe(bound)}", bound.span, help="write `name = …`")
        return None
    cursor.skip("=")
    term = cursor.take()
    if term is None:
        report.error("SP0120", f"`{name.text}` is bound to nothing", cursor.span, help=f"write `{name.text} = …`")
        return None
    value = expression(term, report)
    cursor.end()
    _no_more(line, report)
    return None if value is None else ast.Let(name, value, line.span)


def _shortcut(line: syntax.Line, report: Findings) -> ast.Shortcut | None:
    cursor = Cursor(line.phrases[0], report)
    cursor.take()
    kind = cursor.word()
    if kind is None:
        report.error("SP0409", "`shortcut` needs its kind", cursor.here(), help=f"legal here: {listed(SHORTCUTS)}")
    elif kind.text not in SHORTCUTS:
        unknown(report, "SP0409", "shortcut", kind, SHORTCUTS)
        kind = None
    cursor.end()
    read = _Modifiers(report, "shortcut", {"act": OPERATORS["conv"].modifiers["act"]})
    for phrase in line.phrases[1:]:
        read.read(phrase)
    return None if kind is None else ast.Shortcut(kind, read.found.get("act"), line.span)  # type: ignore[arg-type]


def _no_more(line: syntax.Line, report: Findings) -> None:
    if len(line.phrases) > 1:
        span = line.phrases[1].span.to(line.phrases[-1].span)
        report.error("SP0109", "nothing may follow here", span, help="write it on a line of its own")


# --- operators ------------------------------------------------------------------------------------------------------


def operator(line: syntax.Line, forms: Mapping[str, OperatorForm], report: Findings) -> ast.Operator | None:
    """`conv 1 -> hidden, act, when hidden != in`; `forms` are the operators that are legal here."""
    first, *rest = with_points(line.phrases, report)
    cursor = Cursor(first, report)
    kind = cursor.word()
    if kind is None:
        term = line.phrases[0].terms[0]
        report.error(
            "SP0114", f"a line starts with an operator, not with {describe(term)}", term.span,
            help=f"legal here: {listed(forms)}",
        )  # fmt: skip
        return None
    form = forms.get(kind.text)
    if form is None:
        _unknown_operator(kind, forms, report)
        return None
    argument = _argument(cursor, kind, form)
    out = _out(cursor, kind, form, in_head=forms is HEAD_OPERATORS)
    cursor.end()
    read = _Modifiers(report, kind.text, form.modifiers, tuple(forms))
    for phrase in rest:
        read.read(phrase)
    if (form.argument and argument is None) or (form.out and out is None):
        return None
    return ast.Operator(kind, argument, out, read.found, line.span)


def _unknown_operator(kind: ast.Name, forms: Mapping[str, OperatorForm], report: Findings) -> None:
    in_block = forms is not HEAD_OPERATORS
    if kind.text in (HEAD_OPERATORS if in_block else OPERATORS):
        here, there = ("a block", "a head") if in_block else ("a head", "a block")
        message = f"`{kind.text}` isn't allowed in {here}, only in {there}"
        report.error("SP0114", message, kind.span, help=f"legal here: {listed(forms)}")
    else:
        unknown(report, "SP0114", "operator", kind, [*forms, "shortcut"] if in_block else forms)


def _argument(cursor: Cursor, kind: ast.Name, form: OperatorForm) -> ast.Expr | ast.Name | None:
    """The kernel, squeeze, rate or activation; `act` alone is the parameter `act`."""
    if not form.argument:
        return None
    term = cursor.peek()
    if form.kind == "act":
        return kind if term is None else activation(cursor, kind)
    if term is None or isinstance(term, syntax.Symbol):
        cursor.report.error(
            "SP0117", f"`{kind.text}` lacks its {form.argument.lower()}", kind.span, help=f"write `{form.form}`"
        )
        return None
    cursor.take()
    return expression(term, cursor.report)


def activation(cursor: Cursor, subject: ast.Name) -> ast.Name | None:
    """The name after `act`."""
    name = cursor.word()
    if name is None:
        term = cursor.take() or cursor.phrase
        cursor.report.error(
            "SP0108",
            f"`{subject.text}` takes the name of an activation",
            term.span,
            help=legal(ACTIVATIONS),
        )
    return name


def _out(cursor: Cursor, kind: ast.Name, form: OperatorForm, in_head: bool) -> ast.Expr | ast.Values | None:
    """What comes after `->`; a head's convolution may choose from a set."""
    report, here = cursor.report, cursor.peek()
    if not form.out:
        if here is not None and cursor.skip("->"):
            report.error(
                "SP0117",
                f"`{kind.text}` keeps its channels, so it doesn't take `->`",
                here.span,
                help=f"write `{form.form}`",
            )
            cursor.take()
        return None
    if not cursor.skip("->"):
        if (here is None and cursor.span.end > kind.span.end) or not form.argument:
            message = f"`{kind.text}` doesn't say its output channels"
            report.error("SP0117", message, kind.span, help=f"write `{form.form}`")
        return None
    term = cursor.peek()
    if term is None:
        report.error("SP0117", "nothing follows `->`", cursor.here(), help=f"write `{form.form}`")
        return None
    if in_head and form.kind == "conv" and isinstance(term, syntax.Group | syntax.Range | syntax.PerLayer):
        return values(cursor, kind)
    cursor.take()
    return expression(term, report)


class _Modifiers:
    """The phrases that follow an operator's first one: `stride`, `act relu`, `when …`."""

    def __init__(
        self, report: Findings, owner: str, legal: Mapping[str, Part], operators: tuple[str, ...] = ()
    ) -> None:
        self.report = report
        self.owner = owner
        self.legal = legal
        self.operators = operators
        self.found: dict[str, ast.Modifier] = {}
        self._once = Once("modifier", report)

    def read(self, phrase: syntax.Phrase) -> None:
        cursor = Cursor(phrase, self.report)
        name = cursor.word()
        if name is None:
            term = phrase.terms[0]
            self.report.error(
                "SP0115", f"a modifier starts with its name, not with {describe(term)}", term.span, help=self._legal()
            )
        elif name.text not in self.legal:
            self._refuse(cursor, name)
        elif self._once.add(name):
            self._take(cursor, name)
            cursor.end()

    def _take(self, cursor: Cursor, name: ast.Name) -> None:
        found = self._read(cursor, name, self.legal[name.text])
        if found is not None:
            self.found[name.text] = found

    def _read(self, cursor: Cursor, name: ast.Name, part: Part) -> ast.Modifier | None:
        match part.role:
            case "stride":
                return True if cursor.peek() is None else one_number(cursor, name, part.form)
            case "activation":
                return name if cursor.peek() is None else activation(cursor, name)
            case "norm":
                return None if self._norm(cursor) else True
            case "flag":
                return True
            case "number":
                return one_number(cursor, name, part.form)
        term = self._operand(cursor, name, part)
        if term is None:
            return None
        return comparison(term, self.report) if part.role == "condition" else expression(term, self.report)

    def _norm(self, cursor: Cursor) -> bool:
        """Whether the layer has a norm. An illegal value counts as having one."""
        if cursor.skip("none"):
            return False
        given = cursor.here().text
        has = given.lower() in ("batch", "batchnorm", "batch_norm", "bn", "true", "on", "yes")
        message = "it has a batch norm anyway" if has else "`norm` can only be `none`: every norm is a batch norm"
        help = "leave it out; `norm none` takes the norm away"
        self.report.error("SP0108", message, cursor.here(), help=help)
        cursor.drop()
        return True

    def _legal(self) -> str:
        return f"`{self.owner}` takes {listed(self.legal)}" if self.legal else f"`{self.owner}` doesn't take modifiers"

    def _refuse(self, cursor: Cursor, name: ast.Name) -> None:
        if name.text in modifiers():
            self.report.error("SP0116", f"`{self.owner}` doesn't take `{name.text}`", name.span, help=self._legal())
        elif name.text in (*self.operators, "shortcut"):
            self.report.error(
                "SP0115", f"`{name.text}` isn't a modifier", name.span, help="write it on a line of its own"
            )
        else:
            near = did_you_mean(name.text, self.legal) if self.legal else self._legal()
            self.report.error("SP0115", f"unknown modifier `{name.text}`", name.span, help=near)

    def _operand(self, cursor: Cursor, name: ast.Name, part: Part) -> syntax.Term | None:
        term = cursor.take()
        if term is None:
            self.report.error("SP0108", f"nothing follows `{name.text}`", name.span, help=f"write `{part.form}`")
        return term


def head(group: syntax.Group, report: Findings) -> tuple[ast.Operator, ...]:
    """The body of `head { … }`."""
    read = (operator(line, HEAD_OPERATORS, report) for line in group.lines)
    return tuple(each for each in read if each is not None)
