"""`show` and `cost`: what a space holds, and what its networks cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacelang.cli import complete
from spacelang.cli.console import print_parts, write, write_json
from spacelang.cli.inputs import load_space

if TYPE_CHECKING:
    from rich.table import Table

    from spacelang import ir
    from spacelang.networks.architecture import Architecture
    from spacelang.networks.cost import LayerCost

File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="`FILE`, `FILE#NAME`, or `-` for stdin.", autocompletion=complete.spaces),
]
Json = Annotated[bool, typer.Option("--json", help="For another program.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, max=1024, help="In place of what the device declares.")
]


def show(file: File, json: Json = False) -> None:
    """Print a space as the paper's tables do, and how many spaces or models it holds."""
    space = load_space(file)
    if json:
        write_json(_described(space))
        return
    blocks = [_blocks(space)] if space.kind == "hyperspace" else []
    print_parts(_title(space), _stages(space), *blocks, _head(space), _total(space))


def _title(space: ir.SearchSpace) -> str:
    device = space.device
    threads = f"{device.threads} thread{'s' * (device.threads > 1)}"
    origin = f", from {space.origin.kind} {space.origin.name} {space.origin.encoding or ''}" if space.origin else ""
    targets = f"; latency targets {_values(space.targets.latency_ms)} ms" if space.targets else ""
    return (
        f"{space.kind} {space.name} ({space.short_hash}){origin.rstrip()}\n"
        f"device {device.name}: {device.runtime}, {device.precision}, {threads}, "
        f"widths multiple of {device.width_multiple}{targets}\n"
        f"input {space.channels} channels at {_values(space.resolutions)} pixels, {space.classes} classes"
    )


def _values(values: Iterable[int | float]) -> str:
    return ", ".join(f"{each:g}" for each in values)


def simple_table(title: str, columns: Iterable[str], right: Iterable[str] = ()) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def _stages(space: ir.SearchSpace) -> Table:
    """One row a stage, in the words of the language; of a hyperspace with the ids of its blocks."""
    columns: tuple[str, ...] = ("stage", "block", "depth", "stride", "width", "parameters", "act", "models")
    if space.kind == "hyperspace":
        columns = ("stage", "blocks", "depth", "stride", "width", "width lists", "spaces")
    table = simple_table("stages", columns, ("stride", "width lists", "spaces", "models"))
    for stage in space.stem + space.stages:
        table.add_row(*(_hyperspace_row if space.kind == "hyperspace" else _space_row)(space, stage))
    return table


def _hyperspace_row(space: ir.SearchSpace, stage: ir.Stage) -> list[str]:
    from spacelang.translate.spelling import range_text, widths_text

    if stage in space.stem:
        blocks, *counts = stage.candidates[0].block, "", ""
    else:
        blocks = range_text(sorted(each.id for each in stage.candidates), 1, 3).strip("{}")
        counts = [str(len(stage.windows)), str(_choices(space, stage))]
    widths = widths_text(stage.windows, space.device.width_multiple)
    return [stage.name, blocks, range_text(stage.depth, 1, 2), str(stage.stride), widths, *counts]


def _space_row(space: ir.SearchSpace, stage: ir.Stage) -> list[str]:
    from spacelang.translate.spelling import range_text, widths_text

    (candidate,) = stage.candidates
    widths = widths_text(stage.windows, space.device.width_multiple)
    start = [stage.name, candidate.block, range_text(stage.depth, 1, 2), str(stage.stride), widths]
    return [*start, *_candidate(candidate), str(_choices(space, stage))]


def _candidate(candidate: ir.Candidate) -> tuple[str, str]:
    from spacelang.translate.spelling import choices_text

    numbers = ", ".join(f"{name} {choices_text(choices)}" for name, choices in candidate.numbers.items())
    return numbers, ", ".join(candidate.acts.values())


def _blocks(space: ir.SearchSpace) -> Table:
    """The blocks that stages choose from; those that all stages share are listed once."""
    shared = all(stage.candidates == space.stages[0].candidates for stage in space.stages)
    table = simple_table("blocks", (*(() if shared else ("stage",)), "id", "block", "parameters", "act"))
    for stage in space.stages[:1] if shared else space.stages:
        for each in stage.candidates:
            table.add_row(*(() if shared else (stage.name,)), str(each.id), each.block, *_candidate(each))
    return table


def _head(space: ir.SearchSpace) -> str:
    from spacelang.translate.printer import head_text

    return f"head: {' · '.join(head_text(space))}"


