"""Published tables: one CSV file `stageS_BLOCK_WINDOW.csv` for each cell, rows like

    3#80#4_5#64#6,1x48x24x24,0.3339,297.4925,2.0685,3.2369

kernel#width#expand of each layer (`None` where the block has no expand), the stage's input, loss, MFLOPs, millions of
parameters (LSQ+'s scalars included), latency in ms. S counts from 1.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from spacelang import ir
from spacelang.evolve.settings import path_of, require_space
from spacelang.evolve.table.archive import ArchiveError, csv_files
from spacelang.evolve.table.columns import regular_fixed
from spacelang.evolve.table.repeats import repeats
from spacelang.evolve.table.rows import Cell, Latencies, Rows
from spacelang.evolve.table.rules import check_latencies, row_problems
from spacelang.evolve.table.table import Table, all_cells, assembled
from spacelang.language.shapes import sizes
from spacelang.networks.cost import CostModel
from spacelang.networks.walk import MapShape
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.report.suggest import listed

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""

PROGRESS_STEP = 1000
"""Rows between two calls."""
INTEGERS = ("stage", "block", "window", "resolution", "channels_in", "depth")
MAX_ERRORS = 20
"""After this many findings the rest are only counted."""
FILE_NAME = re.compile(r"stage([1-9]\d?)_(\d{1,3})_(\d{1,3})\.csv")
REAL = r"\d{1,9}(?:\.\d{1,15})?"
ROW = re.compile(
    r"(?P<layers>[\w.#]{1,4000}),1x(?P<channels>\d{1,6})x(?P<height>\d{1,6})x(?P<width>\d{1,6})"
    rf",(?P<loss>{REAL}),(?P<mflops>{REAL}),(?P<mparams>{REAL}),(?P<latency>{REAL})",
    re.ASCII,
)
ROW_FORM = "layers,1xCHANNELSxHEIGHTxWIDTH,loss,MFLOPs,million parameters,latency"
LAYER = re.compile(r"(\d{1,3})#(\d{1,6})#(None|\d{1,4}(?:\.\d{1,6})?)")
ROUNDING = 6e-5
SUM_ERROR = 1e-6
"""Printed to four decimals from sums in single precision: a value may be off by `ROUNDING` and this share of itself."""
WORDS = {"kernel", "expand"}
"""The parameters that such a file can hold."""


def import_table(
    path: str | Path,
    space: ir.SearchSpace,
    fixed_ms: Mapping[int, float],
    *,
    verify: bool = False,
    progress: Progress | None = None,
    remark: Callable[[str], None] | None = None,
) -> Table:
    """Read a published table of `space`, an archive or a folder, strictly: every row must be one the space can contain.

    Args:
        fixed_ms: latency of stem and head in their smallest setting, for each resolution that has rows.
        verify: compute FLOPs and parameters of every row, and report each that differs from what is printed.
        remark: is told, in words, which rows repeat others.

    Raises:
        SpacelangError: SP0710-SP0714, all findings up to a limit, each with its file, line and reason; SP0725 if an
            argument is of another kind.
    """
    require_space(space)
    path, fixed_ms, report = path_of(path, "archive"), regular_fixed(fixed_ms), Report()
    _check_blocks(space, report)
    members = _read_archive(path, report)
    report.raise_if_failed()
    reader = _Reader(space, fixed_ms, report)
    for name, data in members:
        reader.add_file(name, data)
    rows = reader.rows()
    if not len(rows) and not report.failed:
        report.error("SP0710", f"{path}: there is no file like `stage1_0_0.csv` in it")
    latencies = Latencies(space.device.name, fixed_ms, np.array(reader.latency))
    for row, reason in row_problems(space, rows):
        reader.error(row, reason)
    check_latencies(space, rows, latencies, report)
    if verify and not report.failed:
        reader.verify(rows, progress)
    if reader.errors > MAX_ERRORS:
        report.error("SP0712", f"{reader.errors - MAX_ERRORS} more findings are not shown")
    report.raise_if_failed()
    table = assembled(space, rows, latencies, f"imported from {path.name}").without_copies()
    if remark:
        _tell_repeats(len(rows) - len(table.rows), len(repeats(table.rows)[0]), remark)
    return table


def _tell_repeats(copied: int, repeated: int, remark: Callable[[str], None]) -> None:
    if copied:
        remark(f"{copied} rows only copy others and are left out")
    if repeated:
        remark(f"{repeated} rows repeat an architecture; each counts, as a measurement of its own")


def _read_archive(path: Path, report: Report) -> list[tuple[str, bytes]]:
    """In the order of their names, so that the order in an archive doesn't matter."""
    try:
        return sorted(csv_files(path))
    except ArchiveError as error:
        report.error("SP0710", f"{path}: {error}", help="give a folder, a .zip, or a .tar with .gz, .bz2 or .xz")
        report.raise_if_failed()
        raise AssertionError("unreachable") from error


