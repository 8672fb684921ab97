"""What each elastic layer does with its shared weights, against plain torch."""

from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from spacelang import nn

ACTIVATIONS = {
    "relu": lambda x: x.clamp(min=0),
    "relu6": lambda x: x.clamp(0, 6),
    "hswish": lambda x: x * (x + 3).clamp(0, 6) / 6,
    "swish": lambda x: x * torch.sigmoid(x),
    "sigmoid": torch.sigmoid,
    "hsigmoid": lambda x: (x + 3).clamp(0, 6) / 6,
}


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_takes_first_channels_and_the_centre(kernel: int, stride: int) -> None:
    layer = nn.ElasticConv2d(12, 16, kernel=(3, 5, 7), stride=stride, norm=False, bias=True)
    torch.nn.init.normal_(layer.bias)  # type: ignore[arg-type]
    x = torch.randn(2, 8, 9, 9)
    margin = (7 - kernel) // 2
    weight = layer.weights[0][:10, :8, margin : 7 - margin, margin : 7 - margin]
    assert layer.bias is not None
    expected = F.conv2d(x, weight, layer.bias[:10], stride, padding=kernel // 2)
    assert torch.allclose(layer(x, 10, kernel), expected)


@pytest.mark.parametrize("kernel", [3, 5])
def test_depthwise_convolution_takes_as_many_channels_as_come_in(kernel: int) -> None:
    layer = nn.ElasticDepthwiseConv2d(12, kernel=(3, 5), stride=2, norm=False)
    x = torch.randn(2, 8, 9, 9)
    margin = (5 - kernel) // 2
    weight = layer.weights[0][:8, :, margin : 5 - margin, margin : 5 - margin]
    assert torch.allclose(layer(x, kernel), F.conv2d(x, weight, None, 2, kernel // 2, groups=8))


@pytest.mark.parametrize("repeat", [1, 2, 3])
def test_a_row_has_its_stride_first_and_its_norm_and_activation_last(repeat: int) -> None:
    layer = nn.ElasticDepthwiseConv2d(8, kernel=3, stride=2, act="relu", repeat=3).eval()
    assert layer.norm is not None
    torch.nn.init.normal_(layer.norm.bias)
    x = torch.randn(2, 8, 16, 16)
    expected = x
    for at in range(repeat):
        expected = F.conv2d(expected, layer.weights[at], None, 1 if at else 2, 1, groups=8)
    assert torch.allclose(layer(x, repeat=repeat), layer.norm(expected).relu())


@pytest.mark.parametrize("act", ACTIVATIONS)
def test_activations_compute_what_torchs_do(act: str) -> None:
    x = 4 * torch.randn(2, 3, 5, 5)
    expected: Tensor = ACTIVATIONS[act](x)  # type: ignore[no-untyped-call]
    assert torch.allclose(nn.Activation(act)(x), expected, atol=1e-6)
    assert torch.allclose(nn.Add(act)(x, torch.zeros_like(x)), expected, atol=1e-6)


def test_batch_norm_learns_the_statistics_of_the_channels_in_use() -> None:
    norm = nn.ElasticBatchNorm2d(6)
    x = torch.randn(64, 4, 5, 5) * 3 + 2
    plain = torch.nn.BatchNorm2d(4)
    assert torch.equal(norm(x), plain(x))
    assert norm.running_mean is not None
    assert plain.running_mean is not None
    assert torch.equal(norm.running_mean[:4], plain.running_mean)
    assert torch.equal(norm.running_mean[4:], torch.zeros(2))


def test_squeeze_and_excitation() -> None:
    layer = nn.SqueezeExcite(16, 8)
    x = torch.randn(2, 12, 5, 5)
    mean = x.mean((2, 3), keepdim=True)
    squeezed = F.conv2d(mean, layer.reduce.weights[0][:4, :12]).relu()
    factor = F.hardsigmoid(F.conv2d(squeezed, layer.expand.weights[0][:12, :4]))
    assert torch.allclose(layer(x, 4), x * factor, atol=1e-6)


def test_linear_takes_the_first_inputs() -> None:
    layer = nn.ElasticLinear(16, 5)
    x = torch.randn(2, 12)
    expected = x @ layer.weight[:, :12].T + layer.bias
    assert torch.allclose(layer(x), expected, atol=1e-6)
    assert torch.allclose(layer(x[:, :, None, None]), expected, atol=1e-6)


def test_padding_does_not_count_in_means() -> None:
    x = torch.ones(1, 2, 5, 5)
    assert torch.equal(nn.AvgPool2d(kernel=3)(x), x)
    assert torch.equal(nn.MaxPool2d(kernel=3)(-x), -x)


@pytest.mark.parametrize("pool", [nn.AvgPool2d, nn.MaxPool2d])
@pytest.mark.parametrize("size", [5, 6])
def test_pools_round_sizes_up(pool: type[nn.AvgPool2d], size: int) -> None:
    layer = pool(kernel=(3, 5), stride=2)
    for kernel in (3, 5):
        assert layer(torch.zeros(1, 2, size, size), kernel).shape == (1, 2, 3, 3)


def test_identity_shortcut_adds_where_the_shapes_agree() -> None:
    x, y, z = torch.randn(1, 4, 3, 3), torch.randn(1, 4, 3, 3), torch.randn(1, 5, 3, 3)
    assert torch.equal(nn.IdentityShortcut(stride=1, act="relu")(x, y), (x + y).relu())
    assert torch.equal(nn.IdentityShortcut(stride=1)(x, z), z)
    assert torch.equal(nn.IdentityShortcut(stride=2)(x, y), y)


def test_project_shortcut_projects_where_they_differ() -> None:
    shortcut = nn.ProjectShortcut(6, 8, stride=1, act="relu").eval()
    x, y, z = torch.randn(1, 4, 3, 3), torch.randn(1, 4, 3, 3), torch.randn(1, 5, 3, 3)
    assert torch.equal(shortcut(x, y), (x + y).relu())
    assert torch.equal(shortcut(x, z), (shortcut.conv(x, 5) + z).relu())
    strided = nn.ProjectShortcut(6, 8, stride=2).eval()
    half = torch.randn(1, 4, 2, 2)
    assert torch.equal(strided(x, half), strided.conv(x, 4) + half)


def test_avgpool_project_shortcut_pools_by_the_stride() -> None:
    """A last window that is cut off is averaged over what it holds."""
    shortcut = nn.AvgPoolProjectShortcut(4, 4, stride=2).eval()
    x, y = torch.ones(1, 4, 5, 5), torch.zeros(1, 4, 3, 3)
    assert torch.allclose(shortcut(x, y), shortcut.conv(torch.ones(1, 4, 3, 3), 4))
    plain = nn.AvgPoolProjectShortcut(6, 6, stride=1).eval()
    z = torch.randn(1, 5, 5, 5)
    assert torch.equal(plain(x, x), x + x)
    assert torch.equal(plain(x, z), plain.conv(x, 5) + z)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((9, 4, 3), "channels_in is 9; this convolution is made for 1 to 8"),
        ((8, 5, 3), "channels_out is 5; this convolution is made for 1 to 4"),
        ((8, 4, 7), "the kernel size is 7, not one of (3, 5)"),
        ((8, 4, None), "no kernel size was chosen, of (3, 5)"),
    ],
)
def test_refuses_more_than_it_was_made_for(arguments: tuple[int, int, int | None], message: str) -> None:
    incoming, *choice = arguments
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        nn.ElasticConv2d(8, 4, kernel=(3, 5))(torch.zeros(1, incoming, 3, 3), *choice)


def test_refuses_more_inputs_and_other_kernels_than_it_was_made_for() -> None:
    with pytest.raises(ValueError, match="channels_in is 9; this layer is made for 1 to 8"):
        nn.ElasticLinear(8, 4)(torch.zeros(1, 9))
    with pytest.raises(ValueError, match=r"the kernel size is None, not one of \(3, 5\)"):
        nn.MaxPool2d(kernel=(3, 5))(torch.zeros(1, 1, 5, 5))


def test_refuses_a_block_that_the_stage_does_not_have() -> None:
    candidates = nn.Candidates({1: nn.ElasticStage(), 4: nn.ElasticStage()})
    with pytest.raises(ValueError, match="block 2 was chosen, of 1, 4"):
        candidates(torch.zeros(1), nn.StageChoice(2, ()))
