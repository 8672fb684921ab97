"""A block on its own: its names, the types of its parameters, the order of its operators.

Whether its shapes fit is checked in `bodies`, for each stage that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable

from spacelang import ast
from spacelang.check.expressions import check_calls, divisions_by_zero, refs
from spacelang.check.parameters import Use, uses
from spacelang.ir.counts import KERNEL
from spacelang.ir.operators import OPERATORS
from spacelang.language.schema import ACTIVATIONS, FUNCTIONS, LAYER_NAMES, STAGE, Domain, named
from spacelang.report.diagnostics import Label, Report
from spacelang.report.mend import Place, put
from spacelang.report.source import Span
from spacelang.report.suggest import closest, did_you_mean, listed, spelled

RESERVED = (*LAYER_NAMES, "classes")
STRIDES = Domain(1, 8)


def check_block(block: ast.Block, report: Report) -> None:
    """Reports everything that is wrong with a block, whoever uses it."""
    checker = _Block(block, report)
    checker.parameters()
    checker.steps()
    checker.roles()
    checker.unused()
    checker.order()


class _Block:
    def __init__(self, block: ast.Block, report: Report) -> None:
        self.block = block
        self.report = report
        self.parameter_spans: dict[str, Span] = {}
        self.bound: dict[str, Span] = {}
        """Names that the body has bound above the current step."""
        self.unknown_names: list[str] = []
        self.whole = not report.errors_within(block.span)
        """Whether the body was read without errors, so that a name that it doesn't use is really unused."""

    @property
    def operators(self) -> list[ast.Operator]:
        return [each for each in self.block.body if isinstance(each, ast.Operator)]

    def parameters(self) -> None:
        for each in self.block.parameters:
            if self._fresh(each, "parameter"):
                self.parameter_spans[each.text] = each.span
            if named(STAGE, each.text) is not None and each.text not in RESERVED:
                message = f"`{each.text}` is a property of every stage, so no argument can have this name"
                self.report.error("SP0207", message, each.span, help="give the parameter another name")

    def _fresh(self, name: ast.Name, what: str) -> bool:
        """Whether a name that is about to be bound is still free."""
        first = self.parameter_spans.get(name.text) or self.bound.get(name.text)
        if name.text in RESERVED or name.text in FUNCTIONS:
            owner = "given by the layer" if name.text in LAYER_NAMES else "reserved"
            message = f"a {what} can't be called `{name.text}`: this name is {owner}"
            self.report.error("SP0207", message, name.span, help="choose another name")
            return False
        if first is not None:
            labels = [Label(first, "first bound here")]
            message = f"`{name.text}` is bound twice in block `{self.block.name.text}`"
            self.report.error("SP0207", message, name.span, labels=labels, help="choose another name")
            return False
        return True

    # --- names, step by step ---

    def steps(self) -> None:
        for step in self.block.body:
            match step:
                case ast.Let():
                    self._expression(step.value)
                    if self._fresh(step.name, "name"):
                        self.bound[step.name.text] = step.name.span
                case ast.Shortcut():
                    self._activation(step.act)
                case ast.Operator():
                    self._operator(step)

    def _operator(self, step: ast.Operator) -> None:
        if isinstance(step.argument, ast.Name):
            self._activation(step.argument)
        elif step.argument is not None:
            self._expression(step.argument)
            if _takes_kernel(step):
                self._literal_kernel(step.argument)
        self._activation(step.act)
        for expr in (step.out, *step.modifiers.values()):
            if isinstance(expr, ast.Number | ast.Ref | ast.Binary | ast.Call | ast.Compare):
                self._expression(expr)
        if isinstance(step.stride, ast.Number):
            self._fixed_stride(step.stride)
        if "residual" in step.modifiers and (
            step.stride is True or (isinstance(step.stride, ast.Number) and step.stride.value != 1)
        ):
            message = "a residual needs an output of its input's size, but this operator has a stride"
            self.report.error("SP0419", message, step.span, help="remove `residual` or the stride")

    def _expression(self, expr: ast.Expr | ast.Compare) -> None:
        check_calls(expr, self.report)
        for each in refs(expr):
            if each.name not in self._visible():
                self._unknown(each)
        for span in divisions_by_zero(expr):
            self.report.error("SP0415", "division by zero", span)

    def _visible(self) -> list[str]:
        return [*LAYER_NAMES, *self.parameter_spans, *self.bound]

    def _unknown(self, ref: ast.Ref) -> None:
        self.unknown_names.append(ref.name)
        later = [each for each in self.block.body if isinstance(each, ast.Let) and each.name.text == ref.name]
        if later:
            labels = [Label(later[0].name.span, "bound here")]
            message = f"`{ref.name}` is used above the line that binds it"
            self.report.error("SP0203", message, ref.span, labels=labels, help="move that line up")
        else:
            mend = did_you_mean(ref.name, self._visible())
            message = f"unknown name `{ref.name}` in block `{self.block.name.text}`"
            self.report.error("SP0203", message, ref.span, help=mend)

    def _literal_kernel(self, kernel: ast.Expr) -> None:
        if not isinstance(kernel, ast.Number):
            return
        value = kernel.value
        if value != int(value) or value < 1 or value % 2 == 0:
            message = f"a kernel can't be {spelled(value)}"
            self.report.error("SP0501", message, kernel.span, help="kernels are odd positive whole numbers")

    def _fixed_stride(self, stride: ast.Number) -> None:
        if stride.value != int(stride.value):
            self.report.error("SP0306", f"`stride` takes whole numbers, not {spelled(stride.value)}", stride.span)
        elif not STRIDES.holds(stride.value):
            mend = f"legal here: {STRIDES}"
            self.report.error("SP0307", f"`stride` can't be {spelled(stride.value)}", stride.span, help=mend)

    def _activation(self, name: ast.Name | None) -> None:
        if name is None or name.text in self.parameter_spans or name.text in ACTIVATIONS:
            return
        if name.text == "act":
            message = f"block `{self.block.name.text}` has no parameter `act`"
            mend = f"add the parameter, or name an activation: {listed(ACTIVATIONS)}"
        else:
            message = f"unknown activation `{name.text}`"
            acts = [each for each, type, _ in uses(self.block) if type == "activation" and each in self.parameter_spans]
            mend = did_you_mean(name.text, [*ACTIVATIONS, *acts])
        self.report.error("SP0205", message, name.span, help=mend)

    # --- the body as a whole ---

    def roles(self) -> None:
        """Reports parameters that are used both as an activation and as a number."""
        acts: dict[str, Use] = {}
        others: dict[str, Use] = {}
        for use in uses(self.block):
            (acts if use[1] == "activation" else others).setdefault(use[0], use)
        for name, (_, _, span) in acts.items():
            if name in self.bound:
                message = f"`{name}` is a number, so it can't be an activation"
                self.report.error("SP0404", message, span, labels=[Label(self.bound[name], "bound here")])
            elif name in others and name in self.parameter_spans:
                labels = [Label(others[name][2], "here it is a number")]
                message = f"parameter `{name}` is used as an activation and as a number"
                self.report.error("SP0404", message, span, labels=labels, help="use two parameters")

    def unused(self) -> None:
        if not self.whole:
            return
        used = {name for name, _, _ in uses(self.block)}
        # If a name was misspelt where it is used, it counts as used.
        used |= {closest(each, self._visible()) or "" for each in self.unknown_names}
        for name, span in self.parameter_spans.items():
            if name not in used:
                message = f"parameter `{name}` is never used"
                self.report.error("SP0208", message, span, help="use it in the body or remove it")
        lets = {each.name.text: each.span for each in self.block.body if isinstance(each, ast.Let)}
        for name, span in self.bound.items():
            if name not in used:
                mend = put("remove the line", "", Place.AWAY, lets[name])
                self.report.error("SP0209", f"`{name}` is bound but never used", span, help=mend)

    def order(self) -> None:
        self._shortcuts()
        strided = [each for each in self.operators if each.stride is True and each.when is None]
        for again in strided[1:]:
            message = "the layer's stride is taken twice, so the map would shrink twice"
            labels = [Label(strided[0].span, "first taken here")]
            self.report.error("SP0413", message, again.span, labels=labels, help="leave `stride` to one operator")
        if self.whole and self.block.body and not self.operators:
            message = f"block `{self.block.name.text}` doesn't have an operator"
            self.report.error("SP0414", message, self.block.name.span, help="write its operators, one a line")

    def _shortcuts(self) -> None:
        shortcuts = [each for each in self.block.body if isinstance(each, ast.Shortcut)]
        for again in shortcuts[1:]:
            labels = [Label(shortcuts[0].span, "first written here")]
            self.report.error("SP0408", "a block has one shortcut", again.span, labels=labels, help="keep one of them")
        behind = _behind(self.block.body, shortcuts)
        if behind is not None:
            message = "`shortcut` goes last: it joins the block's input to its output"
            labels = [Label(behind.span, "this comes after it")]
            self.report.error("SP0408", message, shortcuts[0].span, labels=labels, help="move it to the end")


def _takes_kernel(step: ast.Operator) -> bool:
    argument = OPERATORS[step.kind.text].argument
    return argument is not None and argument.rule is KERNEL


def _behind(
    body: Iterable[ast.Let | ast.Operator | ast.Shortcut], shortcuts: list[ast.Shortcut]
) -> ast.Let | ast.Operator | None:
    """The first step after the first shortcut that isn't one."""
    if not shortcuts:
        return None
    rest = (each for each in body if each.span.start > shortcuts[0].span.start)
    return next((each for each in rest if not isinstance(each, ast.Shortcut)), None)
