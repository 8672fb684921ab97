"""A profile, from the first measurement to the last file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spacelang import ir
from spacelang.backends.protocol import writing_out
from spacelang.files import write_atomic
from spacelang.latency.collect.log import open_log
from spacelang.latency.collect.measure import Rig
from spacelang.latency.device import this_device
from spacelang.latency.meter import Meter
from spacelang.latency.profile import plan
from spacelang.latency.profile.compared import block_layers
from spacelang.latency.profile.declaration import check_name, declaration
from spacelang.latency.profile.measure import measure
from spacelang.latency.profile.page import page
from spacelang.latency.profile.plots import figures
from spacelang.latency.profile.results import Pair, Results, results
from spacelang.latency.runtimes.runtime import RuntimeName, runtime
from spacelang.report.progress import Update

MEASUREMENTS = "measurements.parquet"
PAGE, DEVICE, DATA = "index.html", "device.space", "profile.json"
FORMAT_VERSION = 1


def profile(
    folder: Path,
    name: str,
    runtime_name: RuntimeName,
    space: ir.SearchSpace | None,
    update: Update,
    threads: int = 1,
) -> Results:
    """Measure this device and write the profile into a folder. What the folder holds already isn't measured again.

    Args:
        name: of the proposed device.
        space: whose blocks are compared; None for those of the standard library.

    Raises:
        SpacelangError: SP1801 for the name; SP1104, SP1105 if the folder's log can't be read or is of another device;
            SP0813 if a block of the space gives no network; SP1107 if the machine is too busy, which loses nothing;
            SP1103 if the runtime is missing.
        OSError: if a file can't be written.
    """
    check_name(name)
    made, path = runtime(runtime_name, threads), folder / MEASUREMENTS
    log = open_log(path, this_device(runtime_name, threads))
    compared = space or plan.reference("candidates")
    with writing_out(compared):
        layers = block_layers(compared)
    log.write(path)
    meter = Meter(reference_ms=log.reference_ms, threads=threads)
    log.reference_ms = meter.reference_ms
    measure(layers, Rig(made, meter, log, path), update)
    found = results(name, space.name if space else "the standard library", log, layers)
    write(found, folder)
    return found


def write(found: Results, folder: Path) -> None:
    """The page, its figures, the numbers and the proposed device. Raises: OSError: if a file can't be written."""
    text, drawn = declaration(found), figures(found)
    for name, (svg, png) in drawn.items():
        write_atomic(folder / f"{name}.svg", svg)
        write_atomic(folder / f"{name}.png", png)
    if text is None:
        (folder / DEVICE).unlink(missing_ok=True)
    else:
        write_atomic(folder / DEVICE, text)
    write_atomic(folder / DATA, json.dumps({"format_version": FORMAT_VERSION, **as_json(found)}, indent=2) + "\n")
    write_atomic(folder / PAGE, page(found, {name: svg for name, (svg, _) in drawn.items()}, text))


def as_json(found: Results) -> dict[str, Any]:
    """All numbers, for another program."""
    return {
        "device": found.name,
        "fingerprint": found.fingerprint.model_dump(mode="json"),
        "width_rule": {
            "multiple": found.rule.multiple,
            "confidence": found.rule.confidence,
            "candidates": [
                {"multiple": each.multiple, "finer": each.finer, "free": each.free, "costly": each.costly}
                for each in found.rule.supports
            ],
        },
        "declaration": declaration(found),
        "operators": [
            {
                "operator": each.name,
                "speedup": each.speedup,
                "kernels": [
                    {**kernel._asdict(), **_pair(pair)} for kernel, pair in zip(each.kernels, each.pairs, strict=True)
                ],
            }
            for each in found.operators
        ],
        "kernel_sizes": [
            {"kind": kind, "kernel": size, **_pair(pair)}
            for kind, pairs in found.kernel_sizes.items()
            for size, pair in pairs.items()
        ],
        "widths": [{"channels": width, **_pair(pair)} for width, pair in found.widths.items()],
        "steps": [{**each.curve._asdict(), "ms": each.ms} for each in found.steps],
        "blocks": [
            {
                "id": block.id,
                "block": block.name,
                "speedup": block.speedup,
                "runs_badly": block.runs_badly,
                "layers": [
                    {
                        "stage": layer.stage,
                        "width": layer.width,
                        "size": layer.size,
                        "settings": layer.settings,
                        **(_pair(pair) if pair else {}),
                    }
                    for layer, pair in block.layers
                ],
            }
            for block in found.blocks
        ],
    }


def _pair(pair: Pair) -> dict[str, float]:
    return {"int8_ms": pair.int8_ms, "fp32_ms": pair.fp32_ms, "speedup": pair.speedup}
