"""The search of a trained supernet, from its settings to the files of the front."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from spacelang import __version__, ir
from spacelang.evolve.settings import targets_of
from spacelang.files import write_atomic
from spacelang.latency.predict import shipped
from spacelang.latency.predict.predictor import LatencyEstimator
from spacelang.latency.runtimes.protocol import RuntimeName
from spacelang.networks.architecture import model_of
from spacelang.records import Record
from spacelang.report.diagnostics import refuse
from spacelang.report.progress import Update
from spacelang.report.suggest import listed
from spacelang.search.algorithms import ALGORITHMS, DEFAULT_MODELS, Algorithm, Proposals, Scores
from spacelang.search.cache import FILE, Cache
from spacelang.search.evaluator import CALIBRATION_BATCHES, Evaluation, Evaluator, Source, open_evaluator
from spacelang.search.folder import (
    FRONT,
    Begun,
    Candidate,
    Member,
    begun,
    front_of,
    write_model,
    write_table,
    write_weights,
)
from spacelang.search.problem import Model, Problem
from spacelang.search.processes import Executor, evaluating
from spacelang.train.data import Data, open_data, require_classes
from spacelang.train.supernet import Run, read_supernet
from spacelang.train.supernet.evaluate import require_unchanged
from spacelang.train.supernet.run import differences

IMAGES = 5000
"""Validation images, unless told otherwise: the standard error of top-1 is below half a point."""


class FrontModel(Record):
    """A model of the front, as `front.json` has it. `images`: how many accuracy and cross entropy are from."""

    name: str
    targets_ms: tuple[float, ...]
    sha256: str
    latency_ms: float
    cross_entropy: float | None
    top1: float | None
    table_loss: float | None = None


class FoundModels(Record):
    """What a search found.

    Attributes:
        runtime: that the device was measured in; None for the cost model.
        front: the best model within each target, by latency.
        unmet_ms: targets that no model was found within.
        evaluated: how many models were looked at.
        images: how many validation images they were evaluated on; 0 without a supernet.
        rank: the rank correlation of the losses and what predicts them, on models that it didn't see: the surrogate's,
            or the table's; None where too few were evaluated.
    """

    space: str
    device: str
    runtime: RuntimeName | None
    front: tuple[FrontModel, ...]
    unmet_ms: tuple[float, ...]
    evaluated: int
    images: int
    rank: float | None


@dataclass(frozen=True)
class Supernet:
    """A run that is searched: what models of it are evaluated with."""

    run: Run
    data: Data
    source: Source

    @property
    def count(self) -> int:
        return min(self.source.images, len(self.data.validation))

    def context(self) -> dict[str, object]:
        """What evaluations depend on besides the model."""
        return {
            "spacelang": __version__,
            "onnxruntime": version("onnxruntime"),
            "supernet": self.run.supernet_sha256,
            "data": self.data.fingerprint,
            "images": self.count,
            "calibration_batches": CALIBRATION_BATCHES,
        }


def search_models(
    space: ir.SearchSpace,
    run: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    device: str | None = None,
    algorithm: Algorithm = "surrogate",
    targets_ms: Sequence[float] | None = None,
    models: int | None = None,
    seed: int = 0,
    images: int = IMAGES,
    data: str | None = None,
    executor: Executor = "local",
    workers: int = 1,
    update: Update | None = None,
) -> FoundModels:
    """The best models of a trained supernet within each latency target, written to a folder with their weights.

    Killed and called again, it goes on, and ends with the same bytes; so it does with any number of workers.

    Args:
        space: what the run was trained on; targets may differ.
        run: the folder of a finished training.
        output: a new folder, or that of the same search.
        device: a predictor's name or file, or `cost-model`; None for the shipped one of the space's runtime.
        targets_ms: default to the space's.
        models: how many are evaluated; None for 600 by `surrogate` and 5 632 by `evolution`.
        images: at most this many validation images are looked at, evenly spread.
        data: where the run's images are now, or others, as `open_data` takes them.
        workers: processes on this machine; each computes on one thread.

    Raises:
        SpacelangError: SP0720, SP0724 for targets; SP1609 for a predictor of another precision; SP1502, SP1504, SP1507
            for the run; SP2001 if it is of another space; SP2002, SP2006 for the folder; SP2003 for weights that are
            not finite; SP2004 if no model is within any target; SP2005 for the cache; SP12xx for the images.
    """
    if space.kind != "space":
        refuse("SP1002", f"{space.name} is a {space.kind}", "models are searched in a space, which has a supernet")
    targets = tuple(sorted(targets_of(space, targets_ms)))
    estimator = latency_estimator_for(space, device)
    folder, supernet = Path(output), open_supernet(space, Path(run), data, images)
    problem = Problem(space, estimator, targets)
    require_some_model(problem)
    count = DEFAULT_MODELS[algorithm] if models is None else models
    settings = Begun(
        space=space.name,
        space_sha256=space.sha256,
        supernet_sha256=supernet.run.supernet_sha256,
        data_fingerprint=supernet.data.fingerprint,
        images=supernet.count,
        device=estimator.label,
        targets_ms=targets,
        algorithm=algorithm,
        models=count,
        seed=seed,
    )
    with begun(folder, settings), evaluating(supernet.source, executor, workers) as evaluator:
        scores = Scores(targets)
        judge = Judge(evaluator, cache_of(supernet, folder), targets, count, update)
        explore(ALGORITHMS[algorithm](problem, scores, count, seed), judge)
        candidates = [Candidate(each.model, judge.found[each.model]) for each in scores.known.values()]
        first = candidates[: max(1, round(count / 3))]
        rank = _rank(problem, first) if algorithm == "surrogate" else None
        return deliver(folder, problem, candidates, supernet, rank)


def _rank(problem: Problem, first: Sequence[Candidate]) -> float | None:
    """The surrogate's, on the models that were drawn at random."""
    losses = [each.evaluation.cross_entropy for each in first if each.evaluation]
    return problem.features.fit([each.model.genes for each in first], losses).rank


