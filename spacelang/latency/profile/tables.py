"""The tables of the page, as texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from spacelang.latency.profile.findings import curve_name, times
from spacelang.latency.profile.paper import PAPER_OPERATORS, PAPER_SIZES
from spacelang.latency.profile.results import BlockSpeed, OperatorSpeed, Pair, Results

KINDS = {"conv": "Conv", "dwconv": "DWConv"}
UNKNOWN = "–"


class Column(NamedTuple):
    """`kind`: how its cells are shown."""

    name: str
    kind: Literal["number", "text", "warning"] = "number"


class Table(NamedTuple):
    """The first cell of a row is its header."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


def _columns(*names: str) -> list[Column]:
    return [Column(each) for each in names]


def rule_table(found: Results) -> Table:
    rows = [
        (str(each.multiple), f"multiples of {each.finer}", str(each.free), str(each.costly),
         "supported" if each.holds else "not supported")
        for each in found.rule.supports
    ]  # fmt: skip
    columns = [
        Column("multiple"), Column("most against it", "text"), *_columns("widen freely", "at a cost"),
        Column("verdict", "text"),
    ]  # fmt: skip
    caption = "Widths that were widened to the next multiple; differences within the noise don't count"
    return Table(caption, columns, rows)


def operators_table(found: Results) -> Table:
    rows = [(each.name, str(len(each.pairs)), *_speedups(each)) for each in found.operators]
    columns = _columns("operator", "kernels", "speedup", "least", "most", "paper, VNNI", "paper, Pixel 4")
    return Table("Geometric mean of the speedups of INT8 over FP32", columns, rows)


def _speedups(operator: OperatorSpeed) -> Iterable[str]:
    here = (operator.speedup, min(operator.speedups), max(operator.speedups))
    return map(times, (*here, *PAPER_OPERATORS[operator.name]))


def sizes_table(found: Results) -> Table:
    rows = [
        (f"{KINDS[kind]} {size}×{size}", *_pair(pair), *map(times, PAPER_SIZES[kind][size]))
        for kind, pairs in found.kernel_sizes.items()
        for size, pair in pairs.items()
    ]
    columns = _columns("operator", "INT8 µs", "FP32 µs", "speedup", "paper, VNNI", "paper, Pixel 4")
    return Table("Speedup of INT8 over FP32 by kernel size", columns, rows)


def widths_table(found: Results) -> Table:
    rows = [(str(width), *_pair(pair)) for width, pair in found.widths.items()]
    columns = _columns("input channels", "INT8 µs", "FP32 µs", "speedup")
    return Table("1×1 convolutions on 28×28 feature maps", columns, rows)


def steps_table(found: Results) -> Table:
    names = [f"{curve_name(each)}, {each.curve.precision.upper()}" for each in found.steps]
    rows = [(str(width), *(_micros(each.ms[width]) for each in found.steps)) for width in found.steps[0].ms]
    return Table("Latency in µs by channels", _columns("channels", *names), rows)


def blocks_table(found: Results) -> Table:
    columns = [Column("id"), Column("block", "text"), *_columns("speedup", "least", "most"), Column("", "warning")]
    return Table(f"Blocks of {found.space}: one layer with stride 1", columns, list(map(_block_row, found.blocks)))


def _block_row(block: BlockSpeed) -> Sequence[str]:
    known = [each.pair.speedup for each in block.layers if each.pair]
    figures = map(times, (block.speedup, min(known), max(known))) if block.speedup else ("undecided", UNKNOWN, UNKNOWN)
    return (str(block.id), block.name, *figures, "runs badly" if block.runs_badly else "")


def layers_table(found: Results) -> Table:
    rows = [row for each in found.blocks for row in _layer_rows(each)]
    columns = [Column("block"), Column("layer", "text"), *_columns("INT8 µs", "FP32 µs", "speedup")]
    return Table("One more layer among others", columns, rows)


def _layer_rows(block: BlockSpeed) -> Iterable[Sequence[str]]:
    for layer, pair in block.layers:
        where = ", ".join(filter(None, (f"{layer.width} channels at {layer.size}×{layer.size}", layer.settings)))
        yield (layer.block, where, *(_pair(pair) if pair else [UNKNOWN] * 3))


def _pair(pair: Pair) -> tuple[str, str, str]:
    return _micros(pair.int8_ms), _micros(pair.fp32_ms), times(pair.speedup)


def _micros(ms: float) -> str:
    """In µs, three digits at least."""
    micros = ms * 1000
    return f"{micros:.{0 if micros >= 100 else 1}f}"
