"""The width rule on curves whose steps are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacelang.latency.profile.rule import CERTAIN, WidthRule, penalties, width_rule

WIDTHS = range(8, 161)
MEASURED = {16: 44, 17: 82, 24: 90, 32: 58, 40: 125, 48: 73}


def curve(step: int, fixed: float, slope: float, tooth: float, noise: float, seed: int) -> dict[int, float]:
    """A width takes as long as the next multiple of `step`, and `tooth` longer where it isn't one."""
    rng = np.random.default_rng(seed)
    return {
        width: (fixed + slope * math.ceil(width / step) * step + tooth * (width % step > 0))
        * (1 + abs(rng.normal(0, noise)))
        for width in WIDTHS
    }


def curves(step: int, tooth: float = 0, noise: float = 0.005) -> list[dict[int, float]]:
    return [curve(step, 5 + seed, 0.4, tooth, noise, seed) for seed in range(3)]


@settings(max_examples=40, deadline=None)
@given(
    step=st.sampled_from([4, 8, 16, 32, 64]),
    fixed=st.floats(0, 30),
    slope=st.floats(0.3, 3),
    tooth=st.floats(0, 60),
    noise=st.floats(0, 0.01),
    seed=st.integers(0, 10**6),
)
def test_steps_are_found(step: int, fixed: float, slope: float, tooth: float, noise: float, seed: int) -> None:
    """`fixed`: in channels. With more, the steps of the finest saw drown in the noise."""
    found = width_rule([curve(step, fixed * slope, slope, tooth, noise, seed + at) for at in range(3)])
    assert found.multiple == step
    assert found.confidence >= CERTAIN


@settings(max_examples=40, deadline=None)
@given(slope=st.floats(0.3, 3), bend=st.floats(0, 0.01), noise=st.floats(0, 0.01), seed=st.integers(0, 10**6))
def test_where_latency_grows_with_every_channel_any_width_will_do(
    slope: float, bend: float, noise: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    smooth = [
        {width: (3 + slope * width + bend * width**2) * (1 + abs(rng.normal(0, noise))) for width in WIDTHS}
        for _ in range(3)
    ]
    assert width_rule(smooth).multiple == 1


@settings(max_examples=60, deadline=None)
@given(
    step=st.sampled_from([1, 2, 4, 8, 16, 32, 64]), tooth=st.floats(0, 40), noise=st.floats(0.02, 0.5),
    seed=st.integers(0, 10**6),
)  # fmt: skip
def test_noise_gives_no_wrong_rule(step: int, tooth: float, noise: float, seed: int) -> None:
    found = width_rule([curve(step, 5, 0.4, tooth, noise, seed), curve(step, 9, 0.7, tooth, noise, seed + 1)])
    assert found.multiple in (step, None)


def test_pure_noise_is_undecided() -> None:
    rng = np.random.default_rng(0)
    assert width_rule([{width: 50 + 20 * rng.random() for width in WIDTHS}]).multiple is None


def test_a_latency_that_does_not_grow_is_undecided() -> None:
    assert width_rule([dict.fromkeys(WIDTHS, 12.0)]) == WidthRule(None, 0.0, width_rule([]).supports)


def test_a_saw_of_16_is_none_of_32_though_most_widths_gain_by_32() -> None:
    found = width_rule(curves(16, tooth=40))
    by_multiple = {each.multiple: each for each in found.supports}
    assert found.multiple == 16
    assert by_multiple[16].holds
    assert (by_multiple[32].finer, by_multiple[32].free) == (16, 0)


def test_too_few_widths_are_no_evidence() -> None:
    few = {width: float(ms) for width, ms in MEASURED.items()}
    assert width_rule([few]).confidence < 0.8


@pytest.mark.parametrize("multiple", [8, 16])
def test_a_penalty_compares_with_the_next_multiple(multiple: int) -> None:
    ms = {8: 2.0, 12: 6.0, 16: 3.0}
    assert penalties(ms, multiple) == ([2.0] if multiple == 8 else [2.0 / 3.0, 2.0])
