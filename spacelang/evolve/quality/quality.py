"""The quality of a space, the Q-T score (paper, equation 2).

Q(A, T) = Σ Q(A, Tᵢ), and Q(A, Tᵢ) = 1 / mean loss of the best `top` sub-networks of A with latency ≤ Tᵢ; where
fewer fit, the mean is over those, and where none does, Q is 0. A sub-network is one resolution and one row a stage at
that resolution; its loss and latency are the rows' sums, the latency with stem and head.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spacelang import ir
from spacelang.evolve.quality.costs import ceiling_of
from spacelang.evolve.quality.exact import Best, ExactSearch
from spacelang.evolve.quality.landscape import LOSS_UNIT, Landscape, loss_of, milliseconds
from spacelang.evolve.quality.sampled import Sampler
from spacelang.evolve.settings import limits_of, quality_of, require_space, seed_of, targets_of
from spacelang.evolve.table.part import table_for
from spacelang.evolve.table.table import Table, all_cells, cells_of, require_table
from spacelang.networks.genome import Genome, decode, encode, narrow, require_genome
from spacelang.report.diagnostics import SpacelangError, refuse
from spacelang.report.html import table as html_table


@dataclass(frozen=True)
class SubNetwork:
    """`rows`: one of each stage, indices into the table's rows. `loss` is the sum of theirs."""

    resolution: int
    latency_ms: float
    loss: float
    rows: tuple[int, ...]


@dataclass(frozen=True)
class TargetScore:
    """The score for one target.

    Attributes:
        value: Q(A, T).
        mean_loss: of `best`; None where no sub-network fits.
        share: the share of samples that fit; None for the exact estimator.
        best: the best sub-networks within the target, `top` or fewer of them, the best first.
    """

    target_ms: float
    value: float
    mean_loss: float | None
    share: float | None
    best: tuple[SubNetwork, ...]


@dataclass(frozen=True)
class Score:
    """`total` is the sum of the targets' values."""

    genome: Genome
    total: float
    targets: tuple[TargetScore, ...]

    @property
    def encoding(self) -> str:
        return encode(self.genome)

    def __repr__(self) -> str:
        return f"<score {self.total:.6f} of {self.encoding}>"

    def _repr_html_(self) -> str:
        rows = ((f"{each.target_ms:g} ms", f"{each.value:.6f}") for each in self.targets)
        return html_table(f"{self.encoding}: {self.total:.6f}", ("target", "score"), rows)


class Estimator:
    """Scores spaces of one table under fixed settings. Equal genomes get equal scores, in any order and process."""

    def __init__(
        self,
        table: Table,
        targets_ms: Sequence[float],
        quality: ir.Quality,
        seed: int = 0,
        limits: ir.Limits | None = None,
    ) -> None:
        """`targets_ms`, `quality` and `limits` come from `settings`, which checks them.

        Raises: SpacelangError: SP0705: if the table has no latencies.
        """
        self.table, self.quality, self.seed, self.limits = table, quality, seed, limits
        self.targets_ms = tuple(targets_ms)
        ceiling = ceiling_of(limits, table.space.device)
        self.landscape = Landscape(table, self.targets_ms, quality.chain, ceiling)
        self.exact = ExactSearch(self.landscape, quality.top)
        self._sampler = Sampler(self.landscape, quality, seed) if quality.estimator == "sampled" else None

    def values(self, genome: Genome) -> tuple[float, ...]:
        """Q(A, T) of each target.

        Raises: SpacelangError: SP0706: if the table has no rows for one of its stages.
        """
        return self._values(*self._best(genome))

    def score(self, genome: Genome) -> Score:
        """The score with the sub-networks behind it. Raises: as `values`."""
        best, shares = self._best(genome)
        values = self._values(best, shares)
        targets = []
        for index, (target, value) in enumerate(zip(self.targets_ms, values, strict=True)):
            networks = self._networks(best, index)
            mean = math.fsum(each.loss for each in networks) / len(networks) if networks else None
            targets.append(TargetScore(target, value, mean, shares[index] if shares else None, networks))
        return Score(genome, total(values), tuple(targets))

    def _best(self, genome: Genome) -> tuple[Best, tuple[float, ...] | None]:
        cells = cells_of(genome)
        self.table.require_cells(cells)
        return self._sampler.best(cells) if self._sampler else (self.exact.best(cells), None)

    def _values(self, best: Best, shares: tuple[float, ...] | None) -> tuple[float, ...]:
        values = []
        for index in range(len(self.targets_ms)):
            losses = best.loss[best.target == index]
            value = value_of(int(losses.sum()), len(losses))
            penalty = self.quality.penalty
            if shares and penalty and value:
                value /= max(1.0, (penalty.threshold / shares[index]) ** penalty.exponent)
            values.append(value)
        return tuple(values)

    def _networks(self, best: Best, target: int) -> tuple[SubNetwork, ...]:
        return tuple(
            SubNetwork(
                self.landscape.resolution_of(int(best.group[at])),
                milliseconds(int(best.latency[at])),
                loss_of(int(best.loss[at])),
                tuple(best.rows[at].tolist()),
            )
            for at in (best.target == target).nonzero()[0]
        )


