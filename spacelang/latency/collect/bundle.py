"""A folder of models to measure on another device, and the results from there."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from spacelang import ir
from spacelang.files import read_or_refuse, write_atomic
from spacelang.latency.collect.collecting import Plan
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, Measured, MeasuredNetwork, Network
from spacelang.latency.collect.measure import NOTHING, without_call
from spacelang.latency.collect.networks import random_networks
from spacelang.latency.collect.population import draw, strata, training
from spacelang.latency.device import INTEGER_FLAGS, Fingerprint
from spacelang.latency.meter import CANARY, SWEEPS
from spacelang.latency.runtimes.protocol import Precision, Runtime, RuntimeName
from spacelang.networks.kernels import Kernel
from spacelang.records import Record, parse_record
from spacelang.report.diagnostics import refuse
from spacelang.report.progress import Update
from spacelang.report.suggest import some

MANIFEST, RESULTS = "manifest.json", "results.json"
RUNNER, PHONE_RUNNER = "measure.py", "measure_adb.sh"
AGAIN = "run the script again: it continues where it stopped"
SHOWN = 3
"""How many missing or extra models are named."""


class _Model(Record):
    file: str
    precision: Precision


class KernelModel(_Model):
    kind: Literal["kernel"] = "kernel"
    kernel: Kernel


class NetworkModel(_Model):
    kind: Literal["network"] = "network"
    network: Network


class Manifest(Record):
    """Describes the models in a folder.

    Attributes:
        flags: the processor's instruction sets that matter.
        canary: the model that detects disturbances.
        calls: for each precision, a model that takes less time than calling the runtime does; it is measured too.
    """

    format_version: Literal[1] = 1
    runtime: RuntimeName
    threads: int = Field(default=1, ge=1)
    flags: tuple[str, ...]
    canary: str
    calls: dict[Precision, str]
    models: tuple[KernelModel | NetworkModel, ...]


class Figure(Record):
    """The fastest time of all sweeps, and how many sweeps there were."""

    ms: float
    canary_ms: float
    sweeps: int = Field(ge=1)


class BenchResults(Record):
    """The file that a runner writes."""

    manifest_sha256: str
    device: Fingerprint
    reference_ms: float
    measured: dict[str, Figure]


class Imported(NamedTuple):
    """`fingerprint` is that of the other device, `reference_ms` the time that its canary took at first."""

    fingerprint: Fingerprint
    reference_ms: float
    measurements: list[Measured | MeasuredNetwork]


def export_bench(
    spaces: Sequence[ir.SearchSpace],
    plan: Plan,
    precisions: Sequence[Precision],
    runtime: Runtime,
    folder: Path,
    update: Update,
) -> int:
    """Write models of kernels and networks, their manifest and the runners into a new folder.

    Returns: the number of models.

    Raises:
        SpacelangError: SP1108: if the folder exists and isn't empty. SP0813, SP0814: if a space can't be enumerated.
        OSError: if a file can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        refuse("SP1108", f"{folder} already exists and isn't empty", "name a new folder")
    of = strata(spaces)
    kernels = list(dict.fromkeys([NOTHING, *draw(of, plan.samples, training), *draw(of, plan.held_out, is_held_out)]))
    networks = list(random_networks(spaces, plan.networks))
    total = len(precisions) * (len(kernels) + len(networks))
    models: list[KernelModel | NetworkModel] = []
    calls: dict[Precision, str] = {}

    def write(model: bytes) -> str:
        file = f"models/{len(models):05}{runtime.suffix}"
        write_atomic(folder / file, model)
        update(len(models), total)
        return file

    for precision in precisions:
        for kernel in kernels:
            file = write(runtime.kernel_model(kernel, precision))
            models.append(KernelModel(file=file, precision=precision, kernel=kernel))
            if kernel == NOTHING:
                calls[precision] = file
        for each in networks:
            file = write(runtime.network_model(each.space, each.architecture, precision))
            models.append(NetworkModel(file=file, precision=precision, network=each.network))
    canary = f"models/canary{runtime.suffix}"
    write_atomic(folder / canary, runtime.kernel_model(CANARY, "int8"))
    for runner, name in (("runner.py", RUNNER), *([("runner_adb.sh", PHONE_RUNNER)] * (runtime.name == "tflite"))):
        write_atomic(folder / name, files("spacelang.latency.collect").joinpath(runner).read_text())
    manifest = Manifest(
        runtime=runtime.name,
        threads=runtime.threads,
        flags=tuple(sorted(INTEGER_FLAGS)),
        canary=canary,
        calls=calls,
        models=tuple(models),
    )
    write_atomic(folder / MANIFEST, manifest.model_dump_json())  # written last: a folder with a manifest is complete
    return len(models)


