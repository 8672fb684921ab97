"""A table of measured stage architectures: what a space's quality is computed from (paper, C.3).

For each (stage, block, window) of a hyperspace it holds rows: the layers, the channels that come in, the resolution and
the loss of block-wise distillation. None of that depends on a device, so latencies are attached apart from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spacelang import ir
from spacelang.evolve.settings import MAX_LATENCY_MS
from spacelang.networks.architecture import LayerChoice
from spacelang.networks.genome import Genome
from spacelang.report.diagnostics import Report, refuse
from spacelang.report.html import table as html_table
from spacelang.report.suggest import listed, some
from spacelang.translate.diff import Change, diff

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MAX_LOSS = 1e4
"""A greater loss is a mistake: an output of zeros has the loss 1."""
SHOWN = 5
"""This many findings of one kind are listed; the rest are counted."""


class Cell(NamedTuple):
    """A choice for one stage: `stage` is its index, `block` the search id, `window` the index of the width list."""

    stage: int
    block: int
    window: int


@dataclass(frozen=True, eq=False)
class Rows:
    """Measured stage architectures, in columns of equal length, except that those of the layers are longer.

    Attributes:
        stage, block, window: the cell of each row.
        resolution: of the network's input image, in pixels.
        channels_in: the channels that the stage receives.
        loss: of the distilled stage (NSR), in INT8 where the table was built here.
        depth: how many layers each row has; `width` and `numbers` hold them row after row.
        width: (layers,) the output channels.
        numbers: (layers, parameters) the block's numeric parameters in order; NaN where a block has fewer.
        loss_fp32: of the same stage without quantisers; None where nobody measured it, as in published tables.
    """

    stage: IntArray
    block: IntArray
    window: IntArray
    resolution: IntArray
    channels_in: IntArray
    loss: FloatArray
    depth: IntArray
    width: IntArray
    numbers: FloatArray
    loss_fp32: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.stage)

    @cached_property
    def starts(self) -> IntArray:
        """(rows + 1,) where each row's layers begin."""
        return np.concatenate(([0], np.cumsum(self.depth)))

    @cached_property
    def last_width(self) -> IntArray:
        """(rows,) the channels that the stage hands on."""
        return self.width[self.starts[1:] - 1]

    @cached_property
    def order(self) -> IntArray:
        """The order by cell that keeps rows of one cell as they are."""
        return np.lexsort((self.window, self.block, self.stage))

    def take(self, index: IntArray) -> Rows:
        """The rows of these indices, in this order."""
        depth = self.depth[index]
        layer = np.repeat(self.starts[index] - np.concatenate(([0], np.cumsum(depth)[:-1])), depth)
        layer += np.arange(len(layer))
        columns = {name: getattr(self, name)[index] for name in PER_ROW}
        fp32 = None if self.loss_fp32 is None else self.loss_fp32[index]
        return Rows(**columns, width=self.width[layer], numbers=self.numbers[layer], loss_fp32=fp32)

    def layers(self, row: int) -> tuple[LayerChoice, ...]:
        """The layers of one row."""
        part = slice(self.starts[row], self.starts[row + 1])
        return tuple(
            LayerChoice(width, tuple(int(each) if each.is_integer() else each for each in numbers if each == each))
            for width, numbers in zip(self.width[part].tolist(), self.numbers[part].tolist(), strict=True)
        )


PER_ROW = ("stage", "block", "window", "resolution", "channels_in", "loss", "depth")


