"""Whether a space lies within another one, and which genome it has there.

space from hyperspace     exactly the space that one genome names: one block and one width list for each stage
anything else             every choice is among the wider space's choices
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from spacelang import ir
from spacelang.ir.parameters import uniform_fields
from spacelang.networks.genome import Genome
from spacelang.report.diagnostics import Diagnostic, SpacelangError, refuse
from spacelang.report.suggest import some
from spacelang.translate.spelling import block_text, head_step_text, range_text, set_text, use_text, widths_text

SHOWN = 5


class Misfit(NamedTuple):
    """One thing that keeps a space from lying within another.

    Attributes:
        path: where in the space: `resolution`, `head`, or a stage's name and its property, such as `stage2.width`.
        message: what the space has there.
        help: what the other space has, unless the message already says so.
    """

    path: str
    message: str
    help: str


def misfits(space: ir.SearchSpace, wider: ir.SearchSpace) -> tuple[Misfit, ...]:
    """What keeps `space` from lying within `wider`; empty if it does."""
    return tuple(_Comparison(space, wider).run())


def locate(hyperspace: ir.SearchSpace, space: ir.SearchSpace) -> Genome:
    """The genome of a space in a hyperspace, from what its stages say; its `from` line isn't looked at.

    Raises:
        SpacelangError: SP0606: for each thing that isn't in the hyperspace; SP1002 if it isn't a space.
    """
    if space.kind != "space":
        refuse("SP1002", f"{space.name} is a {space.kind}", "give a space: one block and one width list a stage")
    if found := misfits(space, hyperspace):
        raise SpacelangError(Diagnostic("SP0606", f"{each.path}: {each.message}", help=each.help) for each in found)
    blocks, windows = [], []
    for mine, theirs in zip(space.stages, hyperspace.stages, strict=True):
        blocks.append(_matching(mine, theirs, hyperspace, exact=True)[0].id)
        windows.append(theirs.windows.index(mine.windows[0]))
    return Genome(tuple(blocks), tuple(windows))


class _Comparison:
    def __init__(self, space: ir.SearchSpace, wider: ir.SearchSpace) -> None:
        self.space, self.wider = space, wider
        self.exact = is_exact(space, wider)
        self.name = f"{wider.kind} {wider.name}"

    def run(self) -> Iterator[Misfit]:
        space, wider = self.space, self.wider
        yield from self._values("input", (space.channels,), (wider.channels,), exact=True)
        yield from self._values("resolution", space.resolutions, wider.resolutions, exact=self.exact)
        yield from self._values("classes", (space.classes,), (wider.classes,), exact=True)
        yield from self._stages(space.stem, wider.stem)
        yield from self._stages(space.stages, wider.stages)
        yield from self._head()

    def _values(
        self, path: str, mine: Sequence[ir.Number], theirs: Sequence[ir.Number], *, exact: bool
    ) -> Iterator[Misfit]:
        if not _agree(mine, theirs, exact=exact):
            here, there = (range_text(each, 1, 2) for each in (mine, theirs))
            yield Misfit(path, f"`{path.rpartition('.')[2]}` is {here}; in {self.name} it is {there}", "")

    def _stages(self, mine: Sequence[ir.Stage], theirs: Sequence[ir.Stage]) -> Iterator[Misfit]:
        names, wanted = ([each.name for each in stages] for stages in (mine, theirs))
        if names != wanted:
            help = f"{self.name} has {some(wanted, SHOWN)}"
            yield Misfit(_first_other(names, wanted), f"the stages are {some(names, SHOWN)}", help)
            return
        for stage, other in zip(mine, theirs, strict=True):
            yield from self._stage(stage, other)

    def _stage(self, mine: ir.Stage, theirs: ir.Stage) -> Iterator[Misfit]:
        yield from self._values(f"{mine.name}.depth", mine.depth, theirs.depth, exact=self.exact)
        yield from self._values(f"{mine.name}.stride", (mine.stride,), (theirs.stride,), exact=True)
        if not all(_window_fits(each, theirs.windows, self.exact) for each in mine.windows):
            yield self._width(mine, theirs)
        for candidate in mine.candidates:
            yield from self._candidate(candidate, mine, theirs)
        yield from self._shared(mine, theirs)

    def _shared(self, mine: ir.Stage, theirs: ir.Stage) -> Iterator[Misfit]:
        """What all layers of a stage share must be the same for all layers of a model."""
        wanted = uniform_fields(theirs.uniform, mine.candidates)
        if self.space.kind == "model":
            values = {"width": mine.windows[0], **mine.candidates[0].numbers}
            wrong = any(len(set(values[name].values)) > 1 for name in wanted)
        else:
            wrong = mine.uniform != wanted if self.exact else not set(wanted) <= set(mine.uniform)
        if wrong:
            message = f"the layers of stage `{mine.name}` don't share what they share in {self.name}"
            yield Misfit(f"{mine.name}.uniform", message, f"there it is {', '.join(wanted) or 'nothing'}")

    def _width(self, mine: ir.Stage, theirs: ir.Stage) -> Misfit:
        written = widths_text(mine.windows, self.space.device.width_multiple)
        lists = [set_text(each.values) for each in theirs.windows]
        what = "its width list there is" if len(lists) == 1 else "its width lists there are"
        message = f"stage `{mine.name}` doesn't have the width {written} in {self.name}"
        return Misfit(f"{mine.name}.width", message, f"{what} {some(lists, SHOWN)}")

    def _candidate(self, mine: ir.Candidate, stage: ir.Stage, theirs: ir.Stage) -> Iterator[Misfit]:
        same = [each for each in theirs.candidates if each.block == mine.block]
        if not same:
            known = ", ".join(dict.fromkeys(each.block for each in theirs.candidates))
            message = f"stage `{stage.name}` doesn't have the block `{mine.block}` in {self.name}"
            yield Misfit(f"{stage.name}.block", message, f"its blocks there are {known}")
        elif not any(_candidate_fits(mine, each, self.exact) for each in same):
            yield self._argument(mine, stage, same)
        elif self.space.blocks_by_name[mine.block] != self.wider.blocks_by_name[mine.block]:
            body = block_text(self.wider.blocks_by_name[mine.block]).rstrip()
            message = f"block `{mine.block}` has another body than in {self.name}"
            yield Misfit(f"{stage.name}.block", message, f"there it is\n{body}")

    def _argument(self, mine: ir.Candidate, stage: ir.Stage, same: Sequence[ir.Candidate]) -> Misfit:
        names = [
            name
            for name in (*mine.numbers, *mine.acts)
            if not any(_fits_in(mine, each, name, self.exact) for each in same)
        ]
        path = f"{stage.name}.{names[0]}" if names else f"{stage.name}.block"
        message = f"stage `{stage.name}` doesn't have `{use_text(mine)}` in {self.name}"
        return Misfit(path, message, f"there it has {some([f'`{use_text(each)}`' for each in same], 3)}")

    def _head(self) -> Iterator[Misfit]:
        mine, theirs = self.space.head, self.wider.head
        if len(mine) != len(theirs) or not all(
            _step_fits(step, other, self.exact) for step, other in zip(mine, theirs, strict=True)
        ):
            multiple = self.wider.device.width_multiple
            wanted = " · ".join(head_step_text(each, multiple) for each in theirs)
            yield Misfit("head", f"the head isn't that of {self.name}", f"there it is {wanted}")


def is_exact(space: ir.SearchSpace, wider: ir.SearchSpace) -> bool:
    """Whether an encoding names the whole space, so that nothing else in it may be narrower."""
    return (space.kind, wider.kind) == ("space", "hyperspace")


def _agree(mine: Iterable[ir.Number], theirs: Iterable[ir.Number], *, exact: bool) -> bool:
    return set(mine) == set(theirs) if exact else set(mine) <= set(theirs)


def _window_fits(mine: ir.Choices, theirs: Sequence[ir.Choices], exact: bool) -> bool:
    return mine in theirs if exact else any(_choices_fit(mine, each, exact) for each in theirs)


def _choices_fit(mine: ir.Choices, theirs: ir.Choices, exact: bool) -> bool:
    if theirs.per_layer:
        return mine == theirs
    return _agree(mine.values, theirs.values, exact=exact)


def _fits_in(mine: ir.Candidate, theirs: ir.Candidate, name: str, exact: bool) -> bool:
    """Whether one argument of a block is among the other's."""
    if name in mine.acts:
        return theirs.acts.get(name) == mine.acts[name]
    return name in theirs.numbers and _choices_fit(mine.numbers[name], theirs.numbers[name], exact)