def latency_estimator_for(space: ir.SearchSpace, device: str | None) -> LatencyEstimator:
    """Raises: SpacelangError: as `shipped.estimator_for`; models are searched in INT8, whatever the space is in."""
    wanted = ir.replace(space.device, precision="int8")
    return shipped.estimator_for(wanted, [] if device is None else [device], f"the search of {space.name}")


def open_supernet(space: ir.SearchSpace, folder: Path, where: str | None, images: int) -> Supernet:
    """Raises: SpacelangError: SP1502, SP1504, SP1507, SP2001, SP2003, SP12xx, as `search_models`."""
    run, supernet = read_supernet(folder)
    if found := differences(run.space, space):
        refuse(
            "SP2001",
            f"`{folder}` is a run of another space than {space.name}: {found}",
            f"search {folder / 'space.space'}, or train {space.name}",
        )
    bad = [name for name, each in supernet.state_dict().items() if not torch.isfinite(each).all()]
    if bad:
        refuse(
            "SP2003", f"weights in `{folder}` are not finite: {listed(bad[:3])}", "the training diverged: train again"
        )
    data = open_data(where or run.data, run.space)
    require_classes(data, run.space)
    if where is None:
        require_unchanged(run, data, folder)
    return Supernet(run, data, Source(folder, where or run.data, images))


def require_some_model(problem: Problem) -> None:
    """Raises: SpacelangError: SP2004 if no model is within any target."""
    if problem.fastest_ms > problem.targets_ms[-1]:
        refuse(
            "SP2004",
            f"no model of {problem.space.name} is within {problem.targets_ms[-1]:g} ms: the fastest takes "
            f"{problem.fastest_ms:.4g} ms on {problem.estimator.label}",
            "write greater `targets latency`, or search for a space with faster models",
        )


def cache_of(supernet: Supernet, folder: Path) -> Cache:
    """In the run, so that all its searches share it; in the search's folder where the run can't be written."""
    run = supernet.source.run
    return Cache((run if os.access(run, os.W_OK) else folder) / FILE, supernet.context())


