"""Aging evolution over spaces (paper, Algorithm 1), and random search to compare it with (paper, Fig. 11).

An algorithm is a generator that proposes spaces and is sent their scores. It sees genomes only, and its proposals
depend on nothing but its seed and those scores, so a history is resumed by sending it the recorded scores again.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, Protocol

from spacelang import ir
from spacelang.evolve.history import Algorithm, Entry, Header, History
from spacelang.evolve.quality.quality import Estimator, Score, estimator_for, total
from spacelang.evolve.scoring import MAX_WORKERS, Scorer, scorer
from spacelang.evolve.settings import (
    evolution_of,
    natural,
    one_of,
    path_of,
    require_functions,
    require_space,
    seconds_of,
    share_of,
)
from spacelang.evolve.solve import Improved, Solution, Solver, Stop
from spacelang.evolve.table.parquet import fingerprint
from spacelang.evolve.table.table import Table, cells_of
from spacelang.networks.genome import Genome, count_spaces, encode
from spacelang.report.diagnostics import Diagnostic, SpacelangError, refuse

GAP_NODES, LEAST_GAP_NODES = 1000, 20
"""The most nodes spent on finding the optimum, which the gap is measured from; and where a search is cut short."""
Operation = Literal["random", "block", "width"]


class Proposal(NamedTuple):
    """`parent`: the index of the space that it was mutated from."""

    genome: Genome
    parent: int | None
    operation: Operation


Proposals = Generator[list[Proposal], list[float], None]
"""Yields spaces that can be scored in any order, and is sent their scores."""
Ending = Literal["seconds", "different", "gap", "interrupted"]


class EvolveProgress(Protocol):
    """Called after each explored space."""

    def __call__(self, done: int, total: int, best: float, encoding: str) -> None: ...


@dataclass(frozen=True)
class Evolved:
    """What a search found.

    Attributes:
        score: that of the best space; of several equally good ones, the first.
        explored: how many spaces were explored, repetitions included. different: the same without repetitions.
        optimum: the best of the whole hyperspace, nearly always proved; None for the sampled estimator.
        stopped: what ended the search before all spaces were explored; None if nothing did.
    """

    score: Score
    explored: int
    different: int
    history: Path | None
    optimum: Solution | None
    stopped: Ending | None = None

    @property
    def gap(self) -> float | None:
        """By what share the score is below the optimum, at most; None where there is none to compare with."""
        if self.optimum is None:
            return None
        best = self.optimum.score.total
        return max(0.0, 1 - self.score.total / (best if self.optimum.proved else max(best, self.optimum.bound)))


class _Member(NamedTuple):
    """`number`: how many spaces were explored before it."""

    score: float
    number: int
    genome: Genome


def aging_evolution(space: ir.SearchSpace, settings: ir.Evolution) -> Proposals:
    """Algorithm 1. Each iteration draws a sample of the population and mutates its best space twice: the block of a
    random stage, and the width list of a random stage. The two oldest leave. What no stage allows isn't mutated.
    """
    random = Random(settings.seed)
    first = [_random_genome(space, random) for _ in range(settings.population)]
    scores = yield [Proposal(genome, None, "random") for genome in first]
    population = deque(_Member(score, at, genome) for at, (score, genome) in enumerate(zip(scores, first, strict=True)))
    count = len(population)
    mutations = [each for each in (_BlockMutation(space), _WidthMutation(space)) if each.stages]
    while True:
        sample = random.sample(range(len(population)), settings.sample)
        parent = max(population[each] for each in sample)
        children = [Proposal(each(parent.genome, random), parent.number, each.name) for each in mutations]
        for score, child in zip((yield children), children, strict=True):
            population.append(_Member(score, count, child.genome))
            population.popleft()
            count += 1


def random_search(space: ir.SearchSpace, settings: ir.Evolution) -> Proposals:
    """Spaces drawn uniformly."""
    random = Random(settings.seed)
    while True:
        yield [Proposal(_random_genome(space, random), None, "random") for _ in range(settings.sample)]


ALGORITHMS: dict[Algorithm, Callable[[ir.SearchSpace, ir.Evolution], Proposals]] = {
    "evolution": aging_evolution,
    "random": random_search,
}


def evolve(
    space: ir.SearchSpace,
    table: Table,
    history: str | Path | None = None,
    *,
    resume: bool = False,
    algorithm: Algorithm = "evolution",
    targets_ms: Sequence[float] | None = None,
    quality: ir.Quality | None = None,
    limits: ir.Limits | None = None,
    evolution: ir.Evolution | None = None,
    different: int | None = None,
    gap: float | None = None,
    seconds: float | None = None,
    workers: int = 1,
    stop: Callable[[], bool] = lambda: False,
    progress: EvolveProgress | None = None,
    improved: Improved | None = None,
) -> Evolved:
    """Search the hyperspace for the space with the best score.

    Args:
        space: the table's hyperspace, or one within it (`table_for`).
        history: the file to write while searching. It must not exist, or with `resume` be the history of this search,
            which then reaches the result that it would have had without the interruption.
        algorithm: `evolution`, or `random` to compare it with.
        targets_ms, quality, limits, evolution: default to those that the hyperspace writes.
        different: end once this many different spaces are scored.
        gap: end once the best space is within this share of the best there is; 0 for the proved optimum itself.
        seconds, stop: end after this time, or when `stop` says so.
        workers: processes that score; the result doesn't depend on them.
        improved: called with each better space, to keep it whatever happens.

    Raises:
        SpacelangError: SP0704-SP0706, SP0720-SP0725, SP0730-SP0732.
    """
    rules = _Rules(
        None if different is None else natural(different, "different"),
        None if gap is None else share_of(gap, "gap"),
        seconds_of(seconds),
        stop,
    )
    natural(workers, "workers", MAX_WORKERS)
    one_of(algorithm, ALGORITHMS, "algorithm")
    require_functions(stop, progress=progress, improved=improved)
    file = None if history is None else path_of(history, "history")
    require_space(space)
    settings = evolution_of(space, evolution)
    estimator = estimator_for(space, table, targets_ms, quality, limits, settings.seed)
    if gap is not None and estimator.quality.estimator != "exact":
        refuse("SP0721", "a gap is measured from the best exact score, and this search uses samples", "leave `gap` out")
    _require_choice(space)
    solver = Solver(estimator)
    solver.require_any()
    optimum = solver.run(stop=Stop(nodes=GAP_NODES)) if gap is not None else None
    with scorer(estimator, workers) as score:
        run = _Run(ALGORITHMS[algorithm](space, settings), score, settings.spaces, rules, optimum, progress, improved)
        if file is None:
            run.explore((), lambda entry: None)
        else:
            with _open(file, resume, _header(space, estimator, settings, algorithm)) as record:
                run.explore(record.entries, record.append)
    best = run.best.genome
    if optimum is None and estimator.quality.estimator == "exact":
        cut_short = run.stopped in ("interrupted", "seconds")
        optimum = solver.run(stop=Stop(nodes=LEAST_GAP_NODES if cut_short else GAP_NODES), known=cells_of(best))
    return Evolved(estimator.score(best), run.explored, len(run.known), file, optimum, run.stopped)


@dataclass(frozen=True)
class _Rules:
    """What ends a search before all spaces are explored."""

    different: int | None
    gap: float | None
    seconds: float | None
    stop: Callable[[], bool]


class _Run:
    """One search: proposals, their scores, the best so far."""

    def __init__(
        self,
        proposals: Proposals,
        score: Scorer,
        spaces: int,
        rules: _Rules,
        optimum: Solution | None,
        progress: EvolveProgress | None,
        improved: Improved | None,
    ) -> None:
        self.proposals, self.score, self.spaces, self.rules = proposals, score, spaces, rules
        self.progress, self.improved = progress, improved
        self.bound = optimum.bound if optimum else math.inf
        self.begun = time.monotonic()
        self.known: dict[Genome, tuple[float, ...]] = {}
        self.best = _Member(-1.0, -1, Genome((), ()))
        self.explored = 0
        self.stopped: Ending | None = None

    def explore(self, recorded: tuple[Entry, ...], write: Callable[[Entry], None]) -> None:
        """Replay what is recorded, then go on. Raises: SpacelangError: SP0731: if the record is another search's."""
        if len(recorded) > self.spaces:
            raise _error(f"it holds {len(recorded)} spaces already, and this search explores {self.spaces}")
        batch = next(self.proposals)
        while True:
            scores = []
            fresh = self._fresh(batch[max(0, len(recorded) - self.explored) : self.spaces - self.explored])
            for proposal in batch:
                if self.explored < len(recorded):
                    self._recall(proposal, recorded[self.explored])
                else:
                    self.stopped = self._ending()
                    if self.stopped or self.explored == self.spaces:
                        return
                    while proposal.genome not in self.known:
                        self.known.update([next(fresh)])
                    write(_entry(self.explored, proposal, self.known[proposal.genome]))
                scores.append(self._count(proposal.genome))
            batch = self.proposals.send(scores)

    def _fresh(self, proposals: Sequence[Proposal]) -> Iterator[tuple[Genome, tuple[float, ...]]]:
        """The genomes that are not known yet, each once, with their values."""
        new = list(dict.fromkeys(each.genome for each in proposals if each.genome not in self.known))
        return zip(new, self.score(new), strict=True)

    def _count(self, genome: Genome) -> float:
        """Record an explored space; returns its score."""
        score = total(self.known[genome])
        if score > self.best.score:
            self.best = _Member(score, self.explored, genome)
            if self.improved:
                self.improved(genome, score, self.bound)
        self.explored += 1
        if self.progress:
            self.progress(self.explored, self.spaces, self.best.score, encode(self.best.genome))
        return score

    def _ending(self) -> Ending | None:
        rules = self.rules
        if self.explored and rules.stop():
            return "interrupted"
        if self.explored and rules.seconds is not None and time.monotonic() - self.begun >= rules.seconds:
            return "seconds"
        if rules.different is not None and len(self.known) >= rules.different:
            return "different"
        if rules.gap is not None and self.best.score >= (1 - rules.gap) * self.bound:
            return "gap"
        return None

    def _recall(self, proposal: Proposal, entry: Entry) -> None:
        """Take over a recorded score, if the search would have proposed the same space here."""
        values = self.known.setdefault(proposal.genome, entry.values)
        ours = _entry(entry.index, proposal, values)
        if ours == entry:
            return
        if ours.encoding != entry.encoding:
            raise _error(f"the space {entry.index} is {entry.encoding} there, and would be {ours.encoding} now")
        name = next(name for name in type(entry).model_fields if getattr(ours, name) != getattr(entry, name))
        there, here = getattr(entry, name), getattr(ours, name)
        raise _error(
            f"the {name} of the space {entry.index}, {entry.encoding}, is {there} there, and would be {here} now"
        )


