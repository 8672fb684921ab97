"""Teachers of timm: any of its models that gives feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from spacelang.report.diagnostics import refuse
from spacelang.train.data.images import MEAN, STD
from spacelang.train.teacher.hooked import HookedBackbone
from spacelang.train.teacher.teacher import Found


def open_timm(name: str, model_name: str, size: int) -> Found:
    """A pretrained network of timm, with all maps that it gives by default.

    Args:
        name: what the user calls the teacher.
        model_name: as timm calls it.
        size: of an image to try it with.

    Raises:
        SpacelangError: SP1227 if timm can't be imported, SP1221 if it knows no such model or can't load it, SP1225 and
            SP1226 as `HookedBackbone`.
    """
    try:
        import timm
    except Exception as error:  # torchvision, which it imports, fails in its own ways where it doesn't fit torch
        refuse(
            "SP1227",
            f"the teacher `{name}` needs timm, which can't be imported: {type(error).__name__}: {error}",
            "pip install timm torchvision, in the versions that go with this torch",
        )
    try:
        model = timm.create_model(model_name, pretrained=True, features_only=True)
    except Exception as error:  # it raises RuntimeError for unknown names, and whatever its downloads raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        refuse(
            "SP1221",
            f"the teacher `{name}` can't be had: {reason.rstrip('.')}",
            "`timm.list_models(pretrained=True)` lists those with weights, which it fetches over the network",
        )
    names = [str(each) for each in model.feature_info.module_name()]
    hooked = HookedBackbone(name, model, _feature_maps, names, size)
    settings = getattr(model, "pretrained_cfg", None) or {}
    return Found(hooked, hooked.points, (settings.get("mean") or MEAN, settings.get("std") or STD))


def _feature_maps(model: nn.Module, images: Tensor) -> Sequence[Tensor]:
    maps: Any = model(images)
    # Transformers among its models keep channels last.
    last = str(getattr(getattr(model, "output_fmt", None), "value", "NCHW")) == "NHWC"
    return tuple(each.permute(0, 3, 1, 2) for each in maps) if last else tuple(maps)