def _choices(space: ir.SearchSpace, stage: ir.Stage) -> int:
    """How many pairs of block and width list a hyperspace has there; how many stage architectures a space has."""
    from spacelang.networks.architecture import count_stage, only_candidate, only_window
    from spacelang.networks.genome import count_choices

    if space.kind == "hyperspace":
        return count_choices(stage)
    return count_stage(space, stage, only_candidate(stage), only_window(stage))


def _cardinality(space: ir.SearchSpace) -> tuple[int, int | None]:
    """How many spaces, and (of a space or model) how many models."""
    from spacelang.networks.architecture import count_models
    from spacelang.networks.genome import count_spaces

    return count_spaces(space), None if space.kind == "hyperspace" else count_models(space)


def _total(space: ir.SearchSpace) -> str:
    spaces, models = _cardinality(space)
    return f"{spaces} spaces" if models is None else f"{models} model{'s' * (models > 1)}"


def _described(space: ir.SearchSpace) -> dict[str, Any]:
    from spacelang import ir
    from spacelang.translate.printer import head_text

    spaces, models = _cardinality(space)
    return {
        "kind": space.kind,
        "name": space.name,
        "sha256": space.sha256,
        "device": ir.to_data(space.device),
        "origin": ir.to_data(space.origin),
        "spaces": spaces,
        "models": models,
        "channels": space.channels,
        "resolutions": list(space.resolutions),
        "classes": space.classes,
        "stem": [_described_stage(space, stage) for stage in space.stem],
        "stages": [_described_stage(space, stage) for stage in space.stages],
        "head": head_text(space),
        "targets_ms": list(space.targets.latency_ms) if space.targets else None,
    }


def _described_stage(space: ir.SearchSpace, stage: ir.Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "depth": list(stage.depth),
        "stride": stage.stride,
        "width_lists": [list(window.values) for window in stage.windows],
        "blocks": [
            {
                "id": each.id,
                "block": each.block,
                "numbers": {name: list(choices.values) for name, choices in each.numbers.items()},
                "acts": dict(each.acts),
            }
            for each in stage.candidates
        ],
        "count": _choices(space, stage),
    }


def cost(
    file: File,
    seed: Annotated[int, typer.Option(help="The seed of the sampled model of a space.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Count multiply-accumulates and parameters: of a model, or of the smallest, the largest and a sampled one."""
    from spacelang.networks.cost import cost as cost_of

    space = load_space(file)
    costs = {name: cost_of(space, each) for name, each in networks(space, seed).items()}
    if json:
        write_json({"kind": space.kind, "name": space.name, "networks": _costs_json(costs)})
        return
    print_parts(*(_cost_table(name, layers) for name, layers in costs.items()))
    write(
        "MFLOPs are multiply-accumulates; MParams INT8 counts the 3 LSQ+ scalars of each quantised convolution too.\n"
    )


def networks(space: ir.SearchSpace, seed: int) -> dict[str, Architecture]:
    """What stands for a space: a model itself; otherwise the smallest, the largest and a sampled model."""
    from spacelang.networks.architecture import largest, smallest
    from spacelang.networks.sample import sample

    if space.kind == "model":
        return {space.name: smallest(space)}
    (drawn,) = sample(space, 1, seed)
    return {"smallest": smallest(space), "largest": largest(space), f"sample of seed {seed}": drawn}


def _cost_table(name: str, layers: Iterable[LayerCost]) -> Table:
    from spacelang.networks.cost import total

    columns = ("MFLOPs", "MParams", "MParams INT8")
    table = simple_table(name, ("layer", "block", *columns), columns)
    rows = list(layers)
    for each in rows:
        cost = each.cost
        numbers = (f"{cost.mflops:.4f}", f"{cost.mparams:.4f}", f"{cost.mparams_quantised:.4f}")
        table.add_row(each.layer.name, each.layer.block, *numbers)
    whole = total(each.cost for each in rows)
    table.add_section()
    table.add_row("total", "", f"{whole.mflops:.4f}", f"{whole.mparams:.4f}", f"{whole.mparams_quantised:.4f}")
    return table


def _costs_json(networks: dict[str, tuple[LayerCost, ...]]) -> list[dict[str, Any]]:
    from spacelang.networks.cost import Cost, total

    def counts(cost: Cost) -> dict[str, int | float]:
        return {
            "macs": cost.macs,
            "params": cost.params,
            "mflops": cost.mflops,
            "mparams": cost.mparams,
            "mparams_int8": cost.mparams_quantised,
        }

    return [
        {
            "network": name,
            **counts(total(each.cost for each in layers)),
            "layers": [{"layer": each.layer.name, "block": each.layer.block, **counts(each.cost)} for each in layers],
        }
        for name, layers in networks.items()
    ]
