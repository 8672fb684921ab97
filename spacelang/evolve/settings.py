"""The settings of a search: those given, else those that the space writes; never a default that nobody wrote.

Calls from Python are checked as carefully as a text is: illegal values are refused, with what is legal.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from spacelang import ir
from spacelang.report.arguments import can_be_path
from spacelang.report.diagnostics import Report, refuse
from spacelang.report.suggest import listed

MAX_LATENCY_MS = 1e6
"""A greater latency is a mistake: nobody waits a quarter of an hour for one image."""
MAX_TOP = 10_000
MAX_SAMPLES = 10_000_000
"""A greater number is a mistake: it would only take memory."""
MAX_LIMIT = 1e9
MAX_COUNT = 1_000_000_000

T = TypeVar("T", bound=ir.Node)


def targets_of(space: ir.SearchSpace | None, targets_ms: Iterable[float] | None) -> tuple[float, ...]:
    """The targets to use, in ms.

    Raises: SpacelangError: SP0720, SP0724: if there are none, or one isn't a latency.
    """
    if targets_ms is None and space is not None and space.targets is not None:
        targets_ms = space.targets.latency_ms
    if targets_ms is None:
        _missing(space, "targets", "targets latency {8, 10} ms")
    targets = _numbers(targets_ms)
    report = Report()
    for each in targets:
        if not 0 < each <= MAX_LATENCY_MS:
            report.error(
                "SP0724", f"{each:g} ms isn't a latency to aim at", help=f"above 0, at most {MAX_LATENCY_MS:g}"
            )
    if not targets:
        report.error("SP0724", "a search needs at least one target")
    if len(set(targets)) != len(targets):
        report.error("SP0724", "a target is given twice")
    report.raise_if_failed()
    return targets


def _numbers(values: Iterable[float]) -> tuple[float, ...]:
    given = None if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable) else list(values)
    if given is None or not all(isinstance(each, Real) and not isinstance(each, bool) for each in given):
        refuse("SP0724", f"targets_ms is {shown(values)}", "give numbers, in milliseconds: targets_ms=(8, 10)")
    return tuple(map(float, given))


def quality_of(space: ir.SearchSpace | None, quality: ir.Quality | None) -> ir.Quality:
    """How to score.

    Raises: SpacelangError: SP0720, SP0724: if nothing is written, or something isn't legal.
    """
    quality = _section(quality, ir.Quality, "quality", 'Quality(estimator="exact", top=20)')
    if quality is None and space is not None:
        quality = space.quality
    if quality is None:
        _missing(space, "quality", "quality { estimator exact, top 20 }")
    report = Report()
    one_of(quality.estimator, ("exact", "sampled"), "estimator")
    one_of(quality.chain, ("independent", "strict"), "chain")
    if not _is_count(quality.top, MAX_TOP):
        report.error("SP0724", f"`top {quality.top}` isn't legal", help=f"1 to {MAX_TOP}")
    if quality.estimator == "exact":
        if quality.samples is not None or quality.penalty is not None:
            report.error("SP0724", "the exact estimator draws no samples, so it takes neither `samples` nor `penalty`")
    elif not _is_count(quality.samples, MAX_SAMPLES):
        report.error("SP0724", "the sampled estimator needs a number of samples", help=f"1 to {MAX_SAMPLES}")
    if quality.penalty is not None and not _is_penalty(quality.penalty):
        report.error("SP0724", "the penalty isn't legal", help="the threshold is a share, the exponent at least 0")
    report.raise_if_failed()
    return quality


def _is_penalty(penalty: Any) -> bool:
    if not (isinstance(penalty, ir.Penalty) and _is_real(penalty.threshold) and _is_real(penalty.exponent)):
        return False
    return 0 < penalty.threshold <= 1 and penalty.exponent >= 0


def limits_of(space: ir.SearchSpace | None, limits: ir.Limits | None) -> ir.Limits | None:
    """What else every network must stay within; None if nothing is limited.

    Raises: SpacelangError: SP0724: if a limit isn't a number above 0.
    """
    limits = _section(limits, ir.Limits, "limits", "Limits(mflops=300)")
    if limits is None and space is not None:
        limits = space.limits
    if limits is None:
        return None
    for name, value in ir.items(limits):
        if value is not None and not (_is_real(value) and 0 < value <= MAX_LIMIT):
            given = f"{value:g}" if isinstance(value, Real) else shown(value)
            refuse("SP0724", f"`{name} {given}` isn't a limit", f"above 0, at most {MAX_LIMIT:g}")
    return limits if any(value is not None for _, value in ir.items(limits)) else None


def evolution_of(space: ir.SearchSpace, evolution: ir.Evolution | None) -> ir.Evolution:
    """How to evolve.

    Raises: SpacelangError: SP0720, SP0724: if nothing is written, or something isn't legal.
    """
    example = "Evolution(population=500, sample=125, spaces=5000, seed=0)"
    evolution = _section(evolution, ir.Evolution, "evolution", example) or space.evolution
    if evolution is None:
        _missing(space, "evolution", "evolution { population 500, sample 125, spaces 5000, seed 0 }")
    report = Report()
    numbers = {name: natural_or_none(value) for name, value in ir.items(evolution)}
    if None in numbers.values():
        wrong = next(name for name, value in numbers.items() if value is None)
        report.error("SP0724", f"`{wrong} {getattr(evolution, wrong)}` isn't a whole number of at least 0")
    elif not 1 <= evolution.sample <= evolution.population <= evolution.spaces:
        report.error(
            "SP0724",
            f"sample {evolution.sample}, population {evolution.population}, spaces {evolution.spaces} don't fit",
            help="1 ≤ sample ≤ population ≤ spaces",
        )
    report.raise_if_failed()
    return evolution


def require_space(space: Any) -> None:
    """Raises: SpacelangError: SP0725: if it isn't a space."""
    if not isinstance(space, ir.SearchSpace):
        refuse("SP0725", f"the space is {shown(space)}", 'give what `spacelang.load("FILE.space")` returns')


