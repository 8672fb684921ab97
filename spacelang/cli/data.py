"""`data`: what images there are to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import print_parts, write_json
from spacelang.cli.progress import progress
from spacelang.cli.show import Json, simple_table
from spacelang.report.diagnostics import Report

if TYPE_CHECKING:
    from spacelang.train.data import Data, Split


def data(
    where: Annotated[str, typer.Argument(metavar="DATA", help="`digits`, or a folder with train/ and val/.")],
    read: Annotated[bool, typer.Option("--read", help="Decode every image, and say which are broken.")] = False,
    workers: Annotated[int, typer.Option("--workers", min=0, max=256, help="Processes that decode.")] = 0,
    json: Json = False,
) -> None:
    """Print how many images and classes there are to train on; with --read, find broken images."""
    from spacelang.train.data import broken_images, open_images

    found = open_images(where, channels=3)
    report = Report()
    if read:
        with progress("reading") as update:
            for path, reason in broken_images(found, workers, update):
                report.error("SP1208", f"the image {path} can't be read: {reason}", help="mend or remove it")
    report.raise_if_failed()
    if json:
        splits = {each.name: _described(each) for each in (found.train, found.validation)}
        write_json({"data": found.name, "classes": found.classes, "fingerprint": found.fingerprint, **splits})
    else:
        _print(found, read)


def _described(split: Split) -> dict[str, int]:
    counts = split.labels.bincount()
    return {"images": len(split), "fewest_of_a_class": int(counts.min()), "most_of_a_class": int(counts.max())}


def _print(found: Data, read: bool) -> None:
    columns = ("split", "images", "of a class")
    table = simple_table("", columns, columns[1:])
    for each in (found.train, found.validation):
        described = _described(each)
        fewest, most = described["fewest_of_a_class"], described["most_of_a_class"]
        table.add_row(each.name, str(len(each)), str(most) if fewest == most else f"{fewest} to {most}")
    whole = ", all readable" if read else ""
    print_parts(f"{found.name}: {found.classes} classes{whole}; fingerprint {found.fingerprint[:8]}", table)
