"""One stage or group of stem layers: its numbers, its blocks, and whether the blocks fit the numbers."""

from __future__ import annotations

from typing import NamedTuple

from spacelang import ast, ir
from spacelang.ast.choices import DEPTH_STEP
from spacelang.check import bodies
from spacelang.check.arguments import check_arguments, check_uses
from spacelang.check.context import Context
from spacelang.check.values import Rule, numbers
from spacelang.language import limits
from spacelang.language.arithmetic import Real
from spacelang.language.schema import STAGE, Domain, named, names
from spacelang.language.shapes import size_after
from spacelang.networks.network import ShapeError
from spacelang.report.diagnostics import Label
from spacelang.report.mend import write
from spacelang.report.source import Span
from spacelang.report.suggest import closest, did_you_mean, listed, spelled

WIDTHS = Domain(1, limits.CHANNELS)


class Flow(NamedTuple):
    """What one stage hands to the next.

    Attributes:
        widths: the channels that may come out; empty if they aren't known.
        size: height and width of the map at the smallest resolution; None if it isn't known.
    """

    widths: tuple[int, ...]
    size: int | None


def check_stage(stage: ast.Stage, context: Context, entry: Flow) -> Flow:
    """Reports what is wrong with a stage, and returns what comes out of it."""
    return _Stage(stage, context, entry).check()


