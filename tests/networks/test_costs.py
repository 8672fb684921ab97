"""Costs of many architectures, against those of each alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spacelang.driver import load
from spacelang.networks.architecture import largest, smallest
from spacelang.networks.cost import cost, total
from spacelang.networks.costs import costs
from spacelang.networks.sample import sample

SPECS = Path(__file__).parents[2] / "specs"


@pytest.mark.parametrize("name", ["spaceevo_vnni", "vnni", "ofa_resnet50", "attentivenas", "seqnet_vnni_a1"])
def test_costs_are_the_sums_of_cost(name: str) -> None:
    space = load(SPECS / f"{name}.space")
    drawn = sample(space, 60, 4)
    if space.kind != "hyperspace":
        drawn += [smallest(space), largest(space)]
    found = costs(space, drawn)
    alone = [total(each.cost for each in cost(space, one)) for one in drawn]
    assert found.macs.tolist() == [each.macs for each in alone]
    assert found.params.tolist() == [each.params for each in alone]
    assert found.convolutions.tolist() == [each.convolutions for each in alone]
    assert np.allclose(found.mflops, [each.mflops for each in alone])
    assert np.allclose(found.mparams_quantised, [each.mparams_quantised for each in alone])


def test_no_architectures_have_no_costs() -> None:
    assert costs(load(SPECS / "vnni.space"), []).macs.shape == (0,)
