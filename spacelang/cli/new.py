"""`new`: a first hyperspace that works."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from spacelang.cli.console import say, write
from spacelang.cli.starter import BLOCKS, DEFAULT_BLOCKS, Answers, Size, targets_for, text_of
from spacelang.report.diagnostics import refuse
from spacelang.report.suggest import did_you_mean

if TYPE_CHECKING:
    from spacelang.latency.predict.predictor import LatencyEstimator

DIGITS = "digits"
IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
T = TypeVar("T")


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The `.space` file to write.", show_default=False)],
    device: Annotated[
        str | None,
        typer.Option(
            "--device", metavar="NAME|FILE", help="A predictor (`spacelang latency devices`) or `cost-model`."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="DATA", help="`digits`, or a folder with train/ and val/.")
    ] = None,
    classes: Annotated[int | None, typer.Option(min=1, help="In place of the data's.")] = None,
    channels: Annotated[int | None, typer.Option(min=1, max=1024, help="In place of the data's.")] = None,
    blocks: Annotated[
        str | None, typer.Option("--blocks", metavar="NAMES", help=f"With commas: {', '.join(BLOCKS)}.")
    ] = None,
    size: Annotated[Size | None, typer.Option(help="The size of images and networks.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask; take defaults instead.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a first hyperspace that works: asks what it needs, or takes it by options."""
    from spacelang.files import write_atomic

    if file.exists() and not force:
        refuse("SP1011", f"{file} is there already", "choose another name, or overwrite it with --force")
    ask = _Asking(sys.stdin.isatty() and not yes)
    device = ask.text(device, "Device (`spacelang latency devices` lists them)", _first_device)
    estimator = _estimator(device)
    data = ask.text(data, "Images: `digits`, or a folder with train/ and val/", lambda: DIGITS)
    found = _of_data(data, need=classes is None or channels is None)
    standard = Size.TINY if data == DIGITS else Size.SMALL
    chosen = size or Size(ask.choice("Size", standard, [each.value for each in Size]))
    names = ask.text(blocks, f"Blocks, of {', '.join(BLOCKS)}", lambda: ",".join(DEFAULT_BLOCKS))
    runtime = estimator.runtime or "onnxruntime"
    answers = Answers(
        name=_name(file),
        runtime=runtime,
        precision=estimator.precision,
        threads=estimator.threads,
        channels=channels or found[0],
        classes=classes or found[1],
        blocks=_blocks(names),
        size=chosen,
    )
    write_atomic(file, text_of(answers, targets_for(text_of(answers), estimator)))
    say(f"wrote {file}")
    write(_next(file, data, device))


class _Asking:
    """Asks for what options leave open, if there is somebody to ask."""

    def __init__(self, asks: bool) -> None:
        self.asks = asks

    def text(self, given: str | None, question: str, default: Callable[[], str]) -> str:
        if given is not None:
            return given
        return str(typer.prompt(question, default=default())) if self.asks else default()

    def choice(self, question: str, default: str, options: list[str]) -> str:
        if not self.asks:
            return default
        question = f"{question} ({', '.join(options)})"
        while (answer := str(typer.prompt(question, default=str(default)))) not in options:
            say(f"`{answer}` isn't one of them")
        return answer


def _first_device() -> str:
    from spacelang.latency.predict.shipped import COST_MODEL, shipped

    return next(iter(shipped()), COST_MODEL)


def _estimator(device: str) -> LatencyEstimator:
    from spacelang.latency.predict.shipped import find_estimator

    return find_estimator(device, "int8")


def _of_data(where: str, *, need: bool) -> tuple[int, int]:
    """Channels and classes. Raises: SpacelangError: SP1201: if the folder has no classes."""
    if where == DIGITS:
        return 1, 10
    train = Path(where) / "train"
    folders = sorted(each for each in train.iterdir() if each.is_dir()) if train.is_dir() else []
    if need and not folders:
        refuse(
            "SP1201",
            f"`{where}` doesn't have a folder train/ with one folder per class in it",
            "name `digits`, or such a folder",
        )
    images = (each for folder in folders for each in sorted(folder.iterdir()) if each.suffix.lower() in IMAGES)
    first = next(images, None)
    return (_channels(first) if first else 3), max(1, len(folders))


def _channels(image: Path) -> int:
    """1 for a grey image, 3 for any other, and where nothing here can open it."""
    try:
        from PIL import Image

        with Image.open(image) as opened:
            return 1 if opened.mode in ("1", "L", "I;16") else 3
    except (ImportError, OSError):
        return 3


def _blocks(names: str) -> list[str]:
    found = [each.strip() for each in names.split(",") if each.strip()]
    for each in found:
        if each not in BLOCKS:
            refuse("SP0201", f"unknown block `{each}`", did_you_mean(each, BLOCKS))
    return list(dict.fromkeys(found)) or list(DEFAULT_BLOCKS)


def _name(file: Path) -> str:
    """A name for the hyperspace, from that of its file."""
    name = re.sub(r"[^0-9A-Za-z_]+", "_", file.stem).strip("_").lower()
    return name if re.fullmatch("[a-z_][0-9a-z_]*", name) and name != "div" else f"h_{name}".rstrip("_")


def _next(file: Path, data: str, device: str) -> str:
    from shlex import quote

    path, images = quote(str(file)), quote(data)
    build, table = f"{quote(file.stem)}_build", f"{quote(file.stem)}.parquet"
    best = quote(file.stem + "_best")
    run = quote(file.stem + "_run")
    parts = {
        "next": (f"spacelang check {path}", f"spacelang show {path}"),
        "then all the way to INT8 files": (
            f"spacelang run {path} -o {quote(file.stem)} --data {images} --device {quote(device)}",
        ),
        "or step by step": (
            f"spacelang compile {path} -o {build}",
            f"spacelang distill {build} --data {images}",
            f"spacelang table build {build} -o {table}",
            f"spacelang table attach {table} --device {quote(device)} -o {table}",
            f"spacelang solve {path} --table {table} -o {best}.space",
            f"spacelang train {best}.space -o {run} --data {images}",
            f"spacelang search {best}.space --run {run} --device {quote(device)} -o {quote(file.stem + '_models')}",
        ),
    }
    return "".join(f"{title}:\n" + "".join(f"  {each}\n" for each in part) for title, part in parts.items())
