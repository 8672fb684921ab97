"""Tiny networks of transformers with random weights, saved as a user would have them in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    ConvNextConfig,
    ConvNextForImageClassification,
    EfficientNetConfig,
    EfficientNetForImageClassification,
    MobileNetV2Config,
    MobileNetV2Model,
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTModel,
)
from transformers.utils import logging

TINY_EFFICIENTNET: dict[str, Any] = {
    "in_channels": [32, 8, 8, 16],
    "out_channels": [8, 8, 16, 24],
    "kernel_sizes": [3, 3, 5, 3],
    "strides": [1, 2, 2, 1],
    "num_block_repeats": [1, 2, 1, 2],
    "expand_ratios": [1, 2, 2, 2],
    "hidden_dim": 1280,
    "depthwise_padding": [],
    "width_coefficient": 1.0,
    "depth_coefficient": 1.0,
}


def efficientnet(folder: Path) -> Path:
    return _save(EfficientNetForImageClassification(EfficientNetConfig(**TINY_EFFICIENTNET)), folder)


def resnet(folder: Path) -> Path:
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], layer_type="basic")
    return _save(ResNetForImageClassification(config), folder)


def convnext(folder: Path) -> Path:
    config = ConvNextConfig(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], layer_norm_eps=1e-6)
    return _save(ConvNextForImageClassification(config), folder)


def mobilenet(folder: Path) -> Path:
    return _save(MobileNetV2Model(MobileNetV2Config(depth_multiplier=0.25, min_depth=8)), folder)


def vit(folder: Path) -> Path:
    config = ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, image_size=32, patch_size=8
    )
    return _save(ViTModel(config), folder)


def _save(model: Any, folder: Path) -> Path:
    """With batch norms that do something: as they are made they are the identity."""
    random = torch.Generator().manual_seed(1)
    for name, each in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            each.copy_(torch.rand(each.shape, generator=random) + 0.5)
    shown: Any = logging
    shown.disable_progress_bar()
    model.save_pretrained(folder)
    return folder
