"""LSQ+ against the paper's equations, and against torch's own fake quantisation."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from spacelang import nn


def quantiser(scale: float, offset: float = 0.0, *, signed: bool = False) -> nn.Quantiser:
    """Switched on and past its first batch, in float64."""
    made = nn.Quantiser(signed=signed).double()
    nn.set_precision(made, "int8")
    made.initialised = True
    with torch.no_grad():
        made.scale.fill_(scale)
        made.offset.fill_(0 if signed else offset)
    return made


def papers(x: Tensor, scale: float, offset: float, low: int, high: int) -> Callable[[Tensor, float, float], Tensor]:
    """The paper's x̂ = s·round(clip((x - β) / s, n, p)) + β as a function of x, s and β around these values.

    What rounding adds is held as it is there, which is what straight-through rounding means.
    """
    position = ((x - offset) / scale).clamp(low, high)
    rounding = position.round() - position
    return lambda x, s, b: s * (((x - b) / s).clamp(low, high) + rounding) + b


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("scale", "offset"), [(0.05, -3.0), (0.02, 0.0), (0.1, -25.5), (0.013, -0.4)])
def test_gradients_are_the_papers(scale: float, offset: float, signed: bool) -> None:
    """By central differences; the offset is what the zero point stands for."""
    x = torch.randn(4, 8, 5, 5, dtype=torch.float64) * 6
    weights = torch.randn_like(x)
    made = quantiser(scale, offset, signed=signed)
    leaf = x.clone().requires_grad_()
    (made(leaf) * weights).sum().backward()

    low, high, count = (-127, 127, 4 * 8 * 5 * 5) if signed else (0, 255, 8 * 5 * 5)
    beta = 0.0 if signed else scale * round(offset / scale)
    quantised = papers(x, scale, beta, low, high)
    assert torch.allclose(made(x), quantised(x, scale, beta), rtol=0, atol=1e-12)

    step = 1e-8
    by_x = (quantised(x + step, scale, beta) - quantised(x - step, scale, beta)) / (2 * step) * weights
    by_scale = (quantised(x, scale + step, beta) - quantised(x, scale - step, beta)) / (2 * step) * weights
    by_offset = (quantised(x, scale, beta + step) - quantised(x, scale, beta - step)) / (2 * step) * weights
    gradient_scale = 1 / math.sqrt(count * high)
    assert leaf.grad is not None
    assert made.scale.grad is not None
    assert torch.allclose(leaf.grad, by_x, atol=1e-6)
    assert float(made.scale.grad) == pytest.approx(float(by_scale.sum()) * gradient_scale, rel=1e-5)
    if not signed:
        assert made.offset.grad is not None
        assert float(made.offset.grad) == pytest.approx(float(by_offset.sum()) * gradient_scale, rel=1e-5)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(1e-3, 10), st.integers(0, 255), st.booleans())
def test_same_as_torch(scale: float, zero: int, signed: bool) -> None:
    """Halves between two steps and values beyond both ends included."""
    low, high = (-127, 127) if signed else (0, 255)
    x = torch.cat((torch.randn(500) * scale * 100, torch.arange(-300, 300) * 0.5 * scale))[None]
    made = quantiser(scale, -zero * scale, signed=signed).float()
    expected = torch.fake_quantize_per_tensor_affine(x, float(made.scale.detach()), 0 if signed else zero, low, high)
    assert int(made.zero_point) == (0 if signed else zero)
    assert torch.equal(made(x), expected)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(1e-6, 10), st.floats(-1e3, 1e3))
def test_zero_is_exact_and_its_point_is_a_byte(scale: float, offset: float) -> None:
    made = quantiser(scale, offset)
    assert torch.equal(made(torch.zeros(1, 3)), torch.zeros(1, 3))
    assert made.zero_point == made.zero_point.round()
    assert 0 <= int(made.zero_point) <= 255


def test_fp32_is_the_identity() -> None:
    x = torch.randn(2, 3)
    made = nn.Quantiser()
    assert made(x) is x
    nn.set_precision(made, "int8")
    assert not torch.equal(made(x), x)
    nn.set_precision(made, "fp32")
    assert made(x) is x


def test_refuses_another_precision() -> None:
    with pytest.raises(ValueError, match="the precision is 'int4', not fp32 or int8"):
        nn.set_precision(nn.Quantiser(), "int4")  # type: ignore[arg-type]


def test_starts_from_the_range_of_the_first_batch() -> None:
    made = nn.Quantiser()
    nn.set_precision(made, "int8")
    made(torch.tensor([[-1.0, 0.5, 4.1]]))
    assert float(made.scale.detach()) == pytest.approx(5.1 / 255)
    assert int(made.zero_point) == 50
    made(torch.tensor([[-9.0, 9.0]]))
    assert float(made.scale.detach()) == pytest.approx(5.1 / 255)


def test_the_range_holds_zero() -> None:
    made = nn.Quantiser()
    nn.set_precision(made, "int8")
    made(torch.tensor([[2.0, 3.0]]))
    assert float(made.scale.detach()) == pytest.approx(3 / 255)
    assert int(made.zero_point) == 0


def test_weights_start_from_the_whole_weight() -> None:
    made = nn.Quantiser(signed=True)
    nn.set_precision(made, "int8")
    whole = torch.tensor([0.1, -2.54])
    made(whole[:1], whole)
    assert float(made.scale.detach()) == pytest.approx(0.02)


def test_waits_for_a_batch_that_is_not_all_zero() -> None:
    made = nn.Quantiser()
    nn.set_precision(made, "int8")
    assert torch.equal(made(torch.zeros(1, 2)), torch.zeros(1, 2))
    made(torch.tensor([[0.0, 2.55]]))
    assert float(made.scale.detach()) == pytest.approx(0.01)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_refuses_a_first_batch_that_is_not_finite(wrong: float) -> None:
    made = nn.Quantiser()
    nn.set_precision(made, "int8")
    with pytest.raises(ValueError, match="nothing to take a scale from"):
        made(torch.tensor([[1.0, wrong]]))


@pytest.mark.parametrize("signed", [False, True])
def test_learns_a_better_scale_than_min_and_max(signed: bool) -> None:
    """With one outlier, the range is much too wide for all the rest."""
    x = torch.cat((torch.randn(1, 2000), torch.tensor([[40.0]])), 1)
    made = nn.Quantiser(signed=signed)
    nn.set_precision(made, "int8")

    def error() -> Tensor:
        result: Tensor = (made(x) - x)[:, :-1].square().sum()
        return result

    before = float(error().detach())
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        error().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert float(error().detach()) < before / 20
    assert made.zero_point == made.zero_point.round()


def test_half_precision_learns_as_single_does() -> None:
    x, weights = (torch.randn(1, 4000) * 3).bfloat16(), torch.randn(1, 4000).bfloat16()
    gradients = []
    for dtype in (torch.float32, torch.bfloat16):
        made = quantiser(0.02, -2.0).float()
        quantised = made(x.to(dtype))
        assert quantised.dtype == dtype
        (quantised * weights.to(dtype)).sum().backward()
        assert made.scale.grad is not None
        assert made.offset.grad is not None
        gradients.append((float(made.scale.grad), float(made.offset.grad)))
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-3)


def test_a_scale_below_zero_still_gives_numbers() -> None:
    made = quantiser(-0.1, -1.0)
    x = torch.randn(1, 9, dtype=torch.float64, requires_grad=True)
    made(x).sum().backward()
    assert made.scale.grad is not None
    assert torch.isfinite(made(x)).all()
    assert torch.isfinite(made.scale.grad)


def test_state_goes_through_a_file(tmp_path: Path) -> None:
    x = torch.randn(1, 99)
    made, again = nn.Quantiser(), nn.Quantiser()
    for each in (made, again):
        nn.set_precision(each, "int8")
    expected = made(x)
    save_file(made.state_dict(), tmp_path / "quantiser.safetensors")
    again.load_state_dict(load_file(tmp_path / "quantiser.safetensors"))
    again(10 * x)
    assert torch.equal(again(x), expected)


def test_state_before_the_first_batch_goes_through_a_file_too() -> None:
    used, fresh = nn.Quantiser(), nn.Quantiser()
    nn.set_precision(used, "int8")
    used(torch.tensor([[0.0, 1.0]]))
    used.load_state_dict(fresh.state_dict())
    used(torch.tensor([[0.0, 2.55]]))
    assert float(used.scale.detach()) == pytest.approx(0.01)


@pytest.mark.parametrize("act", ["relu", "relu6"])
def test_after_a_clamp_zero_is_the_least_integer(act: str) -> None:
    made = nn.Quantiser(after=act)
    nn.set_precision(made, "int8")
    made(torch.tensor([[0.0, 5.1]]))
    assert set(made.state_dict()) == {"scale"}
    assert made.grid.scale == pytest.approx(0.02)
    assert made.grid.zero_point == 0


def test_after_relu6_the_range_never_grows_beyond_6() -> None:
    """The scale is held at 6/255 in use, and still learns: it can come down again."""
    made = nn.Quantiser(after="relu6")
    nn.set_precision(made, "int8")
    x = torch.tensor([[0.0, 3.0, 6.0]])
    made(x)
    with torch.no_grad():
        made.scale.fill_(0.1)
    assert made.grid.scale == pytest.approx(6 / 255)
    assert float(made(x).max().detach()) == pytest.approx(6)
    (made(x) * torch.tensor([[1.0, 2.0, -3.0]])).sum().backward()
    assert made.scale.grad is not None
    assert float(made.scale.grad) != 0


@pytest.mark.parametrize(("act", "scale"), [("sigmoid", 1 / 256), ("hsigmoid", 1 / 255)])
def test_after_a_gate_nothing_is_learned(act: str, scale: float) -> None:
    made = nn.Quantiser(after=act)
    nn.set_precision(made, "int8")
    assert list(made.parameters()) == []
    assert made.state_dict() == {}
    assert made.grid.scale == pytest.approx(scale)
    assert made.grid.zero_point == 0
    x = torch.tensor([[0.0, 0.1, 0.5]], requires_grad=True)
    assert torch.allclose(made(x), (x / scale).round() * scale)
    made(x).sum().backward()
    assert torch.equal(x.grad, torch.ones(1, 3)) if x.grad is not None else False