class _Stage:
    def __init__(self, stage: ast.Stage, context: Context, entry: Flow) -> None:
        self.stage = stage
        self.context = context
        self.report = context.report
        self.entry = entry
        self.title = stage.name or stage.block
        self.span = self.title.span if self.title else stage.span
        self.depth = self._depth()
        self.windows = self._windows()

    @property
    def label(self) -> str:
        return f"{self.stage.role} `{self.title.text if self.title else ''}`"

    def check(self) -> Flow:
        candidates = self._candidates()
        self._one_of_each(candidates)
        self._uniform(candidates)
        for use in candidates:
            self._fits(use)
        self._complete()
        return self._exit()

    def _complete(self) -> None:
        """Reports missing properties that reading had excused because an argument looked like a misspelt one."""
        written = {"depth": self.stage.depth, "stride": self.stage.stride, "width": self.stage.width}
        absent = [f"`{name}`" for name, value in written.items() if value is None]
        if absent and not self.context.touched(self.stage.span):
            self.report.error("SP0107", f"{self.label} lacks {listed(absent, 'and')}", self.span, help="add it")

    # --- numbers ---

    def _depth(self) -> tuple[int, ...]:
        if self.stage.depth is None:
            return ()
        found = named(STAGE, "depth")
        assert found is not None
        rule = Rule("depth", found.domain, step=DEPTH_STEP, single=self.context.is_model)
        return tuple(int(each) for each in numbers(self.stage.depth, rule, self.report) or ())

    def _windows(self) -> tuple[tuple[int, ...], ...]:
        """The width lists, in a model one with a width for each layer; empty if they can't be known."""
        widths, device, is_model = self.stage.width, self.context.widths, self.context.is_model
        if widths is None or (device is None and widths.values.form == "range" and widths.values.step is None):
            # Missing widths, and steps of an unknown device, have been reported.
            return ()
        step = None if device is None else device.multiple
        rule = Rule("width", WIDTHS, step=step, widths=device, single=is_model, lists=is_model, layers=self._layers())
        found = numbers(widths.values, rule, self.report)
        length = self._window_length(widths, found)
        if found is None or length is None:
            return ()
        values = tuple(int(each) for each in found)
        if is_model:
            return (values if len(values) > 1 or not self.depth else values * self.depth[0],)
        return tuple(values[at : at + length] for at in range(len(values) - length + 1))

    def _layers(self) -> int | None:
        """How many values a list for the layers must have."""
        if not self.context.is_model:
            return None
        depth = self.stage.depth
        if self.depth:
            return self.depth[0]
        return None if depth is None or depth.form != "one" else int(depth.numbers[0].value)

    def _window_length(self, widths: ast.Widths, found: tuple[Real, ...] | None) -> int | None:
        """How many neighbours a window has; None if that is wrong."""
        window = widths.window
        if window is None:
            return len(found) if found is not None else None
        value, report = window.value, self.report
        if value != int(value) or value < 1:
            report.error(
                "SP0307",
                f"a window can't have {spelled(value)} widths",
                window.span,
                help="write a whole number from 1",
            )
            return None
        if found is None:
            return None
        count = len(found) - int(value) + 1
        if count < 1:
            message = f"a window of {spelled(value)} doesn't fit into {len(found)} widths"
            labels = [Label(widths.values.span, f"these are {', '.join(f'{spelled(each)}' for each in found[:12])}")]
            mend = f"legal here: 1 to {len(found)}" if len(found) > 1 else "leave `1 of` out"
            report.error("SP0308", message, window.span, labels=labels, help=mend)
            return None
        return self._few_windows(count, int(value), widths)

    def _few_windows(self, count: int, length: int, widths: ast.Widths) -> int | None:
        kind = self.context.space.kind
        if count > 1 and kind != "hyperspace":
            message = f"a {kind} has one width list a stage, and these are {count}"
            self.report.error("SP0316", message, widths.span, help="write the widths of one, without `of`")
            return None
        if count > 1 and self.stage.role == "stem":
            message = f"the stem isn't searched for its widths, and these are {count} lists"
            self.report.error(
                "SP0316",
                message,
                widths.span,
                help=write("leave the window out: all widths are one list", widths.values.span.text),
            )
            return None
        if count > limits.SEARCH_IDS:
            message = f"{count} width lists are more than an encoding can write"
            mend = f"at most {limits.SEARCH_IDS}; take longer windows or fewer widths"
            self.report.error("SP0309", message, widths.span, help=mend)
            return None
        return length

    # --- blocks ---

    def _candidates(self) -> tuple[ast.BlockUse, ...]:
        """The blocks that the stage may use, without those that are unknown or used wrongly."""
        stage = self.stage
        if stage.block is not None:
            if stage.blocks is not None:
                message = f"{self.label} names its block and lists blocks too"
                where = stage.blocks[0].span if stage.blocks else self.span
                labels = [Label(stage.block.span, "the block is named here")]
                self.report.error("SP0411", message, where, labels=labels, help="keep one of the two")
            self._one_id(stage.block)
            use = ast.BlockUse(ast.Number(0, stage.block.span), stage.block, stage.arguments, stage.span)
            right = check_arguments(use, self.context, self._layers(), names(STAGE))
            return (use,) if right else ()
        self._no_arguments()
        if stage.blocks is not None:
            return check_uses(stage.blocks, self.context, self.span)
        if not self.context.space.blocks and not self.context.blocks_written:
            message = f"{self.label} has no block"
            mend = "name one after the stage's name, or list some in `blocks { … }`"
            self.report.error("SP0410", message, self.span, help=mend)
        return self.context.candidates

    def _one_id(self, block: ast.Name) -> None:
        """A stage's own block has the search id that the space's list gives it, so there must be exactly one."""
        listed_as = [each for each in self.context.space.blocks if each.block.text == block.text]
        if self.stage.role == "stage" and len(listed_as) > 1:
            ids = listed([spelled(each.id.value) for each in listed_as], "and")
            message = f"`{block.text}` has the search ids {ids}, so it isn't clear which one {self.label} means"
            labels = [Label(each.span, "listed here") for each in listed_as]
            mend = "give the stage a list of its own: `blocks { ID = BLOCK { … } }`"
            self.report.error("SP0407", message, block.span, labels=labels, help=mend)

    def _no_arguments(self) -> None:
        for each in self.stage.arguments:
            legal = names(STAGE)
            near = closest(each.name.text, legal)
            mend = did_you_mean(each.name.text, legal) if near else "arguments go where the stage names its block"
            self.report.error("SP0105", f"unknown property of a stage `{each.name.text}`", each.name.span, help=mend)

    def _one_of_each(self, candidates: tuple[ast.BlockUse, ...]) -> None:
        kind = self.context.space.kind
        if kind != "hyperspace" and len(candidates) > 1:
            blocks = listed([f"`{each.block.text}`" for each in candidates], "and")
            message = f"a {kind} has one block a stage, but {self.label} may use {blocks}"
            self.report.error("SP0420", message, self.span, help="name the block after the stage's name")

    def _uniform(self, candidates: tuple[ast.BlockUse, ...]) -> None:
        if not candidates:
            return
        legal = ["width"]
        for use in candidates:
            legal += [name for name, type in self.context.types(use.block.text).items() if type != "activation"]
        for each in self.stage.uniform:
            if each.text not in legal:
                mend = did_you_mean(each.text, legal)
                message = f"the layers of {self.label} have no choice `{each.text}`"
                self.report.error("SP0421", message, each.span, help=mend)

    # --- the bodies ---

    def _fits(self, use: ast.BlockUse) -> None:
        name, given = use.block.text, self._given(use)
        if given is None or name in self.context.unsound:
            return
        found = self.context.misfit(name, given, self.entry.size)
        if isinstance(found, bodies.Found):
            self._misfit(use, found)
            return
        if self.context.touched(use.span) or self.context.touched(self.stage.span):
            return
        uneven = self.context.uneven(name, given) if given.multiple > 1 else None
        if isinstance(uneven, bodies.Found):
            self._uneven(use, uneven)
        for answer in (found, uneven):
            if isinstance(answer, bodies.Undecided):
                self._undecided(use, answer)
                break

    def _given(self, use: ast.BlockUse) -> bodies.Given | None:
        stage, is_model, widths = self.stage, self.context.is_model, self.context.widths
        if stage.stride is None or not self.depth or not self.windows:
            return None
        given = []
        for argument in use.arguments:
            values = self.context.numbers.get(argument)
            if values is not None:
                repeat = self.depth[0] if is_model and len(values) == 1 else 1
                given.append((argument.name.text, values * repeat))
        return bodies.Given(
            self.entry.widths, self.windows, tuple(given), int(stage.stride.value), max(self.depth) > 1,
            uniform="width" in [each.text for each in stage.uniform], per_layer=is_model,
            multiple=widths.multiple if widths is not None and widths.inside else 1,
        )  # fmt: skip

    def _misfit(self, use: ast.BlockUse, found: bodies.Found) -> None:
        error, help = found.error, found.error.help
        where = use.block.span
        if error.kernel:
            where = _kernel_span(use, error) or where
        elif error.code == "SP0503" and self.stage.stride is not None:
            where = self.stage.stride.span
        message = f"{error.message}, for {found.given}" if found.given and not error.kernel else error.message
        if error.code == "SP0503" and error.stride != 1:
            help = f"write `stride {error.stride}`" + (" and `depth 1`" if max(self.depth) > 1 else "")
        elif error.code == "SP0503":
            help = "write `stride 1`, or let one operator of the block take `stride`"
        labels = self._labels(where, self._inside(use, error))
        self.report.error(error.code, message, where, labels=labels, help=help)

    def _inside(self, use: ast.BlockUse, error: ShapeError) -> Span:
        """The part of the body that is wrong."""
        name = use.block.text
        return self.context.bodies[name].spans.get(id(error.node), self.context.blocks[name].name.span)

    def _labels(self, where: Span, inside: Span) -> list[Label]:
        labels = [Label(inside, "here")]
        if where.source is self.span.source and not where.start <= self.span.start <= where.end:
            labels.append(Label(self.span, f"in this {self.stage.role}"))
        return labels

    def _uneven(self, use: ast.BlockUse, found: bodies.Found) -> None:
        message = f"{found.error.message}{found.given and f', for {found.given}'}"
        mend = "take other numbers; `hidden any` in the device switches this off"
        self.report.warning("SP0319", message, use.block.span, help=mend)

    def _undecided(self, use: ast.BlockUse, found: bodies.Undecided) -> None:
        names = listed([f"`{each}`" for each in found.names], "and")
        message = f"whether block `{use.block.text}` fits every choice of {names} in {self.label} isn't checked"
        mend = (
            "there are too many to try one by one, and its expressions are too complicated to decide it; "
            "write fewer choices or simpler expressions"
        )
        self.report.warning("SP0505", message, use.block.span, help=mend)

    def _exit(self) -> Flow:
        widths = {width for window in self.windows for width in (window[-1:] if self.context.is_model else window)}
        stride, size = self.stage.stride, self.entry.size
        known = size is not None and stride is not None
        return Flow(tuple(sorted(widths)), size_after(size, int(stride.value)) if known and size and stride else None)


def _kernel_span(use: ast.BlockUse, error: ShapeError) -> Span | None:
    """Where the use of a block says the kernel that is too large."""
    for argument in use.arguments:
        if ir.Ref(name=argument.name.text) in error.depends and isinstance(argument.value, ast.Values):
            numbers = (each.span for each in argument.value.numbers if each.value == error.kernel)
            return next(numbers, argument.value.span)
    return None
