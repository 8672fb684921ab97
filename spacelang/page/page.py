"""The page: one HTML file with its plots, their data and the library that draws them inside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from spacelang import __version__, ir
from spacelang.backends.rendering import templates
from spacelang.driver import load
from spacelang.files import write_atomic
from spacelang.networks.architecture import architecture_of
from spacelang.networks.cost import cost
from spacelang.page import plots
from spacelang.page.found import (
    Found,
    cells,
    command,
    evolution,
    front,
    int8_costs,
    optimum,
    predictions,
    read_found,
)
from spacelang.translate.printer import head_text
from spacelang.translate.spelling import choices_text, range_text, widths_text
from spacelang.whole.results import Shipped, read_json


class Plot(NamedTuple):
    """Attributes:
    label: what it shows, for readers who can't see it.
    made_by: the commands that its numbers are from.
    """

    id: str
    label: str
    spec: plots.Spec
    made_by: str


class Section(NamedTuple):
    id: str
    title: str
    text: str
    plots: tuple[Plot, ...]


def write_page(folder: str | os.PathLike[str], output: str | os.PathLike[str], against: Sequence[Path] = ()) -> None:
    """Write the page of a run.

    Args:
        against: folders of other runs, whose files are drawn as baselines.

    Raises:
        SpacelangError: SP2106 if a folder holds no run; SP2103 if its record is damaged; SP07xx for its table.
        OSError: if the page can't be written.
    """
    found, baselines = read_found(Path(folder)), [read_found(each) for each in against]
    write_atomic(output, page(found, baselines, Path(output).resolve().parent))


def page(found: Found, baselines: Sequence[Found], beside: Path) -> str:
    """The page. beside: the folder that it is put into, which links to files start from."""
    sections = list(_sections(found, baselines))
    return templates("spacelang.page").get_template("report.html.jinja").render(
        title=found.whole.name,
        version=__version__,
        facts=list(_facts(found)),
        spaces=[_described(each) for each in _spaces(found)],
        sections=sections,
        specs={plot.id: plot.spec for each in sections for plot in each.plots},
        models=list(_models(found, beside)),
        steps=list(found.whole.done.items()),
        script=plots.script(),
    )  # fmt: skip


def _facts(found: Found) -> Iterator[tuple[str, str, str]]:
    """A name, a value, and the command that it is from."""
    solved = read_json(found.folder / "solve.json")
    if solved:
        proved = "proved: none scores higher" if solved.get("proved") else "not proved"
        yield f"best space, {proved}", f"{solved['encoding']} · {solved['score']:.4f}", command(found, "solve")
    best = max((each for each in found.files if each.top1), key=lambda each: each.top1 or 0, default=None)
    if best:
        yield f"top-1 of {best.path.name}, in INT8", f"{best.top1:.2%}", command(found, "evaluate")
    fast = [each for each in found.files if each.int8_ms]
    if fast:
        first = min(fast, key=lambda each: each.int8_ms or 0)
        yield f"{first.path.name}, measured here", f"{first.int8_ms:.4f} ms", command(found, "bench")
    seconds = sum(each.seconds for each in found.whole.done.values())
    peak = max(each.peak_mb for each in found.whole.done.values()) / 1000
    yield (
        f"{len(found.whole.done)} steps, at most {peak:.1f} GB",
        _minutes(seconds),
        f"spacelang run {found.whole.file}",
    )


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02} min"


def _sections(found: Found, baselines: Sequence[Found]) -> Iterator[Section]:
    if points := evolution(found):
        best = optimum(found)
        yield Section(
            "evolution", "Evolution", "Each dot is a space that was scored, the line the best so far"
            + (", the dashed line the proved optimum." if best is not None else "."),
            (Plot("plot-evolution", "Score over scored spaces", plots.evolution(points, best),
                  command(found, "evolve", "solve")),),
        )  # fmt: skip
    made_by = command(found, "distill", "table", "attach")
    stages = tuple(
        Plot(
            f"plot-{stage.name}",
            f"{stage.name}: {words} was chosen" if words else stage.name,
            plots.cells(each),
            made_by,
        )
        for stage, each, words in cells(found)
        if each
    )
    if stages:
        yield Section(
            "cells", "Why it won", "Each mark is a measured stage architecture: its loss in INT8 against its latency. "
            "Lower and further left is better. Diamonds are those of the block and widths that were chosen; a click on "
            "a block in the legend shows it alone.", stages,
        )  # fmt: skip
    if points := int8_costs(found):
        plot = Plot("plot-int8", "What INT8 adds to the loss of each block", plots.int8_costs(points), made_by)
        yield Section(
            "int8", "What INT8 costs", "How much greater the mean loss of a block is in INT8 than in FP32.", (plot,)
        )
    if points := predictions(found):
        plot = Plot(
            "plot-latency", "Measured latency over predicted latency", plots.predictions(points),
            command(found, "search", "bench"),
        )  # fmt: skip
        yield Section(
            "latency", "Latency, predicted and measured", "Predicted for the device that was searched for; measured on "
            "the machine that the run was on. On another device, marks lie beside the dashed line.", (plot,),
        )  # fmt: skip
    if points := front(found, baselines):
        of = " and ".join(each.whole.name for each in baselines)
        plot = Plot(
            "plot-front", "Accuracy over latency of the files", plots.front(points), command(found, "evaluate", "bench")
        )
        text = "The files that ship" + (f", against {of}" if of else "") + ". A click on a mark shows its model."
        yield Section("front", "Accuracy and latency", text, (plot,))


def _spaces(found: Found) -> Iterator[ir.SearchSpace]:
    """The hyperspace, and the space that was trained."""
    if found.space is not None:
        yield found.space
    if found.best is not None and found.best is not found.space:
        yield found.best


def _described(space: ir.SearchSpace) -> dict[str, Any]:
    """A space as the paper's tables print it."""
    hyper = space.kind == "hyperspace"
    return {
        "title": f"{space.kind} {space.name}",
        "about": f"{', '.join(map(str, space.resolutions))} pixels, {space.classes} classes, on {space.device.name}",
        "columns": ("stage", "blocks" if hyper else "block", "depth", "stride", "widths", "parameters", "act"),
        "rows": [_row(space, each) for each in (*space.stem, *space.stages)],
        "head": " · ".join(head_text(space)),
    }