def _entry(index: int, proposal: Proposal, values: tuple[float, ...]) -> Entry:
    return Entry(
        index=index,
        encoding=encode(proposal.genome),
        score=total(values),
        values=values,
        parent=proposal.parent,
        operation=proposal.operation,
    )


def _open(path: Path, resume: bool, header: Header) -> History:
    return History.resume(path, header) if resume else History.create(path, header)


def _header(space: ir.SearchSpace, estimator: Estimator, settings: ir.Evolution, algorithm: Algorithm) -> Header:
    evolves = algorithm == "evolution"
    return Header(
        hyperspace=space.name,
        sha256=space.sha256,
        table=fingerprint(estimator.table),
        device=estimator.table.require_latencies().device,
        targets_ms=estimator.targets_ms,
        quality=estimator.quality,
        limits=estimator.limits,
        algorithm=algorithm,
        population=settings.population if evolves else None,
        sample=settings.sample if evolves else None,
        seed=settings.seed,
    )


class _Mutation:
    """Changes one gene of one stage. `stages`: those that have another value to take."""

    name: Operation

    def __init__(self, options: list[tuple[int, ...]]) -> None:
        self.options = options
        self.stages = [stage for stage, values in enumerate(options) if len(values) > 1]

    def change(self, genes: tuple[int, ...], random: Random) -> tuple[int, ...]:
        stage = random.choice(self.stages)
        gene = random.choice([each for each in self.options[stage] if each != genes[stage]])
        return (*genes[:stage], gene, *genes[stage + 1 :])


