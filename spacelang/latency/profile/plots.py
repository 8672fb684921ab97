"""The figures, as SVG and PNG. The same numbers give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from statistics import geometric_mean
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from spacelang.latency.profile.paper import PAPER_OPERATORS, PAPER_SIZES
from spacelang.latency.profile.plan import FIGURE_9
from spacelang.latency.profile.results import BADLY, Results

INK, MUTED, GRID, GROUND = "#1f2328", "#6e7781", "#d8dee4", "#ffffff"
INT8, FP32, THIRD = "#0b62c4", "#c2560c", "#7a3fc4"
COLOURS = {"ink": INK, "muted": MUTED, "grid": GRID, "ground": GROUND, "int8": INT8, "fp32": FP32, "third": THIRD}
"""By role; a page may set others for a dark background."""
STYLE: Any = {
    "svg.hashsalt": "spacelang", "svg.fonttype": "none", "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"], "font.size": 10, "text.color": INK, "axes.labelcolor": INK,
    "axes.edgecolor": MUTED, "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK,
    "ytick.labelcolor": INK, "grid.color": GRID, "grid.linewidth": 0.8, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True, "figure.facecolor": GROUND,
    "axes.facecolor": GROUND, "legend.frameon": False, "figure.constrained_layout.use": True,
}  # fmt: skip
WIDTH, HEIGHT = 8.0, 3.6
"""Inches."""
DOTS = 160
"""Per inch, of a PNG."""


def figures(found: Results) -> dict[str, tuple[bytes, bytes]]:
    """SVG and PNG of each figure, by name."""
    made = {
        "operators": _operators,
        "kernel_sizes": _kernel_sizes,
        "widths": _widths,
        "steps": _steps,
        "blocks": _blocks,
    }
    with matplotlib.rc_context(STYLE):
        return {name: _files(draw(found)) for name, draw in made.items()}


def _files(figure: Figure) -> tuple[bytes, bytes]:
    svg, png = io.BytesIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=DOTS, metadata={"Software": None})
    return svg.getvalue(), png.getvalue()


def _axes(x: str, y: str, height: float = HEIGHT) -> tuple[Figure, Any]:
    figure = Figure((WIDTH, height))
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def _line(axes: Any, points: Mapping[int, float], name: str, label: str, color: str, **more: Any) -> None:
    style = {"marker": "o", "markersize": 5, "linewidth": 1.6, **more}
    axes.plot(list(points), list(points.values()), label=label, color=color, gid=name, **style)


def _even(axes: Any, across: bool = True) -> None:
    """A line where INT8 is as fast as FP32."""
    (axes.axhline if across else axes.axvline)(1, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))


def _times(axis: Any) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, at: f"{value:g}×"))


def _operators(found: Results) -> Figure:
    figure, axes = _axes("speedup of INT8 over FP32", "operator", 2.8)
    rows = list(reversed(found.operators))
    for at, each in enumerate(rows):
        axes.plot(
            each.speedups, [at] * len(each.speedups), "o", color=INT8, alpha=0.35, markersize=5, gid=f"spread-{at}"
        )
    mean = {at: each.speedup for at, each in enumerate(rows)}
    axes.plot(list(mean.values()), list(mean), "D", color=INT8, markersize=8, gid="mean", label="mean here")
    paper = [PAPER_OPERATORS[each.name][0] for each in rows]
    axes.plot(
        paper, list(mean), "x", color=FP32, markersize=8, markeredgewidth=2, gid="paper", label="paper, Intel VNNI"
    )
    axes.set_yticks(list(mean), [each.name for each in rows])
    _even(axes, across=False)
    _times(axes.xaxis)
    axes.set_xlim(left=0)
    axes.legend(loc="lower right")
    return figure


def _kernel_sizes(found: Results) -> Figure:
    figure, axes = _axes("kernel size", "speedup of INT8 over FP32")
    series = {"conv": ("Conv", INT8), "dwconv": ("DWConv", FP32)}
    for kind, (name, color) in series.items():
        pairs = found.kernel_sizes[kind]
        _line(axes, {size: pair.speedup for size, pair in pairs.items()}, kind, f"{name} here", color)
        paper = {size: PAPER_SIZES[kind][size][0] for size in pairs}
        dashed = {"linestyle": (0, (2, 2)), "marker": "x", "linewidth": 1.2}
        _line(axes, paper, f"{kind}-paper", f"{name}, paper's Intel VNNI", color, **dashed)
    axes.set_xticks(list(pairs), [f"{size}×{size}" for size in pairs])
    _even(axes)
    _times(axes.yaxis)
    axes.set_ylim(bottom=0)
    axes.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.2))
    return figure


def _widths(found: Results) -> Figure:
    figure, axes = _axes("input channels (four times as many output channels)", "speedup of INT8 over FP32")
    _line(axes, {width: pair.speedup for width, pair in found.widths.items()}, "speedup", "Conv 1×1", INT8)
    _even(axes)
    _times(axes.yaxis)
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(0, max(found.widths) + 1, 32))
    return figure


def _steps(found: Results) -> Figure:
    """One panel per precision: in a single one, the teeth of the two saws would hide each other."""
    shown = [each for each in found.steps if each.curve[:3] == FIGURE_9[:3]]
    multiple = found.rule.multiple or 1
    figure = Figure((WIDTH, 2.4 * len(shown)))
    for axes, steps in zip(figure.subplots(len(shown), sharex=True), shown, strict=True):
        name, color = steps.curve.precision, INT8 if steps.curve.precision == "int8" else FP32
        micros = {width: ms * 1000 for width, ms in steps.ms.items()}
        _line(axes, micros, name, name.upper(), color, markersize=2.5, linewidth=1)
        if multiple > 1:
            marked = {width: value for width, value in micros.items() if width % multiple == 0}
            label = f"{name.upper()} at multiples of {multiple}"
            _line(axes, marked, f"{name}-multiples", label, THIRD, linestyle="none", markersize=6)
        axes.set_ylabel("latency in µs")
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left")
    axes.set_xlabel("channels")
    axes.set_xticks(range(0, max(micros) + 1, 16))
    return figure


def _blocks(found: Results) -> Figure:
    figure, axes = _axes("speedup of INT8 over FP32", "block", 0.9 + 0.32 * len(found.blocks))
    rows = list(reversed(found.blocks))
    for at, block in enumerate(rows):
        speedups = [each.pair.speedup for each in block.layers if each.pair]
        color = FP32 if block.runs_badly else INT8
        axes.plot(speedups, [at] * len(speedups), "o", color=color, alpha=0.35, markersize=5, gid=f"spread-{at}")
        if speedups:
            axes.plot([geometric_mean(speedups)], [at], "D", color=color, markersize=8, gid=f"mean-{at}")
    axes.set_yticks(range(len(rows)), [f"{each.id} {each.name}" for each in rows])
    axes.axvline(BADLY, color=FP32, linewidth=1.2, linestyle=(0, (4, 3)))
    _even(axes, across=False)
    _times(axes.xaxis)
    axes.set_xlim(left=0)
    return figure
