"""The options that replace a file's search settings, and what they make of a space."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spacelang import ir


class EstimatorName(StrEnum):
    EXACT = "exact"
    SAMPLED = "sampled"


class ChainName(StrEnum):
    INDEPENDENT = "independent"
    STRICT = "strict"


Targets = Annotated[
    str | None, typer.Option(metavar="MS,…", help="Latency targets in place of the file's, such as 8,10,15.")
]
Top = Annotated[int | None, typer.Option(min=1, help="How many of the best sub-networks are averaged.")]
EstimatorOption = Annotated[
    EstimatorName | None, typer.Option("--estimator", help="Exact or sampled scores, in place of the file's choice.")
]
Samples = Annotated[int | None, typer.Option(min=1, help="How many samples the sampled estimator draws.")]
ChainOption = Annotated[
    ChainName | None, typer.Option("--chain", help="Whether rows must fit each other, in place of the file's choice.")
]
LimitsOption = Annotated[
    str | None,
    typer.Option(
        "--limits",
        metavar="NAME=N,…",
        help="Limits on every network: mflops, parameters_mib, memory_mib, as in mflops=300.",
    ),
]


def with_settings(
    space: ir.SearchSpace,
    targets: str | None,
    top: int | None,
    estimator: str | None,
    samples: int | None,
    chain: str | None,
    limits: str | None,
) -> ir.SearchSpace:
    """The space with the settings of the command line in place of its own; what a search writes then says them."""
    from spacelang import ir

    if targets is not None:
        space = ir.replace(space, targets=ir.Targets(latency_ms=_milliseconds(targets)))
    if limits is not None:
        space = ir.replace(space, limits=_limits(limits))
    given = {"top": top, "estimator": estimator and str(estimator), "samples": samples, "chain": chain and str(chain)}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not changes:
        return space
    old = space.quality
    if changes.get("estimator") == "exact":
        changes |= {"samples": None, "penalty": None}
    if old is None and not {"top", "estimator"} <= changes.keys():
        raise typer.BadParameter(
            f"{space.name} doesn't have a `quality` section, so both --top and --estimator are needed"
        )
    return ir.replace(space, quality=ir.replace(old, **changes) if old else ir.Quality(**changes))


def _milliseconds(text: str) -> tuple[float, ...]:
    try:
        return tuple(sorted(float(each.removesuffix("ms")) for each in text.split(",")))
    except ValueError:
        raise typer.BadParameter(f"'{text}' isn't a list of milliseconds, such as 8,10,15") from None


def _limits(text: str) -> ir.Limits:
    from spacelang import ir

    names = ("mflops", "parameters_mib", "memory_mib")
    limits: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            limits[names[names.index(name.strip())]] = float(value)
        except ValueError:
            raise typer.BadParameter(f"'{part}' isn't NAME=NUMBER; the names are {', '.join(names)}") from None
    return ir.Limits(**limits)


def settings_of(space: ir.SearchSpace) -> tuple[tuple[float, ...], ir.Quality]:
    from spacelang.evolve.settings import quality_of, targets_of

    return targets_of(space, None), quality_of(space, None)


def settings_json(space: ir.SearchSpace) -> dict[str, Any]:
    """The settings used, from the file or the command line."""
    from spacelang import ir

    return {
        name: None if part is None else ir.to_data(part)
        for name, part in (("targets", space.targets), ("limits", space.limits), ("quality", space.quality))
    }
