"""`export`: a model of a trained supernet as a file that a runtime runs."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import say, write, write_json
from spacelang.cli.inputs import load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import Json

if TYPE_CHECKING:
    from spacelang.export import Exported


class Target(StrEnum):
    ONNX = "onnx"
    QDQ = "qdq"
    TFLITE = "tflite"
    SAVED_MODEL = "saved-model"
    TORCH = "torch"


class PrecisionChoice(StrEnum):
    INT8 = "int8"
    FP32 = "fp32"


def export(
    file: Annotated[str, typer.Argument(metavar="MODEL", help="A `model`: FILE, or FILE#NAME for one of several.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write; for saved-model, a new folder.")
    ],
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="RUN", help="A finished training, to cut the model from."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="In place of --run: the model's own weights."),
    ] = None,
    to: Annotated[
        Target,
        typer.Option(
            "--to", help="onnx is fastest in onnxruntime, qdq portable, saved-model TensorFlow's, torch plain integers."
        ),
    ] = Target.ONNX,
    precision: Annotated[PrecisionChoice, typer.Option(help="fp32: the twin to compare with.")] = PrecisionChoice.INT8,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="Images to use in place of those that it was trained on."),
    ] = None,
    uint8_input: Annotated[
        bool, typer.Option("--uint8-input", help="The file reads pixels, and normalises them itself.")
    ] = False,
    reduce_range: Annotated[
        bool, typer.Option("--reduce-range", help="Weights of 7 bits, for x86 processors without VNNI.")
    ] = False,
    opset: Annotated[
        int | None, typer.Option("--opset", min=1, max=99, help="The ONNX opset, 14 to 23; 17 if not given.")
    ] = None,
    images: Annotated[int, typer.Option("--images", min=1, help="Validation images to check the file on.")] = 1000,
    workers: Annotated[int, typer.Option("--workers", min=0, max=256, help="Processes that read images ahead.")] = 0,
    json: Json = False,
) -> None:
    """Write a model as ONNX or TFLite, without training it again; the file is verified before it is there."""
    from spacelang.export import Wanted, from_run, from_weights
    from spacelang.export import export as exported

    if (run is None) == (weights is None):
        raise typer.BadParameter("say where the weights are: --run RUN, or --weights FILE")
    model = load_space(file, ("model",))
    wanted = Wanted(to.value, precision.value, uint8_input, reduce_range, opset, images)
    with progress("exporting") as update:
        if run is not None:
            source = from_run(model, run, data, workers)
        else:
            assert weights is not None
            source = from_weights(model, weights, data or "digits", workers)
        made = exported(source, wanted, output, update)
    if json:
        write_json(asdict(made))
    else:
        _print(made)


def _print(made: Exported) -> None:
    file, network = made.file, made.network
    write(f"{made.path}: {made.precision.upper()}, {made.bytes / 1e6:.2f} MB\n")
    write(f"accuracy on {file.images} images: {file.top1:.2%} (torch {network.top1:.2%}, agree {made.agreement:.2%})\n")
    write(f"cross entropy: {file.cross_entropy:.4f} (torch {network.cross_entropy:.4f})\n")
    if made.operators is not None:
        worst = f", least equal {made.operators.worst} with {made.operators.equal:.2%}" if made.operators.worst else ""
        write(f"operators: {made.operators.count} as the exact definition has them{worst}\n")
    if made.saturation is not None and made.saturation.cut_off:
        cut = made.saturation
        sums = f"{cut.cut_off:,} of {cut.sums:,} sums"
        say(f"an x86 processor without VNNI cuts off {sums}, most in {cut.worst}; see --reduce-range")
