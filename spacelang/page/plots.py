"""The plots, as Vega-Lite specifications that Altair checks against its schema. Colours follow the page's theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spacelang.page.found import Point
from spacelang.report.diagnostics import refuse

try:
    import altair as alt
    import vl_convert
except ModuleNotFoundError:
    refuse("SP2107", "a report needs altair and vl-convert-python", "in spacelang's checkout: pip install '.[report]'")

Spec = dict[str, Any]
PALETTE = ("#3b8fd6", "#e0702a", "#1a9e77", "#cc79a7", "#cf9b00", "#d64550", "#9a7fd1", "#8a8f98")
"""Close to Okabe and Ito's, which readers with any colour vision tell apart; seen on white and on black."""
FOUND, OPTIMUM = PALETTE[0], PALETTE[1]
HEIGHT = 300


def script() -> str:
    """Vega, Vega-Lite and Vega-Embed, for a page without a network."""
    made: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub forgets the default
    return made


def evolution(points: Sequence[Point], optimum: float | None) -> Spec:
    base = alt.Chart(_data(points))
    x = alt.X("scored:Q", title="spaces scored")
    y = alt.Y("score:Q", title="score", scale=alt.Scale(zero=False, padding=8))
    spaces = base.mark_circle(size=28, opacity=0.45, color=FOUND).encode(
        x=x, y=y, tooltip=_tips(("space", "N"), ("score", "Q", ".4f"), ("scored", "Q"), ("came by", "N"))
    )
    best = base.mark_line(color=FOUND, strokeWidth=2, interpolate="step-after").encode(
        x="scored:Q", y=alt.Y("best:Q", scale=alt.Scale(zero=False))
    )
    layers = [best, spaces]
    if optimum is not None:
        line = alt.Chart(_data([{"optimum": optimum}]))
        rule = line.mark_rule(color=OPTIMUM, strokeWidth=2, strokeDash=[6, 3])
        layers.append(rule.encode(y="optimum:Q", tooltip=_tips(("optimum", "Q", ".4f"))))
    return _spec(alt.layer(*layers))


def cells(points: Sequence[Point]) -> Spec:
    blocks = list(dict.fromkeys(each["block"] for each in points))
    tips = _tips(
        ("block", "N"), ("widths", "N"), ("layers", "Q"), ("resolution", "Q"), ("loss", "Q", ".4f"), ("ms", "Q", ".4f"),
        ("chosen", "N"),
    )  # fmt: skip
    one = alt.selection_point(fields=["block"], bind="legend")
    chosen = alt.datum.chosen == "chosen"
    base = alt.Chart(_data(points)).encode(
        x=alt.X("ms:Q", title="latency, ms", scale=alt.Scale(type="log", nice=False, padding=12)),
        y=alt.Y("loss:Q", title="INT8 loss", scale=alt.Scale(type="log", nice=False, padding=12)),
        color=alt.Color("block:N", scale=alt.Scale(domain=blocks, range=_colours(len(blocks))), legend=_legend()),
        tooltip=tips,
    )
    others = base.transform_filter(~chosen).mark_circle(size=24)
    best = base.transform_filter(chosen).mark_point(size=80, filled=True, shape="diamond", stroke="currentColor")
    others = others.encode(opacity=alt.condition(one, alt.value(0.35), alt.value(0.04))).add_params(one)
    return _spec(alt.layer(others, best.encode(opacity=alt.value(1.0))))


def int8_costs(points: Sequence[Point]) -> Spec:
    stages = list(dict.fromkeys(each["stage"] for each in points))
    bars = (
        alt.Chart(_data(points))
        .mark_bar()
        .encode(
            x=alt.X("adds:Q", title="INT8 adds to the loss", axis=alt.Axis(format="+.2~%", tickCount=6)),
            y=alt.Y("block:N", title=None, sort=None),
            yOffset=alt.YOffset("stage:N", sort=stages),
            color=alt.Color("stage:N", scale=alt.Scale(domain=stages, range=_colours(len(stages))), legend=_legend()),
            tooltip=_tips(("stage", "N"), ("block", "N"), ("adds", "Q", "+.1%")),
        )
    )
    return _spec(bars, height=max(160, 12 * len(points)))


