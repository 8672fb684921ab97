"""Block latencies as SpaceEvo published them: JSON of `Block_size_in_out_kernel_expand_stride_act` to milliseconds."""

from __future__ import annotations

import json
import lzma
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from spacelang import ir
from spacelang.latency.predict.blocks import BlockLayer
from spacelang.report.diagnostics import refuse

MAX_BYTES = 64 << 20
"""A file that unpacks to more isn't read: a small file can claim any size."""
BLOCKS = {
    "MobileNetV1DualBlock": ("mbv1", False),
    "MobileNetV2ResBlock": ("mbv2", True),
    "MobileNetV3ResBlock": ("mbv3", True),
    "ResNetBlock": ("residual_bottleneck", True),
    "ResNetSEBlock": ("residual_bottleneck_se", True),
}
"""The published names of blocks of the standard library, and whether they have an expand ratio."""


class MeasuredLayer(NamedTuple):
    """A layer of a block, and its latency."""

    layer: BlockLayer
    ms: float


def read_block_latencies(path: str | Path) -> list[MeasuredLayer]:
    """The published latencies of the blocks in `BLOCKS`, from JSON or xz-packed JSON; others are left out.

    Raises: SpacelangError: SP1610: if the file isn't one of these.
    """
    try:
        with open(path, "rb") as file:
            packed = file.read(6) == b"\xfd7zXZ\x00"
        with (lzma.open if packed else open)(path, "rb") as unpacked:
            text = unpacked.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            _refuse(path, f"it holds more than {MAX_BYTES} bytes")
        entries = json.loads(text)
    except OSError as error:
        _refuse(path, os.strerror(error.errno) if error.errno else "it can't be read")
    except (lzma.LZMAError, EOFError, ValueError, RecursionError):
        _refuse(path, "this isn't JSON")
    if not isinstance(entries, dict):
        _refuse(path, "this isn't an object of keys and latencies")
    return list(_measured(path, entries))


def _measured(path: str | Path, entries: dict[str, Any]) -> Iterator[MeasuredLayer]:
    for key, ms in entries.items():
        name, *fields = key.split("_")
        if name not in BLOCKS:
            continue
        block, expands = BLOCKS[name]
        try:
            size, channels_in, channels_out, kernel, expand, stride, act = fields
            numbers: tuple[ir.Number, ...] = (int(kernel), _number(expand)) if expands else (int(kernel),)
            layer = BlockLayer(
                block, numbers, (("act", act),), int(channels_in), int(channels_out), int(stride), int(size)
            )
        except ValueError:
            _refuse(path, f"'{key}' is not Block_size_in_out_kernel_expand_stride_act")
        if not isinstance(ms, int | float) or not 0 < ms < math.inf:
            _refuse(path, f"the latency of '{key}' is {ms!r}, which isn't a positive number")
        yield MeasuredLayer(layer, float(ms))


def _number(text: str) -> ir.Number:
    value = float(text)
    return int(value) if value.is_integer() else value


def _refuse(path: str | Path, reason: str) -> NoReturn:
    refuse("SP1610", f"{path}: {reason}", "block latencies are published with SpaceEvo, as JSON")
