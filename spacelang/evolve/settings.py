"""The settings of a search: those given, else those that the space writes; never a default that nobody wrote."""

from __future__ import annotations

import math
from collections.abc import Sequence

from spacelang import ir
from spacelang.report.diagnostics import Diagnostic, Report, SpacelangError

MAX_LATENCY_MS = 1e6
"""A latency above it is not meant: nobody waits a quarter of an hour for one image."""
MAX_TOP = 10_000
MAX_SAMPLES = 10_000_000
"""More is not meant: it would only take memory."""


def targets_of(space: ir.SearchSpace | None, targets_ms: Sequence[float] | None) -> tuple[float, ...]:
    """The targets to use. Raises: SpacelangError: SP0720, SP0724: if there are none, or one is not a latency."""
    if targets_ms is None and space is not None and space.targets is not None:
        targets_ms = space.targets.latency_ms
    if targets_ms is None:
        raise _missing(space, "targets", "targets latency {8, 10} ms")
    report = Report()
    for each in targets_ms:
        if not 0 < each <= MAX_LATENCY_MS:
            report.error("SP0724", f"{each:g} ms is no latency to aim at", help=f"above 0, at most {MAX_LATENCY_MS:g}")
    if not targets_ms:
        report.error("SP0724", "a search needs at least one target")
    if len(set(targets_ms)) != len(targets_ms):
        report.error("SP0724", "a target is given twice")
    report.raise_if_failed()
    return tuple(float(each) for each in targets_ms)


def quality_of(space: ir.SearchSpace | None, quality: ir.Quality | None) -> ir.Quality:
    """How to score. Raises: SpacelangError: SP0720, SP0724: if nothing is written, or something not legal."""
    quality = quality or (space.quality if space is not None else None)
    if quality is None:
        raise _missing(space, "quality", "quality { estimator exact, top 20 }")
    report = Report()
    if not 1 <= quality.top <= MAX_TOP:
        report.error("SP0724", f"`top {quality.top}` is not legal", help=f"1 to {MAX_TOP}")
    if quality.estimator == "exact":
        if quality.samples is not None or quality.penalty is not None:
            report.error("SP0724", "the exact estimator draws no samples, so it takes neither `samples` nor `penalty`")
    elif not 1 <= (quality.samples or 0) <= MAX_SAMPLES:
        report.error("SP0724", "the sampled estimator needs a number of samples", help=f"1 to {MAX_SAMPLES}")
    penalty = quality.penalty
    if penalty and not (0 < penalty.threshold <= 1 and 0 <= penalty.exponent < math.inf):
        report.error("SP0724", "the penalty is not legal", help="the threshold is a share, the exponent at least 0")
    report.raise_if_failed()
    return quality


def evolution_of(space: ir.SearchSpace, evolution: ir.Evolution | None) -> ir.Evolution:
    """How to evolve. Raises: SpacelangError: SP0720, SP0724: if nothing is written, or something not legal."""
    evolution = evolution or space.evolution
    if evolution is None:
        raise _missing(space, "evolution", "evolution { population 500, sample 125, spaces 5000, seed 0 }")
    report = Report()
    if not 1 <= evolution.sample <= evolution.population <= evolution.spaces:
        report.error(
            "SP0724",
            f"sample {evolution.sample}, population {evolution.population}, spaces {evolution.spaces} can't be",
            help="1 ≤ sample ≤ population ≤ spaces",
        )
    if evolution.seed < 0:
        report.error("SP0724", f"the seed {evolution.seed} is negative")
    report.raise_if_failed()
    return evolution


def _missing(space: ir.SearchSpace | None, section: str, example: str) -> SpacelangError:
    where = space.name if space is not None else "a genome"
    return SpacelangError([Diagnostic("SP0720", f"{where} says nothing about {section}", help=f"write `{example}`")])
