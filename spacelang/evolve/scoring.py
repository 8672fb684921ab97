"""Many spaces scored at once: here, or in several processes; the scores are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from spacelang import ir
from spacelang.evolve.quality.quality import Estimator
from spacelang.evolve.table.table import Table
from spacelang.networks.genome import Genome

MAX_WORKERS = 256
CHUNK = 16
"""The most spaces that a process is handed at once."""

Scorer = Callable[[Sequence[Genome]], Iterable[tuple[float, ...]]]
"""The values of spaces, in order, each computed when it is asked for or as soon as a process is free."""


@contextmanager
def scorer(estimator: Estimator, workers: int) -> Iterator[Scorer]:
    """Scores with one process, or with several that each hold the table."""
    if workers == 1:
        yield lambda genomes: map(estimator.values, genomes)
        return
    settings = (estimator.table, estimator.targets_ms, estimator.quality, estimator.seed, estimator.limits)
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, settings) as pool:

        def scores(genomes: Sequence[Genome]) -> Iterable[tuple[float, ...]]:
            size = min(max(len(genomes) // (4 * workers), 1), CHUNK)
            return pool.map(_values, genomes, chunksize=size)

        try:
            yield scores
        finally:
            pool.shutdown(cancel_futures=True)


_estimator: list[Estimator] = []
"""The estimator of this worker process."""


def _begin(
    table: Table, targets_ms: tuple[float, ...], quality: ir.Quality, seed: int, limits: ir.Limits | None
) -> None:
    _estimator[:] = [Estimator(table, targets_ms, quality, seed, limits)]


def _values(genome: Genome) -> tuple[float, ...]:
    return _estimator[0].values(genome)