def predictions(points: Sequence[Point]) -> Spec:
    most = 1.1 * max(max(each["predicted"], each["measured"]) for each in points)
    scale = alt.Scale(domain=[0, most])
    line = alt.Chart(_data([{"x": 0, "y": 0}, {"x": most, "y": most}])).mark_line(strokeDash=[4, 4], color="#888888")
    marks = (
        alt.Chart(_data(points))
        .mark_point(size=70, filled=True)
        .encode(
            x=alt.X("predicted:Q", title="predicted, ms", scale=scale),
            y=alt.Y("measured:Q", title="measured here, ms", scale=scale),
            **_by_runtime(points),
            tooltip=_tips(
                ("file", "N"), ("runtime", "N"), ("predicted", "Q", ".4f"), ("measured", "Q", ".4f")
            ),
        )
    )  # fmt: skip
    return _spec(alt.layer(line.encode(x="x:Q", y="y:Q"), marks))


def front(points: Sequence[Point]) -> Spec:
    spaces = list(dict.fromkeys(each["of"] for each in points))
    base = alt.Chart(_data(points)).encode(
        x=alt.X("ms:Q", title="measured latency, ms (INT8)", scale=alt.Scale(zero=False, padding=20)),
        y=alt.Y(
            "top\\-1:Q", title="top-1", axis=alt.Axis(format=".1%"), scale=alt.Scale(zero=False, padding=16)
        ),
        color=alt.Color("of:N", scale=alt.Scale(domain=spaces, range=_colours(len(spaces))), legend=_legend()),
    )  # fmt: skip
    runtimes = sorted({each["runtime"] for each in points})
    shape = alt.Shape("runtime:N", scale=alt.Scale(domain=runtimes, range=["circle", "square"]), legend=_legend())
    lines = base.mark_line(opacity=0.5).encode(detail="runtime:N", order="ms:Q")
    marks = base.mark_point(size=110, filled=True, cursor="pointer").encode(
        shape=shape,
        tooltip=_tips(
            ("file", "N"), ("of", "N"), ("runtime", "N"), ("top\\-1", "Q", ".2%", "top-1"), ("ms", "Q", ".4f"),
            ("MB", "Q"),
        ),
    )  # fmt: skip
    return _spec(alt.layer(lines, marks))


def _by_runtime(points: Sequence[Point]) -> dict[str, Any]:
    runtimes = sorted({each["runtime"] for each in points})
    colour = alt.Scale(domain=runtimes, range=_colours(len(runtimes)))
    shape = alt.Scale(domain=runtimes, range=["circle", "square"])
    return {
        "color": alt.Color("runtime:N", scale=colour, legend=_legend()),
        "shape": alt.Shape("runtime:N", scale=shape, legend=_legend()),
    }


def _colours(count: int) -> list[str]:
    return [PALETTE[at % len(PALETTE)] for at in range(count)]


def _legend() -> alt.Legend:
    return alt.Legend(orient="bottom", title=None, columns=4)


def _tips(*fields: tuple[str, ...]) -> list[alt.Tooltip]:
    """Each a name and a type, and what it is written and called like, if not as it is."""
    return [
        alt.Tooltip(
            f"{name}:{kind}", title=more[1] if len(more) > 1 else name, format=more[0] if more else alt.Undefined
        )
        for name, kind, *more in fields
    ]  # fmt: skip


def _data(points: Sequence[Point]) -> alt.Data:
    return alt.Data(values=list(points))  # type: ignore[no-untyped-call]


def _spec(chart: Any, height: int = HEIGHT) -> Spec:
    made: Spec = chart.properties(width="container", height=height).to_dict()
    made.pop("config", None)  # the page's theme takes its place
    return made
