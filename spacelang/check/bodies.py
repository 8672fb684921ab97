"""A block's body held against the choices of a stage: channels, strides, kernels.

Bounds prove most bodies right at once. What they can't prove is walked through for the choices that the stage declares,
up to a limit; a choice that goes wrong becomes part of the message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeVar

from spacelang import ast
from spacelang.check.expressions import Bounds, Undefined, bounds, evaluate, holds, refs
from spacelang.language import limits
from spacelang.language.arithmetic import Real
from spacelang.language.shapes import kernel_reaches, size_after
from spacelang.report.source import Span
from spacelang.report.suggest import spelled

T = TypeVar("T")
POOLS_AND_CONVOLUTIONS = ("conv", "dwconv", "avgpool", "maxpool")


@dataclass(frozen=True, slots=True)
class Choices:
    """What the layers of a stage may be given, for one of its blocks.

    Attributes:
        entries: widths of the stage before; empty where they aren't known.
        windows: the stage's width lists; in a model one list with a width for each layer.
        numbers: what each numeric parameter may be; in a model a value for each layer.
        stride: of the first layer.
        deep: whether there may be a second layer.
        uniform: whether all layers have the same width.
        per_layer: whether `windows` and `numbers` go layer by layer.
    """

    entries: tuple[int, ...]
    windows: tuple[tuple[int, ...], ...]
    numbers: tuple[tuple[str, tuple[Real, ...]], ...]
    stride: int
    deep: bool
    uniform: bool = False
    per_layer: bool = False

    def layers(self) -> Iterator[dict[str, Real]]:
        """The names that a body sees, for every choice."""
        if self.per_layer:
            yield from self._in_order()
            return
        names = [name for name, _ in self.numbers]
        for values in product(*(values for _, values in self.numbers)):
            given = dict(zip(names, values, strict=True))
            for enter, leave, stride in self._edges():
                yield {"in": enter, "out": leave, "stride": stride, **given}

    def _edges(self) -> Iterator[tuple[int, int, int]]:
        widths = sorted({width for window in self.windows for width in window})
        for enter, leave in product(self.entries, widths):
            yield enter, leave, self.stride
        if self.deep:
            pairs = {
                (enter, leave)
                for window in self.windows
                for enter, leave in product(window, window)
                if enter == leave or not self.uniform
            }
            yield from ((enter, leave, 1) for enter, leave in sorted(pairs))

    def _in_order(self) -> Iterator[dict[str, Real]]:
        widths = self.windows[0]
        for at, leave in enumerate(widths):
            given = {name: values[at] for name, values in self.numbers}
            if at:
                yield {"in": widths[at - 1], "out": leave, "stride": 1, **given}
            else:
                yield from ({"in": each, "out": leave, "stride": self.stride, **given} for each in self.entries)

    def bounds(self) -> dict[str, Bounds | None]:
        widths = tuple(width for window in self.windows for width in window)
        names: dict[str, Bounds | None] = {
            "in": Bounds.of((*self.entries, *(widths if self.deep else ()))) if self.entries else None,
            "out": Bounds.of(widths),
            "stride": Bounds.of((1, self.stride) if self.deep else (self.stride,)),
        }
        return names | {name: Bounds.of(values) for name, values in self.numbers}


class Misfit(Exception):
    """A body that gives no network for some choice.

    Attributes:
        code, message, help: of the diagnostic.
        span: the place in the body.
        depends: the expressions that made it so.
        kernel, parameter: the kernel that is too large, where that is what's wrong, and the parameter that gave it.
        stride: the stride that comes out of the body, where that is.
    """

    def __init__(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        depends: tuple[ast.Expr | ast.Compare, ...] = (),
        kernel: int = 0,
        parameter: str = "",
        stride: int = 0,
        help: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.span = span
        self.depends = depends
        self.kernel = kernel
        self.parameter = parameter
        self.stride = stride
        self.help = help


@dataclass
class Budget:
    """Walks through bodies that a whole program may cost."""

    left: int = limits.TRIED_IN_ALL

    def share(self) -> int:
        """What the next block of a stage may use: always some, never much of what is left."""
        return max(64, min(limits.TRIED, self.left // 8))


def misfit(block: ast.Block, choices: Choices, size: int | None, budget: Budget) -> tuple[Misfit, str] | None:
    """The first choice for which the body goes wrong, and that choice in words; None where there is none.

    Args:
        block: one without errors of its own.
        size: of the stage's input at the smallest resolution; None where it isn't known.
        budget: how often bodies may still be walked through.
    """
    if proved(block, choices, size):
        return None
    share = budget.share()
    for names in islice(_thinned(choices, _roots(block, _expressions(block)), share).layers(), share):
        budget.left -= 1
        try:
            walk(block, names, size if names["stride"] == choices.stride else _after(size, choices.stride))
        except Misfit as found:
            roots = _roots(block, found.depends)
            given = ", ".join(f"{name} = {spelled(value)}" for name, value in names.items() if name in roots)
            return found, given
    return None


def _after(size: int | None, stride: int) -> int | None:
    return None if size is None else size_after(size, stride)


def _expressions(block: ast.Block) -> Iterator[ast.Expr | ast.Compare]:
    for step in block.body:
        if isinstance(step, ast.Operator):
            for expr in (step.argument, step.out, step.repeat, step.when):
                if expr is not None and not isinstance(expr, ast.Name | ast.Values):
                    yield expr


def _roots(block: ast.Block, expressions: Iterable[ast.Expr | ast.Compare]) -> set[str]:
    """The names that the layer or its arguments give, on which these expressions depend."""
    bound = {each.name.text: each.value for each in block.body if isinstance(each, ast.Let)}
    found: set[str] = set()
    waiting = list(expressions)
    while waiting:
        for each in refs(waiting.pop()):
            if each.name not in found:
                found.add(each.name)
                waiting += [bound[each.name]] if each.name in bound else []
    return found - set(bound)


def _thinned(choices: Choices, matters: set[str], share: int) -> Choices:
    """Fewer values for each name, the ends among them, until the share holds all combinations."""
    if choices.per_layer:
        return choices
    numbers = tuple((name, values if name in matters else values[:1]) for name, values in choices.numbers)
    kept = max(2, int(share ** (1 / (2 + sum(len(values) > 1 for _, values in numbers)))))
    return Choices(
        _spread(choices.entries, kept),
        tuple(_spread(each, kept) for each in _spread(choices.windows, kept)),
        tuple((name, _spread(values, kept)) for name, values in numbers),
        choices.stride, choices.deep, choices.uniform,
    )  # fmt: skip


def _spread(values: tuple[T, ...], kept: int) -> tuple[T, ...]:
    """At most `kept` of the values, evenly spread, with both ends."""
    if len(values) <= kept:
        return values
    return tuple(values[at * (len(values) - 1) // (kept - 1)] for at in range(kept))


# --- the proof ------------------------------------------------------------------------------------------------------


def proved(block: ast.Block, choices: Choices, size: int | None) -> bool:
    """Whether bounds alone show that the body is right for every choice."""
    names = choices.bounds()
    for step in block.body:
        if isinstance(step, ast.Let):
            found = names[step.name.text] = bounds(step.value, names)
            if found is None:
                return False
        elif isinstance(step, ast.Operator) and not _proved_step(step, names):
            return False
    return _proved_shape(block) and _proved_strides(block, choices) and _proved_kernels(block, choices, size)


def _proved_step(step: ast.Operator, names: Mapping[str, Bounds | None]) -> bool:
    if step.residual:
        return False
    if step.when is not None and None in (bounds(step.when.left, names), bounds(step.when.right, names)):
        return False
    counts: list[tuple[ast.Expr, int]] = []
    if step.repeat is not None:
        counts.append((step.repeat, limits.REPETITIONS))
    if step.out is not None and not isinstance(step.out, ast.Values):
        counts.append((step.out, limits.CHANNELS))
    if step.kind.text == "se" and step.argument is not None and not isinstance(step.argument, ast.Name):
        counts.append((step.argument, limits.CHANNELS))
    for expr, most in counts:
        found = bounds(expr, names)
        if found is None or not found.natural(most):
            return False
    return step.kind.text not in POOLS_AND_CONVOLUTIONS or isinstance(step.argument, ast.Ref | ast.Number)


def _proved_shape(block: ast.Block) -> bool:
    """The last convolution always gives `out`."""
    convolutions = [each for each in block.body if isinstance(each, ast.Operator) and each.kind.text == "conv"]
    if not convolutions:
        return False
    last = convolutions[-1]
    return last.when is None and isinstance(last.out, ast.Ref) and last.out.name == "out"


def _proved_strides(block: ast.Block, choices: Choices) -> bool:
    strided = [each for each in block.body if isinstance(each, ast.Operator) and each.stride is not None]
    if not strided:
        return choices.stride == 1
    return len(strided) == 1 and strided[0].stride is True and strided[0].when is None


def _proved_kernels(block: ast.Block, choices: Choices, size: int | None) -> bool:
    """The largest kernel reaches the smallest map, that after the stride."""
    if size is None:
        return True
    given = dict(choices.numbers)
    largest = 1
    for step in block.body:
        if isinstance(step, ast.Operator) and step.kind.text in POOLS_AND_CONVOLUTIONS:
            kernel = step.argument
            if isinstance(kernel, ast.Number):
                largest = max(largest, int(kernel.value))
            elif isinstance(kernel, ast.Ref):
                largest = max(largest, int(max(given.get(kernel.name, (limits.LARGEST_NUMBER,)))))
    return kernel_reaches(largest, size_after(size, choices.stride))


# --- the walk -------------------------------------------------------------------------------------------------------


def walk(block: ast.Block, given: Mapping[str, Real], size: int | None) -> None:
    """Follows channels, size and stride through the body for one choice.

    Raises:
        Misfit: where they go wrong.
    """
    names = dict(given)
    state = _State(int(names["in"]), size)
    for step in block.body:
        if isinstance(step, ast.Let):
            names[step.name.text] = _value(step.value, names)
        elif isinstance(step, ast.Operator) and _kept(step, names):
            state.take(step, names)
    state.finish(block, names)


def _value(expr: ast.Expr, names: Mapping[str, Real]) -> Real:
    try:
        return evaluate(expr, names)
    except Undefined as error:
        raise Misfit("SP0415", str(error), error.span, depends=(expr,)) from None


def _kept(step: ast.Operator, names: Mapping[str, Real]) -> bool:
    try:
        return holds(step.when, names)
    except Undefined as error:
        raise Misfit("SP0415", str(error), error.span, depends=(step.when,) if step.when else ()) from None


def _natural(
    expr: ast.Expr,
    names: Mapping[str, Real],
    code: str,
    what: str,
    unit: str = "channels",
    most: int = limits.CHANNELS,
) -> int:
    """A count of channels or repetitions; `what` is the message around it."""
    value = _value(expr, names)
    if 1 <= value <= most and value == int(value):
        return int(value)
    mend = f"{unit} are whole numbers from 1 to {most}"
    raise Misfit(code, what.format(spelled(value)), expr.span, depends=(expr,), help=mend)


class _State:
    def __init__(self, channels: int, size: int | None) -> None:
        self.channels = channels
        self.size = size
        self.stride = 1
        self.widened: ast.Expr | None = None

    def take(self, step: ast.Operator, names: Mapping[str, Real]) -> None:
        before = self.channels
        kind, argument = step.kind.text, step.argument
        if kind in POOLS_AND_CONVOLUTIONS and argument is not None and not isinstance(argument, ast.Name):
            self._kernel(argument, names)
        if kind == "se" and argument is not None and not isinstance(argument, ast.Name):
            _natural(argument, names, "SP0416", "`se` would squeeze to {} channels")
        if step.repeat is not None:
            most = limits.REPETITIONS
            _natural(step.repeat, names, "SP0417", "the operator would be repeated {} times", "repetitions", most)
        if step.out is not None and not isinstance(step.out, ast.Values):
            self.channels = _natural(step.out, names, "SP0416", "the number of output channels would be {}")
            self.widened = step.out
        stride = self._stride(step, names)
        if step.residual and (self.channels != before or stride != 1):
            message = f"the residual would add {before} channels to {self.channels}"
            depends = (step.out,) if step.out is not None and not isinstance(step.out, ast.Values) else ()
            raise Misfit("SP0419", message, step.span, depends=depends, help="a residual keeps channels and size")

    def _kernel(self, expr: ast.Expr, names: Mapping[str, Real]) -> None:
        value = _value(expr, names)
        if value != int(value) or value < 1 or value % 2 == 0:
            message = f"the kernel would be {spelled(value)}"
            raise Misfit("SP0501", message, expr.span, depends=(expr,), help="kernels are odd positive whole numbers")
        if self.size is not None and not kernel_reaches(int(value), self.size):
            message = f"kernel {spelled(value)} is too large for a map of {self.size}×{self.size}"
            mend = f"the largest kernel that makes sense there is {2 * self.size - 1}"
            parameter = expr.name if isinstance(expr, ast.Ref) else ""
            raise Misfit("SP0502", message, expr.span, kernel=int(value), parameter=parameter, help=mend)

    def _stride(self, step: ast.Operator, names: Mapping[str, Real]) -> int:
        if step.stride is None:
            return 1
        stride = int(names["stride"]) if step.stride is True else int(step.stride.value)
        self.stride *= stride
        if self.size is not None:
            self.size = size_after(self.size, stride)
        return stride

    def finish(self, block: ast.Block, names: Mapping[str, Real]) -> None:
        wanted, name = int(names["stride"]), block.name.text
        if self.stride != wanted:
            operators = [each for each in block.body if isinstance(each, ast.Operator) and each.stride is not None]
            given = (
                f"the strides of block `{name}` give {self.stride}" if operators else f"block `{name}` takes no stride"
            )
            raise Misfit(
                "SP0503",
                f"{given}, but the layer's is {wanted}",
                operators[0].span if operators else block.name.span,
                depends=tuple(each.when for each in operators if each.when is not None),
                stride=self.stride,
            )
        if self.channels != names["out"]:
            message = f"block `{name}` ends with {self.channels} channels where the layer has {names['out']}"
            raise Misfit(
                "SP0418",
                message,
                self.widened.span if self.widened else block.name.span,
                depends=() if self.widened is None else (self.widened,),
                help="let its last convolution end with `-> out`",
            )
