"""What the plots and tables of the page show, read from the files of a run. What isn't there yet is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spacelang import ir
from spacelang.driver import load
from spacelang.evolve.table.inventory import inventory
from spacelang.evolve.table.parquet import read_table
from spacelang.evolve.table.table import Cell, Table
from spacelang.networks.genome import Genome, decode
from spacelang.report.diagnostics import SpacelangError, refuse
from spacelang.whole.record import Whole, read_whole
from spacelang.whole.results import Shipped, read_json, shipped

Point = dict[str, Any]
"""A mark of a plot: what it shows by name."""
MOST_ROWS = 6000
"""Of a table; of a larger one, each cell's best losses for their latency are shown."""


class Found(NamedTuple):
    """Attributes:
    folder: the run's.
    space: the hyperspace, or the space that the run began with; None if its file is gone.
    best: the space that was trained.
    genome: of `best` in the hyperspace.
    table: with latencies.
    """

    folder: Path
    whole: Whole
    space: ir.SearchSpace | None
    best: ir.SearchSpace | None
    genome: Genome | None
    table: Table | None
    files: tuple[Shipped, ...]


def read_found(folder: Path) -> Found:
    """Raises: SpacelangError: SP2106 if the folder holds no run; SP2103 if its record is damaged."""
    whole = read_whole(folder)
    if whole is None or not whole.done:
        refuse("SP2106", f"`{folder}` holds no run", "name a folder that `spacelang run` made")
    space = _space(Path(whole.file.rpartition("#")[0] or whole.file), whole.file)
    best = _space(folder / "optimum.space") if whole.kind == "hyperspace" else space
    table = read_table(folder / "table.parquet") if "attach" in whole.done else None
    encoding = read_json(folder / "solve.json").get("encoding")
    genome = decode(table.space, encoding) if table and encoding else None
    return Found(folder, whole, space, best, genome, table, tuple(shipped(folder)))


def _space(file: Path, argument: str = "") -> ir.SearchSpace | None:
    try:
        return load(argument or file) if file.exists() else None
    except SpacelangError:
        return None


def command(found: Found, *steps: str) -> str:
    """The commands of steps, a line each."""
    return "\n".join(each for step in steps if step in found.whole.done for each in found.whole.done[step].commands)


def evolution(found: Found) -> list[Point]:
    """Every space that evolution scored, in its order, with the best until then."""
    path = found.folder / "history.jsonl"
    if "evolve" not in found.whole.done:
        return []
    points, best = [], 0.0
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        entry = json.loads(line)
        best = max(best, entry["score"])
        points.append(
            {
                "scored": entry["index"] + 1, "space": entry["encoding"], "score": entry["score"], "best": best,
                "came by": entry["operation"],
            }
        )  # fmt: skip
    return points


def optimum(found: Found) -> float | None:
    """The score of the best space there is, if it is proved."""
    solved = read_json(found.folder / "solve.json")
    return solved.get("score") if solved.get("proved") else None


def cells(found: Found) -> Iterator[tuple[ir.Stage, list[Point], str]]:
    """For each stage its measured stage architectures, and in words what was chosen."""
    table = found.table
    if table is None or table.latencies is None:
        return
    for at, stage in enumerate(table.space.stages):
        chosen = (found.genome.blocks[at], found.genome.windows[at]) if found.genome else None
        points = [each for cell in table.cells if cell.stage == at for each in _rows(table, cell, chosen)]
        words = ""
        if chosen:
            widths = ", ".join(map(str, stage.windows[chosen[1]].values))
            words = f"{stage.candidate(chosen[0]).block} with widths {widths}"
        yield stage, points, words


def _rows(table: Table, cell: Cell, chosen: tuple[int, int] | None) -> Iterator[Point]:
    stage = table.space.stages[cell.stage]
    part = table.cells[cell]
    assert table.latencies is not None
    loss, ms = table.rows.loss[part], table.latencies.rows_ms[part]
    kept: Sequence[int] = range(len(loss)) if len(table.rows) <= MOST_ROWS else _front(loss, ms)
    for at in kept:
        yield {
            "block": stage.candidate(cell.block).block,
            "widths": ", ".join(map(str, stage.windows[cell.window].values)),
            "resolution": int(table.rows.resolution[part][at]),
            "layers": int(table.rows.depth[part][at]),
            "loss": round(float(loss[at]), 5),
            "ms": round(float(ms[at]), 5),
            "chosen": "chosen" if (cell.block, cell.window) == chosen else "other",
        }


def _front(loss: Any, ms: Any) -> list[int]:
    """Those that no other is as fast as and better."""
    order, best, kept = np.lexsort((loss, ms)), np.inf, []
    for at in order:
        if loss[at] < best:
            best = loss[at]
            kept.append(int(at))
    return kept


def int8_costs(found: Found) -> list[Point]:
    """How much greater the loss is in INT8 than in FP32, for each stage and block."""
    if found.table is None:
        return []
    costs: dict[tuple[int, int], list[float]] = {}
    for each in inventory(found.table):
        if each.int8_cost is not None:
            costs.setdefault((each.cell.stage, each.cell.block), []).append(each.int8_cost)
    stages = found.table.space.stages
    return [
        {"stage": stages[stage].name, "block": stages[stage].candidate(block).block, "adds": float(np.mean(values))}
        for (stage, block), values in costs.items()
    ]


def predictions(found: Found) -> list[Point]:
    """Of each file, the latency that was predicted and the one that was measured."""
    return [
        {"file": each.path.name, "model": each.model, "runtime": each.format, "predicted": each.predicted_ms,
         "measured": each.int8_ms}
        for each in found.files
        if each.predicted_ms and each.int8_ms
    ]  # fmt: skip


def front(found: Found, baselines: Sequence[Found]) -> list[Point]:
    """Accuracy and measured latency of every file, the run's own and those of the baselines."""
    points = []
    for of in (found, *baselines):
        for each in of.files:
            if each.top1 is None or each.int8_ms is None:
                continue
            for precision, ms in (("INT8", each.int8_ms),):
                points.append(
                    {
                        "file": each.path.name, "model": each.model if of is found else "", "of": of.whole.name,
                        "runtime": each.format, "precision": precision, "ms": ms, "top-1": each.top1,
                        "MB": round(each.bytes / 1e6, 3),
                    }
                )  # fmt: skip
    return points