def require_functions(stop: Any, **optional: Any) -> None:
    """Raises: SpacelangError: SP0725: if one isn't a function; all but `stop` may be None."""
    for name, value in {"stop": stop, **optional}.items():
        if not callable(value) and (name == "stop" or value is not None):
            refuse("SP0725", f"`{name}` is {shown(value)}", "give a function")


def one_of(value: Any, choices: Iterable[str], what: str) -> None:
    """Raises: SpacelangError: SP0724: if it isn't one of the choices."""
    if not (isinstance(value, str) and value in choices):
        refuse("SP0724", f"there is no {what} {shown(value)}", listed(choices, "or"))


def seed_of(value: Any) -> int:
    """Raises: SpacelangError: SP0724: if it isn't a whole number of at least 0."""
    seed = natural_or_none(value)
    if seed is None:
        refuse("SP0724", f"`seed` is {shown(value)}", "a whole number of at least 0")
    return seed


def path_of(value: Any, name: str) -> Path:
    """Raises: SpacelangError: SP0725: if it isn't the path of a file."""
    if not isinstance(value, str | os.PathLike) or not can_be_path(os.fspath(value)):
        refuse("SP0725", f"`{name}` is {shown(value)}", "give the path of a file")
    return Path(value)


def natural(value: Any, name: str, most: int = MAX_COUNT) -> int:
    """Raises: SpacelangError: SP0724: if it isn't a whole number from 1 to `most`."""
    if not _is_count(value, most):
        refuse("SP0724", f"`{name}` is {shown(value)}", f"a whole number from 1 to {most}")
    return int(value)


def seconds_of(value: Any) -> float | None:
    """Raises: SpacelangError: SP0724: if it isn't a time."""
    if value is not None and not (_is_real(value) and value > 0):
        refuse("SP0724", f"`seconds` is {shown(value)}", "a number above 0")
    return None if value is None else float(value)


def share_of(value: Any, name: str) -> float:
    """Raises: SpacelangError: SP0724: if it isn't a share from 0 to 1."""
    if not (_is_real(value) and 0 <= value < 1):
        refuse("SP0724", f"`{name}` is {shown(value)}", "a share from 0 to below 1: 0.01 is one per cent")
    return float(value)


def natural_or_none(value: Any) -> int | None:
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0 else None


def _is_count(value: Any, most: int) -> bool:
    number = natural_or_none(value)
    return number is not None and 1 <= number <= most


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _section(value: Any, kind: type[T], name: str, example: str) -> T | None:
    if value is not None and not isinstance(value, kind):
        refuse("SP0725", f"`{name}` is {shown(value)}", f"give a spacelang.{example}")
    return value


def shown(value: Any) -> str:
    """A value and its type, in a few words."""
    try:
        text = repr(value)
    except Exception:  # of an object that is itself made of wrong things
        return f"a broken {type(value).__name__}"
    return f"{text if len(text) <= 60 else text[:57] + '…'}, a {type(value).__name__}"


def _missing(space: ir.SearchSpace | None, section: str, example: str) -> NoReturn:
    where = space.name if space is not None else "a genome"
    refuse("SP0720", f"{where} says nothing about {section}", f"write `{example}`")
