"""Spaces in the real ConfigSpace, Optuna and PyGlove, and every architecture back from them."""

from __future__ import annotations

import warnings
from pathlib import Path

import optuna
import pyglove as pg
import pytest

from spacelang.driver import load, loads
from spacelang.interop import configspace as from_configspace
from spacelang.interop import optuna as from_optuna
from spacelang.interop import pyglove as from_pyglove
from spacelang.interop.choices import architecture_from, choices, values_of
from spacelang.ir import SearchSpace
from spacelang.networks.architecture import count_models, largest, model_of, smallest
from spacelang.networks.network import layers
from spacelang.networks.sample import sample
from spacelang.report.diagnostics import SpacelangError
from spacelang.verify.space import verify

SPECS = Path(__file__).parents[2] / "specs"
NAMES = ["spaceevo_vnni", "ofa_resnet50", "seqnet_vnni_a0"]
SMALL = """language 1
import "std/blocks.space"
device d { runtime tflite, precision int8, threads 1, widths multiple of 8 }
space small on d {
  input 3 channels
  resolution {32, 64}
  classes 10
  stem conv { depth 1, stride 2, width {8, 16}, kernel 3, act relu }
  stage s1 mbv2 { depth 1..2, stride 2, width {16, 24}, kernel {3, 5}, expand 4, act relu, uniform {kernel} }
  head {
    conv 1 -> {32, 64}, act relu
    pool
    linear -> classes
  }
}
"""


@pytest.fixture(params=NAMES)
def space(request: pytest.FixtureRequest) -> SearchSpace:
    return load(SPECS / f"{request.param}.space")


def test_values_stand_for_architectures(space: SearchSpace) -> None:
    for each in sample(space, 50, 1):
        assert architecture_from(space, values_of(space, each)) == each


def test_choices_come_after_those_that_they_depend_on(space: SearchSpace) -> None:
    seen: set[str] = set()
    names = {each.name for each in choices(space)}
    for choice in choices(space):
        assert {each.name for each in choice.conditions} & names <= seen
        assert choice.name not in seen
        seen.add(choice.name)


def test_configspace_draws_networks_of_the_space(space: SearchSpace) -> None:
    made = from_configspace.configuration_space(space, seed=3)
    drawn = [made.sample_configuration() for _ in range(30)]
    for each in drawn:
        found = from_configspace.architecture(space, each)
        assert layers(space, found)
        assert architecture_from(space, values_of(space, found)) == found


def test_configspace_takes_every_network_of_the_space(space: SearchSpace) -> None:
    made = from_configspace.configuration_space(space)
    for each in sample(space, 30, 2):
        configuration = from_configspace.configuration(made, space, each)
        configuration.check_valid_configuration()
        assert from_configspace.architecture(space, configuration) == each


def test_optuna_suggests_networks_of_the_space(space: SearchSpace) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seen = []

    def objective(trial: optuna.Trial) -> float:
        seen.append(from_optuna.suggest(trial, space))
        return float(sum(op.channels_out for layer in layers(space, seen[-1]) for op in layer.ops))

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    wanted = sample(space, 1, 9)[0]
    study.enqueue_trial(from_optuna.params(space, wanted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna's, on what it hasn't settled yet
        study.optimize(objective, n_trials=15)
    assert seen[0] == wanted
    assert [from_optuna.architecture(space, each.params) for each in study.trials] == seen
    assert set(study.best_params) <= set(from_optuna.distributions(space))


@pytest.mark.parametrize("name", ["ofa_resnet50"])
def test_pyglove_draws_networks_of_the_space(name: str) -> None:
    space = load(SPECS / f"{name}.space")
    made = from_pyglove.search_space(space)
    for each, _ in zip(pg.random_sample(made, seed=1), range(4), strict=False):
        found = from_pyglove.architecture(space, each)
        assert layers(space, found)
        assert architecture_from(space, values_of(space, found)) == found


def test_pyglove_counts_and_enumerates_the_models_of_a_space() -> None:
    space = loads(SMALL)
    made = from_pyglove.search_space(space)
    found = [from_pyglove.architecture(space, each) for each in pg.iter(made)]
    assert len(found) == len(set(found)) == pg.dna_spec(made).space_size == count_models(space)
    assert {smallest(space), largest(space)} <= set(found)


def test_what_comes_back_is_a_model() -> None:
    space = loads(SMALL)
    made = from_configspace.configuration_space(space, seed=1)
    found = from_configspace.architecture(space, made.sample_configuration())
    assert not list(verify(model_of(space, found, "found")))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"resolution": 48}, "`resolution` can't be 48"), ({"s1.depth": None}, "`s1.depth` can't be None")],
)
def test_values_that_the_space_does_not_offer_are_refused(change: dict[str, object], message: str) -> None:
    space = loads(SMALL)
    values: dict[str, object] = {**values_of(space, smallest(space)), **change}
    with pytest.raises(SpacelangError, match=message):
        architecture_from(space, values)


def test_a_missing_value_is_named() -> None:
    space = loads(SMALL)
    with pytest.raises(SpacelangError, match="`resolution` has no value"):
        architecture_from(space, {})