def value_of(loss: int, count: int) -> float:
    """1 / mean loss, of a sum of `count` losses in units; 0 for none. Rounding keeps it from growing with the mean."""
    return 1 / (loss / count * LOSS_UNIT) if count else 0.0


def total(values: Sequence[float]) -> float:
    """The sum in the order of the targets, so that rounding never gives greater terms a smaller sum."""
    return sum(values, 0.0)


def estimator_for(
    space: ir.SearchSpace,
    table: Table,
    targets_ms: Sequence[float] | None,
    quality: ir.Quality | None,
    limits: ir.Limits | None,
    seed: int = 0,
) -> Estimator:
    """The estimator of a hyperspace's spaces, with the part of the table that it needs and its settings or those given.

    Raises: SpacelangError: SP0704-SP0706, SP0720, SP0724, SP0725.
    """
    require_space(space)
    table = table_for(space, require_table(table))
    if space.kind == "hyperspace":
        table.require_cells(tuple(all_cells(table.space)))
    settings = targets_of(space, targets_ms), quality_of(space, quality)
    return Estimator(table, *settings, seed, limits_of(space, limits))


def score(
    space: ir.SearchSpace | Genome,
    table: Table,
    targets_ms: Sequence[float] | None = None,
    quality: ir.Quality | None = None,
    seed: int = 0,
    *,
    limits: ir.Limits | None = None,
) -> Score:
    """The quality of one space.

    Args:
        space: a space that the table's hyperspace contains, or its genome there.
        targets_ms, quality, limits: default to those that the space writes.
        seed: the sampled estimator's.

    Raises:
        SpacelangError: SP0704-SP0706, SP0720, SP0723-SP0725: if the table doesn't fit the space, lacks latencies or
            rows, or a setting is missing or isn't legal.
    """
    table = require_table(table)
    if not isinstance(space, Genome):
        require_space(space)
    if isinstance(space, Genome):
        require_genome(table.space, space)
    genome = space if isinstance(space, Genome) else locate(space, table)
    settings = None if isinstance(space, Genome) else space
    chosen = targets_of(settings, targets_ms), quality_of(settings, quality)
    estimator = Estimator(table, *chosen, seed_of(seed), limits_of(settings, limits))
    return estimator.score(genome)


def locate(space: ir.SearchSpace, table: Table) -> Genome:
    """The genome of a space in the table's hyperspace.

    Raises: SpacelangError: SP0704, SP0723: if the hyperspace doesn't contain it, or it isn't a space.
    """
    if space.kind != "space":
        refuse(
            "SP0723",
            f"{space.name} is a {space.kind}; what is scored is a space, with one block and one width list a stage",
            "give a space, or the encoding of one",
        )
    blocks, windows = [], []
    for mine, wider in zip(space.stages, table.space.stages, strict=False):
        blocks.append(_id_of(mine.candidates[0], wider))
        windows.append(wider.windows.index(mine.windows[0]) if mine.windows[0] in wider.windows else 0)
    if len(blocks) != len(table.space.stages):
        table.require_fit(space)
    genome = Genome(tuple(blocks), tuple(windows))
    narrowed = narrow(table.space, genome, f"{table.space.name}:{encode(genome)}")
    try:
        table.require_fit(_renumbered(space, genome), narrowed)
    except SpacelangError:
        measured = _origin_there(space, table)
        if measured is None:
            raise
        return measured
    return genome


def _origin_there(space: ir.SearchSpace, table: Table) -> Genome | None:
    """The genome that a space's origin names, where the table's hyperspace has the same blocks and width lists there.

    The table may have been measured with fewer choices of kernels or resolutions than the space has: the score is then
    that of the measured ones. A space that comes from the table's own hyperspace fits it as it is, or was edited.
    """
    encoding = space.origin.encoding if space.origin else None
    if space.origin is None or encoding is None or space.origin.sha256 == table.space.sha256:
        return None
    try:
        genome = decode(table.space, encoding)
    except SpacelangError:
        return None
    for mine, wider, block, window in zip(space.stages, table.space.stages, *genome, strict=True):
        there = wider.candidate(block).block, wider.windows[window], wider.stride
        if (mine.candidates[0].block, mine.windows[0], mine.stride) != there:
            return None
    return genome


def _id_of(candidate: ir.Candidate, wider: ir.Stage) -> int:
    """The block's id in the wider stage, where it may have another one; else any id there, to compare with."""
    same = [each.id for each in wider.candidates if ir.replace(each, id=candidate.id) == candidate]
    ids = same or [each.id for each in wider.candidates]
    return candidate.id if candidate.id in ids else ids[0]


def _renumbered(space: ir.SearchSpace, genome: Genome) -> ir.SearchSpace:
    """The space with the genome's block ids."""
    stages = tuple(
        ir.replace(stage, candidates=(ir.replace(stage.candidates[0], id=id),))
        for stage, id in zip(space.stages, genome.blocks, strict=True)
    )
    return ir.replace(space, stages=stages)
