"""A block's body against the choices of a stage: channels, strides, kernels. Nothing is sampled.

Arithmetic on ranges (`ranges`) shows what holds for all choices at once. Where that isn't enough, the choices are split
in two by one of the names involved, and each half is checked separately. A single choice is laid out as `networks` does
it. So every answer is a proof or a counterexample; the few bodies that would take too long are reported as undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import gcd
from typing import NamedTuple

from spacelang import ir
from spacelang.check.ranges import UNIT, Range, range_of
from spacelang.ir.counts import Count
from spacelang.ir.expressions import Compare, refs
from spacelang.ir.operators import expressions, parts
from spacelang.language import limits
from spacelang.language.arithmetic import Real
from spacelang.language.shapes import kernel_reaches, size_after
from spacelang.networks.network import Course, Names, ShapeError, taken
from spacelang.report.suggest import spelled

Box = Mapping[str, tuple[Real, ...]]
"""The values that each name may have, independently of the others."""


class Given(NamedTuple):
    """What the layers of a stage may be given, for one of its blocks.

    Attributes:
        entries: widths of the previous stage; empty if they aren't known.
        windows: the stage's width lists; in a model one list with a width for each layer.
        numbers: what each numeric parameter may be; in a model a value for each layer.
        stride: of the first layer.
        deep: whether there may be a second layer.
        uniform: whether all layers have the same width.
        per_layer: whether `windows` and `numbers` go layer by layer.
        multiple: what all channels inside the block should be multiples of.
    """

    entries: tuple[int, ...]
    windows: tuple[tuple[int, ...], ...]
    numbers: tuple[tuple[str, tuple[Real, ...]], ...]
    stride: int
    deep: bool
    uniform: bool = False
    per_layer: bool = False
    multiple: int = 1


class Found(NamedTuple):
    """A choice for which a body is wrong. `given`: the values that cause it, in words."""

    error: ShapeError
    given: str


class Undecided(NamedTuple):
    """A body with too many choices to check. `names`: what it depends on."""

    names: tuple[str, ...]


class Budget:
    """How many looks at bodies the check of a whole program may take."""

    def __init__(self) -> None:
        self.left = limits.TRIED_IN_ALL

    def share(self) -> int:
        """How many looks the next block of a stage may take: always some, never much of what is left."""
        return max(200, min(limits.TRIED, self.left // 8))


def misfit(block: ir.Block, given: Given, size: int | None, budget: Budget) -> Found | Undecided | None:
    """The first choice for which the body is wrong; None if it is right for all of them.

    Args:
        block: a block without errors of its own.
        size: height and width of the stage's input at the smallest resolution; None if it isn't known.
        budget: how often bodies may still be looked at.
    """
    return _Search(block, given, size, budget, _fits).run()


def uneven(block: ir.Block, given: Given, budget: Budget) -> Found | Undecided | None:
    """The first choice for which channels inside the block aren't a multiple of `given.multiple`."""
    return _Search(block, given, None, budget, _even).run()


class _Exhausted(Exception):
    pass