def _check_blocks(space: ir.SearchSpace, report: Report) -> None:
    for name in dict.fromkeys(each.block for stage in space.stages for each in stage.candidates):
        unknown = set(space.blocks_by_name[name].numeric) - WORDS
        if unknown:
            report.error(
                "SP0711",
                f"the published format can't hold the parameter {listed(sorted(unknown), 'and')} of the block {name}",
                help="it has the width, kernel and expand of a layer",
            )


class _Sizes:
    """Which resolution of the image gives a stage an input of this size.

    Of several, those count that the table has rows for, which are those with a fixed latency: 176 and 192 pixels both
    give 6 after five strides, and the published Pixel 4 table has 192 only.
    """

    def __init__(self, size_of: Mapping[int, int], measured: Collection[int]) -> None:
        self.size_of, self.measured = size_of, measured

    def resolution(self, height: str, width: str) -> int | None:
        found = self._resolutions(height)
        return found[0] if height == width and len(found) == 1 else None

    def reason(self, height: str, width: str) -> str:
        """Why there is no such resolution, or more than one."""
        if height != width:
            return f"the input is {height}×{width}, and images are square"
        found = self._resolutions(height)
        if found:
            return (
                f"an input of {height}×{height} could come from any of the resolutions "
                f"{listed(map(str, found), 'and')}; give fixed latencies for those that the table has"
            )
        legal = listed((f"{size} ({each})" for each, size in self.size_of.items()), "and")
        return f"no resolution gives this stage an input of {height}×{height}; sizes (resolutions) are {legal}"

    def _resolutions(self, height: str) -> list[int]:
        found = [resolution for resolution, size in self.size_of.items() if size == int(height)]
        return [each for each in found if each in self.measured] or found


class _Place(NamedTuple):
    """`file` is an index, `line` counts from 0."""

    file: int
    line: int