def _row(space: ir.SearchSpace, stage: ir.Stage) -> list[str]:
    blocks = ", ".join(each.block for each in stage.candidates)
    widths = widths_text(stage.windows, space.device.width_multiple)
    start = [stage.name, blocks, range_text(stage.depth, 1, 2), str(stage.stride), widths]
    if len(stage.candidates) > 1:
        return [*start, "", ""]
    (candidate,) = stage.candidates
    numbers = ", ".join(f"{name} {choices_text(choices)}" for name, choices in candidate.numbers.items())
    return [*start, numbers, ", ".join(candidate.acts.values())]


def _models(found: Found, beside: Path) -> Iterator[dict[str, Any]]:
    front = {each["name"]: each for each in read_json(found.folder / "models" / "front.json").get("front", [])}
    for name in dict.fromkeys(each.model for each in found.files):
        text = found.folder / "models" / f"{name}.space"
        model = load(text)
        within = ", ".join(f"{each:g}" for each in front.get(name, {}).get("targets_ms", []))
        yield {
            "name": name,
            "about": f"{model.resolutions[0]} pixels" + (f"; the best within {within} ms" if within else ""),
            "layers": list(_layers(model)),
            "files": [_file(each, beside) for each in found.files if each.model == name],
            "text": {"name": text.name, "link": _link(text, beside)},
            "made_by": command(found, "search", "export"),
        }


def _layers(model: ir.SearchSpace) -> Iterator[list[str]]:
    architecture = architecture_of(model)
    choices = [
        (stage, chosen, layer)
        for stage, chosen in zip((*model.stem, *model.stages), (*architecture.stem, *architecture.stages), strict=True)
        for layer in chosen.layers
    ]
    costs = cost(model, architecture)
    for (stage, chosen, layer), of in zip(choices, costs, strict=False):
        block = stage.candidate(chosen.candidate).block
        names = model.blocks_by_name[block].numeric
        numbers = ", ".join(f"{name} {value:g}" for name, value in zip(names, layer.numbers, strict=True))
        yield [of.layer.name, block, str(layer.width), numbers, f"{of.cost.mflops:.3f}", f"{of.cost.mparams:.4f}"]
    head = costs[-1]
    yield [head.layer.name, " · ".join(head_text(model)), "", "", f"{head.cost.mflops:.3f}", f"{head.cost.mparams:.4f}"]


def _file(each: Shipped, beside: Path) -> dict[str, str]:
    return {
        "name": each.path.name,
        "link": _link(each.path, beside),
        "MB": f"{each.bytes / 1e6:.3f}",
        "top1": "" if each.top1 is None else f"{each.top1:.2%}",
        "predicted": "" if each.predicted_ms is None else f"{each.predicted_ms:.4f}",
        "int8": "" if each.int8_ms is None else f"{each.int8_ms:.4f}",
        "fp32": "" if each.fp32_ms is None else f"{each.fp32_ms:.4f}",
    }


def _link(path: Path, beside: Path) -> str:
    return Path(os.path.relpath(path.resolve(), beside)).as_posix()