class _BlockMutation(_Mutation):
    name = "block"

    def __init__(self, space: ir.SearchSpace) -> None:
        super().__init__([_blocks(stage) for stage in space.stages])

    def __call__(self, genome: Genome, random: Random) -> Genome:
        return genome._replace(blocks=self.change(genome.blocks, random))


class _WidthMutation(_Mutation):
    name = "width"

    def __init__(self, space: ir.SearchSpace) -> None:
        super().__init__([tuple(range(len(stage.windows))) for stage in space.stages])

    def __call__(self, genome: Genome, random: Random) -> Genome:
        return genome._replace(windows=self.change(genome.windows, random))


def _random_genome(space: ir.SearchSpace, random: Random) -> Genome:
    blocks = tuple(random.choice(_blocks(stage)) for stage in space.stages)
    return Genome(blocks, tuple(random.randrange(len(stage.windows)) for stage in space.stages))


def _blocks(stage: ir.Stage) -> tuple[int, ...]:
    return tuple(each.id for each in stage.candidates)


def _require_choice(space: ir.SearchSpace) -> None:
    if count_spaces(space) < 2:
        message = f"{space.name} holds one space only, so there is nothing to search"
        refuse("SP0723", message, help="give a hyperspace")


def _error(difference: str) -> SpacelangError:
    return SpacelangError([Diagnostic("SP0731", f"the history belongs to another search: {difference}")])