class _Search:
    def __init__(
        self,
        block: ir.Block,
        given: Given,
        size: int | None,
        budget: Budget,
        law: Callable[[ir.Block, Names, int | None, int], None],
    ) -> None:
        self.block, self.given, self.size, self.budget, self.law = block, given, size, budget, law
        self.left = budget.share()
        self.bound = {each.name: each.value for each in block.steps if isinstance(each, ir.Let)}
        self.order = [*(name for name, _ in given.numbers), "in", "out"]
        self.even = given.multiple if law is _even else 1

    def run(self) -> Found | Undecided | None:
        try:
            if self.given.per_layer:
                return next(filter(None, (self._tried(names) for names in self._in_order())), None)
            return next(filter(None, (self._first(kinds) for kinds in self._boxes())), None)
        except _Exhausted:
            return Undecided(tuple(name for name in self.order if name in self._roots(self._all())))

    # --- what there is to look at ---

    def _boxes(self) -> Iterator[list[Box]]:
        """For each kind of layer, one box around all choices; then, if something is wrong in it, the exact boxes."""
        given = self.given
        numbers, widths = dict(given.numbers), _union(given.windows)
        if given.entries:
            yield [{"in": given.entries, "out": widths, "stride": (given.stride,), **numbers}]
        if given.deep and given.uniform:
            yield [{"out": widths, "stride": (1,), **numbers}]
        elif given.deep:
            exact: list[Box] = [{"in": each, "out": each, "stride": (1,), **numbers} for each in given.windows]
            yield [{"in": widths, "out": widths, "stride": (1,), **numbers}, *exact] if len(exact) > 1 else exact

    def _first(self, boxes: list[Box]) -> Found | None:
        """The first choice that is wrong: in the box around all others first and then, if needed, in those."""
        found = self._split(boxes[0])
        if found is None or len(boxes) == 1:
            return found
        return next(filter(None, map(self._split, boxes[1:])), None)

    def _in_order(self) -> Iterator[Names]:
        widths = self.given.windows[0]
        for at, leave in enumerate(widths):
            numbers = {name: values[at] for name, values in self.given.numbers}
            entries, stride = ((widths[at - 1],), 1) if at else (self.given.entries, self.given.stride)
            yield from ({"in": each, "out": leave, "stride": stride, **numbers} for each in entries)

    # --- the search ---

    def _split(self, box: Box) -> Found | None:
        if self.left <= 0:
            raise _Exhausted
        self.left -= 1
        self.budget.left -= 1
        doubtful = _Proof(self.block, box, self._size(box["stride"][0]), self.even).doubts()
        if doubtful is None:
            return None
        name = self._widest(box, self._roots(doubtful))
        if name is None:
            found = self._tried({each: values[0] for each, values in box.items()})
            name = self._widest(box, set(box))
            if found is not None or name is None:
                return found
        values = box[name]
        half = len(values) // 2
        return self._split({**box, name: values[:half]}) or self._split({**box, name: values[half:]})

    def _widest(self, box: Box, names: set[str]) -> str | None:
        """The name to split by: the first one that has a choice, in the order in which choices are tried."""
        return next((each for each in self.order if each in names and len(box.get(each, ())) > 1), None)

    def _tried(self, names: Names) -> Found | None:
        seen = {"in": names["out"], **names}
        try:
            self.law(self.block, dict(seen), self._size(seen["stride"]), self.given.multiple)
        except ShapeError as error:
            roots = self._roots(error.depends)
            given = (f"{name} = {spelled(value)}" for name, value in _said_first(seen).items() if name in roots)
            return Found(error, ", ".join(given))
        return None

    def _size(self, stride: Real) -> int | None:
        return (
            self.size if self.size is None or stride == self.given.stride else size_after(self.size, self.given.stride)
        )

    def _all(self) -> Iterator[ir.Expr]:
        return (expr for step in self.block.steps for expr in expressions(step))

    def _roots(self, exprs: Iterable[ir.Expr | Compare]) -> set[str]:
        """The names, given by the layer or its arguments, that these expressions depend on."""
        found: set[str] = set()
        waiting = list(exprs)
        while waiting:
            for name in refs(waiting.pop()):
                if name not in found:
                    found.add(name)
                    waiting += [self.bound[name]] if name in self.bound else []
        return found - set(self.bound)


def _said_first(names: Names) -> Names:
    """The names in the order in which messages list them."""
    return {name: names[name] for name in ("in", "out", "stride") if name in names} | names


def _union(windows: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({width for window in windows for width in window}))


# --- the laws, for one choice ---------------------------------------------------------------------------------------


def _fits(block: ir.Block, names: Names, size: int | None, multiple: int) -> None:
    """Raises: ShapeError: if the body gives no network, or a kernel that never touches the map with all its taps."""
    course = Course(int(names["in"]))
    for each in taken(block, names):
        kernel = each.counts.get("kernel", 1)
        if size is not None and not kernel_reaches(kernel, size):
            raise _too_large(kernel, size, getattr(each.step, "kernel", None))
        course.take(each)
        size = None if size is None else size_after(size, each.stride)
    course.finish(block, names)


def _too_large(kernel: int, size: int, expr: ir.Expr | None) -> ShapeError:
    message = f"kernel {kernel} is too large for a map of {size}×{size}"
    mend = f"the largest kernel that makes sense there is {2 * size - 1}"
    return ShapeError("SP0502", message, expr, depends=(expr,), kernel=kernel, help=mend)


def _even(block: ir.Block, names: Names, size: int | None, multiple: int) -> None:
    """Raises: ShapeError: if channels inside the block aren't a multiple."""
    for each in taken(block, names):
        out = each.counts.get("out", multiple)
        if out % multiple:
            expr = getattr(each.step, "out", None)
            raise ShapeError(
                "SP0319", f"{out} channels inside the block are not a multiple of {multiple}", expr, depends=(expr,)
            )


# --- the same, for all choices at once -------------------------------------------------------------------------------


