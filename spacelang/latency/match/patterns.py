"""Fusion patterns: from steps to the operators that kernels are made of.

Each pattern looks at a step and at the steps that it reads, and puts one step in their place. The steps that were read
stay where they were, and are dropped at the end unless something else reads them too: then they run, and count.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from spacelang.ir.operators import Op
from spacelang.latency.match.steps import INPUT, Step

TOLERANCE = 0.02
"""For the constants in the formula of an activation, which a quantised network rounds."""
AFTER_NORM = frozenset({"conv", "dwconv", "linear"})
SQUEEZING = ("clip", "swish", "hswish")
"""The activation between the two convolutions of squeeze-and-excite; its cost is too small to tell apart."""
GATES = frozenset({"sigmoid", "hsigmoid"})
ACTIVATIONS = frozenset({"clip", "sigmoid", "hsigmoid", "swish", "hswish"})
PLAIN = frozenset({"conv", "dwconv", "add", "avgpool", "maxpool", "pool", "linear", "se"})


class Fusion:
    """Steps while patterns are being applied to them."""

    def __init__(self, steps: Sequence[Step], outputs: Iterable[int], requantised: Collection[int]) -> None:
        self.steps = list(steps)
        self.outputs = tuple(outputs)
        self.requantised = requantised
        self.uses = Counter(each for step in steps for each in step.inputs)
        self.uses.update(self.outputs)

    def before(self, step: Step, kind: str, value: float | None = None) -> Step | None:
        """The step that this one reads, if it is of that kind, with that number."""
        at = step.inputs[0]
        if at == INPUT or self.steps[at].kind != kind:
            return None
        return self.steps[at] if value is None or close(self.steps[at].value, value) else None


def close(value: float, expected: float) -> bool:
    return math.isclose(value, expected, rel_tol=TOLERANCE)


def norm(network: Fusion, step: Step) -> Step | None:
    """A batch norm, or a bias, is folded into the layer before it, unless its result is already rounded to integers."""
    at = step.inputs[0]
    if step.kind != "norm" or at == INPUT:
        return None
    folds = network.steps[at].kind in AFTER_NORM and network.uses[at] == 1 and at not in network.requantised
    return network.steps[at] if folds else None


def hard_sigmoid(network: Fusion, step: Step) -> Step | None:
    """clip(x + 3, 0, 6) / 6, or clip(x / 6 + 0.5, 0, 1)."""
    if step.kind == "scale" and close(step.value, 1 / 6):
        return _hard(network, network.before(step, "clip", 6), step)
    if step.kind == "clip" and close(step.value, 1):
        shift = network.before(step, "shift", 0.5)
        scale = shift and network.before(shift, "scale", 1 / 6)
        return scale and replace(step, kind="hsigmoid", inputs=scale.inputs)
    return None


def _hard(network: Fusion, clip: Step | None, step: Step) -> Step | None:
    shift = clip and network.before(clip, "shift", 3)
    return shift and replace(step, kind="hsigmoid", inputs=shift.inputs)


def hard_swish(network: Fusion, step: Step) -> Step | None:
    """x · clip(x + 3, 0, 6) / 6, divided last."""
    product = network.before(step, "mul") if step.kind == "scale" and close(step.value, 1 / 6) else None
    for value, gate in _both_ways(product):
        clip = network.steps[gate] if gate != INPUT and close(network.steps[gate].value, 6) else None
        hard = clip and clip.kind == "clip" and _hard(network, clip, step)
        if hard and hard.inputs == (value,):
            return replace(hard, kind="hswish")
    return None


def swish(network: Fusion, step: Step) -> Step | None:
    """x · sigmoid(x), and x · hard sigmoid(x)."""
    for value, gate in _both_ways(step if step.kind == "mul" else None):
        if gate != INPUT and network.steps[gate].kind in GATES and network.steps[gate].inputs == (value,):
            kind = "swish" if network.steps[gate].kind == "sigmoid" else "hswish"
            return replace(step, kind=kind, inputs=(value,))
    return None


def squeeze_excite(network: Fusion, step: Step) -> Step | None:
    """x · gate(layer(act(layer(mean(x))))), the layers 1×1 convolutions of one pixel, or linear."""
    for value, gate in _both_ways(step if step.kind == "mul" else None):
        squeeze = _squeeze(network, network.steps[gate]) if gate != INPUT else None
        mean = squeeze and network.before(squeeze, "pool")
        if squeeze and mean and mean.inputs == (value,):
            excite = _pixel(network, network.steps[gate])
            integer = squeeze.integer and excite is not None and excite.integer
            fused = replace(step, kind="se", inputs=(value,), squeeze=squeeze.channels_out)
            return replace(fused, integer=integer, quantised=squeeze.quantised)
    return None


def _squeeze(network: Fusion, gate: Step) -> Step | None:
    """The first of the two layers before a gate. In integers, saturation can be its activation."""
    excite = _pixel(network, gate) if gate.kind in GATES else None
    if excite is None:
        return None
    acts = filter(None, (network.before(excite, kind) for kind in SQUEEZING))
    return _pixel(network, next(acts, excite))


def _pixel(network: Fusion, step: Step) -> Step | None:
    """The layer of one pixel that this step reads."""
    found = network.before(step, "conv") or network.before(step, "linear")
    return found if found and found.size_in == 1 and found.kernel == 1 else None


def _both_ways(product: Step | None) -> tuple[tuple[int, ...], ...]:
    return (product.inputs, product.inputs[::-1]) if product else ()


Pattern = Callable[[Fusion, Step], Step | None]
PATTERNS: tuple[Pattern, ...] = (norm, hard_sigmoid, hard_swish, swish, squeeze_excite)


def fuse(network: Fusion) -> list[Step]:
    """The steps that are left, in order, after every pattern was tried on every step; inputs are renumbered."""
    for index in range(len(network.steps)):
        for pattern in PATTERNS:
            if made := pattern(network, network.steps[index]):
                network.steps[index] = made
    live = set(network.outputs)
    for index in reversed(range(len(network.steps))):
        if index in live:
            live.update(network.steps[index].inputs)
    kept = sorted(live - {INPUT})
    number = {INPUT: INPUT, **{old: new for new, old in enumerate(kept)}}
    steps = (network.steps[each] for each in kept)
    return [replace(step, inputs=tuple(number[each] for each in step.inputs)) for step in steps]


def op_of(step: Step) -> Op | None:
    """A step as an operator; None if it only has a meaning within a pattern, and wasn't found in one."""
    if step.kind in ACTIVATIONS:
        act = ("relu" if math.isinf(step.value) else "relu6") if step.kind == "clip" else step.kind
        return _op(step, "act", act)
    return _op(step, step.kind) if step.kind in PLAIN else None


def _op(step: Step, kind: str, act: str | None = None) -> Op:
    return Op(
        kind, step.inputs, step.channels_in, step.channels_out, step.size_in, step.size_out,
        kernel=step.kernel, stride=step.stride, act=act, squeeze=step.squeeze,
    )  # fmt: skip
