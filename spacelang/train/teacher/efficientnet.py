"""EfficientNet (Tan and Le 2019) as transformers has it: a stem and seven stages of blocks that are run one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from transformers import EfficientNetModel

from spacelang.language.shapes import size_after
from spacelang.train.teacher.teacher import Point


class SamePad(nn.Module):
    """TensorFlow's padding `SAME`, with which the weights were trained: it depends on the size of the map.

    transformers pads as is right for images of the size that the checkpoint is for.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.kernel, self.stride = convolution.kernel_size[0], convolution.stride[0]

    def forward(self, value: Tensor) -> Tensor:
        height, width = (self._total(each) for each in value.shape[-2:])
        return F.pad(value, (width // 2, width - width // 2, height // 2, height - height // 2))

    def _total(self, size: int) -> int:
        return max((size_after(size, self.stride) - 1) * self.stride + self.kernel - size, 0)


class EfficientNetBackbone(nn.Module):
    """Points are the stem and every block; the last block of a stage has the stage's name.

    Attributes:
        stage_ends: positions of the last blocks.
    """

    def __init__(self, model: EfficientNetModel) -> None:
        super().__init__()
        stem: Any = model.embeddings
        stem.padding = SamePad(stem.convolution)
        for block in model.encoder.blocks:
            _pad_by_size(block)
        self.stem = stem
        self.blocks: nn.ModuleList = model.encoder.blocks
        self.points = tuple(_points(model))
        self.stage_ends = frozenset(index for index, each in enumerate(self.points) if "." not in each.name) - {0}

    def maps(self, images: Tensor, positions: Sequence[int]) -> list[Tensor]:
        value = self.stem(images)
        found = [value] if 0 in positions else []
        for index in range(1, positions[-1] + 1):
            value = self.blocks[index - 1](value)
            if index in positions:
                found.append(value)
        return found


def _points(model: EfficientNetModel) -> Iterator[Point]:
    config = model.config
    reduction = model.embeddings.convolution.stride[0]
    yield Point("stem", model.embeddings.convolution.out_channels, reduction)
    blocks = iter(model.encoder.blocks)
    for number, (repeats, stride) in enumerate(zip(config.num_block_repeats, config.strides, strict=True), start=1):
        reduction *= stride
        depth = math.ceil(config.depth_coefficient * repeats)
        for block in range(1, depth + 1):
            name = f"stage{number}" if block == depth else f"stage{number}.block{block}"
            yield Point(name, _width(next(blocks)), reduction)


def _pad_by_size(block: Any) -> None:
    layer = block.depthwise_conv
    if layer.stride > 1:
        layer.depthwise_conv_pad = SamePad(layer.depthwise_conv)


def _width(block: Any) -> int:
    width: int = block.projection.project_conv.out_channels
    return width