def read_results(path: Path) -> Imported:
    """The measurements of another device.

    Args:
        path: the folder, or its results.

    Raises: SpacelangError: SP1109: if something is missing, unexpected or unreadable.
    """
    results_path = path / RESULTS if path.is_dir() else path
    manifest_path = results_path.with_name(MANIFEST)
    results_text, manifest_text = (
        read_or_refuse(each, "SP1109", missing="`spacelang latency export-bench` makes such folders")
        for each in (results_path, manifest_path)
    )
    manifest = parse_record(Manifest, manifest_text, manifest_path, "SP1109")
    results = parse_record(BenchResults, results_text, results_path, "SP1109")
    if results.manifest_sha256 != hashlib.sha256(manifest_text).hexdigest():
        refuse("SP1109", f"{results_path}: these results are for other models than those in {manifest_path}")
    if results.device.threads != manifest.threads:
        threads = f"{results.device.threads} threads instead of {manifest.threads}"
        refuse("SP1109", f"{results_path}: measured on {threads}")
    if results.device.runtime != manifest.runtime:
        refuse("SP1109", f"{results_path}: measured with {results.device.runtime} instead of {manifest.runtime}")
    named = {each.file for each in manifest.models}
    _complain(results_path, "is missing", sorted(named - results.measured.keys()), AGAIN)
    _complain(results_path, "is not in the manifest", sorted(results.measured.keys() - named), "")
    networks = [each.file for each in manifest.models if isinstance(each, NetworkModel)]
    unfinished = [file for file in networks if results.measured[file].sweeps < SWEEPS]
    _complain(results_path, f"was measured in fewer than {SWEEPS} sweeps", unfinished, AGAIN)
    figures = {file: (each.ms, each.canary_ms) for file, each in results.measured.items()}
    for file, numbers in {**figures, "reference_ms": (results.reference_ms,)}.items():
        if not all(0 < number < math.inf for number in numbers):
            refuse("SP1109", f"{results_path}: {file}: a latency is a positive number of milliseconds")
    return Imported(results.device, results.reference_ms, list(_measurements(manifest, results)))


def log_of_results(path: Path) -> Log:
    """The measurements of another device, as a log. Raises: SpacelangError: as `read_results`."""
    imported = read_results(path)
    log = Log(imported.fingerprint, imported.reference_ms)
    log.append(*imported.measurements)
    log.settle()
    return log


def _measurements(manifest: Manifest, results: BenchResults) -> Iterator[Measured | MeasuredNetwork]:
    call_ms = {precision: results.measured[file].ms for precision, file in manifest.calls.items()}
    for each in manifest.models:
        figure = results.measured[each.file]
        if isinstance(each, NetworkModel):
            yield MeasuredNetwork(each.network, each.precision, figure.ms, figure.canary_ms, figure.sweeps)
        elif each.kernel != NOTHING:
            ms = without_call(figure.ms, call_ms[each.precision])
            yield Measured(each.kernel, each.precision, ms, figure.canary_ms)


def _complain(path: Path, what: str, which: Sequence[str], help: str) -> None:
    if which:
        refuse("SP1109", f"{path}: {some(which, SHOWN)} {what}", help)