class Judge:
    """Evaluates models that weren't evaluated before, and reports how the search goes."""

    def __init__(
        self, evaluator: Evaluator, cache: Cache, targets_ms: Sequence[float], count: int, update: Update | None
    ) -> None:
        self._evaluator, self._cache, self._count, self._update = evaluator, cache, count, update
        self._best = dict.fromkeys(targets_ms, math.inf)
        self.found: dict[Model, Evaluation] = {}

    def losses(self, models: Sequence[Model]) -> list[float]:
        """Cross entropies. Raises: SpacelangError: SP2003 if one isn't finite."""
        known = {each: self._cache.get(each.architecture) for each in models}
        for each, evaluation in known.items():
            if evaluation is not None:
                self._keep(each, evaluation)
        left = [each for each, evaluation in known.items() if evaluation is None]

        def done(at: int, evaluation: Evaluation) -> None:
            if not math.isfinite(evaluation.cross_entropy):
                refuse("SP2003", "a model's cross entropy isn't finite", "the training diverged: train again")
            self._cache.put(left[at].architecture, evaluation)
            self._keep(left[at], evaluation)

        if left:
            self._evaluator.evaluate([each.architecture for each in left], done)
        return [self.found[each].cross_entropy for each in models]

    def _keep(self, model: Model, evaluation: Evaluation) -> None:
        """Records an evaluation, and reports the current front: the least cross entropy within each target."""
        self.found[model] = evaluation
        for target in self._best:
            if model.latency_ms <= target:
                self._best[target] = min(self._best[target], evaluation.cross_entropy)
        if self._update:
            best = (f"{target:g} ms {loss:.4f}" for target, loss in self._best.items() if math.isfinite(loss))
            self._update(len(self.found), self._count, ", ".join(best))


def explore(proposals: Proposals, judge: Judge) -> None:
    """Run an algorithm to its end."""
    try:
        models = next(proposals)
        while True:
            models = proposals.send(judge.losses(models))
    except StopIteration:
        return


def deliver(
    folder: Path, problem: Problem, candidates: Sequence[Candidate], supernet: Supernet | None, rank: float | None
) -> FoundModels:
    """Writes the files of the front."""
    space, device = problem.space, problem.estimator.label
    front = front_of(space.name, candidates, problem.targets_ms)
    source = open_evaluator(supernet.source) if supernet else None
    stored = []
    for each in front:
        model = model_of(space, each.candidate.model.architecture, each.name)
        write_model(folder, model, _provenance(each, supernet, device))
        if source:
            write_weights(folder, model, source.network(each.candidate.model.architecture).state_dict())
        stored.append(_stored(each, model))
    write_table(folder, candidates, front)
    met = {target for each in front for target in each.targets_ms}
    found = FoundModels(
        space=space.name,
        device=device,
        runtime=problem.estimator.runtime,
        front=tuple(stored),
        unmet_ms=tuple(each for each in problem.targets_ms if each not in met),
        evaluated=len(candidates),
        images=supernet.count if supernet else 0,
        rank=rank,
    )
    write_atomic(folder / FRONT, found.model_dump_json(indent=2) + "\n")
    return found


def _stored(member: Member, model: ir.SearchSpace) -> FrontModel:
    candidate, evaluation = member.candidate, member.candidate.evaluation
    return FrontModel(
        name=member.name,
        targets_ms=member.targets_ms,
        sha256=model.sha256,
        latency_ms=candidate.model.latency_ms,
        cross_entropy=evaluation.cross_entropy if evaluation else None,
        top1=evaluation.top1 if evaluation else None,
        table_loss=candidate.table_loss,
    )


def _provenance(member: Member, supernet: Supernet | None, device: str) -> list[str]:
    """For the comments of a model's file."""
    candidate, evaluation = member.candidate, member.candidate.evaluation
    lines = [f"Found by `spacelang search` {__version__}."]
    if supernet and evaluation:
        lines += [
            f"Run: {supernet.source.run} (weights {(supernet.run.supernet_sha256 or '')[:12]}).",
            f"Accuracy in INT8: {evaluation.top1:.2%} on {supernet.count} validation images of {supernet.source.data}; "
            f"cross entropy {evaluation.cross_entropy:.4f}.",
        ]
    elif candidate.table_loss is not None:
        lines.append(f"Loss of its stages by the table: {candidate.table_loss:.4f}; it wasn't evaluated.")
    return [*lines, f"Predicted latency: {candidate.model.latency_ms:.4g} ms on {device}."]
