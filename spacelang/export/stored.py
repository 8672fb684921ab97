"""Steps as a file of plain data: safetensors, with what isn't a tensor as JSON in its metadata."""

from __future__ import annotations

import json
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from spacelang.report.diagnostics import refuse
from spacelang.steps import Grid, Map, Step, Steps, Weights, Window

KEY = "spacelang.steps"


def to_bytes(steps: Steps, metadata: dict[str, str]) -> bytes:
    """The file's content. metadata: what else it says about itself."""
    arrays: dict[str, NDArray[Any]] = {}
    for step in steps.steps:
        if step.weights is not None:
            parts = {"values": step.weights.values, "bias": step.weights.bias, "scales": step.weights.scales}
            arrays.update({f"{step.name}/{name}": each for name, each in parts.items() if each is not None})
    described = {"inputs": [list(each) for each in steps.inputs], "steps": [_described(each) for each in steps.steps]}
    return bytes(save(arrays, {KEY: json.dumps(described), **metadata}))


def _described(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "name": step.name,
        "inputs": step.inputs,
        "made": list(step.made),
        "act": step.act,
        "window": step.window,
        "weighted": step.weights is not None,
    }


def from_bytes(content: bytes) -> Steps:
    """Raises: SpacelangError: SP1909 if the content isn't that of such a file."""
    try:
        arrays = load(content)
        length = int.from_bytes(content[:8], "little")
        described = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][KEY])
        inputs = tuple(_map(each) for each in described["inputs"])
        return Steps(inputs, tuple(_step(each, arrays) for each in described["steps"]))
    except (SafetensorError, ValueError, KeyError, TypeError):
        refuse("SP1909", "the file isn't a network that `spacelang export --to torch` wrote")


def _step(each: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Step:
    weights, name = None, each["name"]
    if each["weighted"]:
        weights = Weights(arrays[f"{name}/values"], arrays[f"{name}/bias"], arrays.get(f"{name}/scales"))
    window = Window(*each["window"]) if each["window"] else None
    return Step(each["kind"], name, tuple(each["inputs"]), _map(each["made"]), each["act"], window, weights)


def _map(numbers: list[Any]) -> Map:
    channels, size, grid = numbers
    return Map(channels, size, Grid(*grid) if grid else None)
