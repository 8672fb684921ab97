"""What a folder's steps found, read from the files that they made. Whatever isn't there yet is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from spacelang.whole.commands import RUNTIMES, SUFFIXES


class Shipped(NamedTuple):
    """A file that ships.

    Attributes:
        model: the name of the model that it is of.
        top1: the share of validation images that it gets right.
        predicted_ms: for the device that was searched for; None for a file of another runtime than its.
        int8_ms, fp32_ms: measured on this machine; `fp32_ms` of the same model in floating point.
    """

    path: Path
    model: str
    format: str
    bytes: int
    top1: float | None
    predicted_ms: float | None
    int8_ms: float | None
    fp32_ms: float | None


def shipped(folder: Path) -> list[Shipped]:
    """The files of a run, model by model."""
    accuracy = {
        Path(each["name"]).name: each["accuracy"] for each in read_json(folder / "accuracy.json").get("files", [])
    }
    front = read_json(folder / "models" / "front.json")
    predicted = {each["name"]: each["latency_ms"] for each in front.get("front", [])}
    found = []
    for format, suffix in SUFFIXES.items():
        benched = read_json(folder / f"latency-{RUNTIMES[format]}.json").get("models", [])
        measured = {each["name"]: each for each in benched}
        for path in sorted((folder / "files").glob(f"*{suffix}")):
            ms = measured.get(path.stem, {})
            top1 = accuracy.get(path.name, {}).get("top1")
            fits = front.get("runtime") in (None, RUNTIMES[format])
            found.append(
                Shipped(
                    path, path.stem, format, path.stat().st_size, top1, predicted.get(path.stem) if fits else None,
                    ms.get("int8_ms"), ms.get("fp32_ms"),
                )
            )  # fmt: skip
    return sorted(found, key=lambda each: (predicted.get(each.model, 0.0), each.model, each.format))


def read_json(path: Path) -> dict[str, Any]:
    """What a step printed; empty if it hasn't yet."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
