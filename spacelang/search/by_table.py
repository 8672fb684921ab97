"""Models picked by a table of block-wise losses, before any supernet is trained (LANA, Molchanov et al. 2022).

A model's loss is taken to be the sum of its stages'. With a run, some of them are evaluated, which shows how well
the sum ranks them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from spacelang import ir
from spacelang.evolve.quality.quality import locate, score
from spacelang.evolve.settings import targets_of
from spacelang.evolve.table.parquet import fingerprint
from spacelang.evolve.table.table import Table, cells_of
from spacelang.latency.predict.attach import attach
from spacelang.networks.architecture import Architecture, StageChoice, smallest
from spacelang.report.progress import Update
from spacelang.search.folder import Begun, Candidate, begun
from spacelang.search.problem import Problem
from spacelang.search.processes import Executor, evaluating
from spacelang.search.ridge import rank_correlation
from spacelang.search.run import (
    IMAGES,
    FoundModels,
    Judge,
    cache_of,
    deliver,
    latency_estimator_for,
    open_supernet,
    require_some_model,
)

MODELS = 64
"""How many models are looked at for each target: the table's best, and as many random ones."""


def pick_models(
    space: ir.SearchSpace,
    table: Table,
    output: str | os.PathLike[str],
    *,
    run: str | os.PathLike[str] | None = None,
    device: str | None = None,
    targets_ms: Sequence[float] | None = None,
    models: int | None = None,
    seed: int = 0,
    images: int = IMAGES,
    data: str | None = None,
    executor: Executor = "local",
    workers: int = 1,
    update: Update | None = None,
) -> FoundModels:
    """The models of a space that a table of block-wise losses ranks best within each target.

    Stem and head are in their smallest setting, for a table knows stages only. The result's `rank` is the rank
    correlation of the table's losses and the cross entropies of random models; None without a run.

    Args:
        space: a space that the table's hyperspace contains.
        run: a finished training of the space. The models are evaluated in it, and the front is by cross entropy.
        models: how many are looked at.
        others: as `search_models`.

    Raises:
        SpacelangError: as `search_models`; SP0704, SP0706 if the table doesn't fit the space or lacks rows.
    """
    targets = tuple(sorted(targets_of(space, targets_ms)))
    estimator = latency_estimator_for(space, device)
    problem = Problem(space, estimator, targets)
    require_some_model(problem)
    supernet = open_supernet(space, Path(run), data, images) if run is not None else None
    count, folder = MODELS if models is None else models, Path(output)
    settings = Begun(
        space=space.name,
        space_sha256=space.sha256,
        supernet_sha256=supernet.run.supernet_sha256 if supernet else None,
        data_fingerprint=supernet.data.fingerprint if supernet else None,
        images=supernet.count if supernet else None,
        device=estimator.label,
        targets_ms=targets,
        algorithm="table",
        models=count,
        seed=seed,
        table_sha256=fingerprint(table),
    )
    picked, drawn = _candidates(problem, attach(table, estimator), count, seed)
    evaluator = evaluating(supernet.source, executor, workers) if supernet else nullcontext()
    with begun(folder, settings), evaluator as opened:
        candidates, rank = [*picked, *drawn], None
        if supernet and opened is not None:
            judge = Judge(opened, cache_of(supernet, folder), targets, len(candidates), update)
            judge.losses([each.model for each in candidates])
            candidates = [each._replace(evaluation=judge.found[each.model]) for each in candidates]
            random = candidates[len(picked) :]
            losses = [each.evaluation.cross_entropy for each in random if each.evaluation]
            rank = rank_correlation([each.table_loss or 0.0 for each in random], losses)
        return deliver(folder, problem, candidates, supernet, rank)


def _candidates(problem: Problem, table: Table, count: int, seed: int) -> tuple[list[Candidate], list[Candidate]]:
    """The best by the table, then random ones. Latencies are predicted for the whole network."""
    space, targets = problem.space, problem.targets_ms
    top = max(1, count // 2 // len(targets))
    found = score(space, table, targets, ir.Quality(estimator="exact", top=top))
    best = dict.fromkeys((each.resolution, each.rows) for target in found.targets for each in target.best)
    picked = _models(problem, table, list(best))
    known = {each.model.genes for each in picked}
    rng, drawn = np.random.default_rng(seed), list[Candidate]()
    cells = cells_of(locate(space, table))
    for _ in range(100 * count):
        if len(drawn) >= count - len(picked):
            break
        resolution = int(rng.choice(space.resolutions))
        rows = [np.arange(len(table.rows))[table.cells[each]] for each in cells]
        fitting = [each[table.rows.resolution[each] == resolution] for each in rows]
        if not all(len(each) for each in fitting):
            continue
        for each in _models(problem, table, [(resolution, tuple(int(rng.choice(of)) for of in fitting))]):
            if each.model.genes not in known:
                known.add(each.model.genes)
                drawn.append(each)
    return picked, drawn


def _models(problem: Problem, table: Table, networks: Sequence[tuple[int, tuple[int, ...]]]) -> list[Candidate]:
    """Those of a resolution and one row a stage, within the greatest target."""
    ends, made = smallest(problem.space), []
    for resolution, rows in networks:
        stages = tuple(
            StageChoice(stage.candidates[0].id, table.rows.layers(row))
            for stage, row in zip(problem.space.stages, rows, strict=True)
        )
        architecture = Architecture(resolution, ends.stem, stages, ends.head)
        (model,) = problem.models([problem.encoding.encode(architecture)])
        if model.latency_ms <= problem.targets_ms[-1]:
            made.append(Candidate(model, table_loss=float(table.rows.loss[list(rows)].sum())))
    return made