@dataclass(frozen=True, eq=False)
class Latencies:
    """What one device adds to a table.

    Attributes:
        device: its name.
        fixed_ms: by resolution, the latency of stem and head in their smallest setting.
        rows_ms: (rows,) of each row's stage.
    """

    device: str
    fixed_ms: Mapping[int, float]
    rows_ms: FloatArray


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of one hyperspace, sorted by cell. Make one with `Table.of`, `read_table` or `import_table`.

    Attributes:
        space: the hyperspace, without its settings.
        latencies: None until a device's are attached.
        origin: where the rows came from, in words.
    """

    space: ir.SearchSpace
    rows: Rows
    latencies: Latencies | None
    origin: str

    def __repr__(self) -> str:
        device = f"latencies of {self.latencies.device}" if self.latencies is not None else "no latencies"
        return f"<table of {self.space.name}: {len(self.rows)} rows, {len(self.cells)} cells, {device}>"

    def _repr_html_(self) -> str:
        counts: dict[tuple[int, int], int] = {}
        for cell, rows in self.cells.items():
            key = (cell.stage, cell.block)
            counts[key] = counts.get(key, 0) + rows.stop - rows.start
        names = [(stage.name, each.block, index, each.id) for index, stage in enumerate(self.space.stages)
                 for each in stage.candidates]  # fmt: skip
        shown = ((stage, block, counts.get((index, id), 0)) for stage, block, index, id in names)
        return html_table(repr(self)[1:-1], ("stage", "block", "rows"), shown)

    @staticmethod
    def of(space: ir.SearchSpace, rows: Rows, latencies: Latencies | None, origin: str) -> Table:
        """A table of rows in any order. `write_table` and `read_table` also check that the space can contain them.

        Raises: SpacelangError: SP0703, SP0714: if a loss or a latency isn't usable, or one is missing.
        """
        _require_sound(space, rows, latencies)
        if latencies is not None:
            latencies = replace(latencies, rows_ms=latencies.rows_ms[rows.order])
        return Table(without_settings(space), rows.take(rows.order), latencies, origin)

    @cached_property
    def cells(self) -> dict[Cell, slice]:
        """The rows of each cell that has any."""
        rows = self.rows
        keys = np.stack((rows.stage, rows.block, rows.window), axis=1)
        starts = np.flatnonzero(np.any(keys[1:] != keys[:-1], axis=1)) + 1
        bounds = [0, *starts.tolist(), len(rows)] if len(rows) else [0]
        return {Cell(*keys[start].tolist()): slice(start, end) for start, end in pairwise(bounds)}

    @property
    def missing(self) -> tuple[Cell, ...]:
        """The cells of the hyperspace that have no row."""
        return tuple(each for each in all_cells(self.space) if each not in self.cells)

    def attach(self, device: str, rows_ms: FloatArray, fixed_ms: Mapping[int, float]) -> Table:
        """The same rows with the latencies of a device, which replace any that were there.

        Args:
            rows_ms: one for each row, in the table's order.
            fixed_ms: of stem and head in their smallest setting, for each resolution of the space.

        Raises:
            SpacelangError: SP0703, SP0714: if one is missing, not positive or too large.
        """
        report = Report()
        check_latencies(self.space, self.rows, Latencies(device, fixed_ms, rows_ms), report)
        report.raise_if_failed()
        return replace(self, latencies=Latencies(device, dict(fixed_ms), rows_ms))

    def require_latencies(self) -> Latencies:
        """Raises: SpacelangError: SP0705: if none are attached."""
        if self.latencies is None:
            refuse(
                "SP0705",
                "the table has no latencies, so no space can be scored with it",
                "attach those of a device: `spacelang table attach TABLE --device NAME -o TABLE`",
            )
        return self.latencies

    def require_cells(self, cells: Iterator[Cell] | tuple[Cell, ...]) -> None:
        """Raises: SpacelangError: SP0706: if one of the cells has no row."""
        missing = [each for each in cells if each not in self.cells]
        if missing:
            shown = some([self.describe(each) for each in missing], SHOWN, joint="; ")
            help = "distil these blocks first; `spacelang table info` lists what is missing"
            refuse("SP0706", f"the table has no rows for {shown}", help)

    def require_fit(self, space: ir.SearchSpace, part: ir.SearchSpace | None = None) -> None:
        """Check that `space` is the table's hyperspace, or the given part of it.

        Raises: SpacelangError: SP0704: if it isn't; the message names what differs.
        """
        mine = part or self.space
        if space.sha256 == mine.sha256:
            return
        verb = "is not" if part is None else "doesn't hold"
        other = f"{verb} {space.name}@{space.short_hash}"
        found = [_in_words(each) for each in _structural_changes(mine, space)]
        refuse(
            "SP0704",
            f"the table was made for {self.space.name}@{self.space.short_hash}, which {other}: "
            f"{some(found, SHOWN, 'differences', '; ')}",
            "use the space that the table was made for, or make a table for this one",
        )

    def describe(self, cell: Cell) -> str:
        """A cell in the words of the text."""
        stage = self.space.stages[cell.stage]
        widths = listed(map(str, stage.windows[cell.window].values), "and")
        block = stage.candidate(cell.block).block
        return f"{stage.name}, block {cell.block} ({block}), width list {cell.window} ({widths})"


def _structural_changes(mine: ir.SearchSpace, other: ir.SearchSpace) -> list[Change]:
    """What differs in the networks themselves; names, devices and settings aside."""
    pair = (
        ir.replace(without_settings(each), name=mine.name, device=mine.device, origin=None) for each in (mine, other)
    )
    return [each for each in diff(*pair) if each.path not in ("spaces", "models")]


def _in_words(change: Change) -> str:
    if "\n" in change.before + change.after:
        return f"{change.path} differs"
    if change.kind == "renamed":
        return f"the stage {change.before} of the table is called {change.after} in the space"
    if change.kind == "moved":
        return f"the stage {change.path} is in another place in the space"
    if change.kind == "changed":
        return f"{change.path} is {change.before} in the table, {change.after} in the space"
    if change.kind == "removed":
        return f"{change.path} {change.before} is in the table only"
    return f"{change.path} {change.after} is in the space only"


def require_table(table: Any) -> Table:
    """Raises: SpacelangError: SP0703, SP0714, SP0725: if it isn't a table, or has become invalid."""
    if not isinstance(table, Table):
        mend = 'give what `spacelang.read_table("FILE")` returns'
        refuse("SP0725", f"the table is {table!r}, a {type(table).__name__}", mend)
    _require_sound(table.space, table.rows, table.latencies)
    return table


