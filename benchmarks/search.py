"""How fast spaces are scored and the best one is proved, as ratios within one run.

    python benchmarks/search.py [ARCHIVE]

ARCHIVE is the published VNNI table. Without it a made-up table of the same size is used, whose scores mean nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import TypeVar

import numpy as np

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.evolve.evolution import evolve
from spacelang.evolve.quality.quality import Estimator
from spacelang.evolve.solve import solve
from spacelang.evolve.table.importer import import_table
from spacelang.evolve.table.rules import channels_into
from spacelang.evolve.table.table import Cell, Latencies, Rows, Table, all_cells, cells_of
from spacelang.networks.genome import Genome
from spacelang.report.source import Source

ROOT = Path(__file__).resolve().parents[1]
FIXED = {160: 1.751, 192: 2.277, 224: 2.801}
SAMPLES = 100_000
"""Samples for each target, as in the published search."""
SAMPLED_SPACES = 10
"""Spaces that the slow sampler is timed on."""

Result = TypeVar("Result")


def main() -> None:
    path = ROOT / "specs" / "vnni_released.space"
    (space,) = compile_source(Source(str(path), path.read_text()), path)
    table = import_table(Path(sys.argv[1]), space, FIXED) if len(sys.argv) > 1 else made_table(space)
    assert space.targets is not None
    assert space.quality is not None
    assert space.evolution is not None
    targets, quality = space.targets.latency_ms, space.quality

    random = Random(0)
    genomes = [random_genome(space, random) for _ in range(space.evolution.spaces)]
    generator = np.random.default_rng(0)
    few = genomes[:SAMPLED_SPACES]
    sampled, _ = timed(lambda: [sampled_score(table, each, targets, quality.top, generator) for each in few])
    estimator = Estimator(table, targets, quality)
    exact, _ = timed(lambda: [estimator.values(each) for each in genomes])
    evolving, found = timed(lambda: evolve(space, table))
    solving, solution = timed(lambda: solve(space, table))
    print(f"{table.origin}; top {quality.top}, {len(targets)} targets\n")
    print(f"{'':42}{'a space':>12}{'ratio':>9}")
    slow = sampled / len(few)
    for what, spent in (
        (f"sampler, {SAMPLES} draws a target", slow),
        (f"exact, {len(genomes)} random spaces", exact / len(genomes)),
        (f"evolve, {found.explored} spaces, {found.different} different", evolving / found.explored),
    ):
        print(f"{what:42}{spent * 1e3:9.2f} ms{slow / spent:9.1f}")
    for what, spent, score in (("evolve", evolving, found.score), ("solve", solving, solution.score)):
        print(f"{what:7} {spent:5.1f} s, {score.encoding} scores {score.total:.6f}")
    print(f"gap {found.gap:.2%}, {solution.nodes} nodes, {'proved' if solution.proved else 'not proved'}")


def timed(run: Callable[[], Result]) -> tuple[float, Result]:
    begun = time.perf_counter()
    result = run()
    return time.perf_counter() - begun, result


def sampled_score(
    table: Table, genome: Genome, targets: tuple[float, ...], top: int, random: np.random.Generator
) -> float:
    """The published setting in plain numpy: for each target fresh draws, each a resolution and a row a stage."""
    latencies, rows = table.require_latencies(), table.rows
    total = 0.0
    for target in targets:
        resolution = random.choice(table.space.resolutions, SAMPLES)
        loss, latency = np.zeros(SAMPLES), np.zeros(SAMPLES)
        for size in table.space.resolutions:
            drawn = np.flatnonzero(resolution == size)
            latency[drawn] = latencies.fixed_ms[size]
            for cell in cells_of(genome):
                part = table.cells[cell]
                members = np.flatnonzero(rows.resolution[part] == size) + part.start
                chosen = random.choice(members, len(drawn))
                loss[drawn] += rows.loss[chosen]
                latency[drawn] += latencies.rows_ms[chosen]
        fits = np.sort(loss[latency <= target])[:top]
        total += 1 / fits.mean() if len(fits) else 0.0
    return total


def random_genome(space: ir.SearchSpace, random: Random) -> Genome:
    blocks = tuple(random.choice(stage.candidates).id for stage in space.stages)
    return Genome(blocks, tuple(random.randrange(len(stage.windows)) for stage in space.stages))


def made_table(space: ir.SearchSpace) -> Table:
    """1 000 made-up rows a cell: the faster, the greater the loss, and some cells are better than others."""
    random = Random(0)
    rows = [row for cell in all_cells(space) for row in made_rows(space, cell, random)]
    cells, resolutions, channels, losses, latencies, layers = zip(*rows, strict=True)
    stage, block, window = np.array(cells, np.int64).T
    flat = np.array([layer for each in layers for layer in each], np.float64)
    columns = Rows(
        stage=stage,
        block=block,
        window=window,
        resolution=np.array(resolutions),
        channels_in=np.array(channels),
        loss=np.array(losses),
        depth=np.array([len(each) for each in layers]),
        width=flat[:, 0].astype(np.int64),
        numbers=flat[:, 1:],
    )
    return Table.of(space, columns, Latencies(space.device.name, FIXED, np.array(latencies)), "a made table")


def made_rows(space: ir.SearchSpace, cell: Cell, random: Random) -> Iterator[tuple[object, ...]]:
    stage = space.stages[cell.stage]
    numbers = stage.candidate(cell.block).numbers
    scale = random.uniform(0.9, 1.1)
    for _ in range(1000):
        layers = [
            [
                random.choice(stage.windows[cell.window].values),
                *(random.choice(numbers[each].values) if each in numbers else np.nan for each in ("kernel", "expand")),
            ]
            for _ in range(random.choice(stage.depth))
        ]
        latency = random.lognormvariate(0.5, 0.8)
        loss = scale * (0.3 + 0.1 * random.random()) / (1 + latency) ** 0.2
        channels = random.choice(channels_into(space, cell.stage))
        yield cell, random.choice(space.resolutions), channels, loss, latency, layers


if __name__ == "__main__":
    main()
