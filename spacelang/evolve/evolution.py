"""Aging evolution over spaces (paper, Algorithm 1), and random search to compare it with (paper, Fig. 11).

An algorithm is a generator that proposes spaces and is sent their scores. It sees genomes only, and nothing but its
seed and those scores decides what it proposes: a history is resumed by sending it the recorded scores again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, Protocol

from spacelang import ir
from spacelang.evolve.history import Algorithm, Entry, Header, History
from spacelang.evolve.quality.quality import Estimator, Score, total
from spacelang.evolve.settings import evolution_of, quality_of, targets_of
from spacelang.evolve.solve import Solution, Solver
from spacelang.evolve.table.parquet import fingerprint
from spacelang.evolve.table.part import table_for
from spacelang.evolve.table.table import Table, all_cells, cells_of
from spacelang.networks.genome import Genome, count_spaces, encode
from spacelang.report.diagnostics import Diagnostic, SpacelangError, refuse

GAP_NODES = 1000
"""Nodes spent on the optimum that the gap is measured to."""
Operation = Literal["random", "block", "width"]


class Proposal(NamedTuple):
    """`parent`: the index of the space that it was mutated from."""

    genome: Genome
    parent: int | None
    operation: Operation


Proposals = Generator[Proposal, float, None]


class EvolveProgress(Protocol):
    """Called after each explored space."""

    def __call__(self, done: int, total: int, best: float, encoding: str) -> None: ...


@dataclass(frozen=True)
class Evolved:
    """What a search found.

    Attributes:
        score: of the best space, the first of them where several have it.
        explored: spaces, repetitions included. different: of them, without.
        optimum: the best of the whole hyperspace, nearly always proved; None for the sampled estimator.
    """

    score: Score
    explored: int
    different: int
    history: Path | None
    optimum: Solution | None

    @property
    def gap(self) -> float | None:
        """By what share the score is below the optimum, at most; None where there is none to compare with."""
        if self.optimum is None:
            return None
        best = self.optimum.score.total
        return 1 - self.score.total / (best if self.optimum.proved else max(best, self.optimum.runner_up_bound))


class _Member(NamedTuple):
    """`number`: how many spaces were explored before it."""

    score: float
    number: int
    genome: Genome


def aging_evolution(space: ir.SearchSpace, settings: ir.Evolution) -> Proposals:
    """Algorithm 1. Each iteration draws a sample of the population and mutates its best space twice: the block of a
    random stage, and the width list of a random stage. The two oldest leave. What no stage allows is left out.
    """
    random = Random(settings.seed)
    population: deque[_Member] = deque()
    count = 0
    for _ in range(settings.population):
        genome = _random_genome(space, random)
        population.append(_Member((yield Proposal(genome, None, "random")), count, genome))
        count += 1
    mutations = [each for each in (_BlockMutation(space), _WidthMutation(space)) if each.stages]
    while True:
        sample = random.sample(range(len(population)), settings.sample)
        parent = max(population[each] for each in sample)
        for mutation in mutations:
            genome = mutation(parent.genome, random)
            population.append(_Member((yield Proposal(genome, parent.number, mutation.name)), count, genome))
            count += 1
        for _ in mutations:
            population.popleft()


def random_search(space: ir.SearchSpace, settings: ir.Evolution) -> Proposals:
    """Spaces drawn evenly."""
    random = Random(settings.seed)
    while True:
        yield Proposal(_random_genome(space, random), None, "random")


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
    targets_ms: tuple[float, ...] | None = None,
    quality: ir.Quality | None = None,
    evolution: ir.Evolution | None = None,
    progress: EvolveProgress | None = None,
) -> Evolved:
    """Search the hyperspace for the space with the best score.

    Args:
        space: the table's hyperspace, or one within it (`table_for`).
        history: the file to write while searching. It must not exist, or with `resume` be the history of this search,
            which then goes on to the result that it would have had without a break.
        targets_ms, quality, evolution: default to those that the hyperspace writes.

    Raises:
        SpacelangError: SP0704-SP0706, SP0720-SP0724, SP0730-SP0732.
    """
    table = table_for(space, table)
    table.require_cells(tuple(all_cells(space)))
    _require_choice(space)
    settings = evolution_of(space, evolution)
    estimator = Estimator(table, targets_of(space, targets_ms), quality_of(space, quality), settings.seed)
    solver = Solver(estimator)
    solver.require_any()
    run = _Run(estimator, ALGORITHMS[algorithm](space, settings), settings.spaces, progress)
    if history is None:
        run.explore((), lambda entry: None)
    else:
        with _open(Path(history), resume, _header(space, estimator, settings, algorithm)) as file:
            run.explore(file.entries, file.append)
    best = run.best.genome
    optimum = solver.run(GAP_NODES, known=cells_of(best)) if estimator.quality.estimator == "exact" else None
    return Evolved(estimator.score(best), settings.spaces, len(run.known), Path(history) if history else None, optimum)


class _Run:
    """One search: proposals, their scores, the best so far."""

    def __init__(
        self, estimator: Estimator, proposals: Proposals, spaces: int, progress: EvolveProgress | None
    ) -> None:
        self.estimator, self.proposals, self.spaces, self.progress = estimator, proposals, spaces, progress
        self.known: dict[Genome, tuple[float, ...]] = {}
        self.best = _Member(-1.0, -1, Genome((), ()))

    def explore(self, recorded: tuple[Entry, ...], write: Callable[[Entry], None]) -> None:
        """Replay what is recorded, then go on. Raises: SpacelangError: SP0731: if the record is of another search."""
        if len(recorded) > self.spaces:
            raise _error(f"it holds {len(recorded)} spaces already, and {self.spaces} are asked for")
        score: float | None = None
        for index in range(self.spaces):
            proposal = next(self.proposals) if score is None else self.proposals.send(score)
            if index < len(recorded):
                self._recall(proposal, recorded[index])
            elif proposal.genome not in self.known:
                self.known[proposal.genome] = self.estimator.values(proposal.genome)
            values = self.known[proposal.genome]
            score = total(values)
            if index >= len(recorded):
                write(_entry(index, proposal, values))
            if score > self.best.score:
                self.best = _Member(score, index, proposal.genome)
            if self.progress:
                self.progress(index + 1, self.spaces, self.best.score, encode(self.best.genome))

    def _recall(self, proposal: Proposal, entry: Entry) -> None:
        """Take over a recorded score, if the search would have proposed the same space here."""
        values = self.known.setdefault(proposal.genome, entry.values)
        if entry != _entry(entry.index, proposal, values):
            raise _error(
                f"the space {entry.index} is {entry.encoding} there, and would be {encode(proposal.genome)} now"
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
    return SpacelangError([Diagnostic("SP0731", f"the history is of another search: {difference}")])