class _Proof:
    """Walks through a body with ranges, and keeps every course that the body may take."""

    def __init__(self, block: ir.Block, box: Box, size: int | None, even: int) -> None:
        self.block, self.size, self.even = block, size, even
        self.names: dict[str, Range | None] = {name: Range.of(values) for name, values in box.items()}
        self.tied = "in" not in box
        if self.tied:
            self.names["in"] = self.names["out"]
        self.stride = int(box["stride"][0])
        self.channels: set[ir.Expr] = {ir.Ref(name="in")}
        self.strides = {1}
        self.bound: dict[str, ir.Expr] = {}
        self.conditions: list[ir.Expr | Compare] = []
        """The conditions that may hold or not."""

    def doubts(self) -> Iterable[ir.Expr | Compare] | None:
        """None if the body is right for all choices; otherwise the expressions that couldn't be decided."""
        for step in self.block.steps:
            if isinstance(step, ir.Let):
                found = self.names[step.name] = range_of(step.value, self.names)
                self.bound[step.name] = step.value
                if found is None:
                    return [step.value]
            else:
                doubtful = self._step(step)
                if doubtful is not None:
                    return [*doubtful, *self.conditions]
        if self.even > 1:
            return None
        wrong = [each for each in self.channels if not self._same(each, ir.Ref(name="out"))]
        if wrong or self.strides != {self.stride}:
            return [*wrong, *self.conditions, ir.Ref(name="out")]
        return None

    def _step(self, step: ir.Step) -> Iterable[ir.Expr | Compare] | None:
        held = True if step.when is None else _holds(step.when, self.names)
        if held is False:
            return None
        if held is None and step.when is not None:
            if None in (range_of(step.when.left, self.names), range_of(step.when.right, self.names)):
                return [step.when]
            self.conditions.append(step.when)
        for part in parts(step):
            expr: ir.Expr | None = getattr(step, part.name)
            if part.rule is not None and expr is not None and not self._counts(expr, part.name, part.rule):
                return [expr]
        return self._course(step, held is None)

    def _counts(self, expr: ir.Expr, part: str, rule: Count) -> bool:
        found = range_of(expr, self.names)
        if found is None or found.low < 1 or found.high > rule.most:
            return False
        if rule.odd:
            if not _all_odd(found):
                return False
            smallest = None if self.size is None else size_after(self.size, max(self.strides))
            return part != "kernel" or smallest is None or kernel_reaches(int(found.high), smallest)
        return found.multiple_of(self.even if part == "out" else 1)

    def _course(self, step: ir.Step, maybe: bool) -> Iterable[ir.Expr | Compare] | None:
        out: ir.Expr | None = getattr(step, "out", None)
        stride = step.own_stride
        by = self.stride if stride == "layer" else stride
        if getattr(step, "residual", False):
            if by != 1:
                return self.conditions
            if out is not None and not all(self._same(each, out) for each in self.channels):
                return [out, *self.channels]
        if out is not None:
            kept = {each for each in self.channels if not self._skipped_alike(step.when, each, out)} if maybe else set()
            self.channels = {out, *kept}
        self.strides = {each * by for each in self.strides} | (self.strides if maybe else set())
        return None

    def _skipped_alike(self, condition: Compare | None, before: ir.Expr, out: ir.Expr) -> bool:
        """Whether a convolution is left out exactly where it would give as many channels as it receives."""
        if condition is None or condition.op != "!=":
            return False
        sides = self._resolved(condition.left), self._resolved(condition.right)
        given = self._resolved(before), self._resolved(out)
        return sides in (given, given[::-1])

    def _resolved(self, expr: ir.Expr) -> ir.Expr:
        """The expression that a name bound by the body stands for."""
        while isinstance(expr, ir.Ref) and expr.name in self.bound:
            expr = self.bound[expr.name]
        return expr

    def _same(self, left: ir.Expr, right: ir.Expr) -> bool:
        """Whether two expressions have the same value for every choice."""
        left, right = self._resolved(left), self._resolved(right)
        if left == right or (self.tied and _ends(left) and _ends(right)):
            return True
        one, other = range_of(left, self.names), range_of(right, self.names)
        return one is not None and other is not None and one.single and other.single and one.low == other.low


def _ends(expr: ir.Expr) -> bool:
    return isinstance(expr, ir.Ref) and expr.name in ("in", "out")


def _all_odd(found: Range) -> bool:
    if found.single:
        return found.low % 2 == 1
    shifted = Range(found.low + 1, found.high + 1, found.phase + UNIT, found.step)
    return shifted.multiple_of(2)


def _holds(condition: Compare, names: Mapping[str, Range | None]) -> bool | None:
    """Whether a condition holds for all choices (True), for none (False), or neither is known (None)."""
    left, right = range_of(condition.left, names), range_of(condition.right, names)
    if left is None or right is None:
        return None
    if condition.op in ("==", "!="):
        equal = _equal(condition, left, right)
        return None if equal is None else equal == (condition.op == "==")
    smaller = condition.op in ("<", "<=")
    low, high = (left, right) if smaller else (right, left)
    if condition.op in ("<", ">"):
        return True if low.high < high.low else False if low.low >= high.high else None
    return True if low.high <= high.low else False if low.low > high.high else None


def _equal(condition: Compare, left: Range, right: Range) -> bool | None:
    if condition.left == condition.right or (left.single and right.single and left.low == right.low):
        return True
    if left.high < right.low or right.high < left.low:
        return False
    if left.step is None or right.step is None:
        return None
    common = gcd(left.step, right.step)
    return False if common and (left.phase - right.phase) % common else None
