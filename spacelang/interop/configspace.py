"""A space as ConfigSpace's `ConfigurationSpace`, and its configurations as architectures."""

from __future__ import annotations

from collections.abc import Mapping

from spacelang import ir
from spacelang.interop.choices import Choice, Value, architecture_from, choices, values_of
from spacelang.networks.architecture import Architecture

try:
    from ConfigSpace import (
        AndConjunction,
        CategoricalHyperparameter,
        Configuration,
        ConfigurationSpace,
        InCondition,
        OrdinalHyperparameter,
    )  # fmt: skip
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "spacelang.interop.configspace needs ConfigSpace: pip install '.[configspace]', in its checkout",
        name=error.name,
    ) from None


def configuration_space(space: ir.SearchSpace, seed: int | None = None) -> ConfigurationSpace:
    """Every choice of a space as a hyperparameter: numbers are ordinal, blocks categorical, with their conditions.

    Args:
        seed: the seed for `sample_configuration`.
    """
    made = ConfigurationSpace(name=space.name, seed=seed)
    asked = choices(space)
    made.add([_hyperparameter(each) for each in asked])
    options = {each.name: set(each.options) for each in asked}
    conditions = [condition for each in asked if (condition := _condition(each, made, options))]
    made.add(conditions)
    return made


def architecture(space: ir.SearchSpace, configuration: Configuration | Mapping[str, object]) -> Architecture:
    """The architecture of a configuration.

    Raises: SpacelangError: as `architecture_from`.
    """
    return architecture_from(space, dict(configuration))


def configuration(made: ConfigurationSpace, space: ir.SearchSpace, architecture: Architecture) -> Configuration:
    """The configuration of an architecture, for starting a search from it.

    Raises: SpacelangError: as `values_of`.
    """
    return Configuration(made, values=values_of(space, architecture))


def _hyperparameter(choice: Choice) -> CategoricalHyperparameter | OrdinalHyperparameter:
    if choice.name.endswith((".block", ".window")):
        return CategoricalHyperparameter(choice.name, choice.options)
    return OrdinalHyperparameter(choice.name, choice.options)


def _condition(
    choice: Choice, made: ConfigurationSpace, options: Mapping[str, set[Value]]
) -> InCondition | AndConjunction | None:
    """Conditions on a setting with a single value always hold, and so do conditions that all values meet."""
    found = [
        InCondition(made[choice.name], made[each.name], list(each.values))
        for each in choice.conditions
        if each.name in options and set(each.values) != options[each.name]
    ]
    if len(found) > 1:
        return AndConjunction(*found)
    return found[0] if found else None
