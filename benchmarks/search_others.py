"""Other tools on the search of the published table, in one run, as ratios: HiGHS, ConfigSpace, nevergrad.

    python benchmarks/search_others.py ARCHIVE [SPACES]

HiGHS (`scipy.optimize.milp`) gets the best space as an integer program. The score is a sum of 1 / loss, which no such
program can say, so its objective is linearised at the optimum that `solve` proves: easier than the search itself, as it
is told where to look. ConfigSpace draws SPACES spaces at random, and nevergrad proposes as many (its default optimiser
for such spaces, `NGOpt`); both are scored by the same estimator as in `evolve`. nevergrad isn't a dependency, and is
left out where it isn't installed.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from ConfigSpace import ConfigurationSpace
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

import spacelang
from spacelang import ir
from spacelang.evolve.quality.landscape import Landscape, loss_of
from spacelang.evolve.quality.quality import Estimator, total
from spacelang.evolve.table.table import Cell, Table, genome_of_cells

ROOT = Path(__file__).resolve().parents[1]
FIXED = {160: 1.751, 192: 2.277, 224: 2.801}
MIP_SECONDS = 300.0

Result = TypeVar("Result")


def main() -> None:
    space = spacelang.load(ROOT / "specs" / "vnni_released.space")
    table = spacelang.import_table(space, sys.argv[1], FIXED)
    spaces = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    assert space.targets is not None
    targets = space.targets.latency_ms
    quality = ir.Quality(estimator="exact", top=1)
    ours, solution = timed(lambda: spacelang.solve(space, table, quality=quality))
    losses = [each.best[0].loss for each in solution.score.targets]
    theirs, cells = timed(lambda: highs(table, targets, losses))
    value = total(Estimator(table, targets, quality).values(genome_of_cells(cells)))
    print(f"top 1: solve proves {solution.score.encoding} {solution.score.total:.6f} in {ours:.2f} s CPU")
    found = f"{spacelang.encode(genome_of_cells(cells))} {value:.6f}"
    print(f"       HiGHS finds {found} in {theirs:.2f} s: {theirs / ours:.0f} x")
    evolution = ir.Evolution(population=min(500, spaces // 2), sample=min(125, spaces // 4), spaces=spaces, seed=0)
    assert space.quality is not None
    optimum = spacelang.solve(space, table).score.total
    evolving, evolved = timed(lambda: spacelang.evolve(space, table, evolution=evolution))
    said(f"evolve, {spaces} spaces", evolving, evolving, evolved.score.total, optimum)
    for name, search in (("ConfigSpace, at random", by_configspace), ("nevergrad", by_nevergrad)):
        estimator = Estimator(table, targets, space.quality)
        spent, best = timed(lambda search=search, estimator=estimator: search(estimator, spaces))  # type: ignore[misc]
        said(name, spent, evolving, best, optimum)


def said(name: str, spent: float, reference: float, best: float | None, optimum: float) -> None:
    if best is None:
        print(f"{name} isn't installed")
    else:
        gap = 1 - best / optimum
        print(f"{name:24} {spent:6.2f} s CPU, {spent / reference:5.2f} x, best {best:.6f}, {gap:.3%} below the optimum")


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def highs(table: Table, targets: tuple[float, ...], losses: list[float]) -> tuple[Cell, ...]:
    """The cells of the space with the least sum of losses, each weighted with the slope of 1 / loss at `losses`."""
    land = Landscape(table, targets, "independent")
    cells = [(stage, at) for stage, choices in enumerate(land.choices) for at in range(len(choices))]
    column = {each: at for at, each in enumerate(cells)}
    sizes = len(land.resolutions)
    cost: list[float] = [0.0] * len(cells)
    rows: list[tuple[dict[int, float], float, float]] = [
        ({column[stage, at]: 1.0 for at in range(len(choices))}, 1, 1) for stage, choices in enumerate(land.choices)
    ]
    for limit, loss in zip(land.targets.tolist(), losses, strict=True):
        first = len(cost)
        cost += [0.0] * sizes
        rows.append(({first + each: 1.0 for each in range(sizes)}, 1, 1))
        latency = {first + each: float(land.measures[0].fixed[each]) / limit for each in range(sizes)}
        for stage in range(land.stages):
            edge, owner = land.edges(stage, 0)
            start = len(cost)
            cost += [loss_of(int(each)) / loss**2 for each in edge.loss]
            latency |= {start + at: float(each) / limit for at, each in enumerate(edge.cost)}
            for each in range(sizes):
                members = np.flatnonzero(edge.enter == each)
                rows.append(({first + each: -1.0} | dict.fromkeys((start + members).tolist(), 1.0), 0, 0))
            for each in range(len(land.choices[stage])):
                members = np.flatnonzero(owner == each)
                used = dict.fromkeys((start + members).tolist(), 1.0)
                rows.append((used | {column[stage, each]: -1.0}, -np.inf, 0))
        rows.append((latency, 0, 1))
    matrix = csr_array(
        (
            [value for row, _, _ in rows for value in row.values()],
            [at for row, _, _ in rows for at in row],
            np.cumsum([0, *(len(row) for row, _, _ in rows)]),
        ),
        shape=(len(rows), len(cost)),
    )
    constraint = LinearConstraint(matrix, [low for _, low, _ in rows], [high for *_, high in rows])
    options = {"time_limit": MIP_SECONDS, "mip_rel_gap": 0.0}
    found = milp(cost, integrality=np.ones(len(cost)), bounds=Bounds(0, 1), constraints=constraint, options=options)
    chosen = [each for each, value in zip(cells, found.x, strict=False) if value > 0.5]
    return tuple(land.choices[stage][at] for stage, at in chosen)


def genome_of(space: ir.SearchSpace, chosen: dict[str, Any]) -> spacelang.Genome:
    stages = range(len(space.stages))
    return spacelang.Genome(
        tuple(int(chosen[f"block{each}"]) for each in stages), tuple(int(chosen[f"window{each}"]) for each in stages)
    )


def choices(space: ir.SearchSpace) -> dict[str, list[int]]:
    blocks = {f"block{at}": [each.id for each in stage.candidates] for at, stage in enumerate(space.stages)}
    return blocks | {f"window{at}": list(range(len(stage.windows))) for at, stage in enumerate(space.stages)}


def by_configspace(estimator: Estimator, spaces: int) -> float:
    hyperspace = estimator.table.space
    drawn = ConfigurationSpace(choices(hyperspace), seed=0).sample_configuration(spaces)
    return max(total(estimator.values(genome_of(hyperspace, dict(each)))) for each in drawn)


def by_nevergrad(estimator: Estimator, spaces: int) -> float | None:
    try:
        nevergrad = importlib.import_module("nevergrad")
    except ImportError:
        return None
    hyperspace = estimator.table.space
    of = {name: nevergrad.p.Choice(values) for name, values in choices(hyperspace).items()}
    optimiser = nevergrad.optimizers.NGOpt(nevergrad.p.Dict(**of), budget=spaces)
    optimiser.parametrization.random_state.seed(0)
    best = 0.0
    for _ in range(spaces):
        asked = optimiser.ask()
        value = total(estimator.values(genome_of(hyperspace, asked.value)))
        best = max(best, value)
        optimiser.tell(asked, -value)
    return best


if __name__ == "__main__":
    main()
