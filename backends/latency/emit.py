"""`kernels.json`: every kernel that any model of the space can contain."""

from __future__ import annotations

import json
from itertools import groupby

from spacelang import ir
from spacelang.backends.protocol import writing_out
from spacelang.ir.operators import LAWS
from spacelang.networks.census import census
from spacelang.networks.kernels import Kernel

FORMAT = 1
MEANING = (
    "Every distinct kernel of every model of the space, and no other. size is the height and width of the input in "
    "pixels; act is the activation that runs inside the kernel. max_per_model is the largest number of times that one "
    "single model, of any resolution, block and width list that the space allows, contains the kernel."
)
ACTIVATION = ("channels_in", "size")
"""The fields of `Kernel` that distinguish the kernels of an activation."""


class LatencyBackend:
    name = "latency"
    summary = "kernels.json: every kernel that any model can contain, and how often"
    kinds: tuple[ir.Kind, ...] = ("hyperspace", "space", "model")

    def emit(self, space: ir.SearchSpace) -> dict[str, str]:
        with writing_out(space):
            return {"kernels.json": _document(space, census(space))}


def _document(space: ir.SearchSpace, counts: dict[Kernel, int]) -> str:
    """A table for each kind of kernel, one row per line, so that a diff shows single kernels."""
    header = {
        "format": FORMAT,
        "space": {"kind": space.kind, "name": space.name, "sha256": space.sha256},
        "device": _device(space.device),
        "meaning": MEANING,
        "count": len(counts),
    }
    tables = [_table(kind, list(kernels), counts) for kind, kernels in groupby(sorted(counts), lambda each: each.kind)]
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n" for key, value in header.items()]
    return "{\n" + "".join(lines) + '  "kernels": {\n' + ",\n".join(tables) + "\n  }\n}\n"


def _device(device: ir.Device) -> dict[str, object]:
    """The properties of a device that matter to a measurement."""
    return {name: value for name, value in ir.items(device) if name != "hidden"}


def _table(kind: str, kernels: list[Kernel], counts: dict[Kernel, int]) -> str:
    fields = LAWS[kind].fields if kind in LAWS else ACTIVATION
    rows = ",\n".join(
        f"        {json.dumps([*(getattr(each, field) for field in fields), counts[each]])}" for each in kernels
    )
    columns = json.dumps([*fields, "max_per_model"])
    return f'    {json.dumps(kind)}: {{\n      "columns": {columns},\n      "rows": [\n{rows}\n      ]\n    }}'
