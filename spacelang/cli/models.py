"""`encode`, `decode` and `sample`: from spaces to their short names and back, and down to models."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacelang.cli.console import write
from spacelang.cli.inputs import load_space
from spacelang.cli.outputs import require_unedited
from spacelang.cli.show import File
from spacelang.report.diagnostics import refuse

if TYPE_CHECKING:
    from spacelang import ir
    from spacelang.networks.architecture import Architecture, StageChoice

Output = Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there; `-` is stdout.")]
STDOUT = "-"
Force = Annotated[bool, typer.Option("--force", help="Write over a file that was edited.")]


def encode(
    file: File,
    hyperspace: Annotated[
        str | None,
        typer.Option("--hyperspace", metavar="FILE", help="In this one, whatever the `from` line of the space says."),
    ] = None,
) -> None:
    """Print the encoding of a space in its hyperspace, from what its stages say."""
    from spacelang.networks.genome import encode_full
    from spacelang.translate.inclusion import locate

    if hyperspace is None:
        write(f"{_claimed_encoding(load_space(file, ('space',)))}\n")
        return
    wider = load_space(hyperspace, ("hyperspace",))
    write(f"{encode_full(wider, locate(wider, load_space(file, ('space',))))}\n")


def _claimed_encoding(space: ir.SearchSpace) -> str:
    """What the `from` line says, which was checked when the space was loaded."""
    from spacelang.networks.genome import encode as encoded
    from spacelang.networks.genome import genome_of

    origin = space.origin
    if origin is None or origin.kind != "hyperspace" or origin.encoding is None:
        mend = "name it with `--hyperspace FILE`; a space that spacelang found says it in its `from` line"
        refuse("SP1003", f"{space.name} doesn't say which encoding it has in which hyperspace", mend)
    prefix = f"{origin.name}@{origin.sha256[:8]}:" if origin.sha256 else ""
    return f"{prefix}{encoded(genome_of(space))}"


def decode(
    file: File,
    encoding: Annotated[
        str, typer.Argument(metavar="ENCODING", help="`151122-023231`; `vnni@3f2a9c1e:` may stand before.")
    ],
    output: Output = None,
    force: Force = False,
) -> None:
    """Write out the space that an encoding names in a hyperspace."""
    from spacelang.networks.genome import decode as decoded
    from spacelang.networks.genome import encode as encoded
    from spacelang.networks.genome import narrow
    from spacelang.translate.printer import to_text

    hyperspace = load_space(file, ("hyperspace",))
    genome = decoded(hyperspace, encoding)
    name = f"{hyperspace.name}_{encoded(genome).replace('-', '_')}"
    text = to_text(narrow(hyperspace, genome, name))
    if output is not None and output != STDOUT:
        require_unedited(Path(output), force=force, text=text)
    deliver([text], output)


def deliver(texts: Iterable[str], output: str | None) -> None:
    """To a file, atomically, or to stdout (`-`) one by one."""
    from spacelang.files import write_atomic

    if output is None or output == STDOUT:
        for text in texts:
            write(text)
    else:
        write_atomic(output, "".join(texts))


TEXT_MODELS = 500
"""In one text: with more, it would be larger than what spacelang reads."""


class SampleFormat(StrEnum):
    SPACE = "space"
    JSONL = "jsonl"


def sample(
    file: File,
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=1_000_000, help="How many.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same models.")] = 0,
    format: Annotated[
        SampleFormat, typer.Option(help="`.space` text, or one JSON object a line.")
    ] = SampleFormat.SPACE,
    output: Output = None,
) -> None:
    """Draw models of a space, uniformly."""
    from spacelang.networks.sample import sample as drawn

    if format is SampleFormat.SPACE and number > TEXT_MODELS:
        raise typer.BadParameter(f"a .space text holds at most {TEXT_MODELS} models; more fit into --format jsonl")
    space = load_space(file)
    architectures = drawn(space, number, seed)
    if format is SampleFormat.SPACE:
        deliver([_as_text(space, architectures, seed)], output)
    else:
        deliver((json.dumps(each) + "\n" for each in _as_json(space, architectures)), output)


def _as_text(space: ir.SearchSpace, architectures: list[Architecture], seed: int) -> str:
    from spacelang.networks.architecture import model_of
    from spacelang.translate.printer import to_text

    models = [model_of(space, each, f"{space.name}_s{seed}_{at}") for at, each in enumerate(architectures)]
    return to_text(*models)


def _as_json(space: ir.SearchSpace, architectures: list[Architecture]) -> Iterator[dict[str, Any]]:
    """Each with its choices by name; widths, then the numbers of the stage's block."""
    blocks = {each.name: each.numeric for each in space.blocks}

    def stage(declared: ir.Stage, chosen: StageChoice) -> dict[str, Any]:
        block = declared.candidate(chosen.candidate).block
        layers = [
            {"width": layer.width, **dict(zip(blocks[block], layer.numbers, strict=True))} for layer in chosen.layers
        ]
        return {"stage": declared.name, "block": block, "layers": layers}

    for each in architectures:
        yield {
            "resolution": each.resolution,
            "stem": list(map(stage, space.stem, each.stem)),
            "stages": list(map(stage, space.stages, each.stages)),
            "head": list(each.head),
        }
