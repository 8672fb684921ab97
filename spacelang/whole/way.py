"""What a command line asks for, against what a folder was begun with."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from spacelang import ir
from spacelang.files import is_temporary
from spacelang.report.diagnostics import refuse
from spacelang.report.suggest import did_you_mean
from spacelang.whole.commands import Means
from spacelang.whole.contents import DIGITS
from spacelang.whole.record import LOCK, LOGS, RUN, Choices, Whole, read_whole
from spacelang.whole.steps import Step, Way, is_ours, steps_of

NEEDED = {
    "distill": ("torch", "sklearn", "safetensors"),
    "train": ("torch", "sklearn", "safetensors", "tensorboard"),
    "search": ("onnxruntime", "onnx"),
    "onnx": ("onnxruntime", "onnx"),
    "tflite": ("ai_edge_litert", "tflite"),
    "report": ("altair", "vl_convert"),
}
"""Packages that steps import, and formats."""
EXTRAS = "in spacelang's checkout: pip install '.[train,onnx,tflite,report]'; `--until` and `--to` leave steps out"


def open_way(
    file: str, space: ir.SearchSpace, folder: str | os.PathLike[str], means: Means = Means(), **choices: object
) -> Way:
    """The way of a file in a folder.

    Args:
        space: what the file declares.
        choices: fields of `Choices`; None, or left out, for what the folder was begun with.

    Raises:
        SpacelangError: SP1002 for a model; SP2101 if the folder holds something else; SP2103 if its record is damaged.
    """
    if space.kind == "model":
        help = "`spacelang train` trains a model, and `spacelang export` writes it as a file"
        refuse("SP1002", f"{space.name} is a model; the whole way begins with a hyperspace or a space", help)
    path = Path(folder)
    before = read_whole(path) if _own(path) else None
    if before:
        _require_same(before, space, path)
    given = {name: each for name, each in choices.items() if each is not None}
    chosen = before.choices if before else Choices()
    return Way(file, space, path, Choices.model_validate({**chosen.model_dump(), **given}), means)


def require_ready(way: Way, until: str | None = None) -> None:
    """What would only be missed hours later: packages, images, the device's predictor.

    Raises: SpacelangError: SP2107 for packages; SP1201 for images; SP1607, SP1601, SP1602 for the predictor.
    """
    names = [each.name for each in steps_of(way)]
    names = names[: names.index(until) + 1 if until else None]
    packages = {each for name in names for each in NEEDED.get(name, ())}
    if "export" in names:
        packages |= {each for format in way.choices.formats for each in NEEDED[format]}
    if missing := sorted(each for each in packages if find_spec(each) is None):
        refuse("SP2107", f"the steps need {', '.join(missing)}", EXTRAS)
    if way.choices.data != DIGITS and not Path(way.choices.data).is_dir():
        help = "take `digits`, or a folder that holds train/CLASS/*.jpg and val/CLASS/*.jpg"
        refuse("SP1201", f"there are no images `{way.choices.data}`: it isn't a folder", help)
    if way.choices.device:
        from spacelang.latency.predict.shipped import find_estimator

        find_estimator(way.choices.device, "int8")


def require_step(way: Way, name: str | None) -> Step | None:
    """The step of this name. Raises: SpacelangError: SP2105 if the way has none."""
    if name is None:
        return None
    steps = {each.name: each for each in steps_of(way)}
    if name not in steps:
        refuse("SP2105", f"the way of {way.space.name} has no step `{name}`", did_you_mean(name, steps))
    return steps[name]


def _own(folder: Path) -> bool:
    """Whether the folder holds a record. Raises: SpacelangError: SP2101 if it holds something else."""
    if not folder.exists():
        return False
    if not folder.is_dir():
        refuse("SP2101", f"`{folder}` isn't a folder", "name a new or empty folder")
    names = os.listdir(folder)
    others = [each for each in names if not (each in (LOCK, LOGS) or is_temporary(each, of=RUN) or is_ours(each))]
    if RUN not in names and others:
        what = f"holds other things than a run, such as {min(others)}"
        refuse("SP2101", f"`{folder}` {what}", "name a new or empty folder")
    return RUN in names


def _require_same(before: Whole, space: ir.SearchSpace, folder: Path) -> None:
    if (before.kind, before.name) != (space.kind, space.name):
        refuse(
            "SP2101",
            f"`{folder}` holds the run of the {before.kind} {before.name}, not of the {space.kind} {space.name}",
            f"run it into a folder of its own; {before.name} goes on with `spacelang run {before.file} -o {folder}`",
        )