class _Reader:
    """Collects the rows of all files, and what is wrong with them."""

    def __init__(self, space: ir.SearchSpace, measured: Collection[int], report: Report) -> None:
        self.space, self.report = space, report
        self.errors = 0
        self.latency: list[float] = []
        self._texts: list[tuple[str, list[str]]] = []
        self._places: list[_Place] = []
        self._possible = set(all_cells(space))
        self._cells: dict[Cell, str] = {}
        self._printed: list[tuple[float, float]] = []
        self._columns: dict[str, list[int]] = {name: [] for name in INTEGERS}
        self._loss: list[float] = []
        self._width, self._numbers = array("q"), array("d")
        self._layers: dict[str, tuple[int, float, float]] = {}
        strides = [stage.stride for stage in space.stem + space.stages]
        along = {resolution: sizes(resolution, strides)[len(space.stem) :] for resolution in space.resolutions}
        self._sizes = [
            _Sizes({each: size[index] for each, size in along.items()}, measured) for index in range(len(space.stages))
        ]

    def add_file(self, name: str, data: bytes) -> None:
        """Read one file; what is wrong with it is reported."""
        cell = self._cell_of(name)
        if cell is None:
            return
        try:
            lines = data.decode("ascii").splitlines()
        except UnicodeDecodeError as error:
            self._count("SP0712", f"{name}: byte {error.start} is not ASCII text")
            return
        self._texts.append((name, lines))
        kernel_first = self._kernel_first(cell)
        for number, line in enumerate(lines):
            self._add_row(cell, kernel_first, _Place(len(self._texts) - 1, number), line)

    def rows(self) -> Rows:
        columns = {name: np.array(values, np.int64) for name, values in self._columns.items()}
        width = np.array(self._width, np.int64)
        numbers = np.array(self._numbers, np.float64).reshape(len(width), 2)
        return Rows(**columns, loss=np.array(self._loss, np.float64), width=width, numbers=numbers, loss_fp32=None)

    def error(self, row: int, reason: str) -> None:
        """Report what is wrong with a row that was added."""
        self._error_at(self._places[row], reason)

    def verify(self, rows: Rows, progress: Progress | None) -> None:
        """Compute FLOPs and parameters of each row and report those that differ from the printed ones."""
        model = CostModel(self.space)
        for row in range(len(rows)):
            if progress and row % PROGRESS_STEP == 0:
                progress(row, len(rows))
            stage = self.space.stages[rows.stage[row]]
            candidate = stage.candidate(int(rows.block[row]))
            size = self._sizes[rows.stage[row]].size_of[int(rows.resolution[row])]
            cost = model.stage(stage, candidate, rows.layers(row), MapShape(int(rows.channels_in[row]), size))
            mflops, mparams = self._printed[row]
            for what, printed, computed in (
                ("MFLOPs", mflops, cost.mflops),
                ("million parameters", mparams, cost.mparams_quantised),
            ):
                if abs(printed - computed) > ROUNDING + SUM_ERROR * computed:
                    self._error_at(
                        self._places[row], f"{printed:.4f} {what} are written, {computed:.4f} are right", "SP0713"
                    )
        if progress:
            progress(len(rows), len(rows))

    def _cell_of(self, name: str) -> Cell | None:
        """The cell that a file's name gives, if the space has it and no other file gave it."""
        match = FILE_NAME.fullmatch(PurePosixPath(name).name)
        if match is None:
            self._count("SP0711", f"{name}: a file of a table is named like `stage1_0_0.csv`")
            return None
        cell = Cell(int(match[1]) - 1, int(match[2]), int(match[3]))
        if cell not in self._possible:
            self._count("SP0711", f"{name}: {self.space.name} has no such stage, block and width list")
        elif cell in self._cells:
            self._count("SP0711", f"{name} and {self._cells[cell]} both hold the same cell")
        else:
            self._cells[cell] = name
            return cell
        return None

    def _kernel_first(self, cell: Cell) -> bool:
        candidate = self.space.stages[cell.stage].candidate(cell.block)
        return self.space.blocks_by_name[candidate.block].numeric[:1] != ("expand",)

    def _add_row(self, cell: Cell, kernel_first: bool, place: _Place, line: str) -> None:
        match = ROW.fullmatch(line)
        if match is None:
            self._error_at(place, f"a row is {ROW_FORM}")
            return
        layers = [self._layer(text) for text in match["layers"].split("_")]
        if None in layers:
            self._error_at(place, f"a layer is kernel#width#expand, and a row is {ROW_FORM}")
            return
        sizes = self._sizes[cell.stage]
        resolution = sizes.resolution(match["height"], match["width"])
        if resolution is None:
            self._error_at(place, sizes.reason(match["height"], match["width"]))
            return
        for layer in layers:
            assert layer is not None
            width, kernel, expand = layer
            self._width.append(width)
            self._numbers.extend((kernel, expand) if kernel_first else (expand, kernel))
        for name, value in zip(INTEGERS, (*cell, resolution, int(match["channels"]), len(layers)), strict=True):
            self._columns[name].append(value)
        self._loss.append(float(match["loss"]))
        self.latency.append(float(match["latency"]))
        self._printed.append((float(match["mflops"]), float(match["mparams"])))
        self._places.append(place)

    def _count(self, code: str, message: str) -> None:
        if self.errors < MAX_ERRORS:
            self.report.error(code, message)
        self.errors += 1

    def _layer(self, text: str) -> tuple[int, float, float] | None:
        """Width, kernel, expand (NaN where there is none)."""
        known = self._layers.get(text)
        if known is None:
            match = LAYER.fullmatch(text)
            if match is None:
                return None
            expand = math.nan if match[3] == "None" else float(match[3])
            known = self._layers[text] = (int(match[2]), float(match[1]), expand)
        return known

    def _error_at(self, place: _Place, reason: str, code: str = "SP0712") -> None:
        if self.errors < MAX_ERRORS:
            name, lines = self._texts[place.file]
            source = Source(name, "\n".join(lines))
            start = sum(len(each) + 1 for each in lines[: place.line])
            self.report.error(code, reason, source.span(start, start + len(lines[place.line])))
        self.errors += 1