def without_settings(space: ir.SearchSpace) -> ir.SearchSpace:
    """The space as a table remembers it: targets and search settings may change, the rows stay right."""
    return ir.replace(space, targets=None, limits=None, quality=None, evolution=None, distill=None, train=None)


def all_cells(space: ir.SearchSpace) -> Iterator[Cell]:
    """Every (stage, block, window) of a hyperspace, in order."""
    for index, stage in enumerate(space.stages):
        for block in sorted(each.id for each in stage.candidates):
            for window in range(len(stage.windows)):
                yield Cell(index, block, window)


def cells_of(genome: Genome) -> tuple[Cell, ...]:
    """The cell that each stage of a space uses."""
    return tuple(Cell(stage, *choice) for stage, choice in enumerate(zip(genome.blocks, genome.windows, strict=True)))


def genome_of_cells(cells: tuple[Cell, ...]) -> Genome:
    """The inverse of `cells_of`."""
    return Genome(tuple(each.block for each in cells), tuple(each.window for each in cells))


def _require_sound(space: ir.SearchSpace, rows: Rows, latencies: Latencies | None) -> None:
    """Raises: SpacelangError: SP0703, SP0714: if a loss or a latency isn't usable, or one is missing."""
    report = Report()
    bad = np.flatnonzero(~usable(rows.loss))
    if len(bad):
        report.error(
            "SP0703",
            f"{len(bad)} of {len(rows)} losses aren't usable; the first is {rows.loss[bad[0]]:g}, in row {bad[0]}",
            help=f"a loss is above 0 and at most {MAX_LOSS:g}",
        )
    if latencies is not None:
        check_latencies(space, rows, latencies, report)
    report.raise_if_failed()


def usable(loss: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether each loss is one that a row may have."""
    return np.isfinite(loss) & (loss > 0) & (loss <= MAX_LOSS)


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
