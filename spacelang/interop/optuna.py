"""A space as the suggestions of an Optuna trial, and trials as architectures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spacelang import ir
from spacelang.interop.choices import Value, architecture_from, choices, values_of
from spacelang.networks.architecture import Architecture

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import CategoricalDistribution


def suggest(trial: Trial, space: ir.SearchSpace) -> Architecture:
    """The architecture that a trial suggests: the first line of an objective.

    def objective(trial):
        return loss_of(suggest(trial, space))
    """
    values: dict[str, Any] = {}
    fixed = {each.name for each in choices(space)}
    for each in choices(space):
        # A condition on a setting that has a single value, and so isn't a choice, always holds.
        held = [one for one in each.conditions if one.name in fixed]
        if each._replace(conditions=tuple(held)).exists(values):
            values[each.name] = trial.suggest_categorical(each.name, each.options)
    return architecture_from(space, values)


def architecture(space: ir.SearchSpace, params: Mapping[str, object]) -> Architecture:
    """The architecture of a finished trial's `params`.

    Raises: SpacelangError: as `architecture_from`.
    """
    return architecture_from(space, params)


def params(space: ir.SearchSpace, architecture: Architecture) -> dict[str, Value]:
    """An architecture as `params`, for `study.enqueue_trial`.

    Raises: SpacelangError: as `values_of`.
    """
    return values_of(space, architecture)


def distributions(space: ir.SearchSpace) -> dict[str, CategoricalDistribution]:
    """Every choice as a distribution, for samplers that need the search space beforehand, and for `create_trial`."""
    from optuna.distributions import CategoricalDistribution

    return {each.name: CategoricalDistribution(each.options) for each in choices(space)}
