"""Whether a hyperspace can contain the rows of a table. One check for imported files and for tables read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spacelang import ir
from spacelang.evolve.table.table import MAX_LOSS, FloatArray, IntArray, Rows, usable
from spacelang.networks.positions import entry_widths
from spacelang.report.suggest import listed


class Problem(NamedTuple):
    """`reason`: what is wrong with the row, in words."""

    row: int
    reason: str


def row_problems(space: ir.SearchSpace, rows: Rows) -> Iterator[Problem]:
    """The first thing that is wrong with each bad row, stage by stage. `rows.stage` must index the space's stages."""
    for index, stage in enumerate(space.stages):
        members = np.flatnonzero(rows.stage == index)
        checks = _StageChecks(space, index, stage, rows.take(members))
        for row, reason in sorted(checks.problems().items()):
            yield Problem(int(members[row]), reason)


def channels_into(space: ir.SearchSpace, index: int) -> tuple[int, ...]:
    """The channels that a stage may receive: the widths of what comes before it."""
    return tuple(sorted(entry_widths(space)[len(space.stem) + index]))


class _StageChecks:
    """The checks of one stage's rows, each over all of them at once."""

    def __init__(self, space: ir.SearchSpace, index: int, stage: ir.Stage, rows: Rows) -> None:
        self.space, self.stage, self.rows = space, stage, rows
        self.channels = channels_into(space, index)
        self.row_of_layer = np.repeat(np.arange(len(rows)), rows.depth)
        self.layer = np.arange(len(rows.width)) - rows.starts[self.row_of_layer]
        self.found: dict[int, str] = {}

    def problems(self) -> dict[int, str]:
        self._check_ids()
        for window, choices in enumerate(self.stage.windows):
            inside = self.rows.window == window
            self._check_layers(inside, self.rows.width, choices, "width", f"width list {window}")
        for candidate in self.stage.candidates:
            self._check_numbers(candidate)
        if "width" in self.stage.uniform:
            self._check_uniform(np.ones(len(self.rows), bool), self.rows.width, "width")
        return self.found

    def _check_ids(self) -> None:
        rows, stage = self.rows, self.stage
        blocks = [each.id for each in stage.candidates]
        self._flag(
            ~np.isin(rows.block, blocks),
            lambda row: f"{stage.name} has no block {rows.block[row]}; it has {listed(map(str, blocks), 'and')}",
        )
        self._flag(
            (rows.window < 0) | (rows.window >= len(stage.windows)),
            lambda row: (
                f"{stage.name} has no width list {rows.window[row]}; it has {len(stage.windows)}, counted from 0"
            ),
        )
        self._flag_outside(rows.resolution, self.space.resolutions, "resolution", self.space.name)
        self._flag_outside(rows.channels_in, self.channels, "number of input channels", stage.name)
        self._flag_outside(rows.depth, stage.depth, "depth", stage.name)
        self._check_loss(rows.loss, "loss")
        if rows.loss_fp32 is not None:
            self._check_loss(rows.loss_fp32, "FP32 loss")

    def _check_loss(self, loss: FloatArray, what: str) -> None:
        self._flag(~usable(loss), lambda row: f"the {what} {loss[row]:g} is not above 0 and at most {MAX_LOSS:g}")

    def _check_numbers(self, candidate: ir.Candidate) -> None:
        inside = self.rows.block == candidate.id
        names = self.space.blocks_by_name[candidate.block].numeric
        for at in range(self.rows.numbers.shape[1]):
            values = self.rows.numbers[:, at]
            if at < len(names):
                choices = candidate.numbers[names[at]]
                self._check_layers(inside, values, choices, names[at], f"block {candidate.id} ({candidate.block})")
                if names[at] in self.stage.uniform:
                    self._check_uniform(inside, values, names[at])
            else:
                extra = inside[self.row_of_layer] & ~np.isnan(values)
                self._flag_layers(extra, lambda at: f"block {candidate.id} ({candidate.block}) has no such parameter")

    def _check_layers(
        self, inside: npt.NDArray[np.bool_], values: npt.NDArray[np.generic], choices: ir.Choices, what: str, owner: str
    ) -> None:
        """Each layer's value must be one that the choices offer at its place."""
        if choices.per_layer:
            offered = np.array(choices.values)[np.minimum(self.layer, len(choices.values) - 1)]
            good = values == offered
        else:
            good = np.isin(values, choices.values)
        legal = ", ".join(map(str, choices.values))
        self._flag_layers(
            inside[self.row_of_layer] & ~good,
            lambda at: f"the {what} {_number(values[at])} of layer {self.layer[at] + 1} is not in {owner} {{{legal}}}",
        )

    def _check_uniform(self, inside: npt.NDArray[np.bool_], values: npt.NDArray[np.generic], what: str) -> None:
        first = values[self.rows.starts[:-1]][self.row_of_layer]
        self._flag_layers(
            inside[self.row_of_layer] & (values != first),
            lambda at: (
                f"the {what} of layer {self.layer[at] + 1} differs from layer 1's, and {self.stage.name} shares one"
            ),
        )

    def _flag_outside(self, values: IntArray, legal: tuple[int, ...], what: str, owner: str) -> None:
        self._flag(
            ~np.isin(values, legal),
            lambda row: (
                f"the {what} {values[row]} is not possible in {owner}; legal are {listed(map(str, legal), 'and')}"
            ),
        )

    def _flag_layers(self, bad: npt.NDArray[np.bool_], reason: Callable[[int], str]) -> None:
        for at in np.flatnonzero(bad).tolist():
            self.found.setdefault(int(self.row_of_layer[at]), reason(at))

    def _flag(self, bad: npt.NDArray[np.bool_], reason: Callable[[int], str]) -> None:
        for row in np.flatnonzero(bad).tolist():
            self.found.setdefault(row, reason(row))


def _number(value: np.generic) -> str:
    return "none" if value != value else f"{value:g}"
