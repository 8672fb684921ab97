"""The page: one HTML file with its figures inside, readable without scripts, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from spacelang.backends.rendering import templates
from spacelang.latency.profile import findings, tables
from spacelang.latency.profile.findings import times
from spacelang.latency.profile.inline import inline
from spacelang.latency.profile.results import BADLY, Results
from spacelang.latency.profile.tables import Table


class Study(NamedTuple):
    """A section of the page.

    Attributes:
        label: of the figure, for readers who can't see it.
        numbers: a table that is folded away.
    """

    name: str
    title: str
    finding: str
    label: str
    caption: str
    table: Table | None = None
    numbers: Table | None = None


def page(found: Results, figures: Mapping[str, bytes], declaration: str | None) -> str:
    """The page.

    Args:
        figures: the SVG of each figure, by name.
        declaration: the proposed device; None for none.
    """
    return templates("spacelang.latency.profile").get_template("page.html.jinja").render(
        title=f"INT8 on {found.name}",
        device=found.fingerprint.describe(),
        facts=list(_facts(found)),
        rule={"finding": findings.rule(found), "table": tables.rule_table(found)},
        declaration=declaration,
        studies=[
            {**each._asdict(), "svg": inline(figures[each.name], each.name, each.label, each.finding)}
            for each in _studies(found)
        ],
    )  # fmt: skip


def _studies(found: Results) -> Iterator[Study]:
    yield Study(
        "steps", "Channels of depthwise convolutions", findings.steps(found),
        "Latency of 3×3 depthwise convolutions on 56×56 feature maps, over channels", "As the paper's Figure 9.",
        numbers=tables.steps_table(found),
    )  # fmt: skip
    yield Study(
        "operators", "Operators", findings.operators(found), "Speedup of each operator",
        "Faint dots: single kernels of MobileNetV3-Large. As the paper's Table 1.", tables.operators_table(found),
    )  # fmt: skip
    yield Study(
        "kernel_sizes", "Kernel sizes", findings.kernel_sizes(found), "Speedup over kernel sizes",
        "96 channels in and out, 56×56 feature maps. As the paper's Table 8.", tables.sizes_table(found),
    )  # fmt: skip
    yield Study(
        "widths", "Widths of 1×1 convolutions", findings.widths(found),
        "Speedup of 1×1 convolutions over their input channels", "28×28 feature maps. As the paper's Figure 3.",
        numbers=tables.widths_table(found),
    )  # fmt: skip
    yield Study(
        "blocks", "Blocks", findings.blocks(found), "Speedup of each block",
        f"Faint dots: layers of one stage. The line at {times(BADLY)}: blocks left of it run badly.",
        tables.blocks_table(found), tables.layers_table(found),
    )  # fmt: skip


def _facts(found: Results) -> Iterator[tuple[str, str, str]]:
    """A name, what is so named, and more about it in small print."""
    multiple = found.rule.multiple
    widths = "undecided" if multiple is None else f"multiple of {multiple}"
    yield "Widths", widths, f"confidence {found.rule.confidence:.0%}"
    operators = {each.name: times(each.speedup) for each in found.operators}
    yield "Conv, INT8 over FP32", operators["Conv"], f"depthwise {operators['DWConv']}, SE {operators['SE']}"
    known = [(each.speedup, each.name) for each in found.blocks if each.speedup is not None]
    best = max(known, key=lambda each: each[0], default=None)
    yield "Gains most", best[1] if best else "undecided", times(best[0]) if best else ""
    bad = [each for each in found.blocks if each.runs_badly]
    yield "Run badly", f"{len(bad)} of {len(found.blocks)} blocks", ", ".join(f"{each.id} {each.name}" for each in bad)
