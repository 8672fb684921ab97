"""What a shell completes: files, codes and devices."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path


def spaces(incomplete: str) -> list[str]:
    """The `.space` files and folders whose paths begin so."""
    folder, start = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda each: each.name)
    except OSError:
        return []
    return [found for each in entries if each.name.startswith(start) and (found := _space(folder, each))]


def _space(folder: str, entry: os.DirEntry[str]) -> str:
    path = os.path.join(folder, entry.name)
    if entry.is_dir():
        return "" if entry.name.startswith(".") else path + "/"
    return path if entry.name.endswith(".space") else ""


def codes(incomplete: str) -> Iterator[tuple[str, str]]:
    """The codes that begin so, with their titles; `sp03` and `03` will do."""
    from spacelang.report.codes import CODES

    start = incomplete.upper().removeprefix("SP")
    return ((code, each.title) for code, each in CODES.items() if code[2:].startswith(start))


def devices(incomplete: str) -> list[str]:
    """The shipped predictors whose names begin so, and the cost model; a file will do too, so `.predictor` files."""
    shipped = (Path(__file__).parents[1] / "latency" / "predict" / "data").glob("*.predictor")
    own = Path().glob(f"{glob.escape(incomplete)}*.predictor")
    return [
        each
        for each in (*sorted(path.stem for path in shipped), "cost-model", *sorted(map(str, own)))
        if each.startswith(incomplete)
    ]