def _candidate_fits(mine: ir.Candidate, theirs: ir.Candidate, exact: bool) -> bool:
    """Search ids don't count: a stage that names its block gives it its own id."""
    names: Collection[str] = {*mine.numbers, *mine.acts}
    return names == {*theirs.numbers, *theirs.acts} and all(_fits_in(mine, theirs, each, exact) for each in names)


def _matching(mine: ir.Stage, theirs: ir.Stage, wider: ir.SearchSpace, *, exact: bool) -> list[ir.Candidate]:
    """The candidates of `theirs` that hold the only one of `mine`; the one with the same search id first."""
    (only,) = mine.candidates
    found = [each for each in theirs.candidates if each.block == only.block and _candidate_fits(only, each, exact)]
    return sorted(found, key=lambda each: each.id != only.id)


def _step_fits(mine: ir.HeadStep, theirs: ir.HeadStep, exact: bool) -> bool:
    """A model has one width where its space has a choice."""
    if mine == theirs:
        return True
    if exact or not (isinstance(mine, ir.HeadConv) and isinstance(theirs, ir.HeadConv)):
        return False
    chosen = mine.out.values if isinstance(mine.out, ir.Choices) else _number(mine.out)
    offered = theirs.out.values if isinstance(theirs.out, ir.Choices) else ()
    return set(chosen) <= set(offered) and mine == ir.replace(theirs, out=mine.out)


def _number(expr: ir.Expr) -> tuple[ir.Number, ...]:
    return (expr.value,) if isinstance(expr, ir.Num) else ("",)  # type: ignore[return-value]


def _first_other(names: Sequence[str], wanted: Sequence[str]) -> str:
    """The first stage that isn't where it is in the other space."""
    return next((name for name, other in zip(names, wanted, strict=False) if name != other), names[-1] if names else "")
