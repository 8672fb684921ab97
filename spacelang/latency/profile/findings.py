"""What the numbers say, in a sentence or two for each table and figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import geometric_mean

from spacelang.latency.profile.plan import KERNEL_SIZES
from spacelang.latency.profile.results import BADLY, Pair, Results, StepTimes
from spacelang.latency.profile.rule import Support, penalties
from spacelang.report.suggest import listed

EVEN = 1.1
"""A speedup between 1/1.1 and 1.1 doesn't count as one."""
BOTH = (True, False)
NEARLY = 0.9
"""A speedup of at least this share of the best counts as nearly the best."""


def times(value: float) -> str:
    return f"{value:.1f}×" if value >= 0.95 else f"{value:.2f}×"


def operators(found: Results) -> str:
    faster = [each for each in found.operators if each.speedup > EVEN]
    slower = [each for each in found.operators if each.speedup < 1 / EVEN]
    even = [each for each in found.operators if each not in faster and each not in slower]
    groups = ((faster, "is faster for"), (slower, "is slower for"), (even, "makes no difference for"))
    parts = [
        f"{verb} {listed((f'{each.name} ({times(each.speedup)})' for each in group), 'and')}"
        for group, verb in groups
        if group
    ]
    return f"INT8 {'; it '.join(parts)}.{_on_multiples(found)}"


def _on_multiples(found: Results) -> str:
    """How much of a bad figure is due to the widths: MobileNetV3 has few multiples of 16."""
    multiple = found.rule.multiple or 1
    (depthwise,) = [each for each in found.operators if each.name == "DWConv"]
    pairs = list(zip(depthwise.kernels, depthwise.speedups, strict=True))
    on, off = ([value for kernel, value in pairs if (kernel.channels_in % multiple == 0) is wanted] for wanted in BOTH)
    if not on or not off:
        return ""
    return (
        f" Depthwise kernels with a multiple of {multiple} channels come to {times(geometric_mean(on))}, "
        f"the others to {times(geometric_mean(off))}."
    )


def kernel_sizes(found: Results) -> str:
    return (
        f"{_sizes('Convolutions', found.kernel_sizes['conv'])} {_sizes('Depthwise ones', found.kernel_sizes['dwconv'])}"
    )


def _sizes(name: str, pairs: Mapping[int, Pair]) -> str:
    first, *_, last = KERNEL_SIZES
    least, most = min(each.speedup for each in pairs.values()), max(each.speedup for each in pairs.values())
    ends = f"from {times(pairs[first].speedup)} at {first}×{first} to {times(pairs[last].speedup)} at {last}×{last}"
    if most < EVEN * least:
        return f"{name} gain {times(least)} to {times(most)}, whatever the kernel size."
    if most < 1 / EVEN:
        return f"{name} are slower in INT8 at every kernel size: {ends}."
    return f"{name} go {ends}."


def widths(found: Results) -> str:
    speedups = {width: pair.speedup for width, pair in found.widths.items()}
    worst, best = min(speedups, key=lambda each: speedups[each]), max(speedups, key=lambda each: speedups[each])
    good = min(
        each for each in speedups
        if all(value >= NEARLY * speedups[best] for width, value in speedups.items() if width >= each)
    )  # fmt: skip
    return (
        f"1×1 convolutions gain least with {worst} input channels ({times(speedups[worst])}) and most with {best} "
        f"({times(speedups[best])}); from {good} channels on they stay within {1 - NEARLY:.0%} of that."
    )


def steps(found: Results) -> str:
    multiple = found.rule.multiple
    if multiple is None:
        return (
            "No multiple of channels is supported by enough widths, so no device is proposed. "
            f"The confidence of the best was {found.rule.confidence:.0%}."
        )
    if multiple == 1:
        return "Latency grows with every channel, so no width is better than its neighbours."
    by_curve = "; ".join(_penalty(each, multiple) for each in found.steps if each.curve.precision == "int8")
    return (
        f"INT8 latency steps at multiples of {multiple}. A width between them takes as long as the next multiple or "
        f"longer: {by_curve}."
    )


def _penalty(steps: StepTimes, multiple: int) -> str:
    ratios = penalties(steps.ms, multiple)
    return f"{times(geometric_mean(ratios))} on average, at most {times(max(ratios))} for {curve_name(steps)}"


def curve_name(steps: StepTimes) -> str:
    curve = steps.curve
    kind = "depthwise" if curve.kind == "dwconv" else "conv"
    return f"{kind} {curve.kernel}×{curve.kernel} at {curve.size}×{curve.size}"


def rule(found: Results) -> str:
    """How the rule was decided."""
    shapes = listed((curve_name(each) for each in found.steps if each.curve.votes), "and")
    return (
        f"A multiple is supported if widening any width to it costs nothing: less than half of what that many channels "
        f"cost overall. The widths of {shapes} vote. The rule is the largest multiple that is supported."
        f"{''.join(map(_verdict, _nearest(found)))}"
    )


def _nearest(found: Results) -> list[Support]:
    """The rule's multiple, and the next larger one."""
    multiple = found.rule.multiple
    return [each for each in found.rule.supports if multiple and each.multiple in (multiple, 2 * multiple)]


def _verdict(support: Support) -> str:
    among = f"of {support.free + support.costly} multiples of {support.finer}"
    if support.holds:
        return f" {support.multiple} is supported: {support.free} {among} widen freely."
    return f" {support.multiple} isn't supported: {support.costly} {among} widen at a cost."


def blocks(found: Results) -> str:
    known = {each.name: each.speedup for each in found.blocks if each.speedup is not None}
    if not known:
        return "No block's speedup could be told from the noise."
    best = max(known, key=lambda each: known[each])
    first = f"{best} gains most from INT8 ({times(known[best])})."
    bad = _named((each.name, each.id) for each in found.blocks if each.runs_badly)
    if not bad:
        return f"{first} Every block gains at least {times(BADLY)}."
    return f"{first} {bad} {'run' if ' and ' in bad else 'runs'} badly, with less than {times(BADLY)}."


def _named(blocks: Iterable[tuple[str, int]]) -> str:
    return listed((f"{name} (id {id})" for name, id in blocks), "and")
