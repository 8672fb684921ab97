"""What comes after the last stage: convolutions, the pool, linear layers, in an order that gives the classes."""

from __future__ import annotations

from spacelang import ast
from spacelang.ast.bodies import lower_expression
from spacelang.check.context import Context
from spacelang.check.expressions import check_calls, refs
from spacelang.check.stages import WIDTHS
from spacelang.check.values import Rule, numbers
from spacelang.ir.expressions import Undefined, evaluate
from spacelang.language.arithmetic import Real
from spacelang.language.schema import ACTIVATIONS, FRACTION, HEAD_NAMES
from spacelang.report.diagnostics import Label
from spacelang.report.mend import Place, put, write
from spacelang.report.suggest import did_you_mean, spelled

LAST = "linear -> classes"
"""The last step of every head."""


def check_head(context: Context, entering: tuple[int, ...]) -> None:
    """Reports what is wrong with a head.

    Args:
        entering: the channels that may enter it; empty if they aren't known.
    """
    if context.space.head:
        _Head(context, entering).check()


class _Head:
    def __init__(self, context: Context, entering: tuple[int, ...]) -> None:
        self.context = context
        self.report = context.report
        self.widths = entering
        """The channels that may enter the current step."""
        self.pool: ast.Operator | None = None
        self.linear: ast.Operator | None = None
        self._unpooled = False
        self.head = context.space.head
        # A line that couldn't be read may be the one that seems to be missing.
        self.whole = context.head_whole

    def check(self) -> None:
        for step in self.head:
            match step.kind.text:
                case "pool":
                    self._pool(step)
                case "dropout":
                    self._dropout(step)
                case "act":
                    self._activation(step.argument if isinstance(step.argument, ast.Name) else None)
                case "linear":
                    self._linear(step)
                case _:
                    self._convolution(step)
        if self.whole:
            self._end()

    def _pool(self, step: ast.Operator) -> None:
        if self.pool is not None:
            labels = [Label(self.pool.span, "first pooled here")]
            self.report.error("SP0423", "the map is pooled twice", step.span, labels=labels, help="keep one of them")
        elif self.linear is not None and not self._unpooled:
            self._behind_linear(step)
        self.pool = self.pool or step

    def _behind_linear(self, step: ast.Operator) -> None:
        assert self.linear is not None
        message = f"`{step.kind.text}` needs a map, but after `linear` there is none"
        labels = [Label(self.linear.span, "the linear layer")]
        self.report.error("SP0423", message, step.span, labels=labels, help="move it above `linear`")

    def _dropout(self, step: ast.Operator) -> None:
        rate = step.argument
        if not isinstance(rate, ast.Number):
            self.report.error("SP0120", "the rate of `dropout` is a number", step.span, help="write `dropout 0.2`")
        elif not FRACTION.holds(rate.value):
            message = f"`dropout` can't be {spelled(rate.value)}"
            self.report.error("SP0307", message, rate.span, help=f"legal here: {FRACTION}")

    def _activation(self, name: ast.Name | None) -> None:
        if name is None or name.text in ACTIVATIONS:
            return
        mend: str = did_you_mean(name.text, ACTIVATIONS)
        if name.text == "act":
            message = "a head doesn't have parameters, so `act` needs the name of an activation"
            mend = "write `act relu`, for example"
        else:
            message = f"unknown activation `{name.text}`"
        self.report.error("SP0205", message, name.span, help=mend)

    def _linear(self, step: ast.Operator) -> None:
        if self.pool is None and self.linear is None and self.whole:
            self._needs_pool(step)
        self._out(step)
        self.linear = step

    def _needs_pool(self, step: ast.Operator) -> None:
        """Reports a missing pool and a pool below as one error."""
        self._unpooled = True
        below = next((each for each in self.head if each.kind.text == "pool"), None)
        if below is None:
            message = "`linear` needs the pooled map: without `pool`, every pixel is an input"
            self.report.error("SP0423", message, step.span, help=put("write `pool` above it", "pool", Place.ABOVE))
        else:
            labels = [Label(below.span, "it is here")]
            message = "`linear` comes before `pool`, but needs the pooled map"
            self.report.error("SP0423", message, step.span, labels=labels, help="move `pool` above it")

    def _convolution(self, step: ast.Operator) -> None:
        kernel = step.argument
        if not isinstance(kernel, ast.Number):
            self.report.error("SP0120", "in a head, a kernel is a number", step.kind.span, help="write `conv 1 -> OUT`")
        elif kernel.value != int(kernel.value) or kernel.value < 1 or kernel.value % 2 == 0:
            message = f"a kernel can't be {spelled(kernel.value)}"
            self.report.error("SP0501", message, kernel.span, help="kernels are odd positive whole numbers")
        elif self.pool is not None and kernel.value > 1:
            message = f"kernel {spelled(kernel.value)} is too large for the pooled map of 1×1"
            labels = [Label(self.pool.span, "pooled here")]
            self.report.error("SP0502", message, kernel.span, labels=labels, help=write("write `conv 1`", "1"))
        if self.linear is not None:
            self._behind_linear(step)
        self._activation(step.act)
        self._out(step)

    def _out(self, step: ast.Operator) -> None:
        """Checks the output channels, and sets `self.widths` to the values that they may have."""
        if isinstance(step.out, ast.Values):
            self.widths = self._choices(step.out)
        elif step.out is not None:
            self.widths = self._expression(step.out, step)

    def _choices(self, out: ast.Values) -> tuple[int, ...]:
        device = self.context.widths
        if device is None and out.form == "range" and out.step is None:
            return ()
        step = None if device is None else device.multiple
        rule = Rule("width", WIDTHS, step=step, widths=device, single=self.context.is_model)
        return tuple(int(each) for each in numbers(out, rule, self.report) or ())

    def _expression(self, out: ast.Expr, step: ast.Operator) -> tuple[int, ...]:
        check_calls(out, self.report)
        unknown = [each for each in refs(out) if each.name not in HEAD_NAMES]
        for each in unknown:
            mend = did_you_mean(each.name, HEAD_NAMES)
            self.report.error("SP0203", f"unknown name `{each.name}` in the head", each.span, help=mend)
        classes = self.context.space.classes
        if unknown or classes is None or self.context.touched(out.span):
            return ()
        if isinstance(out, ast.Number) and step.kind.text == "conv":
            as_values = ast.Values("one", (out,), None, out.span)
            return self._choices(as_values)
        return self._evaluated(out, int(classes.value))

    def _evaluated(self, out: ast.Expr, classes: int) -> tuple[int, ...]:
        uses_in = any(each.name == "in" for each in refs(out))
        found: set[int] = set()
        for width in self.widths if uses_in else (1,):
            value = self._value(out, {"in": width, "classes": classes})
            if value is None:
                return ()
            if not WIDTHS.holds(value) or value != int(value):
                given = f" with in = {width}" if uses_in else ""
                message = f"the number of output channels would be {spelled(value)}{given}"
                mend = "channels are positive whole numbers"
                self.report.error("SP0416", message, out.span, help=mend)
                return ()
            found.add(int(value))
        return tuple(sorted(found))

    def _value(self, out: ast.Expr, names: dict[str, Real]) -> Real | None:
        try:
            return evaluate(lower_expression(out), names)
        except Undefined as error:
            self.report.error("SP0415", str(error), out.span)
            return None

    def _end(self) -> None:
        last = self.head[-1]
        if self.linear is None:
            message = "the head doesn't have a `linear`, so it doesn't give the classes"
            self.report.error(
                "SP0424", message, last.span, help=put("end it with `linear -> classes`", LAST, Place.BELOW)
            )
        elif last is not self.linear and last.kind.text in ("act", "dropout"):
            message = f"`{last.kind.text}` comes after the last `linear`, whose outputs are the classes"
            self.report.error("SP0424", message, last.span, help="move it above `linear`")
        elif not (isinstance(self.linear.out, ast.Ref) and self.linear.out.name == "classes"):
            classes = self.context.space.classes
            if self.widths and classes is not None and self.widths != (int(classes.value),):
                message = f"the head ends with {self.widths[0]} outputs, not with the {spelled(classes.value)} classes"
                labels = [Label(classes.span, "said here")]
                self.report.error(
                    "SP0424", message, self.linear.span, labels=labels, help=write("write `linear -> classes`", LAST)
                )
