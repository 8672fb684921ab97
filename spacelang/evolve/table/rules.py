"""Whether a hyperspace can contain the rows of a table. One check for imported files and for tables read back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spacelang import ir
from spacelang.evolve.settings import MAX_LATENCY_MS
from spacelang.evolve.table.rows import MAX_LOSS, FloatArray, IntArray, Latencies, Rows, usable
from spacelang.networks.positions import entry_widths
from spacelang.report.diagnostics import Report
from spacelang.report.suggest import listed

SHOWN = 5
"""This many findings of one kind are listed; the rest are counted."""


class Problem(NamedTuple):
    """`reason`: what is wrong with the row, in words."""

    row: int
    reason: str


def row_problems(space: ir.SearchSpace, rows: Rows) -> Iterator[Problem]:
    """The first thing that is wrong with each bad row, stage by stage. `rows.stage` must index the space's stages."""
    for index, stage in enumerate(space.stages):
        members, part = rows.of_stage(index)
        checks = _StageChecks(space, index, stage, part)
        for row, reason in sorted(checks.problems().items()):
            yield Problem(int(members[row]), reason)


def check_rows(space: ir.SearchSpace, rows: Rows, subject: str, report: Report) -> None:
    """Reports SP0703 for rows that the hyperspace can't contain."""
    strange = np.flatnonzero((rows.stage < 0) | (rows.stage >= len(space.stages)))
    bad = [
        Problem(row, f"{space.name} has no stage {rows.stage[row]}; it has {len(space.stages)}, counted from 0")
        for row in strange.tolist()
    ]
    bad += row_problems(space, rows)
    for row, reason in bad[:SHOWN]:
        report.error("SP0703", f"{subject}: row {row}: {reason}")
    if len(bad) > SHOWN:
        report.error("SP0703", f"{subject}: {len(bad) - SHOWN} more rows aren't possible in {space.name}")


def check_losses(rows: Rows, report: Report) -> None:
    """Reports SP0703 for losses that aren't usable."""
    bad = np.flatnonzero(~usable(rows.loss))
    if len(bad):
        report.error(
            "SP0703",
            f"{len(bad)} of {len(rows)} losses aren't usable; the first is {rows.loss[bad[0]]:g}, in row {bad[0]}",
            help=f"a loss is above 0 and at most {MAX_LOSS:g}",
        )


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
                self._flag_layers(
                    np.flatnonzero(extra), lambda at: f"block {candidate.id} ({candidate.block}) has no such parameter"
                )

    def _check_layers(
        self, inside: npt.NDArray[np.bool_], values: npt.NDArray[np.generic], choices: ir.Choices, what: str, owner: str
    ) -> None:
        """Each layer's value must be one that the choices offer at its place."""
        layers = np.flatnonzero(inside[self.row_of_layer])
        if choices.per_layer:
            offered = np.array(choices.values)[np.minimum(self.layer[layers], len(choices.values) - 1)]
            good = values[layers] == offered
        else:
            good = np.isin(values[layers], choices.values)
        legal = ", ".join(map(str, choices.values))
        self._flag_layers(
            layers[~good],
            lambda at: f"the {what} {_number(values[at])} of layer {self.layer[at] + 1} is not in {owner} {{{legal}}}",
        )

    def _check_uniform(self, inside: npt.NDArray[np.bool_], values: npt.NDArray[np.generic], what: str) -> None:
        first = values[self.rows.starts[:-1]][self.row_of_layer]
        self._flag_layers(
            np.flatnonzero(inside[self.row_of_layer] & (values != first)),
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

    def _flag_layers(self, bad: IntArray, reason: Callable[[int], str]) -> None:
        for at in bad.tolist():
            self.found.setdefault(int(self.row_of_layer[at]), reason(at))

    def _flag(self, bad: npt.NDArray[np.bool_], reason: Callable[[int], str]) -> None:
        for row in np.flatnonzero(bad).tolist():
            self.found.setdefault(row, reason(row))


def _number(value: np.generic) -> str:
    return "none" if value != value else f"{value:g}"


def check_latencies(space: ir.SearchSpace, rows: Rows, latencies: Latencies, report: Report) -> None:
    """Reports SP0703 for rows without a usable latency, SP0714 for resolutions without a fixed one."""
    good = np.isfinite(latencies.rows_ms) & (latencies.rows_ms > 0) & (latencies.rows_ms <= MAX_LATENCY_MS)
    if len(good) != len(rows):
        report.error("SP0703", f"there are {len(good)} latencies for {len(rows)} rows")
    elif not good.all():
        first = int(np.flatnonzero(~good)[0])
        report.error(
            "SP0703",
            f"{np.count_nonzero(~good)} of {len(rows)} latencies are not usable; the first is "
            f"{latencies.rows_ms[first]:g} ms, in row {first}",
            help=f"a latency is above 0 and at most {MAX_LATENCY_MS:g} ms",
        )
    check_fixed(space, latencies.fixed_ms, report, np.unique(rows.resolution).tolist())


def check_fixed(
    space: ir.SearchSpace, fixed_ms: Mapping[int, float], report: Report, measured: Collection[int]
) -> None:
    """Reports SP0714 unless there is one positive fixed latency for each resolution that has rows, and none that isn't
    a resolution of the space."""
    legal = listed(map(str, space.resolutions), "and")
    for resolution in space.resolutions:
        if resolution in measured and resolution not in fixed_ms:
            report.error(
                "SP0714",
                f"the fixed latency of stem and head at resolution {resolution} is missing",
                help=f"give one for each of {legal}: `--fixed-latency RESOLUTION=MS,…`",
            )
    for resolution, value in fixed_ms.items():
        if resolution not in space.resolutions:
            report.error(
                "SP0714", f"{resolution} is not a resolution of {space.name}", help=f"its resolutions are {legal}"
            )
        elif not 0 < value <= MAX_LATENCY_MS:
            report.error(
                "SP0714",
                f"the fixed latency {value:g} ms at resolution {resolution} is not usable",
                help=f"a latency is above 0 and at most {MAX_LATENCY_MS:g} ms",
            )
