"""The page: one HTML file with its figures inside, readable without scripts, in light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from spacelang.latency.profile import findings
from spacelang.latency.profile.findings import curve_name, times
from spacelang.latency.profile.inline import inline
from spacelang.latency.profile.paper import PAPER_OPERATORS, PAPER_SIZES
from spacelang.latency.profile.results import BADLY, Block, Operator, Results

CSS = Path(__file__).with_name("page.css")
KINDS = {"conv": "Conv", "dwconv": "DWConv"}


def page(found: Results, figures: Mapping[str, bytes], declaration: str | None) -> str:
    """The page.

    Args:
        figures: the SVG of each figure, by name.
        declaration: the proposed device; None for none.
    """
    studies = (
        ("steps", "Channels of depthwise convolutions", findings.steps,
         "Latency of 3×3 depthwise convolutions on 56×56 feature maps, over channels", "As the paper's Figure 9.",
         _steps_table),
        ("operators", "Operators", findings.operators, "Speedup of each operator",
         "Faint dots: single kernels of MobileNetV3-Large. As the paper's Table 1.", _operators_table),
        ("kernel_sizes", "Kernel sizes", findings.kernel_sizes, "Speedup over kernel sizes",
         "96 channels in and out, 56×56 feature maps. As the paper's Table 8.", _sizes_table),
        ("widths", "Widths of 1×1 convolutions", findings.widths,
         "Speedup of 1×1 convolutions over their input channels", "28×28 feature maps. As the paper's Figure 3.",
         _widths_table),
        ("blocks", "Blocks", findings.blocks, "Speedup of each block",
         f"Faint dots: layers of one stage. The line at {times(BADLY)}: blocks left of it run badly.", _blocks_table),
    )  # fmt: skip
    sections = [
        _section("rule", "Width rule and device", findings.rule(found), _rule(found), _declaration(declaration))
    ]
    for name, title, finding, label, caption, table in studies:
        figure = _figure(figures, name, label, finding(found), caption)
        sections.append(_section(name, title, finding(found), figure, table(found)))
    title = f"INT8 on {found.name}"
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{CSS.read_text('utf-8')}</style>\n</head>\n<body>\n<header>\n"
    )
    start = f'<h1>{escape(title)}</h1>\n<p class="device">{escape(found.fingerprint.describe())}</p>\n{_facts(found)}'
    return f"{head}{start}</header>\n<main>\n{''.join(sections)}</main>\n</body>\n</html>\n"


def _section(name: str, title: str, finding: str, *parts: str) -> str:
    return f'<section id="{name}-section">\n<h2>{title}</h2>\n<p>{escape(finding)}</p>\n{"".join(parts)}</section>\n'


def _figure(figures: Mapping[str, bytes], name: str, title: str, description: str, caption: str) -> str:
    svg = inline(figures[name], name, title, description)
    return f"<figure>\n{svg}\n<figcaption>{escape(caption)}</figcaption>\n</figure>\n"


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[str] = ()) -> str:
    """The first cell of a row is its header; the columns named in `words` are aligned as text."""

    def cell(column: str, value: str) -> str:
        return f"<td{_class(column)}>{value}</td>"

    def _class(column: str) -> str:
        return ' class="text"' if column in words else ""

    head = "".join(f'<th scope="col"{_class(each)}>{escape(each)}</th>' for each in columns)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(map(cell, columns[1:], row[1:]))}</tr>\n' for row in rows
    )
    return (
        f'<div class="scroll"><table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def _folded(summary: str, content: str) -> str:
    return f"<details>\n<summary>{escape(summary)}</summary>\n{content}</details>\n"


def _micros(ms: float) -> str:
    """In µs, three digits at least."""
    micros = ms * 1000
    return f"{micros:.{0 if micros >= 100 else 1}f}"


# --- the parts ------------------------------------------------------------------------------------------------------


def _facts(found: Results) -> str:
    multiple = found.rule.multiple
    known = [each for each in found.blocks if each.speedup is not None]
    best = max(known, key=lambda each: each.speedup or 0, default=None)
    bad = [each for each in found.blocks if each.runs_badly]
    operators = {each.name: times(each.speedup) for each in found.operators}
    facts = [
        ("Widths", "undecided" if multiple is None else f"multiple of {multiple}",
         f"confidence {found.rule.confidence:.0%}"),
        ("Conv, INT8 over FP32", operators["Conv"], f"depthwise {operators['DWConv']}, SE {operators['SE']}"),
        ("Gains most", best.name if best else "undecided", times(best.speedup or 0) if best else ""),
        ("Run badly", f"{len(bad)} of {len(found.blocks)} blocks", ", ".join(f"{each.id} {each.name}" for each in bad)),
    ]  # fmt: skip
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(more)}</small></dd></div>\n"
        for name, value, more in facts
    )
    return f'<dl class="facts">\n{items}</dl>\n'


def _rule(found: Results) -> str:
    rows = [
        (str(each.multiple), f"multiples of {each.finer}", str(each.free), str(each.costly),
         "supported" if each.holds else "not supported")
        for each in found.rule.supports
    ]  # fmt: skip
    columns = ("multiple", "most against it", "widen freely", "at a cost", "verdict")
    caption = "Widths that were widened to the next multiple; differences within the noise don't count"
    return _folded("How each multiple fares", _table(caption, columns, rows, ("most against it", "verdict")))


def _declaration(text: str | None) -> str:
    if text is None:
        return "<p>No device is proposed: measure again on a quieter machine.</p>\n"
    return (
        f"<p>The proposed declaration, as in <code>device.space</code>:</p>\n<pre><code>{escape(text)}</code></pre>\n"
    )


def _operators_table(found: Results) -> str:
    rows = [(each.name, str(len(each.pairs)), *_speedups(each)) for each in found.operators]
    columns = ("operator", "kernels", "speedup", "least", "most", "paper, VNNI", "paper, Pixel 4")
    return _table("Geometric mean of the speedups of INT8 over FP32", columns, rows)


def _speedups(operator: Operator) -> Iterable[str]:
    here = (operator.speedup, min(operator.speedups), max(operator.speedups))
    return map(times, (*here, *PAPER_OPERATORS[operator.name]))


def _sizes_table(found: Results) -> str:
    rows = [
        (f"{KINDS[kind]} {size}×{size}", _micros(pair.int8_ms), _micros(pair.fp32_ms), times(pair.speedup),
         *map(times, PAPER_SIZES[kind][size]))
        for kind, pairs in found.kernel_sizes.items()
        for size, pair in pairs.items()
    ]  # fmt: skip
    columns = ("operator", "INT8 µs", "FP32 µs", "speedup", "paper, VNNI", "paper, Pixel 4")
    return _table("Speedup of INT8 over FP32 by kernel size", columns, rows)


def _widths_table(found: Results) -> str:
    rows = [
        (str(width), _micros(pair.int8_ms), _micros(pair.fp32_ms), times(pair.speedup))
        for width, pair in found.widths.items()
    ]
    columns = ("input channels", "INT8 µs", "FP32 µs", "speedup")
    return _folded("The numbers", _table("1×1 convolutions on 28×28 feature maps", columns, rows))


def _steps_table(found: Results) -> str:
    names = [f"{curve_name(each)}, {each.curve.precision.upper()}" for each in found.steps]
    rows = [(str(width), *(_micros(each.ms[width]) for each in found.steps)) for width in found.steps[0].ms]
    return _folded("The numbers", _table("Latency in µs by channels", ("channels", *names), rows))


def _blocks_table(found: Results) -> str:
    rows = list(map(_block_row, found.blocks))
    columns = ("id", "block", "speedup", "least", "most", "")
    table = _table(f"Blocks of {found.space}: one layer with stride 1", columns, rows, ("block", ""))
    return table + _folded("The numbers", _layers_table(found))


def _layers_table(found: Results) -> str:
    rows = [row for each in found.blocks for row in _layer_rows(each)]
    columns = ("block", "layer", "INT8 µs", "FP32 µs", "speedup")
    return _table("One more layer among others", columns, rows, ("layer",))


def _block_row(block: Block) -> Sequence[str]:
    known = [each.pair.speedup for each in block.layers if each.pair]
    figures = map(times, (block.speedup, min(known), max(known))) if block.speedup else ("undecided", "–", "–")
    verdict = '<span class="bad">runs badly</span>' if block.runs_badly else ""
    return (str(block.id), escape(block.name), *figures, verdict)


def _layer_rows(block: Block) -> Iterable[Sequence[str]]:
    for layer, pair in block.layers:
        measured = (_micros(pair.int8_ms), _micros(pair.fp32_ms), times(pair.speedup)) if pair else ("–", "–", "–")
        where = ", ".join(filter(None, (f"{layer.width} channels at {layer.size}×{layer.size}", layer.settings)))
        yield (escape(layer.block), escape(where), *measured)
